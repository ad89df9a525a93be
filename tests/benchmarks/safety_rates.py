"""How many known attacks the rules on safety see, and how often they are wrong on honest skills.

Run it by hand: python tests/benchmarks/safety_rates.py [FOLDER], where FOLDER holds `valid` and
`malicious` as the skills of others were collected; it prints one table for trees and one for edits.
Whoever collected them labelled them: nothing here was chosen by what our rules see.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from skillgit.adapters.folders import read_folder
from skillgit.names import Oid
from skillgit.rules import RULES, check_skill
from skillgit.rules.capabilities import gained
from skillgit.rules.unsafe import unsafe
from skillgit.types import MANIFEST, Insert, Severity, Skill

DATA = Path(__file__).parents[3] / "shared" / "data" / "skills"
RULES_ON_TREES = [f"SG40{number}" for number in range(4, 10)]
BASE = Skill(
    "skills/base",
    Oid("0" * 40),
    {MANIFEST: b"---\nname: base\ndescription: A base.\n---\n\n# Base\n\nDo the work.\n"},
)
EACH = 5
"""Of the honest lines each fifth is taken for an edit."""


def skills_below(folder: Path) -> list[Path]:
    """The skills below a folder."""
    return sorted(path.parent for path in folder.rglob("SKILL.md"))


def labelled(folder: Path) -> tuple[list[Path], list[Path]]:
    """The attacks and the honest skills among those of a scanner's tests."""
    bad: list[Path] = []
    good: list[Path] = []
    for skill in skills_below(folder):
        label = skill / "_expected.json"
        told = json.loads(label.read_text(encoding="utf-8")) if label.exists() else {}
        (good if told.get("expected_safe") else bad).append(skill)
    return bad, good


def seen_on(skills: Sequence[Path]) -> tuple[Counter[str], int, int]:
    """On how many skills each rule sees something, on how many any does, on how many an error."""
    by_rule: Counter[str] = Counter()
    any_of_them = errors = 0
    for folder in skills:
        skill = read_folder(folder)
        found = [
            one
            for one in check_skill(skill.files, skill.name, modes=skill.modes)
            if one.rule in RULES_ON_TREES
        ]
        by_rule.update({one.rule for one in found})
        any_of_them += bool(found)
        errors += any(one.severity is Severity.ERROR for one in found)
    return by_rule, any_of_them, errors


def injections(folder: Path) -> Iterator[str]:
    """The lines that attacks add to a skill."""
    for name in ("obvious_injections.json", "contextual_injections.json"):
        for one in json.loads((folder / name).read_text(encoding="utf-8")):
            yield one["instructions"]["line_injection"]


def honest_lines(skills: Iterable[Path]) -> Iterator[str]:
    """Lines of prose and lists, as a lesson could add them."""
    for folder in skills:
        text = (folder / "SKILL.md").read_text(encoding="utf-8", errors="replace")
        lines = [line for line in text.split("\n") if len(line) > 20]
        yield from lines[::EACH]


def seen_in(lines: Sequence[str]) -> Counter[str]:
    """How many edits with one of these lines each rule withholds, or asks a person about."""
    counts: Counter[str] = Counter()
    for line in lines:
        change = Insert(MANIFEST, 8, line)
        rule = unsafe(BASE, change).partition(":")[0]
        asks = bool(gained(BASE, change))
        counts[rule] += bool(rule)
        counts["SG403"] += asks
        counts["either"] += asks or bool(rule)
        counts["withheld"] += bool(rule)
    return counts


def tell(*words: object) -> None:
    """One row of a table."""
    sys.stdout.write(f"| {' | '.join(map(str, words))} |\n")


def share(part: int, whole: int) -> str:
    """As people read it."""
    return f"{part} of {whole} ({100 * part / whole:.1f} %)" if whole else "none"


def main() -> None:
    """Print both tables."""
    data = Path(sys.argv[1]) if sys.argv[1:] else DATA
    if not data.is_dir():
        raise SystemExit(f"{data} is not here: give the folder with `valid` and `malicious`")
    attacks, safe = labelled(data / "malicious" / "cisco-skill-scanner-evals")
    clean = skills_below(data / "malicious" / "skill-inject" / "clean_skills")
    valid = skills_below(data / "valid")
    columns = [attacks, valid, [*clean, *safe]]
    tell("rule", "on", "attacks seen", "false alarms, valid", "false alarms, clean")
    tell(*["---"] * 5)
    counts = [seen_on(each) for each in columns]
    for rule in RULES_ON_TREES:
        grade = RULES[rule].grades.spec
        cells = (share(one[0][rule], len(all_)) for one, all_ in zip(counts, columns, strict=True))
        tell(rule, f"skills, {grade}", *cells)
    totals = (("any rule", [one[1] for one in counts]), ("errors", [one[2] for one in counts]))
    for name, found in totals:
        cells = (share(one, len(all_)) for one, all_ in zip(found, columns, strict=True))
        tell(name, "skills", *cells)
    bad = list(injections(data / "malicious" / "skill-inject"))
    good = [list(honest_lines(each)) for each in (valid, [*clean, *safe])]
    lines = [seen_in(each) for each in (bad, *good)]
    for rule in ("SG403", *RULES_ON_TREES, "withheld", "either"):
        cells = (share(one[rule], len(all_)) for one, all_ in zip(lines, (bad, *good), strict=True))
        tell(rule, "edits", *cells)


if __name__ == "__main__":
    main()
