"""Print the table of attacks: what each tries, what happens, and which test shows it.

    python tests/attack_table.py

The words are those of the tests: the first paragraph of a docstring says what is tried, the one
that begins with "Outcome:" what happens.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
HERE = ROOT / "tests" / "attacks"
PAGE = ROOT / ".github" / "ATTACKS.md"


@dataclass(frozen=True, slots=True)
class Attack:
    """A test, and what its docstring says."""

    kind: str
    tries: str
    happens: str
    test: str


def attacks() -> Iterator[Attack]:
    """All tests of tests/attacks, in the order of their files."""
    for path in sorted(HERE.glob("test_attack_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        kind = _joined((ast.get_docstring(tree) or "").partition("\n\n")[0])
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                tries, _, happens = (ast.get_docstring(node) or "").partition("\n\nOutcome: ")
                place = f"{path.relative_to(ROOT).as_posix()}::{node.name}"
                yield Attack(kind, _joined(tries), _joined(happens), place)


def table() -> str:
    """The table as Markdown, a section for each kind."""
    lines: list[str] = []
    kind = ""
    for one in attacks():
        if one.kind != kind:
            kind = one.kind
            lines += ["", f"## {kind.rstrip('.')}", "", "| what is tried | what happens | test |"]
            lines.append("|---|---|---|")
        lines.append(f"| {_cell(one.tries)} | {_cell(one.happens)} | `{one.test.split('::')[1]}` |")
    return "\n".join(lines).lstrip("\n") + "\n"


def _joined(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(table())
