"""How long a round takes, stage by stage."""

from __future__ import annotations

import time

from skillgit.adapters.timings import Timings
from skillgit.ports import Progress
from skillgit.types import Evolution


class StopWatch:
    """`ports.Progress` for the one who waits, and a clock beside it."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._began = time.monotonic()
        self._open: dict[str, float] = {}
        self.stages: dict[str, float] = {}

    def start(self, stage: str, total: int) -> None:
        """A stage begins, or its total has become known."""
        self._open.setdefault(stage, time.monotonic())
        self._progress.start(stage, total)

    def advance(self, stage: str, note: str = "") -> None:
        """One more is done."""
        self._open.setdefault(stage, time.monotonic())
        self._progress.advance(stage, note)

    def finish(self, stage: str) -> None:
        """The stage is over; one that comes again is added to what it took before."""
        if stage in self._open:
            took = time.monotonic() - self._open.pop(stage)
            self.stages[stage] = self.stages.get(stage, 0.0) + took
        self._progress.finish(stage)

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
