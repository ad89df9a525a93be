"""How long calls take here, learnt from those that were answered, and when one is overdue.

A server answers about in the order in which it is asked. So nobody is late who waits behind others:
the clock of a call stands at zero as long as calls that were sent before it, or with it, are still
being answered. It runs when all of those are done, or hang. When it has run longer than the slowest
calls of its kind take, a copy is sent; when it has run longer than a reply of full length takes,
nobody waits any more.

A server that is slow with everything answers nobody, and is left alone: copies are few unless
many others were answered meanwhile, and no call is given up before `most` unless the calls that
were answered since it was sent are as many as those that still wait.

Pure: the time is given. Seconds throughout.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

_REMEMBERED = 256
_SLOWEST = 0.95
"""A copy of the slowest twentieth costs a twentieth more work at most (Dean and Barroso, The Tail
at Scale, Communications of the ACM 56(2), 2013)."""
_LEAST = 0.5
_UNKNOWN = 120.0
"""As long as nothing was answered. A processor alone may well need it for a first call."""
_PATIENT = 3.0
"""No call is given up before so many times the time after which a copy is sent."""
_SLACK = 1.1
_DOUBT = 2.0
"""What the first call took, the second may take three times; what a hundred took, none will."""
_TOGETHER = 0.1
"""Sent within this part of that time, calls count as sent at the same time."""
MOST_COPIES = 3
"""Of one request, the first included."""
_FEW = 2
_SHARE = 4
"""So many copies may be under way, or one for so many calls that were answered meanwhile; a single
one before the first answer."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Calls that take about as long as each other: one role, with one limit of output tokens."""

    role: str
    allowance: int


@dataclass(slots=True, eq=False)
class Flight:
    """A call that waits for its answer. `place` is when it, or its last copy, was sent."""

    kind: Kind
    sent: float
    place: float
    since: float
    answered_before: int
    copies: int = 1


@dataclass(slots=True)
class _Durations:
    """The newest durations of one kind; what is asked of them is computed now and then."""

    newest: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    seen: int = 0
    _slowest: float = 0.0
    _due: int = 0

    def add(self, seconds: float) -> None:
        self.newest.append(seconds)
        self.seen += 1

    def slowest(self) -> float:
        if self.seen >= self._due:
            self._slowest = quantile(self.newest, _SLOWEST)
            self._due = self.seen + 1 + len(self.newest) // 8
        return self._slowest


class Pace:
    """What was learnt, and the calls under way."""

    def __init__(self, most: float) -> None:
        self._most = most
        self._kinds: dict[Kind, _Durations] = {}
        self._rates: deque[tuple[int, float]] = deque(maxlen=_REMEMBERED)
        self._flights: dict[Flight, None] = {}
        self._answered = 0
        self._copies = 0

    def begin(self, kind: Kind, now: float) -> Flight:
        """A call is sent."""
        flight = Flight(kind, now, now, now, self._answered)
        self._flights[flight] = None
        return flight

    def copied(self, flight: Flight, now: float) -> None:
        """A copy of it is sent, and stands at the end of the queue."""
        flight.copies += 1
        flight.place = flight.since = now
        self._copies += 1

    def end(self, flight: Flight) -> None:
        """Nobody waits for it any more."""
        del self._flights[flight]
        self._copies -= flight.copies - 1

    def answered(self, flight: Flight, now: float, seconds: float, tokens: int) -> None:
        """It got its answer, `seconds` after that was asked for, of so many output tokens."""
        self._answered += 1
        self._kinds.setdefault(flight.kind, _Durations()).add(seconds)
        if tokens > 0:
            self._rates.append((tokens, seconds))
        reach = flight.place - _TOGETHER * self.patience(flight.kind)
        for other in self._flights:
            if other.place >= reach:
                other.since = now

    def patience(self, kind: Kind) -> float:
        """How long the clock of such a call runs before a copy is sent."""
        known = self._kinds.get(kind)
        if known:
            slowest, seen = known.slowest(), known.seen
        else:
            slowest, seen = self._of_others(kind)
        if not seen:
            return min(_UNKNOWN, self._most)
        return min(max(_LEAST, slowest * _slack(seen)), self._most)

    def limit(self, kind: Kind) -> float:
        """How long the clock of such a call runs before it is given up."""
        if not self._rates:
            return self._most
        longest = kind.allowance * self._seconds_per_token() * _slack(len(self._rates))
        return min(max(_PATIENT * self.patience(kind), longest), self._most)

    def may_copy(self, flight: Flight, now: float) -> bool:
        """Is it overdue, and are there not too many copies already?"""
        meanwhile = self._answered - flight.answered_before
        few = _FEW if self._answered else 1
        return (
            flight.copies < MOST_COPIES
            and now >= flight.since + self.patience(flight.kind)
            and self._copies < max(few, meanwhile // _SHARE)
        )

    def is_lost(self, flight: Flight, now: float) -> bool:
        """Is there no reason to wait any longer?"""
        if now >= flight.sent + self._most:
            return True
        waited = now - flight.since
        if waited < _PATIENT * self.patience(flight.kind):
            return False
        meanwhile = self._answered - flight.answered_before
        return meanwhile + 1 >= len(self._flights) and waited >= self.limit(flight.kind)

    def _of_others(self, kind: Kind) -> tuple[float, int]:
        """What the slowest other kind takes, as if it were allowed as much output as this one."""
        most = [
            (known.slowest() * max(1.0, kind.allowance / other.allowance), known.seen)
            for other, known in self._kinds.items()
        ]
        return max(most, default=(0.0, 0))

    def _seconds_per_token(self) -> float:
        """Of the longer replies: with short ones it is mostly the prompt that takes time."""
        longer = sorted(self._rates)[len(self._rates) // 2 :]
        return quantile((seconds / tokens for tokens, seconds in longer), 0.5)


def _slack(seen: int) -> float:
    return _SLACK + _DOUBT / seen


def quantile(values: Iterable[float], part: float) -> float:
    """The least value that at least `part` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(int(part * len(ordered)), len(ordered) - 1)]
