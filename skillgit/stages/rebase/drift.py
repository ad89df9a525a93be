"""Which line of the old base is which line of the new one."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from skillgit.names import SkillPath
from skillgit.skill.lines import split_lines
from skillgit.types import LineRange, Skill


@dataclass(frozen=True, slots=True)
class Gap:
    """A place after a line of the new base; `unchanged`: its neighbours are those of before."""

    after: int
    unchanged: bool


class Drift:
    """How the files of a skill changed from one base to another, line by line."""

    def __init__(self, old: Skill, new: Skill) -> None:
        self.old, self.new = old, new
        self._maps: dict[SkillPath, dict[int, int]] = {}

    def gap(self, path: SkillPath, after: int) -> Gap | None:
        """Where lines after line `after` belong now; None where no neighbour is left.

        Blank lines are no landmarks: they look alike everywhere.
        """
        old, new = self._old(path), self._new(path)
        known = self._map(path)
        above, below = _above(old, after), _below(old, after)
        upper, lower = known.get(above, 0), known.get(below, 0)
        if not upper and not lower:
            return None
        if self._same_between(old, new, (above, upper), (below, lower)):
            shift = upper - above if upper else lower - below
            return Gap(after + shift, unchanged=True)
        return Gap(upper or _above(new, lower - 1), unchanged=False)

    def _same_between(
        self, old: list[bytes], new: list[bytes], upper: tuple[int, int], lower: tuple[int, int]
    ) -> bool:
        """Do the two neighbours, or one and the edge of the file, stand as they stood?"""
        (above, above_now), (below, below_now) = upper, lower
        if bool(above) != bool(above_now) or bool(below) != bool(below_now):
            return False
        end, end_now = (below - 1, below_now - 1) if below else (len(old), len(new))
        return old[above:end] == new[above_now:end_now]

    def lines(self, path: SkillPath, lines: LineRange) -> LineRange | None:
        """Where these lines stand now, unchanged and together; None where they do not."""
        old, new = self._old(path), self._new(path)
        known = self._map(path)
        span = range(lines.first, lines.last + 1)
        landmark = next((n for n in span if n in known and old[n - 1].strip()), None)
        landmark = landmark or next((n for n in span if n in known), None)
        if landmark is None:
            return None
        shift = known[landmark] - landmark
        first, last = lines.first + shift, lines.last + shift
        same = first >= 1 and new[first - 1 : last] == old[lines.first - 1 : lines.last]
        return LineRange(first, last) if same else None

    def gone(self, path: SkillPath, lines: LineRange) -> bool:
        """Is none of these lines left, and nothing in their place?"""
        old, new = self._old(path), self._new(path)
        known = self._map(path)
        span = range(lines.first, lines.last + 1)
        if any(number in known for number in span if old[number - 1].strip()):
            return False
        above, below = _above(old, lines.first - 1), _below(old, lines.last)
        upper, lower = known.get(above, 0), known.get(below, 0)
        if bool(above) != bool(upper) or bool(below) != bool(lower):
            return False
        return not any(line.strip() for line in new[upper : lower - 1 if lower else len(new)])

    def _map(self, path: SkillPath) -> dict[int, int]:
        """Old line to new line, both from 1, for the lines that people left alone."""
        if path not in self._maps:
            matcher = difflib.SequenceMatcher(
                None, self._old(path), self._new(path), autojunk=False
            )
            self._maps[path] = {
                block.a + n + 1: block.b + n + 1
                for block in matcher.get_matching_blocks()
                for n in range(block.size)
            }
        return self._maps[path]

    def _old(self, path: SkillPath) -> list[bytes]:
        if path not in self.old.files:
            raise ValueError(f"{path} is not in the base of its round")
        return split_lines(self.old.files[path])

    def _new(self, path: SkillPath) -> list[bytes]:
        if path not in self.new.files:
            raise ValueError(f"{path} is gone")
        return split_lines(self.new.files[path])


def _above(lines: list[bytes], after: int) -> int:
    """The last line up to `after` that says something; 0 where none does."""
    return next((n for n in range(after, 0, -1) if lines[n - 1].strip()), 0)


def _below(lines: list[bytes], after: int) -> int:
    """The first line behind `after` that says something; 0 where none does."""
    return next((n for n in range(after + 1, len(lines) + 1) if lines[n - 1].strip()), 0)
