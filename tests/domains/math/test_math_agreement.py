"""Real answers of models with published flags, and real gold answers against themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from skillgit.domains.loading import load_tasks
from skillgit.domains.math.domain import graded
from skillgit.domains.math.expected import Expected, Form
from skillgit.domains.math.judging import judge
from skillgit.domains.registry import DOMAINS

DATA = Path(__file__).parents[4] / "shared/data"
SETS = {"gsm8k.jsonl": 500, "math500_half.jsonl": 250}

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")


def lines(name: str) -> Iterator[dict[str, Any]]:
    for line in (DATA / name).read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def test_the_published_flags_of_solutions_are_met() -> None:
    differing = [
        (row["id"], row["system"])
        for row in lines("trajectories/gsm8k_model_solutions.jsonl")
        # math-verify itself is asked in the tests below: a process for each would take too long.
        if _is_decided_here(row)
        and graded(Expected(row["gold"], Form.HASHES), row["response"]).passed != row["correct"]
    ]

    assert differing == []


def _is_decided_here(row: dict[str, Any]) -> bool:
    return str(row["response"]).rpartition("A: ")[2].replace(",", "").isdigit()


def test_every_gold_answer_is_equal_to_itself_for_math_verify() -> None:
    answers = [row["answer"] for name in SETS for row in lines(f"math/{name}")]

    judged = judge([(answer, answer) for answer in answers])

    assert [a for a, one in zip(answers, judged, strict=True) if not one.equal] == []


def test_no_gold_answer_is_equal_to_the_next_other_one_for_math_verify() -> None:
    answers = [row["answer"] for row in lines("math/math500_half.jsonl")]
    pairs = [(one, other) for one, other in pairwise(answers) if one != other]

    assert [pair for pair, one in zip(pairs, judge(pairs), strict=True) if one.equal] == []


@pytest.mark.parametrize("name", SETS)
def test_every_gold_answer_passes_as_an_agent_would_leave_it(name: str, tmp_path: Path) -> None:
    tasks = load_tasks(DATA / "math" / name)
    math = DOMAINS["math"]

    assert len(tasks.tasks) == SETS[name]
    assert tasks.remarks == ()
    for task in tasks.tasks:
        place = math.ideal(task.cases[0], tmp_path / "answer.txt")
        assert place is not None
        assert math.grade(task.cases[0], place).passed, task.id
