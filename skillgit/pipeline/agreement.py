"""What the analysts of two rounds say of the same trajectories (section 4.3 of the paper).

Both rounds read trajectories of the same bytes, one with agentic error analysts, say, and the other
with single calls. Everything is computed from what the two left behind as evidence. The paper's
authors judged 33 cases by reading them; here a program does, so its measure is coarser, and it is
told beside what chance gives: the same measure of edits that belong to different trajectories.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from skillgit.errors import UsageError
from skillgit.names import EditId, RoundId, TrajectoryId
from skillgit.pipeline.agreeing import Alike, Judge, best_of
from skillgit.ports import History
from skillgit.review.claims import FETCH
from skillgit.review.dossier import Dossier, read_dossier
from skillgit.review.lessons import find_round
from skillgit.skill.placement import words_of
from skillgit.types import Edit, Exclusion, Quote, Result, Skill

SHIFTS = 10
"""So many other trajectories each one is compared with, to learn what chance gives."""
DIAGNOSED = "diagnosed"
NOTHING = "nothing to teach"
NOT_ASKED = "not analysed"


class Verdict(StrEnum):
    """How far two analysts agree on a trajectory that both diagnosed."""

    STRONG = "strong agreement"
    """Edits of the two say alike things in the same section."""
    PARTIAL = "partial agreement"
    """They say alike things elsewhere, or other things in the same lines."""
    DISAGREE = "clear disagreement"
    """Neither; or one says the contrary of the other."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two rounds, on the trajectories that both have."""

    round: RoundId
    analyst: str
    """How it analysed failures."""
    model: str
    ends: Mapping[str, int]
    """How many trajectories were diagnosed, and what became of the others."""
    proven: int
    edits: int
    survived: int
    """Edits that are in a lesson of the branch."""


@dataclass(frozen=True, slots=True)
class Case:
    """One trajectory that both rounds have; `alike` and `verdict` only where both diagnosed it."""

    trajectory: TrajectoryId
    task: str
    ends: tuple[str, str]
    titles: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    survived: tuple[int, int] = (0, 0)
    same_step: bool = False
    """Do both quote the same step of it?"""
    about: tuple[bool, bool] = (False, False)
    """Does each speak of what was asked about?"""
    alike: Alike = field(default_factory=Alike)
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """What two rounds have in common; `chance` has the share of each measure for strangers."""

    sides: tuple[Side, Side]
    cases: tuple[Case, ...]
    chance: Mapping[str, float]
    false_failures: tuple[int, int]
    """Trajectories that this side taught from, where the other found that nothing had failed."""
    remarks: tuple[str, ...] = ()

    @property
    def both(self) -> tuple[Case, ...]:
        """Those that both diagnosed."""
        return tuple(one for one in self.cases if one.verdict is not None)

    def counts(self) -> Mapping[str, int]:
        """How many of those that both diagnosed each measure holds for."""
        return _counted((one.verdict, one.alike) for one in self.both)


def read_agreement(
    history: History,
    names: tuple[str, str],
    results: frozenset[Result],
    about: re.Pattern[str] | None = None,
) -> Agreement:
    """Compare two rounds that a person names on the trajectories of these results.

    `about` is looked for in what each analyst says.
    """
    one, other = (_dossier(history, name) for name in names)
    if one.round.skill != other.round.skill:
        raise UsageError(
            f"comparing {one.round.round} with {other.round.round}: they are of two skills, "
            f"{one.round.skill or '.'} and {other.round.skill or '.'}",
            hint="name two rounds of one skill; `skillgit log` lists them",
        )
    bases = _base(history, one), _base(history, other)
    return agreement((one, other), bases, results, about)


def _dossier(history: History, name: str) -> Dossier:
    round_id = find_round(history, name)
    found = read_dossier(history, round_id)
    if found is None:
        raise UsageError(f"reading round {round_id}: its evidence is not here", hint=FETCH)
    return found


def _base(history: History, dossier: Dossier) -> Skill | None:
    try:
        return history.read_skill(dossier.round.skill, dossier.round.base)
    except UsageError:
        return None


def agreement(
    pair: tuple[Dossier, Dossier],
    bases: tuple[Skill | None, Skill | None],
    results: frozenset[Result],
    about: re.Pattern[str] | None = None,
) -> Agreement:
    """Compare two rounds; UsageError where they share no trajectory of these results."""
    shared = _shared(pair, results)
    judge = Judge(*bases)
    survived = tuple(map(_survivors, pair))
    cases = tuple(
        replace(_case(pair, one, judge, survived), about=_about(pair, one, about)) for one in shared
    )
    both = [one.trajectory for one in cases if one.verdict is not None]
    return Agreement(
        (_side(pair[0], shared, survived[0]), _side(pair[1], shared, survived[1])),
        cases,
        _chance(pair, both, judge),
        (_false(pair[0], pair[1], shared), _false(pair[1], pair[0], shared)),
        judge.remarks,
    )


def _shared(pair: tuple[Dossier, Dossier], results: frozenset[Result]) -> list[TrajectoryId]:
    one, other = (
        {t.id for t in each.trajectories.values() if t.outcome.result in results} for each in pair
    )
    if not one & other:
        told = " or ".join(sorted(results))
        raise UsageError(
            f"comparing {pair[0].round.round} with {pair[1].round.round}: they have no trajectory "
            f"in common that ended with {told}",
            hint="give both rounds the same --trajectories; the files must be the same bytes",
        )
    return sorted(one & other)


def _end(dossier: Dossier, name: TrajectoryId) -> str:
    """What came of one trajectory, in a word."""
    patch = dossier.patches.get(name)
    if patch is not None and patch.edits:
        return DIAGNOSED
    excluded = next((one for one in dossier.round.excluded if one.trajectory == name), None)
    if excluded is not None:
        return str(excluded.kind)
    return NOTHING if name in set(dossier.round.analysed) else NOT_ASKED


def _edits(dossier: Dossier, name: TrajectoryId) -> tuple[Edit, ...]:
    patch = dossier.patches.get(name)
    return patch.edits if patch else ()


def _survivors(dossier: Dossier) -> frozenset[EditId]:
    """The edits of analysts that a lesson of the branch has, as they are or merged."""
    lessons = dossier.lessons.values()
    return frozenset(
        {edit.id for one in lessons for edit in one.edits}
        | {part for one in lessons for parts in one.merged.values() for part in parts}
    )


def _side(dossier: Dossier, shared: Sequence[TrajectoryId], survived: frozenset[EditId]) -> Side:
    told = dossier.round
    ends = Counter(_end(dossier, name) for name in shared)
    edits = [edit for name in shared for edit in _edits(dossier, name)]
    proofs = (dossier.patches[name].proof for name in shared if name in dossier.patches)
    return Side(
        told.round,
        str(told.settings.get("analyze.error_analyst", "not known")),
        told.model,
        {DIAGNOSED: ends.pop(DIAGNOSED, 0), **dict(sorted(ends.items()))},
        sum(proof is not None for proof in proofs),
        len(edits),
        sum(edit.id in survived for edit in edits),
    )


def _case(
    pair: tuple[Dossier, Dossier],
    name: TrajectoryId,
    judge: Judge,
    survived: Sequence[frozenset[EditId]],
) -> Case:
    one, other = (_edits(each, name) for each in pair)
    alike = best_of(judge, one, other)
    steps = [_steps(each, name) for each in pair]
    return Case(
        name,
        pair[0].trajectories[name].task,
        (_end(pair[0], name), _end(pair[1], name)),
        (tuple(e.lesson.title for e in one), tuple(e.lesson.title for e in other)),
        (sum(e.id in survived[0] for e in one), sum(e.id in survived[1] for e in other)),
        same_step=bool(steps[0] & steps[1]),
        alike=alike,
        verdict=verdict_of(alike) if one and other else None,
    )


def verdict_of(alike: Alike) -> Verdict:
    """How far edits agree that are so much alike."""
    if alike.agree:
        return Verdict.STRONG
    if alike.words and not alike.contrary:
        return Verdict.PARTIAL
    return Verdict.PARTIAL if alike.lines and not alike.contrary else Verdict.DISAGREE


def _steps(dossier: Dossier, name: TrajectoryId) -> set[int]:
    """The steps that an analyst quotes for what it says."""
    patch = dossier.patches.get(name)
    if patch is None:
        return set()
    quotes: list[Quote] = [quote for edit in patch.edits for quote in edit.quotes]
    quotes += [quote for cause in patch.causes for quote in cause.quotes]
    return {quote.step for quote in quotes if quote.trajectory == name}


def _about(
    pair: tuple[Dossier, Dossier], name: TrajectoryId, about: re.Pattern[str] | None
) -> tuple[bool, bool]:
    found = [about is not None and bool(about.search(_said(each, name))) for each in pair]
    return found[0], found[1]


def _said(dossier: Dossier, name: TrajectoryId) -> str:
    """All that an analyst says of a trajectory, without what it quotes."""
    patch = dossier.patches.get(name)
    if patch is None:
        return ""
    lessons = (f"{edit.lesson.title}\n{edit.lesson.reason}" for edit in patch.edits)
    edits = (words_of(edit.change) for edit in patch.edits)
    return "\n".join((*lessons, *edits, *(cause.what for cause in patch.causes)))


def _false(taught: Dossier, found: Dossier, shared: Iterable[TrajectoryId]) -> int:
    return sum(
        _end(taught, name) == DIAGNOSED and _end(found, name) == Exclusion.FALSE_FAILURE
        for name in shared
    )


# ------------------------------------------------------------------ measures


def _counted(found: Iterable[tuple[Verdict | None, Alike]]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for verdict, alike in found:
        counts[str(verdict)] += 1
        counts.update(name for name in Alike.MEASURES if getattr(alike, name))
    return {name: counts[name] for name in (*Verdict, *Alike.MEASURES)}


def _chance(
    pair: tuple[Dossier, Dossier], both: Sequence[TrajectoryId], judge: Judge
) -> dict[str, float]:
    """The measures of each trajectory's edits and those of others that follow it in the order."""
    shifts = range(1, min(SHIFTS, len(both) - 1) + 1)
    found = [
        best_of(judge, _edits(pair[0], name), _edits(pair[1], both[(at + by) % len(both)]))
        for by in shifts
        for at, name in enumerate(both)
    ]
    counts = _counted((verdict_of(alike), alike) for alike in found)
    return {name: count / len(found) for name, count in counts.items()} if found else {}
