from __future__ import annotations

import json
from pathlib import Path

import pytest

from skillgit import cli

CASES = Path(__file__).parents[2] / "../shared/data/docvqa/anls_cases.json"


def run(*args: str) -> int:
    return cli.run(["grade", "docqa", *args])


@pytest.mark.parametrize(
    "golds",
    [["--gold", "2", "--gold", "page 2"], ["--gold", "2", "page 2"], ["--gold=2", "--gold=page 2"]],
)
def test_any_accepted_answer_will_do(golds: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*golds, "--answer", "Page  2") == 0
    assert capsys.readouterr().out == "passed: ANLS 1.0000\n"


def test_a_near_answer_passes_with_its_score(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--gold", "$123,110", "--answer", "$123110", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["domain"]) == ("skillgit.grade/1", "docqa")
    assert (told["passed"], told["score"], told["anls"]) == (True, 0.875, 0.875)
    assert told["mismatches"] == []


def test_a_wrong_answer_is_told_with_what_is_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--gold", "12.50", "twelve\x1b[31m", "--answer", "8,00 €") == 1
    assert capsys.readouterr().out == (
        "failed: ANLS 0.0000\n"
        "  found '8,00 €', expected '12.50' or 'twelve\\x1b[31m' (the form must be "
        '"99.99" (two digits after the point, then nothing), not "9,99 €")\n'
    )
    assert run("--gold", "12.50", "--answer", "", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["passed"], told["score"]) == (False, 0.0)
    assert told["mismatches"][0]["hint"] == "the answer is empty"


def test_values_that_look_like_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--gold", "-5", "--answer", "-5") == 0
    assert run("--gold", "", "--answer", "") == 0
    assert capsys.readouterr().out == "passed: ANLS 1.0000\n" * 2


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--gold", "a", "--answer", "b", "c"], "there are 2 of them"),
        (["--gold", "a"], "--answer"),
        (["--answer", "a"], "--gold"),
    ],
)
def test_a_misuse_is_told(
    args: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*args) == 2
    assert message in capsys.readouterr().err


@pytest.mark.skipif(not CASES.is_file(), reason="the recorded verdicts are not on this machine")
def test_every_recorded_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    for case in json.loads(CASES.read_text()):
        golds = [part for gold in case["answers"] for part in ("--gold", gold)]
        status = run(*golds, "--answer", case["prediction"], "--json")
        told = json.loads(capsys.readouterr().out)
        assert told["score"] == case["anls"]
        assert told["passed"] is (case["anls"] >= 0.5)
        assert status == (0 if told["passed"] else 1)
