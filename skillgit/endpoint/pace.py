"""How long calls take here, learnt from those that were answered, and when one is overdue.

A server answers about in the order in which it is asked. So nobody is late who waits behind others:
the clock of a call stands at zero as long as calls that were sent before it, or with it, are still
being answered. It runs when all of those are done, or hang. When it has run longer than the slowest
calls of its kind take, a copy is sent; when it has run longer than a reply of full length takes,
nobody waits any more.

A server that is slow with everything answers nobody, and is left alone: copies are few unless
many others were answered meanwhile, and where calls take long none is sent before a reply of full
length would be there. Nobody is given up before `most` unless some were answered, and since then
about as many as still wait; then after that full length, or, where calls are quick and of about one
length, when copies went unanswered too.

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
_UNKNOWN = 0.5
"""This part of `most`, as long as nothing was answered: a processor alone may well need minutes for
a first call."""
_PATIENT = 3.0
"""No call is given up before so many times the time after which a copy is sent."""
_IN_VAIN = 2.0
"""Nor before so many times that after a copy that is not answered either."""
_QUICK = 10.0
"""What takes no longer may be sent again on suspicion; a copy of longer work must be worth it."""
_GUESSED = 4.0
"""Longer prompts take longer, by this factor at most: on a large machine they hardly do."""
_SLACK = 1.1
_DOUBT = 2.0
"""What the first call took, the second may take three times; what a hundred took, none will."""
_TOGETHER = 0.1
"""Sent within this part of that time, calls count as sent at the same time."""
MOST_COPIES = 3
"""Of one request, the first included."""
_SHARE = 4
"""One copy may be under way for so many calls that were answered meanwhile."""
_FEW = 2
_TRUST = 16
"""So many calls may be in doubt though nobody was answered meanwhile: one for so many calls that
were answered ever, and a few in any case. Of fewer answers nothing is concluded."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Calls that take about as long as each other: one role, with one limit of output tokens."""

    role: str
    allowance: int
    free: bool = False
    """No schema binds it, or it thinks: after a hundred replies of two words one of a thousand."""


@dataclass(slots=True, eq=False)
class Flight:
    """A call that waits for its answer. `place` is when it, or its last copy, was sent."""

    kind: Kind
    sent: float
    place: float
    since: float
    answered_before: int
    size: int = 0
    """Of the prompt, in any unit."""
    copies: int = 1


@dataclass(slots=True)
class _Durations:
    """The newest durations of one kind; what is asked of them is computed now and then."""

    newest: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    seen: int = 0
    largest: int = 0
    """The largest prompt."""
    _slowest: float = 0.0
    _due: int = 0

    def add(self, seconds: float, size: int) -> None:
        self.newest.append(seconds)
        self.seen += 1
        self.largest = max(self.largest, size)

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
        self._newest: deque[float] = deque(maxlen=_REMEMBERED)
        self._flights: dict[Flight, None] = {}
        self._answered = 0
        self._copies = 0

    def begin(self, kind: Kind, now: float, size: int = 0) -> Flight:
        """A call is sent."""
        flight = Flight(kind, now, now, now, self._answered, size)
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
        self._kinds.setdefault(flight.kind, _Durations()).add(seconds, flight.size)
        self._newest.append(seconds)
        if tokens > 0:
            self._rates.append((tokens, seconds))
        reach = flight.place - _TOGETHER * self.patience(flight.kind)
        for other in self._flights:
            if other.place >= reach:
                other.since = now

    def typical(self) -> float:
        """What half of the newest calls did not exceed; 0 before the first answer."""
        return quantile(self._newest, 0.5) if self._newest else 0.0

    def patience(self, kind: Kind, size: int = 0) -> float:
        """How long the clock of such a call runs before a copy is sent."""
        known = self._kinds.get(kind)
        # A kind that is not known takes as long as the slowest of the others.
        of = {kind: known} if known else self._kinds
        slowest, seen = max(
            (
                (each.slowest() * _scale(kind, size, other, each), each.seen)
                for other, each in of.items()
            ),
            default=(0.0, 0),
        )
        if not seen:
            return _UNKNOWN * self._most
        return min(max(_LEAST, slowest * _slack(seen)), self._most)

    def limit(self, kind: Kind, size: int = 0) -> float:
        """How long the clock of such a call runs while a reply of full length may still come."""
        if not self._rates:
            return self._most
        longest = kind.allowance * self._seconds_per_token() * _slack(len(self._rates))
        return min(max(_PATIENT * self.patience(kind, size), longest), self._most)

    def may_copy(self, flight: Flight, now: float) -> bool:
        """Is it overdue, and are there not too many copies already?"""
        waited, patience = now - flight.since, self.patience(flight.kind, flight.size)
        if flight.copies >= MOST_COPIES or waited < patience:
            return False
        if self._copies < self._meanwhile(flight) // _SHARE:
            return True
        if not self._answered:
            return self._copies == 0
        quick = patience <= _QUICK and self._answered >= _TRUST
        long_enough = quick or waited >= self.limit(flight.kind, flight.size)
        return long_enough and self._copies < self._trusted

    def is_lost(self, flight: Flight, now: float) -> bool:
        """Is there no reason to wait any longer?"""
        if now >= flight.sent + self._most:
            return True
        waited, patience = now - flight.since, self.patience(flight.kind, flight.size)
        stuck = self._meanwhile(flight) + self._trusted < len(self._flights)
        if stuck or self._answered < _TRUST:
            return False
        if flight.copies > 1 and patience <= _QUICK and not flight.kind.free:
            return waited >= _IN_VAIN * patience
        return waited >= self.limit(flight.kind, flight.size)

    @property
    def _trusted(self) -> int:
        return max(_FEW, self._answered // _TRUST)

    def _meanwhile(self, flight: Flight) -> int:
        return self._answered - flight.answered_before

    def _seconds_per_token(self) -> float:
        """Of the longer replies: with short ones it is mostly the prompt that takes time."""
        longer = sorted(self._rates)[len(self._rates) // 2 :]
        return quantile((seconds / tokens for tokens, seconds in longer), 0.5)


def _scale(kind: Kind, size: int, other: Kind, known: _Durations) -> float:
    """How much longer such a call may take than those that are known, at most."""
    longer = size / known.largest if size and known.largest else 1.0
    return max(1.0, kind.allowance / other.allowance, min(longer, _GUESSED))


def _slack(seen: int) -> float:
    return _SLACK + _DOUBT / seen


def quantile(values: Iterable[float], part: float) -> float:
    """The least value that at least `part` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(int(part * len(ordered)), len(ordered) - 1)]
