"""gate: is the skill better for it?

Base and evolved skill are replayed on tasks that gave no trajectory (section 2.1 of the paper asks
for disjoint sets). Lessons commute, so a candidate is a subset of them: with `--gate-lessons` a
bounded search drops those without which the agent does better. What a search has chosen is measured
again, with seeds that the search did not see.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from skillgit.evaluation.comparison import Comparison, compare, measure
from skillgit.evaluation.runs import RunResult
from skillgit.evaluation.search import Lessons, Search, drop_what_hurts
from skillgit.names import Digest
from skillgit.skill.hunks import apply_changes, group_edits
from skillgit.types import Edit, Fate, GateReport, Harm, Skill, State

Measure = Callable[[Skill, Sequence[int]], Awaitable[Sequence[RunResult]]]
"""Run the validation tasks with a skill and these seeds; what was run once costs nothing."""


@dataclass(frozen=True, slots=True)
class Trial:
    """How the gate measures. `search` subsets of the lessons may be tried (0: all or nothing)."""

    measure: Measure
    seeds: tuple[int, ...]
    search: int = 0
    tasks: Mapping[str, Digest] = field(default_factory=dict)
    """The validation tasks, by id; they name the round."""

    def again(self) -> Trial:
        """The same with as many other seeds: for what was chosen with these."""
        first = max(self.seeds) + 1
        return replace(self, seeds=tuple(range(first, first + len(self.seeds))))


@dataclass(frozen=True, slots=True)
class Passage:
    """What comes through the gate: the edits, what befell the others, and the figures."""

    edits: tuple[Edit, ...]
    fates: tuple[Fate, ...]
    report: GateReport


async def gate(skill: Skill, rivals: Sequence[Sequence[Edit]], trial: Trial) -> tuple[int, Passage]:
    """The evolution with which the agent does best, by its number, and the figures.

    One alone is measured as it is; of several, the best is measured again with seeds that did not
    choose it. Each needs an edit at least.
    """
    tried = [await _through(skill, edits, trial) for edits in rivals]
    best = max(range(len(tried)), key=lambda number: (tried[number].report.evolved, -number))
    passage = tried[best]
    if len(tried) == 1:
        return best, passage
    unseen = trial.again().again() if trial.search else trial.again()
    again = await _measured(skill, passage.edits, unseen)
    report = replace(
        again.report,
        dropped=passage.report.dropped,
        searched=passage.report.searched,
        rivals=len(tried),
    )
    return best, replace(again, report=report, fates=passage.fates)


async def _through(skill: Skill, edits: Sequence[Edit], trial: Trial) -> Passage:
    """One evolution, without the lessons that hurt if they are looked for."""
    if not trial.search:
        return await _measured(skill, edits, trial)
    lessons = group_edits(skill, edits)
    search = await _search(skill, lessons, trial)
    kept = {edit.id for number in search.kept for edit in lessons[number]}
    again = await _measured(skill, [edit for edit in edits if edit.id in kept], trial.again())
    harms = _harms(search, lessons)
    report = replace(again.report, dropped=harms, searched=search.evaluations)
    fates = tuple(fate for harm in harms for fate in _fates(harm))
    return replace(again, report=report, fates=fates)


async def _search(skill: Skill, lessons: Sequence[Sequence[Edit]], trial: Trial) -> Search:
    async def value(subset: Lessons) -> float:
        chosen = [edit for number in sorted(subset) for edit in lessons[number]]
        return _rate(await trial.measure(_evolved(skill, chosen), trial.seeds))

    return await drop_what_hurts(len(lessons), value, trial.search)


def _rate(results: Sequence[RunResult]) -> float:
    return measure(results).success.estimate


def _harms(search: Search, lessons: Sequence[Sequence[Edit]]) -> tuple[Harm, ...]:
    return tuple(
        Harm(
            lessons[one.lesson][0].lesson.title,
            tuple(edit.id for edit in lessons[one.lesson]),
            one.score_with,
            one.score_without,
        )
        for one in search.dropped
    )


def _fates(harm: Harm) -> list[Fate]:
    figures = f"{100 * harm.score_with:.1f} % with it, {100 * harm.score_without:.1f} % without"
    reason = f"gate: on the validation tasks the agent passes {figures}"
    return [Fate(edit, State.WITHHELD, reason) for edit in harm.edits]


async def _measured(skill: Skill, edits: Sequence[Edit], trial: Trial) -> Passage:
    before = await trial.measure(skill, trial.seeds)
    after = await trial.measure(_evolved(skill, edits), trial.seeds) if edits else before
    comparison = compare(before, after)
    return Passage(tuple(edits), (), _report(comparison, trial.seeds))


def _report(comparison: Comparison, seeds: tuple[int, ...]) -> GateReport:
    return GateReport(
        tasks=len(comparison.tasks),
        seeds=seeds,
        base=comparison.base.success.estimate,
        evolved=comparison.other.success.estimate,
        difference=comparison.difference.estimate,
        low=comparison.difference.low,
        high=comparison.difference.high,
        won=len(comparison.wins),
        lost=len(comparison.losses),
        tied=len(comparison.ties),
        p=comparison.test.exact,
        verdict=comparison.verdict.value,
        remarks=comparison.remarks,
    )


def _evolved(skill: Skill, edits: Sequence[Edit]) -> Skill:
    """The skill with these edits, as an agent would be given it."""
    return replace(skill, files=apply_changes(skill, (edit.change for edit in edits)))
