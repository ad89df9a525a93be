"""Public layouts, known by the shape of their rows. The rows are made up, the keys are not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from pyarrow import Table, parquet  # type: ignore[import-untyped]  # pyarrow ships no types

from skillgit.domains.answers import ceiling_answer
from skillgit.domains.loading import load_tasks
from skillgit.domains.math.expected import Expected, Form
from skillgit.domains.math.rows import rows
from skillgit.domains.math.shapes import Problem, problem
from skillgit.domains.registry import DOMAINS
from skillgit.errors import UsageError

Row = Mapping[str, Any]  # explicit Any: JSON

BEFORE = (
    "Solve the following math problem step by step. The last line of your response should be of"
    " the form Answer: $Answer (without quotes) where $Answer is the answer to the problem.\n\n"
)
AFTER = '\n\nRemember to put your answer on its own line after "Answer:".'


def dapo(text: str, answer: str, index: str = "d-1") -> Row:
    return {
        "data_source": "math_dapo",
        "prompt": [{"role": "user", "content": f"{BEFORE}{text}{AFTER}"}],
        "ability": "MATH",
        "reward_model": {"ground_truth": answer, "style": "rule-lighteval/MATH_v2"},
        "extra_info": {"index": index},
    }


GSM8K: Row = {"question": "How many?", "answer": "1,000+7=<<1000+7=1007>>1,007.\n#### 1,007"}
MATH: Row = {
    "problem": "Find it.",
    "level": "Level 5",
    "type": "Algebra",
    "solution": "Well, \\boxed{1}, no: $\\boxed{\\frac{1}{2}}$.",
}
MATH500: Row = {
    "problem": "Find it.",
    "solution": "So $\\boxed{7}$.",
    "answer": "7",
    "subject": "Geometry",
    "level": 2,
    "unique_id": "test/geometry/7.json",
}
AIME_UPPER: Row = {"ID": "2024-II-4", "Problem": "How many?", "Solution": "…", "Answer": 33}
AIME_BOXED: Row = {"id": 60, "problem": "How many?", "solution": "\\boxed{204}", "url": "u"}
AIME_QUESTION: Row = {"question": "How many?", "answer": "70"}
AIME_TYPED: Row = {"problem_idx": 3, "problem": "How many?", "answer": 277.0}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (GSM8K, Problem("", "How many?", "1007", Form.HASHES)),
        (MATH, Problem("", "Find it.", "\\frac{1}{2}", Form.BOXED, "Algebra")),
        (MATH500, Problem("test/geometry/7.json", "Find it.", "7", Form.BOXED, "Geometry")),
        (AIME_UPPER, Problem("2024-II-4", "How many?", "33", Form.ANSWER)),
        (AIME_BOXED, Problem("60", "How many?", "204", Form.ANSWER)),
        (AIME_QUESTION, Problem("", "How many?", "70", Form.ANSWER)),
        (AIME_TYPED, Problem("3", "How many?", "277", Form.ANSWER)),
        (dapo("How many?", "34"), Problem("d-1", "How many?", "34", Form.ANSWER)),
        (
            {"prompt": "How many?", "solution": "34", "reward_model": {"ground_truth": "34"}},
            Problem("", "How many?", "34", Form.ANSWER),
        ),
    ],
)
def test_a_row_is_known_by_its_shape(row: Row, expected: Problem) -> None:
    assert problem(row) == expected


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("text", "it is no object"),
        ({"answer": "5"}, "it has no problem"),
        ({"problem": " ", "answer": "5"}, "it has no problem"),
        ({"problem": "Why?"}, "it has no final answer"),
        ({"problem": "Why?", "answer": True}, "it has no final answer"),
        ({"problem": "Why?", "solution": "no box"}, "it has no final answer"),
        ({"question": "Who?", "answer": "Evelyn"}, "it has no final answer"),
        (
            {"question": "Who?", "answer": "5", "image": "1.png"},
            "it is of another kind of question",
        ),
        ({"prompt": [{"role": "system", "content": "x"}], "answer": "5"}, "it has no problem"),
    ],
)
def test_what_is_no_problem(row: object, reason: str) -> None:
    assert problem(row) == reason


def written(path: Path, given: Sequence[object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".jsonl":
        path.write_text("".join(f"{json.dumps(row)}\n\n" for row in given), encoding="utf-8")
    elif path.suffix == ".parquet":
        parquet.write_table(Table.from_pylist(list(given)), path)
    else:
        path.write_text(json.dumps(given), encoding="utf-8")
    return path


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".parquet"])
@pytest.mark.parametrize("given", ["the file", "its folder"])
def test_a_set_is_read_from_any_container(suffix: str, given: str, tmp_path: Path) -> None:
    path = written(tmp_path / f"set{suffix}", [dapo("A?", "1", "a"), dapo("B?", "2", "b")])

    tasks = load_tasks(path if given == "the file" else tmp_path)

    assert [(task.id, task.domain) for task in tasks.tasks] == [("a", "math"), ("b", "math")]
    first = tasks.tasks[0]
    assert first.query == (
        "A?\n\nSolve the problem step by step and write the solution into answer.txt. The last"
        ' line must be of the form "Answer: $Answer" (without quotes), where $Answer is the answer'
        " to the problem."
    )
    assert Expected.parse(first.cases[0].region) == Expected("1", Form.ANSWER)
    assert (first.cases[0].answer, tasks.remarks) == ("answer.txt", ())


def test_the_same_problems_have_the_same_digest_in_any_container(tmp_path: Path) -> None:
    given = [dapo("A?", "1", "a"), dapo("B?", "2", "b")]
    digests = {
        load_tasks(written(tmp_path / f"set{suffix}", given)).digest
        for suffix in (".jsonl", ".json", ".parquet")
    }

    assert len(digests) == 1


def test_a_problem_that_comes_again_counts_once(tmp_path: Path) -> None:
    given = [dapo("A?", "1", "a"), dapo("A?", "1", "b"), dapo("A?", "3", "c"), dapo("B?", "2", "a")]

    tasks = load_tasks(written(tmp_path / "set.jsonl", given))

    assert [task.id for task in tasks.tasks] == ["a", "set-4"]
    assert tasks.remarks == (
        "set-3: left out: the same problem has another answer before",
        "2 rows repeat a problem and are left out",
    )


def test_rows_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    tasks = load_tasks(written(tmp_path / "set.jsonl", [GSM8K, {"question": "Why?"}, 5]))

    assert [task.id for task in tasks.tasks] == ["set-1"]
    assert tasks.remarks == (
        "set-2: left out: it has no final answer",
        "set-3: left out: it is no object",
    )


def test_a_tree_with_a_file_for_each_problem(tmp_path: Path) -> None:
    for name in ("algebra/2.json", "geometry/1.json"):
        path = tmp_path / name
        path.parent.mkdir()
        path.write_text(json.dumps({**MATH, "problem": name}), encoding="utf-8")

    tasks = load_tasks(tmp_path)

    assert [(task.id, task.group) for task in tasks.tasks] == [
        ("algebra/2.json", "Algebra"),
        ("geometry/1.json", "Algebra"),
    ]


def test_of_several_sets_in_a_folder_one_must_be_named(tmp_path: Path) -> None:
    written(tmp_path / "train.jsonl", [GSM8K])
    written(tmp_path / "test.jsonl", [GSM8K])

    with pytest.raises(UsageError, match=r"several task sets: test\.jsonl, train\.jsonl"):
        load_tasks(tmp_path)
    assert len(load_tasks(tmp_path / "test.jsonl").tasks) == 1


@pytest.mark.parametrize("content", ["", "[]", "{", "[1]", '{"question": "Who?", "answer": "I"}'])
def test_a_file_without_problems_is_no_set(content: str, tmp_path: Path) -> None:
    path = tmp_path / "set.json"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(UsageError, match="no task set looks like this file"):
        load_tasks(path)


def test_a_file_that_breaks_in_the_middle_is_told(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(f"{json.dumps(GSM8K)}\n{{\n", encoding="utf-8")

    with pytest.raises(UsageError, match="line 2 is no JSON"):
        load_tasks(path)
    (tmp_path / "set.parquet").write_text("PAR1")
    with pytest.raises(UsageError, match=r"[Pp]arquet"):
        load_tasks(tmp_path / "set.parquet")
    with pytest.raises(UsageError, match="No such file"):
        list(rows(tmp_path / "none.jsonl"))


def test_the_ceiling_of_every_layout_is_reached(tmp_path: Path) -> None:
    given = [GSM8K, MATH, {**MATH500, "problem": "C"}, {**AIME_BOXED, "problem": "D"}]
    for task in load_tasks(written(tmp_path / "set.jsonl", given)).tasks:
        domain = DOMAINS[task.domain]
        place = ceiling_answer(domain, task.cases[0], tmp_path / task.id.replace("/", "-"))

        assert place is not None
        assert domain.grade(task.cases[0], place).passed


def test_a_manifest_may_hold_problems(tmp_path: Path) -> None:
    (tmp_path / "tasks.toml").write_text(
        'schema = "skillgit.tasks/1"\ndomain = "math"\n'
        '[[task]]\nid = "half"\nquery = "What is half of one?"\nexpected = "\\\\frac{1}{2}"\n'
    )
    (task,) = load_tasks(tmp_path).tasks
    answer = tmp_path / "answer.txt"
    answer.write_text("Answer: 0.5")

    assert (task.domain, task.cases[0].answer) == ("math", "answer.txt")
    assert DOMAINS["math"].grade(task.cases[0], answer).passed
