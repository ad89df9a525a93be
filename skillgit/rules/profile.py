"""Whom a skill must please, who demands a rule, and how grave it is for whom."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from skillgit.types import Severity


class Profile(StrEnum):
    """The specification, every known reader together, or Anthropic's tools."""

    SPEC = "spec"
    PORTABLE = "portable"
    CLAUDE = "claude"


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
