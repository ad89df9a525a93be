from __future__ import annotations

import csv
import json
import random
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillgit.adapters.files import read_outcomes_file, read_trajectory_files
from skillgit.config import Collect
from skillgit.stages.collect import collect
from skillgit.trajectories.documents import SourceFile
from skillgit.trajectories.outcome_table import OutcomeTable, read_table
from skillgit.types import Diagnostic, Pool, Result, Trajectory

REAL = Path(__file__).parents[2] / "../shared/data/trajectories"


def chat(text: str = "Done.", **beside: object) -> bytes:
    messages = [{"role": "user", "content": "Do it."}, {"role": "assistant", "content": text}]
    return json.dumps({**beside, "messages": messages}).encode()


def atif(text: str = "Done.") -> bytes:
    steps = [{"step_id": 1, "source": "agent", "message": text}]
    return json.dumps({"schema_version": "ATIF-v1.7", "session_id": "s1", "steps": steps}).encode()


def pool(*source: SourceFile | Diagnostic, table: str = "", **options: object) -> Pool:
    outcomes = read_table(SourceFile("outcomes.csv", table.encode())) if table else None
    return collect(source, Collect(**options), outcomes)  # type: ignore[arg-type] # test shorthand


def everything(found: Pool) -> tuple[Trajectory, ...]:
    return found.passed + found.failed + found.unknown


def messages(found: Pool) -> list[str]:
    return [f"{remark.origin}: {remark.message}" for remark in found.diagnostics]


# --------------------------------------------------------------------------- classes and scores


def test_trajectories_are_split_by_what_is_said_of_them() -> None:
    found = pool(
        SourceFile("a.json", chat(success=True)),
        SourceFile("b.json", chat(success=False)),
        SourceFile("c.json", chat("I succeeded! All tests pass. exit code 0")),
    )
    assert [one.origin for one in found.passed] == ["a.json"]
    assert [one.origin for one in found.failed] == ["b.json"]
    assert [one.origin for one in found.unknown] == ["c.json"]
    assert found.found == 3
    assert found.diagnostics == ()


@pytest.mark.parametrize(
    ("score", "passing", "result"),
    [(1.0, 1.0, "pass"), (0.99, 1.0, "fail"), (0.5, 0.5, "pass"), (0, 1.0, "fail")],
)
def test_a_score_is_judged_by_the_pass_score(score: float, passing: float, result: str) -> None:
    found = pool(SourceFile("a.json", chat(reward=score)), pass_score=passing)
    assert everything(found)[0].outcome.result == result
    assert everything(found)[0].outcome.score == score


def test_a_limit_keeps_the_first_ids_of_each_class_and_says_so() -> None:
    files = [SourceFile(f"{n}.json", chat(str(n), success=n % 2 == 0)) for n in range(10)]
    whole, some = pool(*files), pool(*files, limit=2)
    assert some.passed == whole.passed[:2]
    assert some.failed == whole.failed[:2]
    assert messages(some) == [
        "collect.limit: left out by the limit of 2 trajectories (fail): 3",
        "collect.limit: left out by the limit of 2 trajectories (pass): 3",
    ]
    assert [one.id for one in whole.passed] == sorted(one.id for one in whole.passed)


def test_files_that_hold_nothing_are_told_and_the_others_are_read() -> None:
    found = pool(
        SourceFile("bad.json", b"{"),
        SourceFile("a.json", chat()),
        Diagnostic("locked.json", "cannot be read: Permission denied"),
    )
    assert len(found.unknown) == 1
    assert messages(found) == [
        "bad.json: not JSON: the text ends in the middle of a value, it may be cut off",
        "locked.json: cannot be read: Permission denied",
    ]


# --------------------------------------------------------------------------- copies


def test_the_same_content_counts_once() -> None:
    line = chat(success=True)
    found = pool(
        SourceFile("b.json", line),
        SourceFile("a.json", line),
        SourceFile("c.jsonl", line + b"\n" + line + b"\n" + chat("Other.")),
    )
    assert found.duplicates == 3
    assert found.found == 5
    assert [one.origin for one in found.passed] == ["a.json"]


def test_copies_share_what_is_known_of_any_of_them() -> None:
    good, bad = b'{"rewards": {"reward": 1}}', b'{"rewards": {"reward": 0}}'
    alone = SourceFile("a.json", atif())
    passing = SourceFile("b.json", atif(), {"result.json": good})
    failing = SourceFile("c.json", atif(), {"result.json": bad})
    assert [one.origin for one in pool(alone, passing).passed] == ["a.json"]
    found = pool(alone, passing, failing)
    assert len(found.unknown) == 1
    assert "contradict each other" in messages(found)[0]


# --------------------------------------------------------------------------- result files


@pytest.mark.parametrize(
    ("result", "expected", "score"),
    [
        ('{"verifier_result": {"rewards": {"reward": 1.0}}}', "pass", 1.0),
        ('{"rewards": {"tests": 1, "style": 0.5}}', "fail", 0.5),
        ('{"rewards": {"reward": 1, "style": 0}}', "pass", 1.0),
        ('{"verifier_result": null, "exception_info": {"x": 1}}', "unknown", None),
        ('{"rewards": {"reward": "much"}}', "unknown", None),
        ('{"rewards": {"reward": NaN}}', "unknown", None),
        ('{"success": true}', "unknown", None),
        ("[]", "unknown", None),
        ("{", "unknown", None),
    ],
)
@pytest.mark.parametrize("name", ["result.json", "../result.json"])
def test_a_verifier_speaks_beside_the_trajectory(
    name: str, result: str, expected: str, score: float | None
) -> None:
    found = pool(SourceFile("agent/trajectory.json", atif(), {name: result.encode()}))
    outcome = everything(found)[0].outcome
    assert (outcome.result, outcome.score) == (expected, score)
    assert not score or outcome.said_by == "verifier"


def test_the_result_file_names_the_task_and_may_be_meant_by_either_name() -> None:
    siblings = {"result.json": b'{"task_name": "sum-invoices", "rewards": {"reward": 0}}'}
    file = SourceFile("x/trajectory.json", atif(), siblings)
    assert pool(file).failed[0].task == "sum-invoices"
    for name in ("sum-invoices", "s1"):
        assert len(pool(file, table=f"id,success\n{name},1\n").passed) == 1


def test_a_common_result_file_is_not_taken_for_chats_but_their_own_is() -> None:
    good = b'{"rewards": {"reward": 1}}'
    assert pool(SourceFile("a.json", chat(), {"result.json": good})).unknown
    assert pool(SourceFile("a.json", chat(), {"a.result.json": good})).passed
    assert pool(SourceFile("a.json", chat(), {"a.result.json": b'{"success": true}'})).passed
    assert pool(SourceFile("a.json", chat(success=False), {"a.result.json": good})).failed
    several = chat() + b"\n" + chat("Other.")
    assert len(pool(SourceFile("a.jsonl", several, {"a.result.json": good})).unknown) == 2


# --------------------------------------------------------------------------- --outcomes


def test_the_outcomes_file_wins_and_says_so() -> None:
    found = pool(
        SourceFile("a.json", chat(success=True)),
        SourceFile("b.json", chat("B")),
        SourceFile("c.json", chat("C", success=True)),
        table="file,reward,feedback\na.json,0.5,half\nb,1,\nc,1.0,\n",
    )
    assert {one.origin: one.outcome.said_by for one in everything(found)} == dict.fromkeys(
        ("a.json", "b.json", "c.json"), "outcomes file"
    )
    assert [one.origin for one in found.failed] == ["a.json"]
    assert found.failed[0].outcome.detail == "half"
    assert messages(found) == [
        "outcomes.csv: results in the trajectories' own files that it overrules: 1"
    ]


def test_a_row_may_name_any_copy() -> None:
    found = pool(
        SourceFile("a.json", chat()),
        SourceFile("z.json", chat()),
        table="file,success\nz.json,yes\n",
    )
    assert [one.origin for one in found.passed] == ["a.json"]


def test_rows_without_a_trajectory_are_told() -> None:
    found = pool(SourceFile("a.json", chat()), table="file,success\na,1\nb,1\n")
    assert messages(found) == ["outcomes.csv: rows that match no trajectory: 1 ('b')"]


# --------------------------------------------------------------------------- redaction


def test_secrets_are_gone_before_anyone_sees_a_trajectory() -> None:
    token = "ghp_" + "0aB1" * 10
    file = SourceFile("a.json", chat(f"git push https://{token}@x", success=False, feedback=token))
    found = pool(file)
    assert token not in repr(found)
    assert found.redactions == 2
    assert found.hidden == {"token": 2}
    raw = pool(file, redact=False)
    assert token in repr(raw)
    assert raw.redactions == 0
    assert raw.failed[0].digest == found.failed[0].digest


def test_a_password_is_hidden_in_all_trajectories_of_a_round() -> None:
    named = SourceFile("a.json", chat("DB_PASSWORD=zebra42crossing", success=False))
    bare = SourceFile("b.json", chat("I typed zebra42crossing, and mail@ is no address"))
    found = pool(named, bare, SourceFile("c.json", chat("zebra42crossings stay")))
    assert "zebra42crossing" not in repr([found.failed, found.unknown[0]]).replace("crossings", "")
    placeholders = set(re.findall(r"\[secret:[0-9a-f]{6}\]", repr(found)))
    assert len(placeholders) == 1
    assert found.hidden == {"password": 2}
    assert "zebra42crossings stay" in repr(found)


def test_remarks_quote_no_secret_and_still_name_the_file() -> None:
    token = "ghp_" + "0aB1" * 10
    found = pool(SourceFile("/home/jdoe/a.jsonl", b"{}"), table=f"file,success\n{token},1\n")
    assert token not in repr(found.diagnostics)
    assert "/home/jdoe/a.jsonl" in [one.origin for one in found.diagnostics]


# --------------------------------------------------------------------------- laws

some_files = st.lists(
    st.tuples(
        st.sampled_from(["a.json", "b.json", "c/a.json", "d.jsonl"]),
        st.sampled_from(
            [
                chat(),
                chat(success=True),
                chat(reward=0.3, task_id="one"),
                chat() + b"\n" + chat("x", outcome="fail") + b"\n{",
                atif(),
                b"{",
                b"",
            ]
        ),
        st.sampled_from(
            [
                {},
                {"result.json": b'{"rewards": {"reward": 1}, "task_name": "one"}'},
                {"../result.json": b'{"rewards": {"reward": 0}, "task_name": "two"}'},
                {"a.result.json": b"{"},
            ]
        ),
    ),
    max_size=7,
)
some_tables = st.sampled_from(
    ["", "id,success\none,1\n", "file,success\na.json,0\nd:2,1\n", "task_id,outcome\none,unknown\n"]
)


@given(some_files, some_tables, st.randoms(use_true_random=False), st.integers(0, 2))
@settings(max_examples=100, deadline=None)
def test_the_pool_does_not_depend_on_the_order_of_the_files(
    files: list[tuple[str, bytes, dict[str, bytes]]],
    table: str,
    order: random.Random,
    limit: int,
) -> None:
    source = [SourceFile(*file) for file in files]
    found = pool(*source, table=table, limit=limit)
    order.shuffle(source)
    assert pool(*source, table=table, limit=limit) == found
    ids = [one.id for one in everything(found)]
    assert len(ids) == len(set(ids))
    for result, kept in (
        (Result.PASS, found.passed),
        (Result.FAIL, found.failed),
        (Result.UNKNOWN, found.unknown),
    ):
        assert all(one.outcome.result is result for one in kept)


# --------------------------------------------------------------------------- real files


def real(name: str) -> Path:
    if not (REAL / name).is_dir():
        pytest.skip(f"the shared trajectories are not on this machine: {name}")
    return REAL / name


def test_all_real_spreadsheet_trajectories_are_read_with_their_outcomes() -> None:
    folder = real("spreadsheet")
    found = pool(*read_trajectory_files([folder]))
    # Three runs of one task are the same word for word; the other two are told of.
    [again_told] = found.diagnostics
    assert "told again" in again_told.message
    assert (found.found, len(everything(found)), found.duplicates) == (126, 124, 2)
    assert len({one.task for one in everything(found)}) == 63
    with (folder / "outcomes.tsv").open(encoding="utf-8", newline="") as file:
        rows = {row["file"]: row for row in csv.DictReader(file, delimiter="\t")}
    for one in everything(found):
        row = rows[one.origin]
        assert one.task == row["task_id"]
        assert one.outcome.score == pytest.approx(float(row["reward"]))
        assert (one.outcome.result is Result.PASS) == (float(row["reward"]) == 1.0)
        assert one.outcome.said_by == "score"
        assert one.outcome.detail
    table: OutcomeTable = read_table(read_outcomes_file(folder / "outcomes.tsv"))
    again = collect(read_trajectory_files([folder]), Collect(), table)
    assert [one.id for one in again.passed] == [one.id for one in found.passed]
    assert {one.outcome.said_by for one in everything(again)} == {"outcomes file"}
    assert again.diagnostics == found.diagnostics


def test_real_atif_trajectories_are_read_with_their_outcomes() -> None:
    found = pool(*read_trajectory_files([real("atif")]))
    assert (len(found.passed), len(found.failed), len(found.unknown)) == (2, 8, 1)
    assert [remark.message for remark in found.diagnostics] == [
        "looks like ATIF, but no step of it is an agent's"
    ]
    assert all(one.outcome.said_by == "verifier" for one in found.passed + found.failed)


def test_real_files_of_other_formats_do_no_harm() -> None:
    found = pool(*read_trajectory_files([real(".")]))
    assert Counter(one.format for one in everything(found))["graded rollout"] == 124
    copies = sum(" by " in one for one in messages(found) if "told again" in one)
    assert 0 < copies <= found.duplicates < 20
