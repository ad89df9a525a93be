"""The ways in which a request comes to nothing, and what is done about each: the table.

What is sent again as it was gives the same reply as the first time would have, so a fault of the
wire changes no result. A reply that is no use is never mended by guessing: the model is asked for
another one, with the next seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from skillgit.ports import Failure


class Again(StrEnum):
    """What is sent after a failure."""

    SAME = "the same request"
    SEED = "with the next seed"
    ROOM = "with room for more output"
    NO = "nothing"


@dataclass(frozen=True, slots=True)
class Budget:
    """What is sent again, how often, and how many seconds after.

    `times` counts other requests. `resent` counts the further tries of the same request, in units
    of `endpoint.retries`; each wait is three times the one before it, from `first` to `longest`.
    """

    again: Again
    times: int = 0
    resent: int = 0
    first: float = 0.0
    longest: float = 0.0


BUDGETS: Mapping[Failure, Budget] = MappingProxyType(
    {
        # Counts from when a health check says that the server is back: until then a call waits,
        # for all of endpoint.patience.
        Failure.UNREACHED: Budget(Again.SAME, 0, 2, 0.05, 2.0),
        Failure.RESET: Budget(Again.SAME, 0, 1, 0.1, 8.0),
        # At least as long as the server's own Retry-After, and all new calls wait with it.
        Failure.RATE_LIMITED: Budget(Again.SAME, 0, 4, 0.25, 30.0),
        Failure.SERVER_ERROR: Budget(Again.SAME, 0, 1, 0.25, 15.0),
        # Copies were sent while it was waited for: see pace.py.
        Failure.TIMED_OUT: Budget(Again.NO),
        Failure.CUT_OFF: Budget(Again.ROOM, 1),
        Failure.EMPTY: Budget(Again.SEED, 2),
        Failure.NOT_JSON: Budget(Again.SEED, 2),
        Failure.WRONG_SCHEMA: Budget(Again.SEED, 2),
        # The same words are too long again; whoever asks may ask with fewer.
        Failure.TOO_LONG: Budget(Again.NO),
        Failure.REFUSED: Budget(Again.NO),
    }
)

OWN_TRIES = 2
"""So often a request is sent again that fails while the server is well: see troubles.py."""
LEAST_LONGEST = 0.5
"""Seconds. No wait is longer for it than a call takes here, or than this."""
LONGEST_PASSING = 2.0
"""Nor than this for a trouble that passes: while some are answered, all are, one after another."""

LONGEST_RETRY_AFTER = 60.0
"""Seconds; a server that wants more is asked again earlier, and after some times given up."""

_GROWTH = 3.0
_DIGITS = 8


def pause(failure: Failure, number: int, key: str) -> float:
    """Seconds before the `number`-th further try (from 1) of the request with that digest.

    A part of it comes from the digest, so that calls that failed together come back one by one,
    and in the same way in every run.
    """
    budget = BUDGETS[failure]
    whole = min(budget.longest, budget.first * _GROWTH ** (number - 1))
    start = number * _DIGITS % (len(key) or 1)
    digits = key[start : start + _DIGITS] or "0"
    return whole * (0.5 + 0.5 * int(digits, 16) / 16.0 ** len(digits))


def failure_of(status: int) -> Failure:
    """What an answer of that HTTP status means."""
    if status == 429:
        return Failure.RATE_LIMITED
    if status >= 500 or status in {408, 409, 425}:
        return Failure.SERVER_ERROR
    return Failure.REFUSED
