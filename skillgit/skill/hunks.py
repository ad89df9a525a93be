"""Where changes stand on the base: applying them, and telling which of them commute.

A change says what to do to base lines; a hunk is what that means for one file. Two hunks commute
in Git (either can be reverted, dropped or reordered without conflict) when no way of aligning the
texts lets them touch. We ask for a **solid** line between them: a base line that is not blank,
stands once in its file, and appears in none of the new texts, so that every diff must keep it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from skillgit.names import SkillPath
from skillgit.skill.lines import line_ends, split_lines, usual_end
from skillgit.types import Change, CreateFile, DeleteFile, Edit, Insert, Replace, Skill


@dataclass(frozen=True, slots=True)
class Hunk:
    """Base lines `first` to `last` (counted from 0, `last` excluded) of a file become `new`.

    An insertion has `first == last`. `whole` marks a file that appears or goes.
    """

    path: SkillPath
    first: int
    last: int
    new: tuple[bytes, ...]
    whole: bool = False

    @property
    def empty(self) -> bool:
        """Does it change nothing?"""
        return not self.whole and self.first == self.last and not self.new


def hunks(skill: Skill, change: Change) -> tuple[Hunk, ...]:
    """The hunks of a change, cut down to the lines that really differ.

    Raises ValueError where the change does not fit the base (no such file, no such line, a file
    that exists already): the guardrails say so before, in words.
    """
    match change:
        case Insert(path, after, text):
            return (_trimmed(skill, path, (after, after), text),)
        case Replace(path, lines, text):
            return (_trimmed(skill, path, (lines.first - 1, lines.last), text),)
        case CreateFile(path, text, link):
            if any(path.folded == other.folded for other in skill.files):
                raise ValueError(f"{path} exists already")
            new = tuple(split_lines(text.encode()))
            return (Hunk(path, 0, 0, new, whole=True), *hunks(skill, link))
        case DeleteFile(path, unlink):
            size = len(_base_lines(skill, path))
            gone = Hunk(path, 0, size, (), whole=True)
            return (gone, *(hunk for part in unlink for hunk in hunks(skill, part)))


def _trimmed(skill: Skill, path: SkillPath, span: tuple[int, int], text: str) -> Hunk:
    base = _base_lines(skill, path)
    first, last = span
    if last > len(base):
        raise ValueError(f"{path} has {len(base)} lines, not {last}")
    new = split_lines(text.encode())
    while first < last and new and base[first] == new[0]:
        first, new = first + 1, new[1:]
    while first < last and new and base[last - 1] == new[-1]:
        last, new = last - 1, new[:-1]
    return Hunk(path, first, last, tuple(new))


def _base_lines(skill: Skill, path: SkillPath) -> tuple[bytes, ...]:
    if path not in skill.files:
        raise ValueError(f"{path} does not exist in the base")
    return _lines(skill.files[path])


@lru_cache(maxsize=64)
def _lines(data: bytes) -> tuple[bytes, ...]:
    return tuple(split_lines(data))


# ------------------------------------------------------------------ applying


def apply_changes(skill: Skill, changes: Iterable[Change]) -> dict[SkillPath, bytes]:
    """All files of the skill after the changes; bytes of untouched lines stay as they are.

    Insertions at one place keep the order in which they are given. Raises ValueError where
    changes overlap.
    """
    by_file: defaultdict[SkillPath, list[Hunk]] = defaultdict(list)
    ends: dict[SkillPath, bytes] = {}
    for change in changes:
        if isinstance(change, CreateFile):
            ends[change.path] = usual_end(skill.files[change.link.path])
        for hunk in hunks(skill, change):
            by_file[hunk.path].append(hunk)
    files = dict(skill.files)
    for path, found in by_file.items():
        if any(hunk.whole for hunk in found) and len(found) > 1:
            raise ValueError(f"{path} is created or deleted, and changed as well")
        if found[0].whole and not found[0].new:
            del files[path]
        elif found[0].whole:
            files[path] = b"".join(line + ends[path] for line in found[0].new)
        else:
            files[path] = _spliced(files[path], found)
    return files


def _spliced(data: bytes, found: Iterable[Hunk]) -> bytes:
    lines, ends, usual = split_lines(data), line_ends(data), usual_end(data)
    old = [line + end for line, end in zip(lines, ends, strict=True)]
    out: list[bytes] = []
    done = 0
    for hunk in sorted(found, key=lambda hunk: (hunk.first, hunk.last)):
        if hunk.first < done:
            raise ValueError(f"two changes of {hunk.path} meet at line {hunk.first + 1}")
        end = next((e for e in reversed(ends[: hunk.first]) if e), usual)
        out += old[done : hunk.first]
        out += [line + end for line in hunk.new]
        done = hunk.last
    out += old[done:]
    return _joined(out, usual, closed=not data or data.endswith(b"\n"))


def _joined(lines: list[bytes], usual: bytes, *, closed: bool) -> bytes:
    """Lines as a file that ends in a newline exactly if the base did; an empty line needs one."""
    whole = [line if line.endswith(b"\n") else line + usual for line in lines]
    if whole and not closed and lines[-1].strip(b"\r\n"):
        open_end = lines[-1]
        whole[-1] = open_end[:-1].removesuffix(b"\r") if open_end.endswith(b"\n") else open_end
    return b"".join(whole)


# ------------------------------------------------------------------ commuting

Place: TypeAlias = tuple[str, int]
"""A file and a stretch of it between two solid lines, or `_WHOLE` of it."""
_WHOLE = -1


class Ground:
    """The base as a ground on which a set of changes stands; knows which of them touch."""

    def __init__(self, skill: Skill, changes: Iterable[Change]) -> None:
        self._skill = skill
        self._new: Counter[bytes] = Counter()
        self._solid: dict[SkillPath, list[int]] = {}
        for change in changes:
            for hunk in hunks(skill, change):
                self._new.update(set(hunk.new))

    def touch(self, one: Change, other: Change) -> bool:
        """Is there no solid line between them in some file?"""
        return any(
            self._hunks_touch(a, b)
            for a in hunks(self._skill, one)
            for b in hunks(self._skill, other)
            if a.path.folded == b.path.folded
        )

    def places(self, change: Change) -> set[Place]:
        """Where a change stands. Changes touch that share a place or, of a whole file, a path."""
        found: set[Place] = set()
        for hunk in hunks(self._skill, change):
            if hunk.whole:
                found.add((hunk.path.folded, _WHOLE))
                continue
            first, last = self._reach(hunk)
            solid = self._solid_lines(hunk.path)
            stretches = range(bisect_left(solid, first), bisect_left(solid, last) + 1)
            found.update((hunk.path.folded, stretch) for stretch in stretches)
        return found

    def _hunks_touch(self, a: Hunk, b: Hunk) -> bool:
        if a.whole or b.whole:
            return True
        (_, upper), (lower, _) = sorted((self._reach(a), self._reach(b)))
        solid = self._solid_lines(a.path)
        next_solid = bisect_left(solid, upper)
        return next_solid == len(solid) or solid[next_solid] >= lower

    def _reach(self, hunk: Hunk) -> tuple[int, int]:
        """Its base lines; adding to a file without a final newline changes the last line too."""
        data = self._skill.files[hunk.path]
        size = len(_lines(data))
        if hunk.first == size and size and not data.endswith(b"\n"):
            return size - 1, size
        return hunk.first, hunk.last

    def _solid_lines(self, path: SkillPath) -> list[int]:
        if path not in self._solid:
            lines = _lines(self._skill.files[path])
            times = Counter(lines)
            self._solid[path] = [
                number
                for number, line in enumerate(lines)
                if times[line] == 1 and line.strip() and not self._new[line]
            ]
        return self._solid[path]


def touch(skill: Skill, one: Change, other: Change) -> bool:
    """Would Git see these two changes of the base as meeting?"""
    return Ground(skill, (one, other)).touch(one, other)


class Standing:
    """Who stands where on a ground: asked who is in the way, it names the first to come."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._count = 0
        self._at: dict[Place, int] = {}
        self._in: dict[str, int] = {}

    def take(self, change: Change) -> None:
        """The next one stands where this change is."""
        for place in self._ground.places(change):
            self._at.setdefault(place, self._count)
            self._in.setdefault(place[0], self._count)
        self._count += 1

    def in_the_way(self, change: Change) -> int | None:
        """The number of the first that touches this change, in the order in which they came."""
        met = (self._met(path, stretch) for path, stretch in self._ground.places(change))
        return min((number for number in met if number is not None), default=None)

    def _met(self, path: str, stretch: int) -> int | None:
        if stretch == _WHOLE:
            return self._in.get(path)
        both = (self._at.get((path, stretch)), self._at.get((path, _WHOLE)))
        return min((number for number in both if number is not None), default=None)


def group_edits(skill: Skill, edits: Sequence[Edit]) -> tuple[tuple[Edit, ...], ...]:
    """Edits whose hunks touch belong to one lesson; the order of the input is kept."""
    ground = Ground(skill, (edit.change for edit in edits))
    places = [ground.places(edit.change) for edit in edits]
    whole = {path for found in places for path, stretch in found if stretch == _WHOLE}
    home = list(range(len(edits)))
    first: dict[Place, int] = {}
    for number, found in enumerate(places):
        for path, stretch in found:
            place = (path, _WHOLE if path in whole else stretch)
            _unite(home, first.setdefault(place, number), number)
    groups: defaultdict[int, list[Edit]] = defaultdict(list)
    for number, edit in enumerate(edits):
        groups[_root(home, number)].append(edit)
    return tuple(tuple(groups[number]) for number in sorted(groups))


def _unite(home: list[int], one: int, other: int) -> None:
    """The group that began first takes in the other one."""
    low, high = sorted((_root(home, one), _root(home, other)))
    home[high] = low


def _root(home: list[int], number: int) -> int:
    while home[number] != number:
        home[number] = number = home[home[number]]
    return number
