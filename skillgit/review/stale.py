"""Evidence of rounds that nothing in the repository speaks of any more."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from skillgit.names import Oid, RoundId
from skillgit.ports import History
from skillgit.provenance.evidence import round_ref
from skillgit.review.catalogue import Catalogue, KnownRound, read_catalogue
from skillgit.review.lessons import LessonState
from skillgit.review.standing_lines import Lines
from skillgit.review.states import Standing, standings

KEEP_DAYS = 30
_DAY = 86_400
_SAYS = "Skillgit-"
_ROUND = re.compile(r"Skillgit-(?:Squash-)?Round:\s*([0-9]{8}T[0-9]{6}Z-[0-9a-f]{6})")


@dataclass(frozen=True, slots=True)
class KeptEvidence:
    """The evidence of a round, and why it is kept; an empty `why` says that it may go."""

    round: RoundId
    ref: str
    tip: Oid
    days: int
    why: str


def weigh(history: History, now: int, keep_days: int = KEEP_DAYS) -> tuple[KeptEvidence, ...]:
    """The evidence of all rounds, newest first, and what still needs it.

    Needed is what a branch is named after, what the message of a commit names that any ref or
    HEAD reaches, and what stands line by line in a branch or tag (a squash merge leaves no more).
    """
    scales = _Scales(history, read_catalogue(history))
    found = []
    for known in scales.catalogue.rounds:
        ref = round_ref(known.id)
        if (tip := scales.kept.get(ref)) is not None:
            age = max(0, now - scales.seconds(tip)) // _DAY
            young = f"younger than {keep_days} days" if age < keep_days else ""
            found.append(KeptEvidence(known.id, ref, tip, age, scales.needs(known) or young))
    return tuple(found)


class _Scales:
    """What speaks for keeping evidence, read once."""

    def __init__(self, history: History, catalogue: Catalogue) -> None:
        self._history = history
        self.catalogue = catalogue
        self.kept = history.refs("refs/skillgit/rounds")

    def seconds(self, tip: Oid) -> int:
        """When a round's evidence was written."""
        return next(one.seconds for one in self._history.commits(f"{tip}^!"))

    def needs(self, known: KnownRound) -> str:
        """What still needs a round's evidence; empty where nothing does."""
        if known.branch:
            return (
                f"branch {known.branch.removeprefix('refs/heads/').removeprefix('refs/remotes/')}"
            )
        if (commit := self._mentions.get(known.id)) is not None:
            return f"commit {commit[:12]} names it"
        for lesson in known.lessons:
            state = self._standings[lesson.evidence]
            if state.state in {LessonState.MERGED, LessonState.REVERTED}:
                return f"its lesson {lesson.number} is {state.state}, {state.how}"
        return self._on_a_tip(known)

    def _on_a_tip(self, known: KnownRound) -> str:
        for name, tip in self._tips.items():
            for lesson in known.lessons:
                if lesson.record is not None and self._lines.stand(lesson.record, tip):
                    return f"{name} has its lesson {lesson.number}, by its lines"
        return ""

    @cached_property
    def _mentions(self) -> Mapping[str, Oid]:
        return {
            name: commit.id
            for commit in self._history.mentions(_SAYS)
            for name in _ROUND.findall(commit.message)
        }

    @cached_property
    def _standings(self) -> Mapping[Oid, Standing]:
        return standings(self._history, self.catalogue)

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self._history, self.catalogue)

    @cached_property
    def _tips(self) -> Mapping[str, Oid]:
        """Branches and tags, each commit once."""
        found = self._history.refs("refs/heads", "refs/remotes", "refs/tags")
        once = {tip: name for name, tip in found.items()}
        return {name: tip for tip, name in once.items()}
