"""How fast an endpoint is: two small questions with a clock, for a plan that wants to tell time."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from skillgit.doctor.abilities import ask, question
from skillgit.endpoint.completions import Said, Unusable
from skillgit.endpoint.wire import Wire

PROBES = 2
OUTPUT_TOKENS = 33
_MOST_CHARS = 20_000


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast an endpoint is with one call alone.

    `first` seconds pass before the first token of a prompt of `prompt_tokens`, `each` for every
    further one.
    """

    first: float
    each: float
    prompt_tokens: int
    chars_a_token: float

    def seconds(self, fresh: float, output: float) -> float:
        """Of one call with so many prompt tokens that are not cached, and so many output tokens."""
        return self.first * max(1.0, fresh / max(self.prompt_tokens, 1)) + self.each * output


async def measure_speed(wire: Wire, model: str, text: str) -> Speed | str:
    """Ask about `text` for one token, then for some; the reason where that cannot be measured.

    Each question begins with a word of its own, so that no cache makes the server look faster.
    """
    text = text[:_MOST_CHARS]
    first, one = await _timed(wire, model, f"{text}\n\nSay one.", 1)
    if isinstance(one, Unusable):
        return one.reason
    more, some = await _timed(wire, model, f"{text}\n\nCount from 1 to 99.", OUTPUT_TOKENS)
    if isinstance(some, Unusable):
        return some.reason
    further = max(some.usage.output_tokens - one.usage.output_tokens, 1)
    tokens = one.usage.prompt_tokens
    return Speed(
        first=first,
        each=max(more - first, 0.0) / further,
        prompt_tokens=tokens,
        chars_a_token=len(text) / tokens if tokens else 0.0,
    )


async def _timed(
    wire: Wire, model: str, text: str, max_tokens: int
) -> tuple[float, Said | Unusable]:
    body = question(model, f"{secrets.token_hex(4)}\n{text}", max_tokens)
    began = time.monotonic()
    said = await ask(wire, body)
    return time.monotonic() - began, said
