"""What a rule is: an id, what it demands, who demands it, how grave it is, and why.

A rule on a tree is a function that yields a Mark for each place that breaks it; `@rule` makes a
Rule of it, and its docstring is what `skillgit rule ID` prints. Rules on patches and on
provenance are enforced elsewhere and have their texts here (`patch.py`, `provenance.py`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from skillgit.rules.profile import ERROR, Grades, Source
from skillgit.rules.tree import Tree


class Group(StrEnum):
    """What the rules of a hundred are about; the value is their section in SKILLS_FORMAT.md."""

    FORMAT = "2"
    STRUCTURE = "3"
    PATCH = "4"
    PROVENANCE = "5"
    SAFETY = "10"

    @classmethod
    def of(cls, rule_id: str) -> Group:
        """The group of an id: the first of its three digits."""
        return tuple(cls)[int(rule_id[2])]


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """What a person can read about a rule."""

    id: str
    summary: str
    source: Source
    grades: Grades
    explanation: str

    @property
    def group(self) -> Group:
        """What it is about."""
        return Group.of(self.id)

    @property
    def firm(self) -> bool:
        """Can nothing in a repository that is checked weaken it? Who is checked could lie there."""
        return self.group in {Group.PROVENANCE, Group.SAFETY}

    @property
    def clause(self) -> str:
        """Its clause in SKILLS_FORMAT.md, such as 2.11 for SG011 and 3.4 for SG104."""
        return f"{self.group}.{int(self.id[3:])}"


@dataclass(frozen=True, slots=True)
class Mark:
    """One place that breaks a rule; what is wrong there, and what to do."""

    path: str
    message: str
    line: int = 0
    column: int = 0


Check = Callable[[Tree], Iterable[Mark]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule on the tree of a skill."""

    info: RuleInfo
    check: Check


def rule(
    rule_id: str, summary: str, source: Source, grades: Grades = ERROR
) -> Callable[[Check], Rule]:
    """Make a Rule of a function; its docstring explains the rule."""

    def made(check: Check) -> Rule:
        return Rule(_info(rule_id, summary, source, grades, check.__doc__ or ""), check)

    return made


def told(
    rule_id: str,
    summary: str,
    explanation: str,
    *,
    source: Source = Source.HOUSE,
    grades: Grades = ERROR,
) -> RuleInfo:
    """The text of a rule that another room enforces."""
    return _info(rule_id, summary, source, grades, explanation)


def _info(rule_id: str, summary: str, source: Source, grades: Grades, explanation: str) -> RuleInfo:
    return RuleInfo(rule_id, summary, source, grades, inspect.cleandoc(explanation))


def by_id(infos: Iterable[RuleInfo]) -> Mapping[str, RuleInfo]:
    """All rules in the order of their ids."""
    return MappingProxyType({info.id: info for info in sorted(infos, key=lambda info: info.id)})
