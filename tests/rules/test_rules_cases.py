"""Golden cases: each file of cases/ is a small skill and the findings it must give, no others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from skillgit.names import SkillPath
from skillgit.rules import RULES, Group, Profile, check_skill

CASES = sorted((Path(__file__).parent / "cases").glob("*.txt"))
BYTES_ONLY = {"SG003", "SG004", "SG112"}
"""Rules that a text file cannot break: see test_rules.py."""

COMMENTS = {"SG113"}
"""Read by findings/suppressions.py, and tested there."""


@dataclass(frozen=True, slots=True)
class Case:
    """`=== PATH [MODE]` begins a file, `@repeat N TEXT` stands for N lines of it."""

    folder: str
    profile: Profile
    files: dict[SkillPath, bytes]
    modes: dict[SkillPath, str]
    findings: list[str]

    @classmethod
    def parse(cls, text: str) -> Case:
        head, *parts = text.split("=== ")
        settings = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
        case = cls(settings.get("folder", ""), Profile(settings["profile"]), {}, {}, [])
        for part in parts:
            title, _, body = part.partition("\n")
            if title == "findings":
                case.findings.extend(body.splitlines())
                continue
            name, _, mode = title.partition(" 1")
            path = SkillPath(name)
            case.files[path] = "".join(map(_repeated, body.splitlines(keepends=True))).encode()
            if mode:
                case.modes[path] = f"1{mode}"
        return case


def _repeated(line: str) -> str:
    if not line.startswith("@repeat "):
        return line
    _, count, text = line.split(" ", 2)
    return text * int(count)


def findings_of(case: Case) -> list[str]:
    found = check_skill(case.files, case.folder, modes=case.modes, profile=case.profile)
    return [f"{f.path}:{f.line}:{f.column} {f.rule} {f.severity}: {f.message}" for f in found]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = Case.parse(path.read_text(encoding="utf-8"))
    assert findings_of(case) == case.findings


def test_each_rule_on_trees_has_a_case_that_breaks_it() -> None:
    broken = {
        finding.split(" ")[1]
        for path in CASES
        for finding in Case.parse(path.read_text(encoding="utf-8")).findings
    }
    on_trees = {rule for rule in RULES if RULES[rule].group in {Group.FORMAT, Group.STRUCTURE}}
    assert broken | BYTES_ONLY | COMMENTS == on_trees
