"""The conditions of section 3.1 of the paper, as one runs them: creation, signals, strategies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from analysts import chat_trajectory, plausible
from repositories import Repository
from scripted import Answer, Request, ScriptedEndpoint, replying

from skillgit.cli import run

DRAFT: dict[str, Any] = {
    "title": "Workbooks",
    "does": "Changes workbooks with openpyxl",
    "use_when": "a task gives an .xlsx file",
    "sections": [
        {"title": "Read", "points": ["Open with `load_workbook(path)`.", "Print `ws.dimensions`."]},
        {"title": "Write", "points": ["Write values with `ws.cell(row, column).value`."]},
        {"title": "Check", "points": ["Open the file again with `load_workbook(out)`."]},
    ],
}


def model(request: Request) -> Answer:
    if "sections" in request["response_format"]["json_schema"]["schema"]["properties"]:
        return replying(DRAFT)
    return plausible(request)


@pytest.fixture
def endpoint() -> Iterator[ScriptedEndpoint]:
    with ScriptedEndpoint(model) as server:
        yield server


@pytest.fixture
def drafted(
    repository: Callable[..., Repository],
    endpoint: ScriptedEndpoint,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Repository:
    """A parametric skill on its branch, that nobody has merged; runs lie beside it."""
    made = repository({"README.md": "skills\n"})
    monkeypatch.chdir(made.path)
    monkeypatch.setenv("SKILLGIT_BASE_URL", endpoint.url)
    monkeypatch.setenv("SKILLGIT_ANALYZE_ERROR_ANALYST", "single-call")
    assert run(["new", "xlsx-basic", "--describe", "Work with spreadsheets.", "-q"]) == 0
    (tmp_path / "runs").mkdir()
    for number in range(6):
        text = chat_trajectory(f"task {number}", f"import openpyxl  # {number}", _ends(number))
        (tmp_path / "runs" / f"{number}.json").write_text(text, encoding="utf-8")
    return made


def _ends(number: int) -> str:
    return "fail" if number % 3 else "pass"


@pytest.mark.parametrize(
    ("more", "analysed"),
    [
        (["--signals", "error"], 4),
        (["--signals", "success"], 2),
        (["--signals", "combined", "--strategy", "sequential", "--batch", "4"], 6),
    ],
)
def test_a_drafted_skill_evolves_from_its_branch_under_every_condition(
    drafted: Repository,
    tmp_path: Path,
    more: list[str],
    analysed: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    branch = "skillgit/xlsx-basic/new"
    words = ["evolve", "skills/xlsx-basic", "--base", branch, "-t", str(tmp_path / "runs"), "-q"]
    capsys.readouterr()
    assert run([*words, "--min-support", "1", "--json", *more]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["trajectories"]["analysed"] == analysed
    assert told["base"] == drafted.git("rev-parse", branch)
    taught = {source for lesson in told["branch"]["lessons"] for source in lesson["sources"]}
    assert 1 <= len(taught) <= analysed
    assert run(["check", "--range", f"{branch}..{told['branch']['name']}"]) == 0
