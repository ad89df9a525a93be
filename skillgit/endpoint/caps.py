"""What a command may spend, and what tokens cost: values alone, which a command line builds."""

from __future__ import annotations

from dataclasses import dataclass, field

from skillgit.types import Usage


@dataclass(frozen=True, slots=True)
class Prices:
    """What a million tokens cost, in any money. `cached` None: as other prompt tokens."""

    prompt: float = 0.0
    output: float = 0.0
    cached: float | None = None

    def of(self, used: Usage) -> float:
        """What was used, in money."""
        cheap = min(used.cached_tokens, used.prompt_tokens) if self.cached is not None else 0
        paid = (used.prompt_tokens - cheap) * self.prompt + used.output_tokens * self.output
        return (paid + cheap * (self.cached or 0.0)) / 1_000_000


@dataclass(frozen=True, slots=True)
class Caps:
    """The most that a command may spend; None = no end."""

    calls: int | None = None
    tokens: int | None = None
    """Prompt and output together, also what the server had in its cache."""
    cost: float | None = None
    prices: Prices = field(default_factory=Prices)

    def __bool__(self) -> bool:
        return not self.calls is self.tokens is self.cost is None
