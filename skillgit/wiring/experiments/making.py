"""All steps of an experiment: a few at a time at each endpoint, all endpoints at once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, Queue

from skillgit.errors import PartialError, SkillgitError, SurroundingsError
from skillgit.experiments.matrix import Drafted, Evaluated, Evolved, Rollouts, Source, Step
from skillgit.experiments.outcomes import Gap, Outcome, Runs, Taught, Written, is_final
from skillgit.experiments.plan import FolderSkill, ModelChoice
from skillgit.ports import Progress
from skillgit.wiring.experiments.laboratory import Laboratory

_STAGE = "steps"
_LISTEN = 0.5
"""Seconds between two looks at whether a person wants to stop."""


class Making:
    """Goes through the steps: `at_once` at a time at each endpoint, all endpoints at once.

    Within a step as many calls are under way as the settings allow, so a second step at the same
    endpoint makes both slower, unless steps are smaller than that, as in a miniature. Where there
    are caps, one account pays for one step at a time, whichever endpoint it asks.
    """

    def __init__(
        self,
        laboratory: Laboratory,
        every: Sequence[Step],
        progress: Progress,
        *,
        at_once: int = 1,
        only_kept: bool = False,
    ) -> None:
        self.outcomes: dict[Step, Outcome] = {}
        self.made = 0
        self.kept = 0
        self._laboratory = laboratory
        self._waiting = list(every)
        self._only_kept = only_kept
        self._at_once = at_once
        self._endpoints = {step: self._endpoint(step.model) for step in every}
        self._closed: dict[str, str] = {}
        several = len(set(self._endpoints.values())) > 1 or at_once > 1
        self._several = several and not laboratory.bench.caps
        self._turns: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self._progress = _Shared(progress)

    def all(self) -> None:
        """Until every step has an outcome."""
        self._progress.start(_STAGE, len(self._waiting))
        if self._several:
            self._together()
        else:
            while self._waiting:
                step = self._waiting.pop(0)
                self._done(step, self._outcome(step))
        self._progress.finish(_STAGE)

    def _together(self) -> None:
        """A thread for each step that is under way; they end with the process."""
        ended: Queue[tuple[Step, Outcome | BaseException]] = Queue()
        running: set[Step] = set()
        while self._waiting or running:
            for step in self._ready(running):
                running.add(step)
                self._waiting.remove(step)
                threading.Thread(target=self._work, args=(step, ended), daemon=True).start()
            try:
                step, outcome = ended.get(timeout=_LISTEN)
            except Empty:
                continue
            running.discard(step)
            if isinstance(outcome, BaseException):
                raise outcome
            self._done(step, outcome)

    def _work(self, step: Step, ended: Queue[tuple[Step, Outcome | BaseException]]) -> None:
        try:
            ended.put((step, self._outcome(step)))
        except BaseException as error:  # noqa: BLE001 - the main thread raises it again
            ended.put((step, error))

    def _ready(self, running: set[Step]) -> Iterator[Step]:
        """For each endpoint that is free the first steps whose needs are done.

        Rounds on the same trajectories take turns: what one asks of them the next finds answered.
        """
        taken = Counter(self._endpoints[step] for step in running)
        read = {step.rollouts for step in running if isinstance(step, Evolved)}
        for step in tuple(self._waiting):
            endpoint = self._endpoints[step]
            waits = isinstance(step, Evolved) and step.rollouts in read
            free = taken[endpoint] < self._at_once and not waits
            if free and all(need in self.outcomes for need in step.needs):
                taken[endpoint] += 1
                read |= {step.rollouts} if isinstance(step, Evolved) else set()
                yield step

    def _done(self, step: Step, outcome: Outcome) -> None:
        self.outcomes[step] = outcome
        self._progress.advance(_STAGE, step.label)

    def _endpoint(self, model: ModelChoice) -> str:
        config = self._laboratory.config(self._laboratory.options(model))
        return config.endpoint.base_url

    # ----------------------------------------------------------------- one step

    def _outcome(self, step: Step) -> Outcome:
        """What comes of it; an error that a person can act on is a gap."""
        for need in step.needs:
            found = self.outcomes[need]
            if isinstance(found, Gap):
                return found if found.reason.startswith("[") else _because(need, found)
        try:
            key, kind = self._key(step)
            # Two names of one model may want the same at the same time.
            with self._turn(key):
                return self._made(step, key, kind)
        except (PartialError, SurroundingsError) as error:
            self._closed[self._endpoints[step]] = error.message
            return Gap(_told_gap(error))
        except SkillgitError as error:
            return Gap(_told_gap(error))

    def _turn(self, key: str) -> threading.Lock:
        with self._lock:
            return self._turns.setdefault(key, threading.Lock())

    def _made(self, step: Step, key: str, kind: type[Runs | Taught | Written]) -> Outcome:
        found = self._laboratory.kept.find(key, kind)
        if found is not None:
            with self._lock:
                self.kept += 1
            return found
        if self._only_kept:
            return Gap("not run yet")
        closed = self._closed.get(self._endpoints[step])
        if closed is not None:
            return Gap(f"its endpoint stopped before: {closed}")
        outcome = self._fresh(step)
        with self._lock:
            self.made += 1
        if is_final(outcome):
            self._laboratory.kept.keep(key, step.label, outcome)
        return outcome

    def _key(self, step: Step) -> tuple[str, type[Runs | Taught | Written]]:
        laboratory = self._laboratory
        match step:
            case Drafted():
                return laboratory.draft_key(step), Written
            case Rollouts():
                return laboratory.rollouts_key(step, self._skill(step.base)), Taught
            case Evolved():
                base, taught = self._skill(step.rollouts.base), self._taught(step)
                return laboratory.round_key(step, base, taught), Written
            case Evaluated():
                skill = self._skill(step.source) if step.source else None
                return laboratory.evaluation_key(step, skill), Runs

    def _fresh(self, step: Step) -> Runs | Taught | Written:
        laboratory, progress = self._laboratory, self._progress.of(step.label)
        match step:
            case Drafted():
                return laboratory.draft(step, progress)
            case Rollouts():
                return laboratory.roll_out(step, self._skill(step.base), progress)
            case Evolved():
                base, taught = self._skill(step.rollouts.base), self._taught(step)
                return laboratory.evolve(step, base, taught, progress)
            case Evaluated():
                skill = self._skill(step.source) if step.source else None
                return laboratory.evaluate(step, skill, progress)

    def _skill(self, source: Source) -> Written:
        if isinstance(source, FolderSkill):
            return self._laboratory.given(source)
        found = self.outcomes[source] if source else None
        if not isinstance(found, Written):
            raise TypeError(f"no skill came of {source}")
        return found

    def _taught(self, step: Evolved) -> Taught:
        found = self.outcomes[step.rollouts]
        if not isinstance(found, Taught):
            raise TypeError(f"no trajectories came of {step.rollouts.label}")
        return found


def _because(need: Step, gap: Gap) -> Gap:
    return Gap(f"[{need.label}] {gap.reason}")


def _told_gap(error: SkillgitError) -> str:
    return f"{error.message} ({error.hint})" if error.hint else error.message


class _Shared:
    """`ports.Progress` for several threads; each stage tells whose it is."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._lock = threading.Lock()

    def of(self, label: str) -> Progress:
        """For one step."""
        return _Labelled(self, f"{label}: ")

    def start(self, stage: str, total: int) -> None:
        with self._lock:
            self._progress.start(stage, total)

    def advance(self, stage: str, note: str = "") -> None:
        with self._lock:
            self._progress.advance(stage, note)

    def finish(self, stage: str) -> None:
        with self._lock:
            self._progress.finish(stage)


@dataclass(frozen=True, slots=True)
class _Labelled:
    shared: _Shared
    prefix: str

    def start(self, stage: str, total: int) -> None:
        self.shared.start(f"{self.prefix}{stage}", total)

    def advance(self, stage: str, note: str = "") -> None:
        self.shared.advance(f"{self.prefix}{stage}", note)

    def finish(self, stage: str) -> None:
        self.shared.finish(f"{self.prefix}{stage}")
