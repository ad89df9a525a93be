from __future__ import annotations

import hashlib
import json
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillgit.names import Digest
from skillgit.trajectories.view import (
    QUOTE_CHARS,
    QUOTE_LINES,
    View,
    quote,
    step_lines,
    step_text,
    view,
)
from skillgit.types import LineRange, Outcome, Quote, Result, Step, ToolCall, Trajectory

NUMBERED = re.compile(r"(\d+)\| (.*)")
HEADER = re.compile(r"\[step (\d+) (\w+)\]")


def trajectory(*steps: Step) -> Trajectory:
    digest = Digest("sha256:" + hashlib.sha256(repr(steps).encode("utf-8", "replace")).hexdigest())
    return Trajectory(digest, "a task", steps, Outcome(Result.FAIL), "a.json")


def run_of(*texts: str) -> Trajectory:
    sources = ["system", "user", "agent"]
    return trajectory(
        *(Step(n, sources[min(n - 1, 2)], message=text) for n, text in enumerate(texts, 1))
    )


def numbered_lines(shown: View) -> list[tuple[int, int, str]]:
    found, step = [], 0
    for line in shown.text.split("\n") if shown.text else ():
        if header := HEADER.fullmatch(line):
            step = int(header[1])
        elif match := NUMBERED.fullmatch(line):
            found.append((step, int(match[1]), match[2]))
        else:
            assert line.startswith("…"), line
            assert line.endswith("…"), line
    return found


# --------------------------------------------------------------------------- the text of a step


def test_a_step_reads_reasoning_message_calls_observation() -> None:
    step = Step(
        1,
        "agent",
        message="I look first.",
        reasoning="What is there?",
        calls=(ToolCall("bash", '{"command": "ls", "timeout": 3}'),),
        observation="a.xlsx\n",
    )
    assert step_text(step).split("\n") == [
        "(reasoning)",
        "What is there?",
        "(message)",
        "I look first.",
        'call bash {"command": "ls", "timeout": 3}',
        "(observation)",
        "a.xlsx",
    ]


def test_code_in_arguments_is_shown_as_lines() -> None:
    arguments = json.dumps({"path": "fix.py", "text": "import os\nprint(os.name)\n"})
    step = Step(1, "agent", calls=(ToolCall("write", arguments),))
    assert step_lines(step) == (
        'call write {"path": "fix.py"}',
        "text:",
        "import os",
        "print(os.name)",
    )


@pytest.mark.parametrize("arguments", ["not json", "[1, 2]", "{" * 100_000, '{"a":' * 100_000])
def test_arguments_that_are_no_object_are_shown_as_they_are(arguments: str) -> None:
    step = Step(1, "agent", calls=(ToolCall("do\nit", arguments),))
    assert step_lines(step) == (f"call do it {arguments}",)


def test_control_characters_and_ansi_codes_are_gone_and_tabs_stay() -> None:
    message = (
        "\x1b[1;31mred\x1b[0m\ttab\r\n\x1b]0;title\x07bell\x07\x00 \x9b31m\u202eright\u202c"
        "\x1b]8;;http://x\x1b\\link \ud800half \u2028sep\x85next\U000e0041"
    )
    assert step_lines(Step(1, "agent", message)) == (
        "red\ttab",
        "bell 31mrightlink half sepnext",
    )


def test_a_step_without_text_has_no_lines() -> None:
    assert step_lines(Step(1, "agent", " \n\n ")) == ()


# --------------------------------------------------------------------------- views


def test_a_short_trajectory_is_shown_whole_but_for_the_system_prompt() -> None:
    shown = view(run_of("\n".join(f"rule {n}" for n in range(9)), "Do it.\n\nNow.", "Done."), 1000)
    assert shown.text.split("\n") == [
        "[step 1 system]",
        *(f"{n + 1}| rule {n}" for n in range(6)),
        "… 3 lines left out …",
        "[step 2 user]",
        "1| Do it.",
        "3| Now.",
        "[step 3 agent]",
        "1| Done.",
    ]
    assert shown.shown[2] == (1, 3)
    assert shown.last_line == 6
    assert shown.steps == (1, 2, 3)


SCRIPT = "\n".join(f"sheet.cell({n}, 2).value = compute_the_value({n})" for n in range(1, 20))


def test_a_repeated_block_becomes_one_line() -> None:
    shown = view(run_of("s", "u", f"First:\n{SCRIPT}", f"Again:\n{SCRIPT}\nend"), 9000)
    assert "[step 4 agent]\n1| Again:\n… same as step 3, lines 2-20 …\n21| end" in shown.text


def test_a_nearly_repeated_block_says_nearly() -> None:
    other = SCRIPT.replace("(", "(  ", 1)
    spaced = SCRIPT.replace(" = ", "  =  ")
    assert (
        "… nearly the same as step 3, lines 1-19 …"
        in view(run_of("s", "u", SCRIPT, spaced), 9000).text
    )
    shown = view(run_of("s", "u", SCRIPT, other), 9000)
    assert "1| sheet.cell(  1, 2)" in shown.text, "a line that differs is shown"
    assert "… same as step 3, lines 2-19 …" in shown.text


def test_a_block_repeated_within_a_step_is_found() -> None:
    shown = view(run_of("s", "u", f"{SCRIPT}\n\n{SCRIPT}"), 9000)
    assert "… same as step 3, lines 1-19 …" in shown.text


def test_long_lines_are_cut_and_quoted_whole() -> None:
    long = "x = " + "1234567890" * 40
    shown = view(run_of("s", "u", long), 5000)
    assert numbered_lines(shown)[-1] == (3, 1, long[:239] + "…")
    cut = shown.quote(3, LineRange(1, 1))
    assert isinstance(cut, Quote)
    assert cut.text == long


def test_heads_and_tails_stay_and_errors_in_the_middle() -> None:
    lines = [f"some output of the tool, line {n}" for n in range(1, 400)]
    lines[200:203] = ["Traceback (most recent call last):", "  File 'x'", "KeyError: 'Sheet9'"]
    text = view(run_of("s", "The task.", "\n".join(lines), "short", "end"), 3000).text
    assert "[step 3 agent]\n1| some output" in text
    assert "399| some output" in text
    assert "203| KeyError: 'Sheet9'" in text
    assert "lines left out …" in text
    assert "1| The task." in text
    assert len(text) <= 3000
    assert len(text) > 2700, "the budget is used"


def test_many_steps_lose_whole_steps_from_the_middle_but_not_the_task_or_the_end() -> None:
    texts = ["You are an agent.", "Fill column B."]
    texts += [f"step number {n} does\n" + f"something {n}\n" * 9 for n in range(2000)]
    text = view(run_of(*texts), 4000).text
    assert "1| Fill column B." in text
    assert "step number 1999 does" in text
    assert re.search(r"… steps \d+-\d+ left out …", text)
    assert len(text) <= 4000


def test_a_huge_trajectory_is_shown_in_good_time() -> None:
    big = "\n".join(f"{n % 977} value {n % 31} " + "y" * (n % 200) for n in range(60_000))
    begun = time.monotonic()
    assert len(view(run_of("s", "u", big, big[::-1], "a\n" * 50_000), 12_000).text) <= 12_000
    assert time.monotonic() - begun < 10


def test_nothing_fits_in_nothing() -> None:
    assert view(run_of("s", "u", "a"), 3).text == ""
    assert view(trajectory(Step(1, "user")), 1000).text == ""


# --------------------------------------------------------------------------- quotes


def test_a_quote_is_verbatim_and_short() -> None:
    run = run_of("s", "u", "\n".join(["", "", *(f"line {n}" for n in range(2, 30))]))
    cut = quote(run, 3, LineRange(1, 20))
    assert cut == Quote(run.id, 3, LineRange(1, 6), "\n".join(f"line {n}" for n in range(2, 8))), (
        "blank lines at the ends of a step do not count"
    )
    wide = run_of("s", "u", "\n".join("z" * 250 for _ in range(5)))
    cut = quote(wide, 3, LineRange(2, 5))
    assert isinstance(cut, Quote)
    assert cut.lines == LineRange(2, 3)
    assert len(cut.text) == 501


@pytest.mark.parametrize(
    ("step", "lines", "reason"),
    [
        (9, LineRange(1, 1), "there is no step 9 among the 3 steps"),
        (3, LineRange(3, 4), "step 3 has 3 lines, so not lines 3-4"),
        (3, LineRange(2, 2), "lines 2 of step 3 are empty"),
    ],
)
def test_lines_that_do_not_exist_give_a_reason(step: int, lines: LineRange, reason: str) -> None:
    assert quote(run_of("s", "u", "a\n\nb"), step, lines) == reason


def test_a_view_refuses_lines_that_it_did_not_show() -> None:
    shown = view(run_of("s", "u", "\n".join(f"line {n} of the output" for n in range(900))), 1000)
    assert shown.quote(3, LineRange(450, 451)) == "lines 450-451 of step 3 were not shown"
    assert isinstance(shown.quote(3, LineRange(1, 1)), Quote)
    assert shown.quote(3, LineRange(900, 901)) == "step 3 has 900 lines, so not lines 900-901"


# --------------------------------------------------------------------------- laws

some_text = st.one_of(
    st.text(max_size=300),
    st.lists(
        st.sampled_from(
            ["", "a", "x = 1", "KeyError: 'a'", "… 3 lines left out …", "9| ", "[step 1 user]"]
            + [f"a long enough line number {n} of a block" for n in range(4)]
            + ["w" * 500]
        ),
        max_size=60,
    ).map("\n".join),
)
some_call = st.builds(
    ToolCall, st.text(max_size=9), st.one_of(some_text, st.just('{"a": "b\\nc"}'))
)
some_steps = st.lists(
    st.tuples(
        st.sampled_from(["system", "user", "agent", "tool"]),
        some_text,
        some_text,
        st.lists(some_call, max_size=2).map(tuple),
        some_text,
    ),
    min_size=1,
    max_size=12,
)


@given(some_steps, st.integers(0, 3000))
@settings(max_examples=150, deadline=None)
def test_a_view_keeps_its_budget_and_every_line_on_show_can_be_quoted(
    parts: list[tuple[str, str, str, tuple[ToolCall, ...], str]], budget: int
) -> None:
    run = trajectory(*(Step(number, *part) for number, part in enumerate(parts, 1)))
    shown = view(run, budget)
    assert len(shown.text) <= budget
    assert shown == view(run, budget)
    lines = numbered_lines(shown)
    assert [(step, number) for step, number, _ in lines] == [
        (step, number) for step, numbers in shown.shown.items() for number in numbers
    ]
    for step, number, text in lines:
        cut = shown.quote(step, LineRange(number, number))
        assert isinstance(cut, Quote)
        assert cut.text == text[:QUOTE_CHARS] or (
            text.endswith("…") and cut.text.startswith(text[:-1][:QUOTE_CHARS])
        )
        assert cut.text in step_text(run.steps[step - 1])


@given(some_steps, st.integers(1, 70), st.integers(0, 70))
@settings(max_examples=100, deadline=None)
def test_a_quote_is_always_part_of_its_step_or_a_reason(
    parts: list[tuple[str, str, str, tuple[ToolCall, ...], str]], first: int, more: int
) -> None:
    run = trajectory(*(Step(number, *part) for number, part in enumerate(parts, 1)))
    cut = quote(run, 1, LineRange(first, first + more))
    if isinstance(cut, Quote):
        assert cut.text.strip()
        assert cut.text in step_text(run.steps[0])
        assert len(cut.text) <= QUOTE_CHARS
        assert cut.text.count("\n") < QUOTE_LINES
        assert first <= cut.lines.first <= cut.lines.last <= first + more
    else:
        assert cut
