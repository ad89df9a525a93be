"""Whom a skill must please, who demands a rule, and how grave it is for whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from skillgit.config import Grade, Profile
from skillgit.types import Finding, Severity


class Source(StrEnum):
    """Who demands it."""

    SPECIFICATION = "specification"
    DE_FACTO = "de facto"
    HOUSE = "house"


@dataclass(frozen=True, slots=True)
class Grades:
    """How grave a rule is in each profile; None: not looked at."""

    spec: Severity | None
    portable: Severity | None
    claude: Severity | None

    def of(self, profile: Profile) -> Severity | None:
        """In one profile."""
        match profile:
            case Profile.SPEC:
                return self.spec
            case Profile.PORTABLE:
                return self.portable
            case Profile.CLAUDE:
                return self.claude


ERROR = Grades(Severity.ERROR, Severity.ERROR, Severity.ERROR)
WARNING = Grades(Severity.WARNING, Severity.WARNING, Severity.WARNING)
STRICT_ELSEWHERE = Grades(Severity.WARNING, Severity.ERROR, Severity.ERROR)
"""The specification allows it, the other readers do not."""
MILD_FOR_CLAUDE = Grades(Severity.ERROR, Severity.ERROR, Severity.WARNING)
NOT_FOR_CLAUDE = Grades(Severity.ERROR, Severity.ERROR, None)
ONLY_FOR_CLAUDE = Grades(None, None, Severity.ERROR)


@dataclass(frozen=True, slots=True)
class Demands:
    """What is asked of a skill: a profile, and for single rules what a repository says instead."""

    profile: Profile = Profile.SPEC
    grades: Mapping[str, Grade] = field(default_factory=dict)

    def severity(self, rule_id: str, grades: Grades) -> Severity | None:
        """How grave it is to break a rule; None: not looked at."""
        own = self.grades.get(rule_id)
        if own is None:
            return grades.of(self.profile)
        return None if own is Grade.OFF else Severity(own)

    def regraded(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """Findings of another room, as grave as they are here."""
        own = [(each, self.grades.get(each.rule, Grade(each.severity))) for each in findings]
        return tuple(
            replace(each, severity=Severity(grade)) for each, grade in own if grade is not Grade.OFF
        )
