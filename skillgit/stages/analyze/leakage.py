"""Does a lesson name things that belong to the one task that taught it?

A lesson must hold for other tasks (peers' skills carry answer ranges and sheet names of their
benchmarks). What the task's own words set apart (quoted names, code, cell addresses, file names,
numbers) may not stand in a lesson unless the skill has it, too. Simple and deterministic on
purpose; the guardrails of safety (SG4xx) go further.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from skillgit.trajectories.view import step_text
from skillgit.types import Trajectory

_SET_APART = (
    re.compile(r"'([^'\n]{2,40})'"),
    re.compile(r'"([^"\n]{2,40})"'),
    re.compile(r"`([^`\n]{2,40})`"),
    re.compile(r"\b(\$?[A-Z]{1,3}\$?[0-9]{1,7}(?::\$?[A-Z]{1,3}\$?[0-9]{1,7})?)\b"),
    re.compile(r"\b([\w-]{1,60}\.(?:xlsx?|csv|docx?|pptx?|pdf|txt|json|py))\b"),
    re.compile(r"\b([0-9]{2,})\b"),
)
"""Quoted names and code, cells and ranges, files, numbers."""
_WORDS = re.compile(r"[^\W\d]\w+|\.\d+\w?|%")
_VARIABLES = re.compile(r"^\s*(\w+)\s*=(?!=)", re.MULTILINE)
_CODE = re.compile(r"`([^`]*)`")
_COMMON = re.compile(r"[a-z_.()=*]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a proof lets a lesson name, though the task has it too: what the repair had to add.

    `added` are the lines that the repair added, `before` the other ones of the programs compared.
    What the inputs hold (`known`) is not granted: these are names of the one task, while a unit or
    a mark that no input has is a rule of its kind.
    """

    added: str = ""
    known: str = ""
    before: str = ""

    def covers(self, name: str) -> bool:
        """May the lesson name it?"""
        return name in self.added and name not in self.known

    @property
    def news(self) -> frozenset[str]:
        """The names, formats and units that only the repair has.

        Its own variables are none, nor what the inputs hold: no lesson may name that.
        """
        variables = _VARIABLES.findall(self.added)
        new = {*_WORDS.findall(self.added)} - {*_WORDS.findall(self.before), *variables}
        return frozenset(filter(self.covers, new))

    def shows(self, lesson: str) -> bool:
        """Does a lesson name something of what the repair brought in, if it brought in a name?"""
        code = " ".join(_CODE.findall(lesson))
        return not self.news or not self.news.isdisjoint(_WORDS.findall(code))


NOTHING = Grant()


def names_of_the_task(trajectory: Trajectory, lesson: str, base: str, grant: Grant) -> list[str]:
    """The names in a lesson that the task has, the skill (`base`) has not, and no proof grants."""
    task = "\n".join(step_text(step) for step in trajectory.steps if step.source == "user")
    return sorted(
        name
        for name in _names(lesson)
        if name in task and name not in base and not _is_code(name) and not grant.covers(name)
    )


def _names(text: str) -> set[str]:
    return {name for pattern in _SET_APART for name in pattern.findall(text)}


def _is_code(name: str) -> bool:
    """`data_only=True` or `iter_rows()` is knowledge, wherever it is quoted."""
    return bool(_COMMON.fullmatch(name)) and any(mark in name for mark in "_.()=")
