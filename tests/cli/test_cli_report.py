from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository
from rounds import ROUND, SKILL, TEXT, recorded_once

from skillgit import cli
from skillgit.adapters.timings import Timings, keep_timings
from skillgit.publish.report import MARK
from skillgit.types import Usage

Make = Callable[..., Repository]
Shown = pytest.CaptureFixture[str]


@pytest.fixture
def made(repository: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    first = repository({f"{SKILL}/SKILL.md": TEXT, "README.md": "hi\n"}, name="first")
    found, _ = recorded_once(first, tmp_path_factory.mktemp("recorded"), tmp_path / "repo")
    return found


def test_it_writes_one_file_and_says_where(made: Repository, capsys: Shown) -> None:
    assert cli.run(["-C", str(made.path), "report"]) == 0

    assert capsys.readouterr().out == f"report-{ROUND}.html\n"
    page = (made.path / f"report-{ROUND}.html").read_text("utf-8")
    assert page.startswith(MARK)
    assert "The round was made elsewhere" in page
    assert [path.name for path in made.path.glob(".*html*")] == []


def test_what_the_round_took_is_told_where_it_was_made(made: Repository, capsys: Shown) -> None:
    state = made.path / ".git" / "skillgit"
    keep_timings(
        state, Timings(ROUND, "m", 1_795_000_000, 812.5, {"analyze": 700.0}, Usage(123456, 1))
    )

    assert cli.run(["-C", str(made.path), "report", "-o", "-"]) == 0

    page = capsys.readouterr().out
    assert "812.5" in page
    assert "123,456" in page


def test_a_report_of_before_is_replaced_and_nothing_else(
    made: Repository, capsys: Shown, tmp_path: Path
) -> None:
    command = ["-C", str(made.path), "report", ROUND[:8], "-o", str(tmp_path / "r.html")]
    assert cli.run(command) == 0
    assert cli.run(command) == 0
    (tmp_path / "r.html").write_text("my own page")

    assert cli.run(command) == 2

    assert "is there already, and is no report" in capsys.readouterr().err
    assert (tmp_path / "r.html").read_text() == "my own page"


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("-o", "no/such/folder/r.html"), 3),
        (("-o", "."), 3),
        (("-o", "-", "--json"), 2),
        (("-o", "-", "--open"), 2),
        (("20000101",), 2),
    ],
)
def test_what_cannot_be_written(
    made: Repository, capsys: Shown, args: tuple[str, ...], code: int
) -> None:
    assert cli.run(["-C", str(made.path), "report", *args]) == code

    shown = capsys.readouterr()
    assert shown.out == ""
    assert "hint: " in shown.err


def test_as_json_it_says_where(made: Repository, capsys: Shown) -> None:
    assert cli.run(["-C", str(made.path), "report", "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert told == {
        "schema": "skillgit.report/1",
        "round": ROUND,
        "path": str(made.path / f"report-{ROUND}.html"),
    }


def test_a_browser_shows_it_when_told_to(
    made: Repository, capsys: Shown, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {seen}\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s")

    assert cli.run(["-C", str(made.path), "report", "--open"]) == 0

    assert seen.read_text() == f"{(made.path / f'report-{ROUND}.html').as_uri()}\n"
    assert capsys.readouterr().out
