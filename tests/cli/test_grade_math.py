from __future__ import annotations

import json

import pytest

from skillgit import cli


def run(*args: str) -> int:
    return cli.run(["grade", "math", *args])


def test_an_answer_is_worth_the_same_in_another_form(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--gold", "\\frac{1}{2}", "--answer", "Answer: 0.5") == 0
    assert capsys.readouterr().out == (
        "passed: 1 place compared (by numbers)\n"
        "  official dapo: failed, it finds 0.5\n"
        "  official dapo-strict: failed, it finds no answer\n"
        "  official gsm8k: failed, it finds no answer\n"
        "  official math: failed, it finds no answer\n"
    )


def test_a_wrong_answer_is_told_with_what_is_expected(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--gold", "48+24 = 72\n#### 72", "--answer", "-5") == 1
    assert capsys.readouterr().out.startswith(
        "failed: 1 of 1 places differ (by numbers)\n"
        "  final answer: found -5, expected 72 (a whole number, but not the right one)\n"
        "  official dapo: failed, it finds -5\n"
    )


def test_json_has_both_kinds_of_verdicts(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--gold", "\\sqrt{117}", "--answer", "\\boxed{3\\sqrt{13}}", "--json") == 0
    told = json.loads(capsys.readouterr().out)

    assert (told["schema"], told["domain"]) == ("skillgit.grade/1", "math")
    assert (told["passed"], told["score"], told["by"]) == (True, 1.0, "math-verify")
    assert told["extracted"] == "3\\sqrt{13}"
    assert told["official"]["math"] == {"passed": False, "extracted": "3\\sqrt{13}"}
    assert told["official"]["dapo"] == {"passed": False, "extracted": None}


def test_several_answers_are_attempts_at_one_problem(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--gold", "204", "--answer", "204", "203", "Answer: 204", "none\nat all") == 1
    assert capsys.readouterr().out.endswith("avg@4: 0.500\n")

    assert run("--gold", "204", "--answer", "204", "203", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["passed"], told["score"]) == (False, 0.5)
    assert [one["passed"] for one in told["attempts"]] == [True, False]
    assert told["mismatches"][0]["place"] == "attempt 2, final answer"


def test_of_several_golds_any_will_do() -> None:
    assert run("--gold", "1", "--gold", "2", "--answer", "2") == 0
    assert run("--gold", "1", "2", "--answer", "3") == 1


def test_an_answer_without_a_result_fails_with_the_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("--gold", "5", "--answer", "cut\noff") == 1
    assert capsys.readouterr().out.startswith("failed: no final answer is found")


def test_nothing_of_an_answer_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--gold", "5", "--answer", "\x1b[31m6\x1b[0m") == 1
    assert "\x1b" not in capsys.readouterr().out


def test_gold_and_answer_are_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--gold", "5") == 2
    assert "--answer" in capsys.readouterr().err
