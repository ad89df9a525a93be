"""Whose fault it is that a request fails: the server's, which is then given time, or its own.

While others are answered, the server is well, and sending the same again and again only holds up
whoever waits for it. A trouble that passes shows in that others which failed are answered after
all; a server in trouble, in that many fail and nobody is answered.

Pure: whoever sends tells what came of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

_MANY = 4
_SHARE = 4
"""Where more than so many different requests failed, or one for so many answers before, and none
was answered since, it is hardly the fault of them all."""


class Fault(Enum):
    """Whose it is."""

    SERVER = auto()
    """Or of the way there."""
    PASSING = auto()
    """The server's, and others that failed were answered meanwhile."""
    REQUEST = auto()
    UNKNOWN = auto()
    """The server's health would tell."""


@dataclass(slots=True, eq=False)
class Trial:
    """A request with its tries. The counts are those at its last failure."""

    key: str
    answered: int
    mended: int
    failures: int = 0


class Troubles:
    """What failed and what was answered."""

    def __init__(self) -> None:
        self._answered = 0
        self._mended = 0
        """Answered after they had failed."""
        self._failing: set[str] = set()
        """Failed since the last answer."""

    def begin(self, key: str) -> Trial:
        """A request is sent for the first time."""
        return Trial(key, self._answered, self._mended)

    def answered(self, trial: Trial) -> None:
        """It got its answer."""
        self._answered += 1
        self._mended += trial.failures > 0
        self._failing.clear()

    def failed(self, trial: Trial) -> Fault:
        """A try of it failed."""
        others, mended = self._answered - trial.answered, self._mended - trial.mended
        trial.answered, trial.mended = self._answered, self._mended
        trial.failures += 1
        self._failing.add(trial.key)
        if others:
            return Fault.PASSING if mended else Fault.REQUEST
        if not self._answered:
            return Fault.SERVER
        many = len(self._failing) > max(_MANY, self._answered // _SHARE)
        return Fault.SERVER if many else Fault.UNKNOWN
