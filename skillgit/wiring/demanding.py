"""What `skillgit check` demands here: `[check]` of the settings, and options, which win over it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from skillgit.adapters.settings import load_settings, of_options, repository_root
from skillgit.config import Grade
from skillgit.errors import UsageError
from skillgit.rules import Demands, rule_info
from skillgit.types import Finding, Severity


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """How skills are judged here, and what of that is put up with."""

    demands: Demands
    failing: frozenset[Severity]
    top: Path | None
    """The root of the repository; None outside of one, where no settings apply."""
    baseline: Path | None = None

    def fails(self, findings: Sequence[Finding]) -> bool:
        """Do these findings make the check fail?"""
        return any(found.severity in self.failing for found in findings)


def check_settings(
    options: Mapping[str, object], grades: Sequence[str], baseline: Path | None = None
) -> CheckSettings:
    """The settings for a check from the current folder; UsageError where one cannot be meant.

    `grades` are those of the command line, each as `SG105=off`.
    """
    start = Path.cwd()
    top = repository_root(start)
    given = {**options, **dict(map(_grade, grades))}
    settings = load_settings(start, given) if top else of_options(given)
    check = settings.config.check
    for rule, grade in check.severity.items():
        info = rule_info(rule)
        if info.firm and grade is not Grade.ERROR:
            where = settings.origins[f"check.severity.{rule}"]
            raise UsageError(
                f"{where}: {rule} is always an error: rules on provenance and safety cannot be "
                "weakened by what they guard against",
                hint="take it out",
            )
    failing = {Severity.ERROR, Severity(check.fail_on)}
    if baseline is None and check.baseline and top:
        baseline = top / check.baseline
    return CheckSettings(Demands(check.profile, check.severity), frozenset(failing), top, baseline)


def _grade(text: str) -> tuple[str, str]:
    found = re.fullmatch(r"(?i)(SG\d{3})=(\w+)", text)
    if not found:
        raise UsageError(
            f"--severity {text}: not a rule and what it weighs",
            hint="write it as SG105=off, SG105=warning or SG105=error",
        )
    return f"check.severity.{found[1].upper()}", found[2].lower()
