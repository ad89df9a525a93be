from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillgit.errors import UsageError
from skillgit.names import TrajectoryId
from skillgit.trajectories.documents import SourceFile
from skillgit.trajectories.outcome_table import Names, OutcomeTable, assign, read_table
from skillgit.types import Outcome, Result

A, B, C = (TrajectoryId(f"t-{digit * 12}") for digit in "abc")
KNOWN = {
    A: Names(frozenset({A}), frozenset({"runs/one.json"}), frozenset({"task-1"})),
    B: Names(frozenset({B}), frozenset({"runs/two.trajectory.json"}), frozenset({"task-2"})),
    C: Names(frozenset({C}), frozenset({"all.jsonl:7"}), frozenset({"task-2"})),
}


def table(text: str, name: str = "outcomes.csv") -> OutcomeTable:
    return read_table(SourceFile(name, text.encode()))


def given_by(text: str, name: str = "outcomes.csv") -> dict[TrajectoryId, str]:
    outcomes, remarks = assign(table(text, name), KNOWN)
    assert remarks == ()
    return {id_: outcome.result.value for id_, outcome in outcomes.items()}


@pytest.mark.parametrize(
    "name",
    ["one.json", "one", "runs/one.json", "./runs/one.json", "other/place/one.json", r"x\one.json"],
)
def test_a_file_may_be_named_in_many_ways(name: str) -> None:
    assert given_by(f"file,outcome\n{name},pass\n") == {A: "pass"}
    assert given_by(f"id,outcome\n{name},pass\n") == {A: "pass"}


@pytest.mark.parametrize(
    ("name", "meant"), [("two.trajectory.json", B), ("two", B), ("all.jsonl:7", C), ("all:7", C)]
)
def test_suffixes_and_lines(name: str, meant: TrajectoryId) -> None:
    assert given_by(f"File;Success\n{name};no\n") == {meant: "fail"}


def test_ids_and_tasks() -> None:
    assert given_by(f"id\tsuccess\n{B}\tTrue\ntask-1\tFalse\n") == {B: "pass", A: "fail"}
    assert given_by("task_id,outcome\ntask-1,unknown\n") == {A: "unknown"}


def test_scores_stay_scores_until_someone_judges_them() -> None:
    text = 'file,reward,feedback\none,0.5,"half, at\nleast"\n'
    outcomes, _ = assign(table(text), KNOWN)
    assert outcomes[A] == Outcome(Result.UNKNOWN, 0.5, "outcomes file", "half, at\nleast")


@pytest.mark.parametrize("name", ["o.json", "o.jsonl", "o.txt"])
def test_json(name: str) -> None:
    rows: list[object] = [
        {"file": "one", "score": 1},
        {"id": str(C), "outcome": {"result": "fail"}},
    ]
    text = "\n".join(map(json.dumps, rows)) if name == "o.jsonl" else json.dumps(rows)
    outcomes, remarks = assign(table(text, name), KNOWN)
    assert remarks == ()
    assert outcomes[A].score == 1
    assert outcomes[C].result is Result.FAIL


def test_rows_that_fit_none_or_several_or_contradict_are_told_and_not_used() -> None:
    text = "id,success\nnobody,1\nnothing,1\ntask-2,1\none,1\ntask-1,0\n"
    outcomes, remarks = assign(table(text), KNOWN)
    assert outcomes == {}
    assert [(remark.message, remark.line) for remark in remarks] == [
        ("rows that match no trajectory: 2 ('nobody', 'nothing')", 2),
        ("rows that match several trajectories and are not used: 1 ('task-2')", 4),
        (f"rows that contradict each other about {A}: 2 ('one', 'task-1')", 5),
    ]


def test_a_file_that_is_not_there_is_not_replaced_by_its_task() -> None:
    outcomes, remarks = assign(table("file,task_id,success\nthree.json,task-1,1\n"), KNOWN)
    assert outcomes == {}
    assert len(remarks) == 1


def test_rows_that_say_nothing_are_told_with_their_line() -> None:
    found = table("file,success,note\none,maybe\n\n,1\ntwo,\none,1,x,y\n")
    assert [(remark.message, remark.line) for remark in found.diagnostics] == [
        ("success: the verdict is neither pass nor fail nor unknown", 2),
        ("no value in any of the columns id, file, task_id", 4),
        ("no value in any of the columns outcome, success, passed, resolved, reward, score", 5),
    ]
    assert len(found.rows) == 1


@pytest.mark.parametrize(
    "text",
    ["", "\n", "a,b\n1,2\n", "one,pass\n", "[]", "{", "[1]", "file,success\n" + "x" * 200_000],
)
def test_a_table_without_one_usable_row_is_an_error_with_a_hint(text: str) -> None:
    with pytest.raises(UsageError, match="no usable row") as caught:
        table(text)
    assert "header" in caught.value.hint


def test_a_byte_order_mark_and_bad_bytes() -> None:
    assert len(read_table(SourceFile("o.csv", b"\xef\xbb\xbffile,success\none,1\n")).rows) == 1
    with pytest.raises(UsageError, match="not UTF-8"):
        read_table(SourceFile("o.csv", b"file,success\n\xff,1\n"))


@given(
    st.one_of(st.binary(max_size=120), st.text(alphabet='id,file\n\t;"1pasfl[]{}:', max_size=120))
)
@settings(max_examples=200)
def test_any_bytes_are_a_table_or_a_usage_error(data: bytes | str) -> None:
    for name in ("o.csv", "o.json"):
        try:
            found = read_table(SourceFile(name, data.encode() if isinstance(data, str) else data))
        except UsageError:
            continue
        assign(found, KNOWN)


@pytest.mark.parametrize(
    "report",
    [
        {"resolved_ids": ["task-1"], "unresolved_ids": ["unheard-of"], "error_ids": ["task-2"]},
        {"task-1": {"resolved": True, "tests_status": {}}, "unheard-of": {"resolved": False}},
        [{"instance_id": "task-1", "outcome": "resolved"}],
        [{"instance_id": "task-1", "resolved": True}],
    ],
)
def test_a_report_of_swe_bench_is_a_table(report: object) -> None:
    found = table(json.dumps(report), "report.json")
    outcomes, _ = assign(found, KNOWN)
    assert {id_: outcome.result for id_, outcome in outcomes.items()} == {A: Result.PASS}
    assert outcomes[A].said_by == "outcomes file"
    assert {row.outcome.result for row in found.rows} <= {Result.PASS, Result.FAIL}
    # What the harness could not judge is in neither list.
    assert "task-2" not in {row.name for row in found.rows}


@pytest.mark.parametrize("ids", [7, None, {}, [None], [["x"]]])
def test_a_report_that_names_nobody_is_refused(ids: object) -> None:
    with pytest.raises(UsageError):
        table(json.dumps({"resolved_ids": ids, "unresolved_ids": ids}), "report.json")
