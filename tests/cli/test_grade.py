from __future__ import annotations

import json
from pathlib import Path

import pytest
from workbooks import workbook

from skillgit import cli


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    return workbook(tmp_path / "gold.xlsx", {"S": {"A1": "Total", "B1": 12.5}})


@pytest.fixture
def answer(tmp_path: Path) -> Path:
    return workbook(tmp_path / "output.xlsx", {"S": {"A1": "Total", "B1": "=10+2.5"}})


def run(*args: object) -> int:
    return cli.run(["grade", *map(str, args)])


def test_a_failed_workbook_is_told_with_what_is_expected(
    gold: Path, answer: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("spreadsheet", "--gold", gold, "--answer", answer, "--range", "S!A1:B1") == 1
    assert capsys.readouterr().out == (
        "failed: 1 of 2 places differ (official scorer, recalculation: none)\n"
        "  S!B1: found (empty), expected 12.5"
        " (a formula without a stored value, where a number is expected)\n"
    )


def test_a_recalculated_workbook_passes(
    gold: Path, answer: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--recalc", "formualizer", "--strict")
    assert run("spreadsheet", "--gold", gold, "--answer", answer, *options) == 0
    assert capsys.readouterr().out == (
        "passed: 2 places compared (strict scorer, recalculation: formualizer)\n"
    )


def test_json_reports_both_scorers_and_the_recalculation(
    gold: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = workbook(tmp_path / "o.xlsx", {"S": {"A1": "Total", "B1": "=A1"}})
    options = ("--range", "B1:A1", "--json")
    assert run("spreadsheet", "--gold", gold, "--answer", answer, *options) == 0
    printed = capsys.readouterr()
    told = json.loads(printed.out)
    assert (told["schema"], told["domain"], told["scorer"]) == (
        "skillgit.grade/1",
        "spreadsheet",
        "official",
    )
    assert (told["passed"], told["score"], told["compared"], told["recalc"]) == (
        True,
        1.0,
        0,
        "none",
    )
    assert told["official"] == {"passed": True, "compared": 0, "problem": ""}
    assert told["strict"] == {"passed": False, "compared": 2, "problem": ""}
    assert told["mismatches"] == []
    assert "'B1:A1' names no cell" in printed.err


def test_a_disagreement_of_the_scorers_is_told(
    gold: Path, answer: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("spreadsheet", "--gold", gold, "--answer", answer, "--range", "B1:A1") == 0
    assert "the strict scorer disagrees: failed: 1 of 2 places differ" in capsys.readouterr().err


def test_settings_hold_for_grading_too(
    gold: Path, answer: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SKILLGIT_GRADING_RECALC", "formualizer")
    monkeypatch.setenv("SKILLGIT_GRADING_STRICT", "true")
    assert run("spreadsheet", "--gold", gold, "--answer", answer, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["scorer"], told["recalc"], told["notes"]["scorer"]) == (
        "strict",
        "formualizer",
        "strict",
    )
    assert run("spreadsheet", "--gold", gold, "--answer", answer, "--official") == 0
    assert "official scorer" in capsys.readouterr().out


def test_what_could_not_be_recalculated_is_told(
    gold: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = workbook(tmp_path / "o.xlsx", {"S": {"A1": "=B1", "B1": "=A1"}})
    options = ("--recalc", "formualizer")
    assert run("spreadsheet", "--gold", gold, "--answer", answer, *options) == 1
    assert "note: not recalculated: formualizer" in capsys.readouterr().err


def test_a_missing_answer_fails(gold: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("spreadsheet", "--gold", gold, "--answer", "gone.xlsx") == 1
    assert capsys.readouterr().out.startswith("failed: there is no file gone.xlsx (")


def test_long_lists_are_cut_for_people_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gold = workbook(tmp_path / "g.xlsx", {"S": {f"A{row}": row for row in range(1, 61)}})
    answer = workbook(tmp_path / "o.xlsx", {"S": {}})
    assert run("spreadsheet", "--gold", gold, "--answer", answer) == 1
    assert capsys.readouterr().out.endswith("  and 10 more (--json lists all)\n")
    assert run("spreadsheet", "--gold", gold, "--answer", answer, "--json") == 1
    assert len(json.loads(capsys.readouterr().out)["mismatches"]) == 60


def test_text_is_graded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gold, answer = tmp_path / "gold.txt", tmp_path / "answer.txt"
    gold.write_text("12.50 EUR\n")
    answer.write_text("12.50 EUR")
    assert run("text", "--gold", gold, "--answer", answer) == 0
    assert capsys.readouterr().out == "passed: 1 place compared\n"
    answer.write_text("12.5\x1b[31m")
    assert run("text", "--gold", gold, "--answer", answer) == 1
    assert capsys.readouterr().out == (
        "failed: 1 of 1 places differ\n  line 1: found 12.5, expected 12.50 EUR"
        ' (the form must be "99.99 AAA" (two digits after the point, then " AAA"),'
        ' not "99.9?[99a")\n'
    )
    assert run("text", "--gold", gold, "--answer", answer, "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["domain"], told["passed"]) == ("skillgit.grade/1", "text", False)
    assert told["mismatches"][0]["expected"] == "12.50 EUR"
    assert "official" not in told


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("spreadsheet", "--gold", "gone.xlsx", "--answer", "a"), "does not exist"),
        (
            ("spreadsheet", "--gold", "{gold}", "--answer", "a", "--range", "A1:B2:C3"),
            "is no range",
        ),
        (("spreadsheet", "--gold", "{broken}", "--answer", "{gold}"), "not an .xlsx workbook"),
        (("text", "--gold", "{gold}", "--answer", "{gold}"), "it is no UTF-8 text"),
        (
            ("spreadsheet", "--gold", "{gold}", "--answer", "a", "--recalc", "excel"),
            "is not one of",
        ),
        (("sums",), "No such command 'sums'"),
    ],
)
def test_what_cannot_be_graded_is_a_usage_error(
    gold: Path, capsys: pytest.CaptureFixture[str], args: tuple[str, ...], message: str
) -> None:
    broken = gold.with_name("broken.xlsx")
    broken.write_bytes(b"x")
    assert run(*(arg.format(gold=gold, broken=broken) for arg in args)) == 2
    assert message in capsys.readouterr().err
