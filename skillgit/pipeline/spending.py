"""What is to be spent, in spans: the values of a plan and their sums."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from skillgit.doctor.speed import Speed


@dataclass(frozen=True, slots=True)
class Span:
    """From the least to the most."""

    low: float
    high: float

    @classmethod
    def of(cls, amount: float) -> Span:
        """What is known."""
        return cls(amount, amount)

    def __add__(self, other: Span) -> Span:
        return Span(self.low + other.low, self.high + other.high)

    def __mul__(self, factor: float) -> Span:
        return Span(self.low * factor, self.high * factor)


NONE = Span(0, 0)


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of call: what is asked about, and what that takes; what is remembered takes nothing.

    `remembered` None: only the round can tell. `shared` of the prompt tokens can come from the
    server's cache. `in_turn` calls wait for each other, whatever is asked at once.
    """

    name: str
    how: str
    subjects: int = 0
    remembered: int | None = 0
    calls: Span = NONE
    prompt: Span = NONE
    shared: Span = NONE
    output: Span = NONE
    in_turn: Span = NONE
    at_once: int = 1


def summed(steps: Iterable[Step]) -> Step:
    """All of them as one."""
    total = Step("total", "")
    for step in steps:
        total = Step(
            "total",
            "",
            total.subjects + step.subjects,
            (total.remembered or 0) + (step.remembered or 0),
            total.calls + step.calls,
            total.prompt + step.prompt,
            total.shared + step.shared,
            total.output + step.output,
            total.in_turn + step.in_turn,
            max(total.at_once, step.at_once),
        )
    return total


def lasting(steps: Iterable[Step], speed: Speed) -> Span:
    """How long the steps take, one after the other."""
    low = high = 0.0
    for step in steps:
        low += _bound(step, speed, step.calls.low, (step.prompt.low, step.output.low), 0)
        high += _bound(step, speed, step.calls.high, (step.prompt.high, step.output.high), 1)
    return Span(low, high)


def _bound(step: Step, speed: Speed, calls: float, tokens: tuple[float, float], most: int) -> float:
    """The longer of: all the work over the places, the longest chain of calls."""
    if not calls:
        return 0.0
    shared, in_turn = (
        (step.shared.high, step.in_turn.high) if most else (step.shared.low, step.in_turn.low)
    )
    one = speed.seconds((tokens[0] - shared) / calls, tokens[1] / calls)
    return one * max(in_turn, calls / step.at_once)
