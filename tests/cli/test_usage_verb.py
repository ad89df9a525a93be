"""`skillgit usage` as a person types it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from repositories import Repository
from traced import LEDGER, STEPS, run_files

from skillgit import cli

Make = Callable[..., Repository]
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def made(repository: Make) -> Repository:
    files = {f"skills/ledger/{path}": data for path, data in LEDGER.files.items()}
    found = repository(files)
    found.write(run_files(STEPS, 4))
    return found


def told(made: Repository, captured: Captured, *words: str, code: int = 0) -> dict[str, Any]:
    assert cli.run(["-C", str(made.path), "usage", *words, "--json"]) == code
    found: dict[str, Any] = json.loads(captured.readouterr().out)
    assert found["schema"] == "skillgit.usage/1"
    return found


def test_it_counts_files_sections_and_lines_with_their_evidence(
    made: Repository, capsys: Captured
) -> None:
    found = told(made, capsys, "skills/ledger", "-t", str(made.path / "runs"))

    assert found["trajectories"]["counted"] == {"runs": 4, "pass": 2, "fail": 2, "unknown": 0}
    files = {one["path"]: one for one in found["files"]}
    assert files["references/rates.md"]["used"]["runs"] == 4
    assert files["references/rates.md"]["kinds"] == {"opened": 4, "shown": 4, "named": 4}
    assert found["never_used"]["files"] == ["references/charts.md", "scripts/chart.py"]
    assert found["lines"]["SKILL.md"][14] == 4
    hits = found["traces"][0]["hits"]
    assert {
        "step": 8,
        "kind": "ran",
        "path": "scripts/check.sh",
        "lines": None,
        "words": "bash /skills/ledger/scripts/check.sh",
    } in hits
    assert "lower bounds" in found["caveat"]


def test_it_tells_people_what_was_never_used(made: Repository, capsys: Captured) -> None:
    assert (
        cli.run(["-C", str(made.path), "usage", "skills/ledger@HEAD", "-t", "runs", "--traces"])
        == 0
    )

    shown = capsys.readouterr()
    assert "Trajectories  4 found, 4 counted (2 pass, 2 fail)" in shown.out
    assert "\nnever used:\n  references/charts.md\n  scripts/chart.py\n" in shown.out
    assert "SKILL.md:22-26  Money, " in shown.out
    assert "step 5: quoted SKILL.md:15: turn them round" in shown.out
    assert "leaves no trace" in shown.err
    assert all(ord(char) < 128 for char in shown.out)


def test_where_no_run_had_the_skill_it_says_so(
    made: Repository, repository: Make, capsys: Captured
) -> None:
    other = repository(
        {"skills/pdf/SKILL.md": "---\nname: pdf\ndescription: d\n---\n\n# P\n"}, name="b"
    )

    code = cli.run(["-C", str(other.path), "usage", "skills/pdf", "-t", str(made.path / "runs")])

    assert code == 1
    assert "none names the skill" in capsys.readouterr().err


def test_an_unknown_revision_is_told(made: Repository, capsys: Captured) -> None:
    assert cli.run(["-C", str(made.path), "usage", "skills/ledger@v9", "-t", "runs"]) == 2

    assert "v9" in capsys.readouterr().err
