"""Why does a line of a skill stand there? Blame, the lesson commit, its evidence.

Histories lose trailers and move lines, so the answer is looked for in this order, and says how it
was found: by the commit that carries the lesson, by a change that is the lesson's, both as blame
sees the line and once more through moves, blanks and line ends; at last by the lesson's words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from itertools import groupby

from skillgit.names import Oid
from skillgit.ports import BlamedLine, Commit, History
from skillgit.provenance.evidence import LessonRecord, Unreadable, read, round_ref
from skillgit.provenance.patch_digest import patch_digest
from skillgit.provenance.squash import Squash, parse_squash
from skillgit.provenance.trailers import Malformed, Trailers, parse
from skillgit.review.catalogue import Catalogue, FoundLesson, read_catalogue
from skillgit.review.claims import FETCH
from skillgit.review.words import Block, blocks_of, likeness, normal
from skillgit.types import LineRange

_NO_LESSON = "no lesson"
_NAMED_ROUND = re.compile(r"Skillgit-(?:Squash-)?Round:\s*([0-9]{8}T[0-9]{6}Z-[0-9a-f]{6})")


class How(StrEnum):
    """By what a lesson was recognised, the surest first."""

    COMMIT = "by its commit"
    CHANGE = "by its change"
    WORDS = "by its words"


@dataclass(frozen=True, slots=True)
class Answer:
    """Consecutive lines of one origin: the commit that wrote them, and the lesson if it is one.

    `lines` count in the file that was asked about; `line` is the first of them where it was
    written. `remark` says why there is no lesson, or what else must be known.
    """

    lines: LineRange
    texts: tuple[str, ...]
    line: BlamedLine
    commit: Commit
    lesson: FoundLesson | None = None
    how: How | None = None
    remark: str = ""

    @property
    def trailers(self) -> Trailers | None:
        """What the commit says of its lesson; None where it says nothing."""
        return self.lesson.trailers if self.lesson and self.how is How.COMMIT else None

    @property
    def record(self) -> LessonRecord | None:
        """The evidence of the lesson, where it is here."""
        return self.lesson.record if self.lesson else None

    @property
    def subject(self) -> str:
        """The first line of the commit's message."""
        return self.commit.message.partition("\n")[0]


def why(history: History, path: str, line: int, at: str = "HEAD") -> Answer:
    """Who or what taught line `line` of a file, as of a revision.

    UsageError where there is no such revision, file or line.
    """
    return why_lines(history, path, LineRange(line, line), at)[0]


def why_lines(
    history: History, path: str, lines: LineRange, at: str = "HEAD"
) -> tuple[Answer, ...]:
    """The same for each of these lines; what one lesson or one commit wrote in a row is told once.

    A range may end behind the last line of the file.
    """
    tip = history.resolve(at)
    question = _Question(history)
    plain = history.blame(path, lines, tip)
    found = [question.by_commit(number, one) for number, one in enumerate(plain, lines.first)]
    # Looking through moves takes Git far longer, and most lines do not need it.
    open_ = [number for number, one in enumerate(found) if one is None]
    if open_:
        span = LineRange(lines.first + open_[0], lines.first + open_[-1])
        deep = history.blame(path, span, tip, through=True)
        for n in open_:
            found[n] = question.otherwise(lines.first + n, plain[n], deep[n - open_[0]])
    answers = [one for one in found if one is not None]
    return tuple(_joined(list(run)) for _, run in groupby(answers, key=_origin))


def _origin(answer: Answer) -> object:
    lesson = answer.lesson.evidence if answer.lesson else None
    return answer.commit.id, lesson, answer.how, answer.remark


def _joined(run: Sequence[Answer]) -> Answer:
    lines = LineRange(run[0].lines.first, run[-1].lines.last)
    return replace(run[0], lines=lines, texts=tuple(text for one in run for text in one.texts))


class _Question:
    """What is read once to answer for many lines."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._commits: dict[Oid, Commit] = {}
        self._strict: dict[Oid, tuple[FoundLesson | None, How | None]] = {}
        self._files: dict[tuple[Oid, str], list[str]] = {}
        self._older: dict[tuple[Oid, Oid], bool] = {}
        self._words: dict[Oid, frozenset[str]] = {}

    @cached_property
    def _catalogue(self) -> Catalogue:
        return read_catalogue(self._history)

    @cached_property
    def _blocks(self) -> Sequence[tuple[FoundLesson, Block]]:
        known = [one for one in self._catalogue.lessons if one.record is not None]
        return [(one, block) for one in known if one.record for block in blocks_of(one.record)]

    def otherwise(self, number: int, plain: BlamedLine, deep: BlamedLine) -> Answer:
        """For a line that no lesson commit wrote, as blame sees it through moves and blanks."""
        moved = deep.commit != plain.commit
        if moved and (found := self.by_commit(number, deep)) is not None:
            return replace(found, remark=_and(found.remark, self._touched(plain)))
        found = self._by_words(number, plain)
        if found is None and moved:
            found = self._by_words(number, deep)
        return found or self._nobody(number, deep)

    def _touched(self, plain: BlamedLine) -> str:
        later = self._commit(plain.commit)
        return f"moved or reformatted since, in commit {later.id[:12]} by {later.author}"

    def by_commit(self, number: int, line: BlamedLine) -> Answer | None:
        """The lesson that a commit is; not the one whose trailers a changed commit still has."""
        lesson, how = self._lesson_of(line.commit)
        if lesson is None or how is None or not self._adds(lesson, line.text):
            return None
        remark = self._remark(lesson) if how is How.COMMIT else ""
        if how is How.CHANGE:
            parsed = parse(self._commit(line.commit).message)
            told = "it has no trailers"
            if isinstance(parsed, Malformed):
                told = f"its trailers are no use: {parsed.reason}"
            remark = (
                f"{told}; its change is the lesson {lesson.evidence[:12]} of "
                f"{round_ref(lesson.round)}"
            )
        return self._answer(number, line, lesson, how, remark)

    def _adds(self, lesson: FoundLesson, text: str) -> bool:
        """Is it a line of the lesson, as far as that is known?

        Behind a last line without a line feed Git takes that one for changed as well.
        """
        if lesson.record is None:
            return True
        if lesson.evidence not in self._words:
            blocks = blocks_of(lesson.record)
            self._words[lesson.evidence] = frozenset(line for one in blocks for line in one.lines)
        return normal(text) in self._words[lesson.evidence]

    def _lesson_of(self, commit: Oid) -> tuple[FoundLesson | None, How | None]:
        if commit not in self._strict:
            self._strict[commit] = self._read_lesson(self._commit(commit))
        return self._strict[commit]

    def _read_lesson(self, commit: Commit) -> tuple[FoundLesson | None, How | None]:
        if len(commit.parents) != 1:
            return None, None
        digest = patch_digest(self._history.diff(commit.parents[0], commit.id))
        trailers = parse(commit.message)
        if isinstance(trailers, Trailers) and trailers.patch == digest:
            return self._catalogue.lesson_of(self._history, commit.id), How.COMMIT
        for lesson in self._catalogue.lessons:
            if lesson.record is not None and lesson.record.patch == digest:
                return lesson, How.CHANGE
        return None, None

    def _by_words(self, number: int, line: BlamedLine) -> Answer | None:
        """The lesson that has this line and most of its neighbours; none that is younger."""
        lines = self._file(line)
        if not 0 < line.line <= len(lines):
            return None
        found = [
            (likeness(block, line.path, lines, line.line - 1), lesson)
            for lesson, block in self._blocks
        ]
        likely = [(sure, lesson) for sure, lesson in found if sure and self._may_be(lesson, line)]
        if not likely:
            return None
        most = max(sure for sure, _ in likely)
        best = {lesson.evidence: lesson for sure, lesson in likely if sure == most}
        named = self._named(line.commit)
        own = [one for one in best.values() if one.evidence in named] or list(best.values())
        others = ", ".join(one.name for one in own[1:])
        held = own[0].evidence in named
        said = "the commit says that it holds this lesson" if held else "the commit names no lesson"
        words = (
            f"the line is known by its words; so are those of {others}"
            if others
            else ("the line is known by its words")
        )
        return self._answer(number, line, own[0], How.WORDS, f"{said}; {words}")

    def _named(self, commit: Oid) -> frozenset[Oid]:
        """The evidence of the lessons that a commit says to be, or as a squash, to hold."""
        text = self._commit(commit).message
        trailers, squash = parse(text), parse_squash(text)
        own = {trailers.evidence} if isinstance(trailers, Trailers) else set()
        held = {one.evidence for one in squash.lessons} if isinstance(squash, Squash) else set()
        return frozenset(own | held)

    def _may_be(self, lesson: FoundLesson, line: BlamedLine) -> bool:
        """A line that the base of the round had already is not the lesson's."""
        if lesson.record is None:
            return False
        pair = line.commit, lesson.record.base
        if pair not in self._older:
            self._older[pair] = self._history.is_ancestor(*pair)
        return not self._older[pair]

    def _nobody(self, number: int, line: BlamedLine) -> Answer:
        commit = self._commit(line.commit)
        trailers = parse(commit.message)
        remark = _NO_LESSON
        if isinstance(trailers, Malformed):
            remark = f"its Skillgit trailers are no use: {trailers.reason}"
        elif isinstance(trailers, Trailers):
            remark = self._edited(trailers)
        here = {one.id for one in self._catalogue.rounds if one.record is not None}
        away = sorted({name for name in _NAMED_ROUND.findall(commit.message) if name not in here})
        if away and not isinstance(trailers, Trailers):
            names = ", ".join(away)
            remark = (
                f"{remark}; its message names round {names}, whose evidence is not here; {FETCH}"
            )
        return self._answer(number, line, None, None, remark)

    def _edited(self, trailers: Trailers) -> str:
        said = "no lesson as it was recorded: the commit has the trailers of a lesson of round"
        if self._history.read_blob(trailers.evidence) is None:
            missing = f"the lesson's evidence {trailers.evidence[:12]} is not here; {FETCH}"
            return f"{said} {trailers.round}, and was changed since; {missing}"
        return f"{said} {trailers.round}, whose edits do not have this line"

    def _remark(self, lesson: FoundLesson) -> str:
        if lesson.record is not None:
            return ""
        data = self._history.read_blob(lesson.evidence)
        if data is None:
            return f"its evidence {lesson.evidence[:12]} is not here; {FETCH}"
        found = read(LessonRecord, data)
        return f"its evidence is no use: {found.reason}" if isinstance(found, Unreadable) else ""

    def _answer(
        self,
        number: int,
        line: BlamedLine,
        lesson: FoundLesson | None,
        how: How | None,
        remark: str,
    ) -> Answer:
        span, commit = LineRange(number, number), self._commit(line.commit)
        return Answer(span, (line.text,), line, commit, lesson, how, remark)

    def _commit(self, oid: Oid) -> Commit:
        if oid not in self._commits:
            [found] = (one for one in self._history.commits(f"{oid}^!") if one.id == oid)
            self._commits[oid] = found
        return self._commits[oid]

    def _file(self, line: BlamedLine) -> list[str]:
        """The file as the commit left it, line by line as words are compared."""
        key = line.commit, line.path
        if key not in self._files:
            folder, _, name = line.path.rpartition("/")
            blob = self._history.tree(line.commit, folder).get(name)
            data = self._history.read_blob(blob) if blob else None
            text = (data or b"").decode("utf-8", "replace")
            self._files[key] = [normal(one) for one in text.split("\n")]
        return self._files[key]


def _and(one: str, other: str) -> str:
    return "; ".join(filter(None, (one, other)))
