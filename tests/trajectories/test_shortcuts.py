"""What is left out to save time changes nothing: each shortcut against the long way."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from skillgit.names import Digest
from skillgit.stages.analyze import vocabulary
from skillgit.trajectories import lines, sheets
from skillgit.trajectories.redaction import Redactor, redact_text
from skillgit.types import Outcome, Result, Step, ToolCall, Trajectory

PIECES = (
    *(
        "\x1b[31mred\x1b[0m",
        "\u200bhidden",
        "漢字\u3000",
        "tab\t",
        "\r\n",
        "\x85",
        "\ue000",
        "plain",
    ),
    *(
        "sk-abc1234567890123456",
        "AKIAABCDEFGHIJKLMNOP",
        "hf_abcdefghijklmnopqrstu",
        "dapi" + "0a" * 16,
    ),
    *(
        "glpat-abcdefghijklmnop1234",
        "eyJabcdefghij.eyJabcdef.x",
        "SG.abcdefghijklmnop.abcdefghijklmnop",
    ),
    *(
        'password = "hunter2x"',
        "/home/alice/x",
        "bob@example.com",
        "http://u:pw@h/",
        "curl -u b:secret1",
    ),
    *(
        "a..b(1)",
        ".c(",
        "d.e.f(x=True)",
        "é.g(",
        "1.foo(",
        "_x.y(z=None)",
        "print(",
        "x.y.z",
        "n=False",
    ),
    *(
        "ValueError: no",
        "Traceback (most recent call last):",
        "FAILED",
        "fatal: x",
        "error",
        "terror",
    ),
)
texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=6).map(" ".join)


@given(st.lists(st.tuples(texts, texts, texts), min_size=1, max_size=4), texts)
def test_a_run_is_redacted_as_each_of_its_texts(
    steps: list[tuple[str, str, str]], task: str
) -> None:
    run = Trajectory(
        Digest(f"sha256:{'0' * 64}"),
        task,
        tuple(
            Step(number, "agent", message, "", (ToolCall("python", code),), seen)
            for number, (message, code, seen) in enumerate(steps, 1)
        ),
        Outcome(Result.PASS),
        "run.json",
    )
    redactor = Redactor()
    [cleaned] = redactor.all([run])
    written = [task, *(part for step in steps for part in step)]
    shown = [cleaned.task]
    for step in cleaned.steps:
        shown += [step.message, step.calls[0].arguments, step.observation]
    assert shown == [redact_text(text)[0] for text in written]
    assert redactor.counts.total() == sum(sum(redact_text(text)[1].values()) for text in written)


@given(texts)
def test_a_text_without_anything_unseen_is_left_as_it_is(text: str) -> None:
    assert lines.plain(text) == lines._UNSEEN.sub("", lines._ANSI.sub("", text))  # noqa: SLF001 - the long way


@given(texts)
def test_calls_are_found_among_whatever_can_be_one(code: str) -> None:
    found = list(vocabulary._calls(code))  # noqa: SLF001 - what is tested
    assert found == vocabulary._CALL.findall(code)  # noqa: SLF001 - the long way


OPTIONS = ["a=True", "A=True", "ab.c=None", "_x1=False", "=True", "é=None", "b=Trueish", "x" * 70]


@given(st.lists(st.sampled_from([*OPTIONS, " ", "(", ".", "=False"]), max_size=8).map("".join))
def test_options_are_found_among_whatever_can_be_one(code: str) -> None:
    plainly = re.findall(r"(?<![\w.])([a-z_]\w*=(?:True|False|None))\b", code)
    found = list(vocabulary._options(code))  # noqa: SLF001 - what is tested
    assert [name for name in found if len(name) <= 60] == [n for n in plainly if len(n) <= 60]


@given(st.lists(texts, min_size=1))
def test_no_line_of_an_error_is_missed(shown: list[str]) -> None:
    entries = [sheets.Entry(n, n, f"{n}| {text}") for n, text in enumerate(shown, 1)]
    urgent = {at for at, text in enumerate(shown) if sheets._ERROR.match(text)}  # noqa: SLF001 - the long way
    marked = sheets._urgent(entries, "\n".join(entry.text for entry in entries))  # noqa: SLF001 - what is tested
    assert urgent <= set(marked)
    assert bool(urgent) == bool(marked)
