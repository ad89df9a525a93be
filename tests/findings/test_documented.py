"""Section 13 of SKILLS_FORMAT.md says what the code does."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from skillgit.config import Grade
from skillgit.findings.baseline import SCHEMA, OldFinding
from skillgit.findings.github import MOST_OF_A_KIND
from skillgit.findings.placed import Placed, fingerprints
from skillgit.findings.sarif import MOST_RESULTS
from skillgit.types import Finding, Severity

TEXT = (Path(__file__).parents[2] / "SKILLS_FORMAT.md").read_text(encoding="utf-8")


def section(number: str) -> str:
    found = re.search(rf"(?ms)^### {re.escape(number)} (.*?)(?=^##|\Z)", TEXT)
    assert found, number
    return found[1]


def test_the_baseline() -> None:
    told = section("13.3")
    assert SCHEMA in told.splitlines()[0]
    for key in fields(OldFinding):
        assert f"`{key.name}`" in told


def test_the_grades() -> None:
    assert [name for name in re.findall(r"`(\w+)`", section("13.2")) if name in {*Grade}] == [
        *Grade
    ]


def test_the_limits_of_servers() -> None:
    told = section("13.5")
    assert f"at most {MOST_OF_A_KIND} errors and {MOST_OF_A_KIND} warnings" in told
    assert f"at most {MOST_RESULTS} results" in told


def test_the_fingerprint() -> None:
    told = section("13.4")
    (fingerprint,) = fingerprints([Placed(Finding("SG101", Severity.ERROR, "a.md", "m"), "x")])
    digits, _, number = fingerprint.partition(":")
    assert f"first {len(digits)} hex digits" in told
    assert number == "1"
