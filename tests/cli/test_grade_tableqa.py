"""`skillgit grade tableqa`, and how several values are given to an option."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from skillgit import cli
from skillgit.cli.grading import ValuesCommand, values

SHARED = Path(__file__).parents[2] / "../shared/data/wikitablequestions/evaluator_cases.json"


def run(*args: str) -> int:
    return cli.run(["grade", "tableqa", *args])


def test_a_right_answer_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--gold", "10 years", "--gold-canon", "10.0", "--answer", "10") == 0
    assert capsys.readouterr().out == "passed: 1 place compared\n"
    assert run("--gold", "Oslo", "Bergen", "--answer", "bergen", "--answer", "oslo") == 0


def test_a_wrong_one_is_told_with_what_is_expected(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--gold", "Oslo", "--gold", "-5", "--answer", "-5", "Rome\x1b[31m") == 1
    assert capsys.readouterr().out == (
        "failed: 1 of 2 places differ\n"
        "  value 1: found rome, expected oslo (text, but another one)\n"
    )


def test_json_has_what_programs_need(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--gold", "Oslo", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["domain"]) == ("skillgit.grade/1", "tableqa")
    assert (told["passed"], told["score"], told["compared"]) == (False, 0.0, 1)
    assert [one["place"] for one in told["mismatches"]] == ["number of values", "value 1"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--answer", "x"), "--gold"),
        (("--gold", "a", "b", "--gold-canon", "1", "--answer", "a"), "1 for 2 values"),
        (("--gold", "a", "--answer"), "requires an argument"),
        (("stray", "--gold", "a"), "unexpected extra argument"),
    ],
)
def test_mistakes_are_told(
    args: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*args) == 2
    assert message in capsys.readouterr().err


@pytest.mark.skipif(not SHARED.exists(), reason="the recorded verdicts are not on this machine")
def test_every_recorded_verdict_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    for case in json.loads(SHARED.read_text(encoding="utf-8"))["denotation"]:
        args = [f"--gold={text}" for text in case["target"]]
        args += [f"--gold-canon={text}" for text in case["canon"] or ()]
        args += [f"--answer={text}" for text in case["pred"]]
        assert run(*args, "--json") == int(not case["correct"]), case
        assert json.loads(capsys.readouterr().out)["passed"] is case["correct"]


@pytest.mark.parametrize(
    ("args", "gold", "flag"),
    [
        (["--gold", "a", "b", "--flag"], ("a", "b"), True),
        (["--gold", "--flag", "--gold", "--"], ("--flag", "--"), False),
        (["--gold=a=b", "c", "--flag", "--gold", ""], ("a=b", "c", ""), True),
        (["--gold", "-5", "-h"], ("-5",), False),
        (["--flag", "--gold", "a b"], ("a b",), True),
    ],
)
def test_an_option_may_stand_before_several_values(
    args: list[str], gold: tuple[str, ...], *, flag: bool
) -> None:
    @click.command(cls=ValuesCommand)
    @values("gold", "The gold.")
    @click.option("--flag", is_flag=True)
    @click.option("-h", "asked", is_flag=True)
    def command(*, gold: tuple[str, ...], flag: bool, asked: bool) -> int:
        seen.append((gold, flag, asked))
        return 0

    seen: list[tuple[tuple[str, ...], bool, bool]] = []
    command.main(args, standalone_mode=False)

    assert seen == [(gold, flag, "-h" in args)]
