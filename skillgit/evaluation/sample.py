"""Runs as a table of tasks and seeds, and two such tables laid side by side.

Nothing is left out in silence: a cell without a run, a run without a partner and a task that
changed are listed, and `remarks` says them in words that every report must show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from skillgit.errors import FindingsError
from skillgit.evaluation.runs import Ended, RunResult, SkillVersion
from skillgit.names import Digest


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """A place in the table."""

    task: str
    seed: int

    def __str__(self) -> str:
        return f"{self.task} (seed {self.seed})"


@dataclass(frozen=True, slots=True)
class Subject:
    """What was run: all runs of a sample share it."""

    skill: SkillVersion | None
    model: str
    harness: Digest
    recalc: str

    @property
    def label(self) -> str:
        """What a person calls it."""
        if self.skill is None:
            return "no skill"
        version = self.skill.commit or self.skill.digest.removeprefix("sha256:")
        return f"{self.skill.root}@{version[:7]}"


@dataclass(frozen=True, slots=True)
class Sample:
    """The runs of one subject, by task and seed, in the order of both."""

    subject: Subject
    runs: Mapping[Cell, RunResult]
    repeated: int = 0
    """Results that were given more than once and count once."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "runs", MappingProxyType(dict(sorted(self.runs.items()))))

    @property
    def tasks(self) -> Mapping[str, tuple[RunResult, ...]]:
        """The runs of each task, by seed."""
        rows: dict[str, list[RunResult]] = {}
        for cell, run in self.runs.items():
            rows.setdefault(cell.task, []).append(run)
        return {task: tuple(runs) for task, runs in rows.items()}

    @property
    def seeds(self) -> tuple[int, ...]:
        """Every seed that some task was run with."""
        return tuple(sorted({cell.seed for cell in self.runs}))

    @property
    def missing(self) -> tuple[Cell, ...]:
        """Cells without a run: this task was not run with this seed, another one was."""
        every = (Cell(task, seed) for task in self.tasks for seed in self.seeds)
        return tuple(cell for cell in every if cell not in self.runs)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person must hear of before they believe a figure."""
        return _said(
            ("{n} of {all} runs are missing: {which}", self.missing, self),
            (
                "{n} of {all} runs crashed and count as failures: {which}",
                self._ended(Ended.CRASHED),
                self,
            ),
            (
                "{n} of {all} runs lost their endpoint, and count until made again: {which}",
                self._ended(Ended.ENDPOINT),
                self,
            ),
            (
                "{n} of {all} runs ended for want of a reply and were graded as they were: {which}",
                self._ended(Ended.NO_REPLY),
                self,
            ),
        ) + ((f"{self.repeated} results were given twice; each counts once",) * bool(self.repeated))

    def _ended(self, how: Ended) -> list[Cell]:
        return [cell for cell, run in self.runs.items() if run.ended is how]


def sample(results: Iterable[RunResult]) -> Sample:
    """Lay runs out by task and seed.

    Raises FindingsError where they are none, are not all of one subject, or contradict each other:
    a rate over a mixture would be a rate of nothing.
    """
    given = list(results)
    if not given:
        raise FindingsError("evaluating runs: there are none", hint="make some: `skillgit rollout`")
    subjects = {_subject(run): None for run in given}
    runs: dict[Cell, RunResult] = {}
    for run in given:
        cell = Cell(run.task, run.seed)
        if runs.setdefault(cell, run) != run:
            raise FindingsError(
                f"evaluating runs: two different results for {cell}",
                hint="evaluate the runs of one skill and one model at a time",
            )
    _agree(list(subjects), runs.values())
    return Sample(_subject(given[0]), runs, len(given) - len(runs))


def _subject(run: RunResult) -> Subject:
    return Subject(run.skill, run.model, run.harness, run.recalc)


def _agree(subjects: Sequence[Subject], runs: Iterable[RunResult]) -> None:
    """One skill (two commits may hold the same), one model, one harness; each task unchanged."""
    differing: dict[str, set[str | None]] = {
        "skills": {one.skill.digest if one.skill else None for one in subjects},
        "models": {one.model for one in subjects},
        "harnesses (prompts, sampling, budgets or grading)": {one.harness for one in subjects},
        "ways of recalculation": {one.recalc for one in subjects},
    }
    for what, found in differing.items():
        if len(found) > 1:
            raise FindingsError(
                f"evaluating runs: they are of {len(found)} different {what}",
                hint="evaluate each of them by itself, and compare the two",
            )
    versions: dict[str, Digest] = {}
    for run in runs:
        if versions.setdefault(run.task, run.task_digest) != run.task_digest:
            raise FindingsError(
                f"evaluating runs: the task {run.task} changed from one seed to the next",
                hint="run it again with all seeds",
            )


@dataclass(frozen=True, slots=True)
class Alignment:
    """The cells that two samples share, and those that only one of them has."""

    base: Sample
    other: Sample
    """Both hold the shared cells only."""
    only_base: tuple[Cell, ...]
    only_other: tuple[Cell, ...]
    changed: tuple[Cell, ...]
    """Cells of tasks that are not the same task in both: other inputs, gold files or grading."""
    remarks: tuple[str, ...]


def align(base: Sample, other: Sample) -> Alignment:
    """Pair the runs of two samples by task and seed; FindingsError where nothing can be paired.

    A seed is only a name for a repetition: two skills share no luck because they share a seed.
    """
    shared = [cell for cell in base.runs if cell in other.runs]
    changed = tuple(
        cell for cell in shared if base.runs[cell].task_digest != other.runs[cell].task_digest
    )
    pairs = [cell for cell in shared if cell not in set(changed)]
    if not pairs:
        raise FindingsError(
            "comparing runs: no task was run in both samples with the same seed"
            + (f"; {len(changed)} runs are of tasks that have changed" if changed else ""),
            hint="run both on the same tasks with the same `--seed`",
        )
    only_base = tuple(cell for cell in base.runs if cell not in other.runs)
    only_other = tuple(cell for cell in other.runs if cell not in base.runs)
    return Alignment(
        Sample(base.subject, {cell: base.runs[cell] for cell in pairs}, base.repeated),
        Sample(other.subject, {cell: other.runs[cell] for cell in pairs}, other.repeated),
        only_base,
        only_other,
        changed,
        _said(
            ("{n} of {all} runs of base have no partner: {which}", only_base, base),
            ("{n} of {all} runs of other have no partner: {which}", only_other, other),
            (
                "{n} of {all} runs of base are of tasks that have changed since: {which}",
                changed,
                base,
            ),
        )
        + _beside_the_skill(base.subject, other.subject),
    )


def _beside_the_skill(base: Subject, other: Subject) -> tuple[str, ...]:
    """Differences that a reader would take for the skill's, and the lack of one."""
    remarks = [
        f"{what} differs too: {old} and {new}"
        for what, old, new in (
            ("the model", base.model, other.model),
            ("the harness", base.harness[:19], other.harness[:19]),
            ("recalculation", base.recalc, other.recalc),
        )
        if old != new
    ]
    same = (base.skill and base.skill.digest) == (other.skill and other.skill.digest)
    if same and not remarks:
        remarks.append("both sides are the same: what differs here is chance")
    return tuple(remarks)


def _said(*stories: tuple[str, Sequence[Cell], Sample]) -> tuple[str, ...]:
    return tuple(
        story.format(n=len(cells), all=len(of.runs) + len(of.missing), which=_some(cells))
        for story, cells, of in stories
        if cells
    )


def _some(cells: Sequence[Cell], most: int = 5) -> str:
    rest = f" and {len(cells) - most} more" if len(cells) > most else ""
    return ", ".join(map(str, cells[:most])) + rest
