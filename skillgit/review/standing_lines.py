"""Does a commit have a lesson, line by line, where neither a commit nor a change tells?

Claimed only where every telling line that the lesson added stands in its file, as often as the
lesson added it, and blame gives each to a commit that the lesson's base did not have yet and that
is no commit of another lesson with the same line. Blanks do not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from skillgit.errors import UsageError
from skillgit.names import Oid
from skillgit.ports import History
from skillgit.provenance.evidence import LessonRecord
from skillgit.review.catalogue import Catalogue
from skillgit.review.claims import Archive
from skillgit.review.words import added_lines, blocks_of, normal
from skillgit.types import LineRange, Skill

_MOST_PLACES = 50
"""Files of the same name that are looked into where the lesson's own is gone."""


class Lines:
    """Answers for many lessons; what they share is read once."""

    def __init__(self, history: History, catalogue: Catalogue) -> None:
        self._history = history
        self._archive = Archive(history)
        self._trees: dict[Oid, Mapping[str, Oid]] = {}
        self._older: dict[tuple[Oid, Oid], bool] = {}
        self._owners = {copy: one for one in catalogue.lessons for copy in one.copies}

    def telling(self, record: LessonRecord) -> Mapping[str, Counter[str]]:
        """The telling lines that a lesson adds, by file; empty where it only takes lines away."""
        try:
            wanted = added_lines(record, self._base(record))
        except ValueError:  # the evidence does not fit its base: `check` says so
            return {}
        return {path: lines for path, lines in wanted.items() if lines}

    def stand(self, record: LessonRecord, at: Oid) -> bool:
        """Does the commit `at` have all telling lines that the lesson adds?"""
        telling = self.telling(record)
        return bool(telling) and all(
            any(self._has(record, place, lines, at) for place in self._places(record, path, at))
            for path, lines in telling.items()
        )

    def _base(self, record: LessonRecord) -> Skill | None:
        try:
            return self._archive.base(record.skill, record.base)
        except UsageError:
            return None

    def _places(self, record: LessonRecord, path: str, at: Oid) -> Iterator[str]:
        """The file, or those that may be it where the skill was moved."""
        tree = self._tree(at)
        if path in tree:
            yield path
            return
        name = path.removeprefix(f"{record.skill}/") if record.skill else path
        moved = (one for one in sorted(tree) if one == name or one.endswith(f"/{name}"))
        yield from list(moved)[:_MOST_PLACES]

    def _has(self, record: LessonRecord, path: str, wanted: Counter[str], at: Oid) -> bool:
        data = self._history.read_blob(self._tree(at)[path]) or b""
        lines = [normal(one) for one in data.decode("utf-8", "replace").split("\n")]
        if not wanted <= Counter(lines):
            return False
        size = len(lines) - (lines[-1] == "")
        blamed = self._history.blame(path, LineRange(1, max(size, 1)), at)
        own = Counter(
            line
            for line, one in zip(lines, blamed, strict=False)
            if line in wanted and self._may_be(record, line, one.commit)
        )
        return wanted <= own

    def _may_be(self, record: LessonRecord, line: str, commit: Oid) -> bool:
        pair = commit, record.base
        if pair not in self._older:
            self._older[pair] = self._history.is_ancestor(*pair)
        owner = self._owners.get(commit)
        if self._older[pair] or owner is None or owner.record is None or owner.record == record:
            return not self._older[pair]
        return not any(line in block.lines for block in blocks_of(owner.record))

    def _tree(self, at: Oid) -> Mapping[str, Oid]:
        if at not in self._trees:
            self._trees[at] = self._history.tree(at)
        return self._trees[at]
