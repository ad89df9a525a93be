"""How long a round takes, stage by stage."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from skillgit.adapters.timings import Timings
from skillgit.errors import PartialError
from skillgit.ports import Progress
from skillgit.types import Evolution


class StopWatch:
    """`ports.Progress` for the one who waits, and a clock beside it."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._began = time.monotonic()
        self._open: dict[str, float] = {}
        self.stages: dict[str, float] = {}
        self._counts: dict[str, tuple[int, int]] = {}

    def start(self, stage: str, total: int) -> None:
        """A stage begins, or its total has become known."""
        self._open.setdefault(stage, time.monotonic())
        self._counts[stage] = (self._counts.get(stage, (0, 0))[0], total)
        self._progress.start(stage, total)

    def advance(self, stage: str, note: str = "") -> None:
        """One more is done."""
        self._open.setdefault(stage, time.monotonic())
        done, total = self._counts.get(stage, (0, 0))
        self._counts[stage] = (done + 1, total)
        self._progress.advance(stage, note)

    def finish(self, stage: str) -> None:
        """The stage is over; one that comes again is added to what it took before."""
        if stage in self._open:
            took = time.monotonic() - self._open.pop(stage)
            self.stages[stage] = self.stages.get(stage, 0.0) + took
        self._progress.finish(stage)

    @contextmanager
    def told_at_a_stop(self) -> Iterator[None]:
        """Who is stopped half way also hears how far it came."""
        try:
            yield
        except PartialError as stop:
            far = ", ".join(
                f"{stage} {done} of {max(done, total)}"
                for stage, (done, total) in self._counts.items()
            )
            message = f"{stop.message}; so far: {far}" if far else stop.message
            raise PartialError(message, hint=stop.hint) from stop

    def timings(self, evolution: Evolution) -> Timings:
        """What the round took from the making of the watch until now."""
        return Timings(
            round=evolution.round.id,
            model=evolution.round.model,
            ended=int(time.time()),
            seconds=round(time.monotonic() - self._began, 3),
            stages={stage: round(took, 3) for stage, took in self.stages.items()},
            usage=evolution.usage,
        )
