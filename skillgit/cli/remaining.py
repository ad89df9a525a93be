"""How long a stage has still to go, from how fast things were done of late. Pure: time is given."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

_LEAST_SECONDS = 1.0
_LEAST_DONE = 3
_APART = 0.1
"""Seconds between two samples; thousands of answers may come from memory at once."""


@dataclass(slots=True)
class Remaining:
    """The later half of the time counts: what came from memory at first says nothing of the rest.

    Calls end in waves where many are sent at once; half of the time holds some of them.
    """

    began: float
    _samples: deque[tuple[float, int]] = field(default_factory=deque)
    _before: tuple[float, int] = (0.0, 0)

    def __post_init__(self) -> None:
        self._before = (self.began, 0)

    def saw(self, now: float, done: int) -> None:
        """So many were done at that time."""
        if self._samples and now - self._samples[-1][0] < _APART:
            self._samples[-1] = (self._samples[-1][0], done)
        else:
            self._samples.append((now, done))
        half = self.began + (now - self.began) / 2
        while len(self._samples) > 1 and self._samples[0][0] < half:
            self._before = self._samples.popleft()

    def seconds(self, now: float, total: int) -> float | None:
        """Until all are done; None where that cannot be said."""
        if not self._samples or now - self.began < _LEAST_SECONDS:
            return None
        since, done_before = self._before
        done = self._samples[-1][1]
        if done - done_before < min(_LEAST_DONE, total) or now <= since:
            return None
        return (total - done) * (now - since) / (done - done_before)


def in_words(seconds: float) -> str:
    """About so long."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    if seconds < 100 * 60:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h"
