"""Changes that were made one upon the other, told as changes of one base.

A skill that is edited again and again stands on the same base all the while. A change of its
present text is *carried* to that base: it becomes one more change of the base, which stands beside
the others, or, where it alters what an earlier change brought in, another form of that change. So
the result can be recorded as lessons of one base, whatever the order in which they came.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from skillgit.names import SkillPath
from skillgit.skill.hunks import Hunk, apply_changes, hunks
from skillgit.skill.lines import split_lines
from skillgit.types import Change, CreateFile, DeleteFile, Insert, LineRange, Replace, Skill


@dataclass(frozen=True, slots=True)
class _Line:
    """Where a line of the present text comes from.

    `change` None: line `number` of the base, from 1; else that line of the text of a change.
    """

    number: int
    change: int | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """A further change of the base; it stands before the change at place `at` of the stack."""

    change: Change
    at: int


@dataclass(frozen=True, slots=True)
class Within:
    """Another form of the change at place `at`; `whole`: none of its own words is left."""

    change: Change
    at: int
    whole: bool = False


Carried: TypeAlias = Beside | Within


class Stack:
    """A base, and changes of it in the order that `apply_changes` takes them in."""

    def __init__(self, base: Skill, changes: Sequence[Change] = ()) -> None:
        self._base = base
        self._changes = tuple(changes)
        self.skill = replace(base, files=apply_changes(base, self._changes))
        """The present text."""

    def after(self, change: Change) -> tuple[Carried, Stack]:
        """The stack with one more change of the present text, and how that is told of the base.

        ValueError where it cannot be told, or where the base would not give the same bytes.
        """
        carried, changes = self.carried(change), list(self._changes)
        if isinstance(carried, Beside):
            changes.insert(carried.at, carried.change)
        else:
            changes[carried.at] = carried.change
        stack = Stack(self._base, changes)
        if stack.skill.files != apply_changes(self.skill, [change]):
            raise ValueError("it cannot be told as a change of the base")
        return carried, stack

    def told(self, change: Change) -> Change:
        """A change of the present text for whoever reads it beside the base, as near as can be.

        What alters an earlier change is told as an insertion where that one stands.
        """
        try:
            carried = self.carried(change)
        except ValueError:
            return change
        if isinstance(carried, Beside) or not isinstance(change, Insert | Replace):
            return carried.change
        place = self._hunk(carried.at, change.path)
        if place.whole or not change.text.strip():
            return carried.change
        return Insert(change.path, place.last, change.text)

    def carried(self, change: Change) -> Carried:
        """A change of the present text as one of the base; ValueError where it cannot be one."""
        match change:
            case Insert():
                return self._insert(change)
            case Replace():
                return self._replace(change)
            case CreateFile(path, _, link):
                if path in self._base.files:
                    raise ValueError(f"{path} is a file of the base")
                match self._insert(link):
                    case Beside(Insert() as place, at):
                        return Beside(replace(change, link=place), at)
                    case _:
                        raise ValueError("its link would stand in the middle of an earlier lesson")
            case DeleteFile(path, _):
                raise ValueError(f"{path} cannot be taken away after other changes")

    def _insert(self, insert: Insert) -> Carried:
        lines = self._lines_of(insert.path)
        above = lines[insert.after - 1] if insert.after else _Line(0)
        below = lines[insert.after] if insert.after < len(lines) else None
        if insert.path in self._created:
            return self._inside(self._created[insert.path], insert.after, insert)
        if above.change is None:
            before = len(self._changes) if below is None or below.change is None else below.change
            return Beside(Insert(insert.path, above.number, insert.text), before)
        if below is not None and below.change == above.change:
            return self._inside(above.change, above.number, insert)
        gap = self._hunk(above.change, insert.path).last
        return Beside(Insert(insert.path, gap, insert.text), above.change + 1)

    def _inside(self, number: int, after: int, insert: Insert) -> Carried:
        """After line `after` of what a change brought in; beside it where that gives the same."""
        own, new = self._text_of(number, insert.path), tuple(split_lines(insert.text.encode()))
        place = self._hunk(number, insert.path)
        if not place.whole:
            ahead, behind = own[:after], own[after:]
            both = new + behind
            if both[: len(behind)] == behind:
                text = _joined(both[len(behind) :])
                return Beside(Insert(insert.path, place.last, text), number + 1)
            both = ahead + new
            if place.first == place.last and both[-len(ahead) :] == ahead:
                text = _joined(both[: -len(ahead)])
                return Beside(Insert(insert.path, place.first, text), number)
        return self._reworded(number, insert.path, (*own[:after], *new, *own[after:]))

    def _replace(self, change: Replace) -> Carried:
        lines = self._lines_of(change.path)[change.lines.first - 1 : change.lines.last]
        if len(lines) < change.lines.last - change.lines.first + 1:
            raise ValueError(f"{change.path} has no lines {change.lines}")
        owners = {line.change for line in lines}
        numbers = [line.number for line in lines]
        if len(owners) > 1 or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
            raise ValueError("it changes lines of the skill and of an earlier lesson at once")
        (owner,) = owners
        if owner is None:
            place = LineRange(numbers[0], numbers[-1])
            return Beside(Replace(change.path, place, change.text), len(self._changes))
        own, new = self._text_of(owner, change.path), split_lines(change.text.encode())
        rest = own[: numbers[0] - 1], own[numbers[-1] :]
        found = self._reworded(owner, change.path, (*rest[0], *new, *rest[1]))
        return replace(found, whole=not any(line.strip() for part in rest for line in part))

    def _reworded(self, number: int, path: SkillPath, lines: Sequence[bytes]) -> Within:
        change = self._changes[number]
        if isinstance(change, DeleteFile) or change.path != path:
            raise ValueError("it changes the link to a file of an earlier lesson")
        return Within(replace(change, text=_joined(lines)), number)

    # ------------------------------------------------------------------ who brought what in

    def _lines_of(self, path: SkillPath) -> Sequence[_Line]:
        if path not in self.skill.files:
            raise ValueError(f"{path} does not exist")
        found = self._origins.get(path)
        if found is None:
            size = len(split_lines(self.skill.files[path]))
            return [_Line(number) for number in range(1, size + 1)]
        return found

    @cached_property
    def _hunks(self) -> Mapping[SkillPath, Sequence[tuple[int, Hunk]]]:
        by_file: defaultdict[SkillPath, list[tuple[int, Hunk]]] = defaultdict(list)
        for number, change in enumerate(self._changes):
            for hunk in hunks(self._base, change):
                by_file[hunk.path].append((number, hunk))
        return by_file

    @cached_property
    def _created(self) -> Mapping[SkillPath, int]:
        """The files that a change made."""
        return {
            path: number
            for path, found in self._hunks.items()
            for number, hunk in found
            if hunk.whole and hunk.new
        }

    @cached_property
    def _origins(self) -> Mapping[SkillPath, Sequence[_Line]]:
        return {path: self._traced(path, found) for path, found in self._hunks.items()}

    def _traced(self, path: SkillPath, found: Sequence[tuple[int, Hunk]]) -> list[_Line]:
        """As `apply_changes` lays a file out: by place, and at one place in the given order."""
        lines: list[_Line] = []
        done = 0
        for number, hunk in sorted(found, key=lambda one: (one[1].first, one[1].last)):
            lines += [_Line(line + 1) for line in range(done, hunk.first)]
            first = self._offset(number, path) + 1
            lines += [_Line(first + line, number) for line in range(len(hunk.new))]
            done = hunk.last
        size = len(split_lines(self._base.files.get(path, b"")))
        return lines + [_Line(line + 1) for line in range(done, size)]

    def _offset(self, number: int, path: SkillPath) -> int:
        """How many lines of a change's text stand in the base as well, before what is new."""
        change, hunk = self._changes[number], self._hunk(number, path)
        return hunk.first - (change.lines.first - 1) if isinstance(change, Replace) else 0

    def _hunk(self, number: int, path: SkillPath) -> Hunk:
        return next(hunk for one, hunk in self._hunks[path] if one == number)

    def _text_of(self, number: int, path: SkillPath) -> tuple[bytes, ...]:
        change = self._changes[number]
        if isinstance(change, CreateFile) and change.path != path:
            change = change.link
        text = "" if isinstance(change, DeleteFile) else change.text
        return tuple(split_lines(text.encode()))


def _joined(lines: Sequence[bytes]) -> str:
    """The text whose lines these are; a last line that is empty needs an end of its own."""
    text = b"\n".join(lines).decode()
    return f"{text}\n" if lines and not lines[-1] else text
