"""Does a lesson name things that belong to the one task that taught it?

A lesson must hold for other tasks (peers' skills carry answer ranges and sheet names of their
benchmarks). What the task's own words set apart (quoted names, code, cell addresses, file names,
numbers) may not stand in a lesson unless the skill has it, too. Simple and deterministic on
purpose; the guardrails of safety (SG4xx) go further.
"""

from __future__ import annotations

import re

from skillgit.stages.analyze.repair import Repair
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
_COMMON = re.compile(r"[a-z_.()=*]+", re.IGNORECASE)


def names_of_the_task(trajectory: Trajectory, lesson: str, base: str, repair: Repair) -> list[str]:
    """The names in a lesson that the task has, the skill (`base`) has not, and no repair allows."""
    task = "\n".join(step_text(step) for step in trajectory.steps if step.source == "user")
    found = {
        name
        for name in _names(lesson)
        if name in task and name not in base and not _is_code(name) and not repair.allows(name)
    }
    return sorted(found | {text for text in repair.own if _stands_in(text, lesson)})


def _stands_in(text: str, lesson: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(text)}(?!\w)", lesson, re.IGNORECASE) is not None


def _names(text: str) -> set[str]:
    found = (name for pattern in _SET_APART for name in pattern.findall(text))
    return {name for name in found if any(map(str.isalnum, name))}  # '//' names nothing


def _is_code(name: str) -> bool:
    """`data_only=True` or `iter_rows()` is knowledge, wherever it is quoted."""
    return bool(_COMMON.fullmatch(name)) and any(mark in name for mark in "_.()=")
