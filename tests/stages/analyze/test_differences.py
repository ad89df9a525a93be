"""The change between two programs as it is told, and what a repair lets a lesson name."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from skillgit.names import Digest
from skillgit.stages.analyze.difference import (
    calls_of,
    difference,
    last_program,
)
from skillgit.stages.analyze.leakage import names_of_the_task
from skillgit.stages.analyze.repair import NOTHING, Repair
from skillgit.types import Outcome, Result, Step, ToolCall, Trajectory

PROGRAM = st.lists(st.sampled_from(["a = 1", "b = 2", "", "print(a)", "  ", "--- x", "+++ y"]))


def call(name: str, text: str) -> ToolCall:
    argument = {"python": "code", "bash": "command"}.get(name, "path")
    return ToolCall(name, json.dumps({argument: text}))


def trajectory(*calls: ToolCall, task: str = "Add them, in 'EUR', for 'East'.") -> Trajectory:
    steps = [Step(n, "agent", calls=(one,)) for n, one in enumerate(calls, 2)]
    return Trajectory(
        Digest(f"sha256:{0:064x}"),
        "t",
        (Step(1, "user", task), *steps),
        Outcome(Result.FAIL),
        "t.json",
    )


def test_the_last_program_is_the_last_one_that_names_the_answer() -> None:
    writes, looks = call("python", "open('out.txt')"), call("python", "print(1)")
    told = ToolCall("python", '{"code": 3}')
    broken = ToolCall("python", "not JSON")
    shell = call("bash", "cat out.txt")
    assert last_program(trajectory(looks, writes, looks, shell), "out.txt") == "open('out.txt')"
    assert last_program(trajectory(writes, looks, told, broken), "other.txt") == "print(1)"
    assert last_program(trajectory(shell, call("bash", "ls")), "out.txt") == "cat out.txt"
    assert not last_program(trajectory(call("read_file", "out.txt"), broken), "out.txt")
    assert calls_of(trajectory(looks, shell)) == (looks, shell)


def test_a_difference_has_no_names_of_files_and_no_line_numbers() -> None:
    before = "\n".join(f"line{n}" for n in range(20))
    after = before.replace("line3", "changed").replace("line16", "changed too")
    told = difference(before, after).split("\n")
    assert told.count("@@") == 2
    assert [line for line in told if line[0] in "+-"] == [
        "-line3",
        "+changed",
        "-line16",
        "+changed too",
    ]
    assert difference("", "a\nb\n") == "a\nb"
    long = difference("x", "\n".join(map(str, range(500))))
    assert len(long.split("\n")) == 61
    assert long.endswith("…")


@given(PROGRAM, PROGRAM)
def test_a_difference_of_any_two_programs_can_be_told(before: list[str], after: list[str]) -> None:
    told = difference("\n".join(before), "\n".join(after))
    if any(line.strip() for line in before):
        added = [line[1:] for line in told.split("\n") if line.startswith("+")]
        assert set(added) <= {line.rstrip() for line in after}


def test_a_lesson_may_name_what_a_repair_added_unless_the_inputs_have_it() -> None:
    repair = Repair("x = 1", "x = 1\nx += ' EUR'\nif region == 'East':", "day,region\n1.1.,East\n")
    run = trajectory(call("python", "print(1)"))
    lesson = "Append ' EUR' to it for 'East'; use 'EUR', never 'USD'."
    assert names_of_the_task(run, lesson, "", NOTHING) == ["EUR", "East"]
    assert names_of_the_task(run, lesson, "", repair) == ["East"]
    assert names_of_the_task(run, lesson, "region East", repair) == []


def test_a_sign_is_no_name_of_the_task() -> None:
    run = trajectory(call("python", "1"), task="Part the URL at '//' and '->', not at '#1'.")

    assert names_of_the_task(run, "Split at '//', '->' or '#1'.", "", NOTHING) == ["#1"]
