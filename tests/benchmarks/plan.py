"""What a simulated endpoint does: how long it takes, what fits, and what goes wrong.

A plan is a value and travels as JSON to the endpoint's process. Whatever is drawn in it is drawn
from the digest of a request (its role and its messages, without seed and sampling) and from how
often that request came before: so nothing depends on the order in which requests arrive.
"""

from __future__ import annotations

import hashlib
import json
import math
import statistics
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Self


class Kind(StrEnum):
    """What can go wrong with one request."""

    REFUSED = "refused"
    """The connection is reset, and for `refuse_seconds` no new one is taken."""
    RESET = "reset"
    """The connection is reset instead of an answer."""
    RATE_LIMITED = "rate_limited"
    """429 with Retry-After."""
    SERVER_ERROR = "server_error"
    """500, after the time that an answer takes."""
    UNAVAILABLE = "unavailable"
    """503 at once."""
    HANG = "hang"
    """No answer ever comes."""
    SLOW = "slow"
    """The headers come in time; the body drips for `drip_seconds`."""
    TRUNCATED = "truncated"
    """Half the content, finish_reason length."""
    EMPTY = "empty"
    """A reply without content."""
    NOT_JSON = "not_json"
    """Prose, and a broken object behind it."""
    WRONG_SCHEMA = "wrong_schema"
    """An object that lacks what the schema demands."""
    ILLEGAL_IDS = "illegal_ids"
    """A reply of the right form that names what the schema does not know."""
    TOO_LONG = "too_long"
    """400, as vLLM words a prompt that does not fit."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault, and which part of the requests of these roles it hits (none = all roles).

    A request that is hit fails the first time and not again; with `poison` it fails every time.
    """

    kind: Kind
    rate: float
    poison: bool = False
    roles: tuple[str, ...] = ()

    def hits(self, seed: int, digest: str, role: str, attempt: int) -> bool:
        """Does this try of the request (1 is the first) fail?"""
        if (self.roles and role not in self.roles) or (attempt > 1 and not self.poison):
            return False
        return drawn(seed, digest, self.kind) < self.rate


@dataclass(frozen=True, slots=True)
class Plan:
    """How a simulated endpoint behaves. Seconds; a token is four characters."""

    base: float = 0.3
    per_token: float = 0.01
    """For each output token."""
    tail: float = 0.0
    """The sigma of a log-normal factor on the latency: 0 none, 0.5 heavy, 1 very heavy."""
    slots: int = 128
    """Requests that are worked on at once; more wait in a queue."""
    context: int = 32768
    """max_model_len: a prompt that leaves no room for max_tokens is refused as vLLM does."""
    model: str = "simulated"
    seed: int = 7
    faults: tuple[Fault, ...] = ()
    retry_after: float = 1.0
    refuse_seconds: float = 0.2
    drip_seconds: float = 30.0

    def latency(self, tokens: int, digest: str, attempt: int) -> float:
        """Seconds of work for so many output tokens; another try draws another tail."""
        seconds = self.base + self.per_token * tokens
        if not self.tail:
            return seconds
        even = drawn(self.seed, digest, f"tail {attempt}")
        normal = statistics.NormalDist().inv_cdf(min(max(even, 1e-9), 1 - 1e-9))
        return seconds * math.exp(self.tail * normal)

    def fault(self, digest: str, role: str, attempt: int) -> Kind | None:
        """What goes wrong with this try of a request; the first fault of the plan that hits."""
        for one in self.faults:
            if one.hits(self.seed, digest, role, attempt):
                return one.kind
        return None

    def dump(self) -> str:
        """The plan as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> Self:
        """The plan that `dump` wrote."""
        values = json.loads(text)
        faults = tuple(
            Fault(Kind(one["kind"]), one["rate"], one["poison"], tuple(one["roles"]))
            for one in values.pop("faults")
        )
        return cls(faults=faults, **values)


def drawn(seed: int, digest: str, purpose: str) -> float:
    """A number from 0 to 1 that is the same whenever and wherever it is drawn."""
    words = f"{seed} {digest} {purpose}".encode()
    return int.from_bytes(hashlib.blake2b(words, digest_size=8).digest(), "big") / 2**64
