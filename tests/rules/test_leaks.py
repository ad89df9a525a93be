"""Edits that repeat what few runs were told are withheld, with the place."""

from __future__ import annotations

import time

import pytest

from skillgit.names import Digest, EditId, Oid
from skillgit.rules.leaks import leaks
from skillgit.stages.guard import guard
from skillgit.types import (
    MANIFEST,
    Edit,
    Insert,
    Lesson,
    Outcome,
    Pool,
    Result,
    Skill,
    State,
    Step,
    Trajectory,
)

BASE = "---\nname: xlsx\ndescription: Sheets.\n---\n\nKeep report_base.xlsx as it is.\n"
SKILL = Skill("skills/xlsx", Oid("0" * 40), {MANIFEST: BASE.encode()})
SHARED = "Please write the formula into the cell that is named in the question."


def run(number: int, user: str = "", seen: str = "", detail: str = "", own: str = "") -> Trajectory:
    steps = (
        Step(1, "user", f"{SHARED}\n{user}"),
        Step(2, "agent", own, observation=seen),
    )
    outcome = Outcome(Result.FAIL, 0.0, "tests", detail)
    return Trajectory(
        Digest(f"sha256:{number:012x}{'0' * 52}"),
        f"sheet-{number:03}",
        steps,
        outcome,
        f"{number}.json",
    )


def pool(*special: Trajectory) -> Pool:
    plain = [run(number) for number in range(100, 106)]
    return Pool(passed=tuple(plain), failed=special)


def edit(text: str, number: int = 1, title: str = "Save it") -> Edit:
    source = run(number).id
    name = EditId(f"{source}.{number}")
    return Edit(name, Insert(MANIFEST, 6, text), Lesson(title, "why"), frozenset({source}))


WORDS = "the totals of the northern branch offices go into the last row"


@pytest.mark.parametrize(
    ("text", "told", "rule", "shown"),
    [
        (f"Mind that {WORDS}.", {"user": WORDS.upper()}, "SG401", "step 1"),
        (f"Mind that {WORDS}.", {"seen": f"| {WORDS} |"}, "SG401", "step 2"),
        (
            "Open `sales_2031-q3.xlsx` first.",
            {"seen": "found sales_2031-q3.xlsx"},
            "SG401",
            "sales",
        ),
        ("Fill H3:K27.", {"user": "The answer goes to H3:K27."}, "SG401", "step 1: H3:K27"),
        ("The sum is 48213.755.", {"seen": "48213.755"}, "SG401", "step 2: 48213.755"),
        ("Ask Dr. Miriam Halloway.", {"seen": "by Dr. Miriam Halloway"}, "SG401", "Halloway"),
        ("Read it from db7.internal.", {"seen": "ssh db7.internal"}, "SG401", "db7.internal"),
        ("As in sheet-001, add.", {}, "SG402", "names the task of a run"),
        (
            "Cells that differ by more than a cent are wrong.",
            {"detail": "3 cells differ by more than a cent"},
            "SG402",
            "what a grader said",
        ),
        ("The grader wants it so.", {}, "SG402", "grader"),
        ("Look at /home/kim/books.", {}, "SG402", "/home/kim/books"),
    ],
)
def test_what_one_run_was_told_is_not_repeated(
    text: str, told: dict[str, str], rule: str, shown: str
) -> None:
    source = run(1, **told)
    [reason] = leaks(SKILL, [edit(text)], pool(source)).values()
    assert reason.startswith(f"{rule}: ")
    assert shown in reason
    if told:
        assert source.id in reason


def test_the_title_counts() -> None:
    source = run(1, seen="sales_2031.xlsx")
    assert leaks(SKILL, [edit("x", title="Keep sales_2031.xlsx")], pool(source))


@pytest.mark.parametrize(
    ("text", "special"),
    [
        ("Keep report_base.xlsx as it is, always.", [run(1, seen="report_base.xlsx")]),
        (SHARED, []),
        (f"Mind that {WORDS}.", [run(n, user=WORDS) for n in (1, 2, 3)]),
        (f"Mind that {WORDS}.", [run(1, own=WORDS)]),
        ("The totals of the northern branch go last.", [run(1, user=WORDS)]),
        ("Fill A1:D10, as in a table.", [run(1, user="A1:D10")]),
        ("Fill H3:K27.", [run(1, seen="H3:K27")]),
        ("A sheet has 1048576 rows, 1,048,576 in all.", [run(1, seen="1048576 1,048,576")]),
        ("Save the workbook.", [run(1, detail="save the workbook")]),
    ],
)
def test_what_is_common_is_no_secret(text: str, special: list[Trajectory]) -> None:
    assert not leaks(SKILL, [edit(text)], pool(*special))


def test_two_runs_of_one_task_are_one_task_and_two_of_eight_are_few() -> None:
    both = [run(n, user=WORDS) for n in (1, 2)]
    [reason] = leaks(SKILL, [edit(f"Mind that {WORDS}.")], pool(*both)).values()
    assert f"{both[0].id}, step 1 and another task" in reason


def test_of_a_single_task_nobody_can_tell_what_is_its_own() -> None:
    alone = Pool(passed=(), failed=(run(1, user=WORDS),))
    assert not leaks(SKILL, [edit(f"Mind that {WORDS}.")], alone)


def test_the_guard_withholds_it_and_keeps_the_others() -> None:
    source = run(1, user=WORDS)
    bad, good = edit(f"Mind that {WORDS}."), edit("Save the workbook.", 2)
    verdict = guard(SKILL, [bad, good], pool(source))
    assert verdict.edits == (good,)
    [fate] = verdict.fates
    assert (fate.edit, fate.state) == (bad.id, State.WITHHELD)
    assert guard(SKILL, [bad]).edits == (bad,)


def test_many_edits_cost_no_more_than_a_few() -> None:
    """Not a benchmark: edits times trajectories would take minutes here."""
    text = " ".join(f"w{n}" for n in range(3000))
    runs = tuple(run(n, seen=f"{text} {n}") for n in range(300))
    edits = [edit(" ".join(f"v{number}x{n}" for n in range(60)), number) for number in range(300)]
    began = time.process_time()
    assert not leaks(SKILL, edits, Pool(passed=runs, failed=()))
    assert time.process_time() - began < 20
