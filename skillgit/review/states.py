"""What became of each lesson: merged, open, dropped or reverted, and how that is known.

HEAD has a lesson by a commit with its trailers, by a commit with its change (a squash of one
lesson, an amended message), or by its lines (a squash of several). A revert is a commit that says
`This reverts commit …`, or one whose change is the lesson's turned round; a revert that was
reverted itself does not count.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from skillgit.errors import UsageError
from skillgit.names import Digest, Oid, RoundId
from skillgit.ports import Commit, History
from skillgit.provenance.evidence import Refusal
from skillgit.review.catalogue import MARK, Catalogue, FoundLesson, head_of, read_catalogue
from skillgit.review.changes import Changes, read_changes
from skillgit.review.lessons import LessonState
from skillgit.review.refusals import read_refusals
from skillgit.review.standing_lines import Lines

_REVERTS = "This reverts commit"
_REVERTED = re.compile(
    rf"{_REVERTS}\s+([0-9a-f]{{7,64}})(?:,\s+reversing\s+changes\s+made\s+to\s+([0-9a-f]{{7,64}}))?"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a lesson; `how` is what must be known of it; `commit` decided it in HEAD."""

    state: LessonState
    how: str = ""
    commit: Oid | None = None


def standings(history: History, catalogue: Catalogue) -> Mapping[Oid, Standing]:
    """The state of every lesson, by the blob of its evidence."""
    ledger = _Ledger(history, catalogue)
    return {lesson.evidence: ledger.standing(lesson) for lesson in catalogue.lessons}


def standing_of(history: History, lesson: FoundLesson) -> Standing:
    """The state of one lesson, also of one that no branch and no evidence ref knows."""
    return _Ledger(history, read_catalogue(history)).standing(lesson)


@dataclass(frozen=True, slots=True)
class _Revert:
    """A commit of HEAD that says what it reverts; of a merge, all but what `kept` had."""

    commit: Oid
    names: str
    kept: str


class _Ledger:
    """What HEAD's history does with lessons, read once."""

    def __init__(self, history: History, catalogue: Catalogue) -> None:
        self._history = history
        self._catalogue = catalogue
        self._head = head_of(history)
        self._branches = history.refs("refs/heads", "refs/remotes")
        self._older: dict[tuple[Oid, Oid], bool] = {}
        self._on_branches: dict[RoundId, frozenset[Oid]] = {}

    def standing(self, lesson: FoundLesson) -> Standing:
        """What became of one lesson."""
        return self._in_head(lesson) or self._elsewhere(lesson)

    # -------------------------------------------------------------- in HEAD

    def _in_head(self, lesson: FoundLesson) -> Standing | None:
        if self._head is None:
            return None
        applied = self._applied(lesson)
        for commit in applied:
            if self._undoing(lesson, commit) is None:
                how = "" if commit in lesson.copies else f"by its change, in {commit[:12]}"
                return Standing(LessonState.MERGED, how, commit)
        if applied:
            last = self._undoing(lesson, applied[-1])
            return Standing(LessonState.REVERTED, f"in {last[:12]}" if last else "", last)
        return self._by_lines(self._head, lesson)

    def _applied(self, lesson: FoundLesson) -> Sequence[Oid]:
        """The commits of HEAD that are this lesson, by trailers or else by their change."""
        own = [commit for commit in lesson.copies if commit in self._carriers]
        told = lesson.record or lesson.trailers
        alike = self._changes.does[told.patch] if told else []
        return own + [c for c in alike if told and not self._is_older(c, told.base)]

    def _undoing(self, lesson: FoundLesson, applied: Oid) -> Oid | None:
        """The commit after `applied` that took it out again, and was not reverted itself."""
        told = lesson.record or lesson.trailers
        named = [one.commit for one in self._reverts if self._names(one, lesson, applied)]
        turned = self._changes.undoes[told.patch] if told else []
        for commit in (*named, *turned):
            if self._is_older(applied, commit) and not self._is_reverted(commit):
                return commit
        return None

    def _names(self, revert: _Revert, lesson: FoundLesson, applied: Oid) -> bool:
        if any(copy.startswith(revert.names) for copy in (*lesson.copies, applied)):
            return True
        if not revert.kept:
            return False
        merge, kept = self._commit(revert.names), self._commit(revert.kept)
        return (
            merge is not None
            and kept is not None
            and self._is_older(applied, merge.id)
            and not self._is_older(applied, kept.id)
        )

    def _is_reverted(self, commit: Oid) -> bool:
        return any(
            self._is_older(commit, one.commit) and not self._is_reverted(one.commit)
            for one in self._reverts
            if one.commit != commit and commit.startswith(one.names)
        )

    def _by_lines(self, head: Oid, lesson: FoundLesson) -> Standing | None:
        """A commit of HEAD that brought all its lines, or HEAD that has them; a squash, mostly."""
        squashes = self._squashes(lesson)
        for commit in squashes:
            if self._undoing(lesson, commit) is None:
                by = "by its lines, in" if lesson.record else "not compared, but named by"
                return Standing(LessonState.MERGED, f"{by} {commit[:12]}", commit)
        if lesson.record is not None and self._lines.stand(lesson.record, head):
            return Standing(LessonState.MERGED, "by its lines")
        last = self._undoing(lesson, squashes[-1]) if squashes else None
        if last is None:
            return None
        return Standing(LessonState.REVERTED, f"in {last[:12]}, by its lines", last)

    def _squashes(self, lesson: FoundLesson) -> Sequence[Oid]:
        """The commits without its trailers that brought its lines.

        A squash may say which lessons it holds. It is believed as far as it can be compared.
        """
        named = self._changes.named[lesson.evidence]
        if lesson.record is None:
            return named
        record = lesson.record
        wanted = sum(self._lines.telling(record).values(), Counter[str]())
        if not wanted:
            return named
        return [
            commit
            for commit, lines in self._changes.adds.items()
            if wanted <= lines and not self._is_older(commit, record.base)
        ]

    # -------------------------------------------------------------- on branches

    def _elsewhere(self, lesson: FoundLesson) -> Standing:
        if any(copy in self._shown(lesson.round) for copy in lesson.copies):
            return Standing(LessonState.OPEN)
        told = lesson.record or lesson.trailers
        refused = self._refusals.get(told.patch) if told else None
        return Standing(LessonState.DROPPED, refused.reason if refused else "")

    def _shown(self, round_id: RoundId) -> frozenset[Oid]:
        """Lesson commits that branches show; the round's own branch here wins over a remote's."""
        if round_id in self._on_branches:
            return self._on_branches[round_id]
        own = {name for name in self._branches if name.endswith(f"/{round_id}")}
        here = {name for name in own if name.startswith("refs/heads/")}
        names = [name for name in self._branches if not here or name in here or name not in own]
        tips = [self._branches[name] for name in names]
        found = self._history.commits(*dict.fromkeys(tips), containing=MARK) if tips else ()
        self._on_branches[round_id] = frozenset(commit.id for commit in found)
        return self._on_branches[round_id]

    # -------------------------------------------------------------- read once

    @cached_property
    def _refusals(self) -> Mapping[Digest, Refusal]:
        return read_refusals(self._history)

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self._history, self._catalogue)

    @cached_property
    def _carriers(self) -> frozenset[Oid]:
        """The commits of HEAD with trailers."""
        found = self._history.commits(self._head, containing=MARK) if self._head else ()
        return frozenset(commit.id for commit in found)

    @cached_property
    def _reverts(self) -> Sequence[_Revert]:
        found = self._history.commits(self._head, containing=_REVERTS) if self._head else ()
        return [
            _Revert(commit.id, *said.groups(""))
            for commit in found
            for said in _REVERTED.finditer(commit.message)
        ]

    @cached_property
    def _changes(self) -> Changes:
        return read_changes(self._history, self._catalogue, self._head, self._carriers)

    def _is_older(self, older: Oid, newer: Oid) -> bool:
        pair = older, newer
        if pair not in self._older:
            self._older[pair] = self._history.is_ancestor(older, newer)
        return self._older[pair]

    def _commit(self, name: str) -> Commit | None:
        """A commit that a message names; None where it is not here."""
        try:
            oid = self._history.resolve(name)
        except UsageError:
            return None
        return next((one for one in self._history.commits(f"{oid}^!") if one.id == oid), None)
