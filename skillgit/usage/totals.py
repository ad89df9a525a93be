"""The traces of a skill, added up over trajectories: by file, by section, by line, by outcome.

What is counted are trajectories, never traces: a line that one run quotes ten times was used once.
Reading SKILL.md is no use of its sections, for all of it is read; what is quoted, named or
followed is. A file that is read on demand is used where it was opened, run or shown.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from skillgit.names import Oid, SkillPath, TrajectoryId
from skillgit.rules.limits import estimated_tokens
from skillgit.types import MANIFEST, LineRange, Result, Skill, Trajectory
from skillgit.usage.followed import Tokens
from skillgit.usage.hits import Hit, Kind
from skillgit.usage.pages import Page
from skillgit.usage.traces import Having, Reader, Traces

_OF_WORDS = frozenset({Kind.NAMED, Kind.QUOTED, Kind.FOLLOWED})


@dataclass(frozen=True, slots=True)
class Count:
    """So many trajectories, and how they ended."""

    runs: int = 0
    passed: int = 0
    failed: int = 0

    @classmethod
    def of(cls, found: Iterable[Trajectory]) -> Count:
        """Counted."""
        results = [one.outcome.result for one in found]
        return cls(len(results), results.count(Result.PASS), results.count(Result.FAIL))

    @property
    def unknown(self) -> int:
        """Those of which nobody says how they ended."""
        return self.runs - self.passed - self.failed


@dataclass(frozen=True, slots=True)
class SectionUse:
    """A section of a Markdown file: how many trajectories used it, and by which traces.

    `could` is how many of its sentences and pieces of code could leave a trace at all.
    """

    path: SkillPath
    title: str
    level: int
    lines: LineRange
    tokens: int
    used: Count
    kinds: Mapping[Kind, int]
    could: int

    @property
    def name(self) -> str:
        """As people call it."""
        return self.title or f"(the beginning of {self.path})"


@dataclass(frozen=True, slots=True)
class FileUse:
    """A file: how many trajectories used it, and by which traces of any of its parts."""

    path: SkillPath
    used: Count
    kinds: Mapping[Kind, int]
    by: tuple[TrajectoryId, ...]


@dataclass(frozen=True, slots=True)
class SkillUse:
    """What trajectories tell of the use of a skill.

    `had` are those that are counted; `other` had another version, `without` none. `common` are the
    pieces of code that runs without the skill have, too: they are no traces of it. `lines` tells
    for each line of a Markdown file how many trajectories used it.
    """

    root: str
    commit: Oid
    had: Count
    unsaid: int
    """How many of those do not say which version they had."""
    other: int
    without: int
    files: tuple[FileUse, ...]
    sections: tuple[SectionUse, ...]
    lines: Mapping[SkillPath, tuple[int, ...]]
    common: tuple[str, ...]
    traces: tuple[Traces, ...]
    """Those of the trajectories that are counted."""

    @property
    def unused(self) -> tuple[SectionUse, ...]:
        """The sections that no trajectory left a trace of."""
        return tuple(one for one in self.sections if not one.used.runs)

    @property
    def unopened(self) -> tuple[FileUse, ...]:
        """The files beside SKILL.md that no trajectory left a trace of."""
        return tuple(one for one in self.files if one.path != MANIFEST and not one.used.runs)


def usage(
    skill: Skill, trajectories: Iterable[Trajectory], *, any_version: bool = False
) -> SkillUse:
    """Count what was used; `any_version` counts those, too, that had another one."""
    reader = Reader(skill)
    read = [reader.traces(one) for one in trajectories]
    wanted = {Having.THIS, Having.SOME} | ({Having.OTHER} if any_version else set())
    without = [one for one in read if one.having is Having.NONE]
    common = frozenset[Tokens]().union(*(one.pieces for one in without))
    counted = tuple(_without_common(one, common) for one in read if one.having in wanted)
    lines = {path: _by_line(page, counted) for path, page in reader.pages.items() if page.found}
    return SkillUse(
        root=skill.root,
        commit=skill.commit,
        had=Count.of(one.trajectory for one in counted),
        unsaid=sum(one.having is Having.SOME for one in counted),
        other=sum(one.having is Having.OTHER for one in read),
        without=len(without),
        files=tuple(_file(path, counted) for path in _order(skill.files)),
        sections=tuple(
            _section(reader, page, first_last, counted)
            for path in _order(reader.pages)
            for page in [reader.pages[path]]
            for first_last in _spans(page)
        ),
        lines=lines,
        common=tuple(sorted(" ".join(piece) for piece in common)),
        traces=counted,
    )


def _order(paths: Iterable[SkillPath]) -> Sequence[SkillPath]:
    return sorted(paths, key=lambda path: (path != MANIFEST, path))


def _without_common(one: Traces, common: Collection[Tokens]) -> Traces:
    if not common:
        return one
    told = {" ".join(piece) for piece in common}
    kept = tuple(hit for hit in one.hits if hit.kind is not Kind.FOLLOWED or hit.words not in told)
    return Traces(one.trajectory, one.having, kept, one.pieces)


# ------------------------------------------------------------------ what counts as use


def is_use(hit: Hit) -> bool:
    """Is a trace of this kind a use of what it is a trace of?"""
    return hit.kind in _OF_WORDS or hit.path != MANIFEST


def _touches(hit: Hit, first: int, last: int) -> bool:
    return hit.lines is not None and hit.lines.first <= last and first <= hit.lines.last


def _by_line(page: Page, counted: Sequence[Traces]) -> tuple[int, ...]:
    counts = [0] * len(page.lines)
    for one in counted:
        lines = {
            line
            for hit in one.hits
            if hit.path == page.path and hit.lines and is_use(hit)
            for line in range(hit.lines.first, hit.lines.last + 1)
        }
        for line in lines:
            counts[line - 1] += 1
    return tuple(counts)


def _kinds(found: Iterable[tuple[Traces, Iterable[Hit]]]) -> Mapping[Kind, int]:
    counts: Counter[Kind] = Counter()
    for _, hits in found:
        counts.update({hit.kind for hit in hits})
    return {kind: counts[kind] for kind in Kind if counts[kind]}


def _file(path: SkillPath, counted: Sequence[Traces]) -> FileUse:
    found = [(one, [hit for hit in one.hits if hit.path == path]) for one in counted]
    users = [one.trajectory for one, hits in found if hits]
    return FileUse(path, Count.of(users), _kinds(found), tuple(one.id for one in users))


_Span = tuple[str, int, int, int]


def _spans(page: Page) -> list[_Span]:
    """The sections with something in them: title, level, first and last line."""
    return [
        (one.title, one.level, one.first, one.last)
        for one in page.sections
        if any(line.strip() for line in page.lines[one.first - 1 : one.last])
    ]


def _section(reader: Reader, page: Page, told: _Span, counted: Sequence[Traces]) -> SectionUse:
    title, level, first, last = told
    found = [
        (one, [hit for hit in one.hits if hit.path == page.path and _touches(hit, first, last)])
        for one in counted
    ]
    users = [one.trajectory for one, hits in found if any(map(is_use, hits))]
    return SectionUse(
        path=page.path,
        title=title,
        level=level,
        lines=LineRange(first, max(last, first)),
        tokens=estimated_tokens("\n".join(page.lines[first - 1 : last])),
        used=Count.of(users),
        kinds=_kinds(found),
        could=_could(reader, page.path, first, last),
    )


def _could(reader: Reader, path: SkillPath, first: int, last: int) -> int:
    """How many lines of a section hold something that could leave a trace."""
    lines: defaultdict[int, int] = defaultdict(int)
    for places in reader.code.places.values():
        for where, line in places:
            if where == path and first <= line <= last:
                lines[line] += 1
    for where, begin, end in reader.quotations.places:
        if where == path and begin <= last and first <= end:
            lines[begin] += 1
    return len(lines)
