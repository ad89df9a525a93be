"""Placeholders stay, quotes are found again, all of it once and in linear time."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from pathlib import Path

import planted
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillgit.adapters.files import read_trajectory_files
from skillgit.names import Digest
from skillgit.trajectories.importers import import_file
from skillgit.trajectories.lines import step_text
from skillgit.trajectories.redaction import PLACEHOLDER, Kind, Redactor
from skillgit.trajectories.redaction import known as known_values
from skillgit.trajectories.view import quote, step_lines, view
from skillgit.types import Diagnostic, LineRange, Outcome, Quote, Result, Step, ToolCall, Trajectory

DATA = Path(__file__).parents[3] / "../shared/data"


def _each_line(before: str) -> Callable[[str], str]:
    return lambda text: "\n".join(before + line for line in text.split("\n"))


CONTEXTS: dict[str, Callable[[str], str]] = {
    "alone": str,
    "JSON": lambda text: json.dumps({"a": text}),
    "JSON in JSON": lambda text: json.dumps({"a": json.dumps({"b": text})}),
    "Python": repr,
    "diff": _each_line("+"),
    "quoted mail": _each_line("> "),
    "grep -n": _each_line("17:"),
    "cat -n": _each_line("    17\t"),
    "numbered": _each_line("17| "),
    "Windows lines": lambda text: text.replace("\n", "\r\n"),
    "coloured": lambda text: f"{text[: len(text) // 2]}\x1b[01;31m{text[len(text) // 2 :]}\x1b[0m",
    "zero width": lambda text: f"{text[: len(text) // 2]}\u200b{text[len(text) // 2 :]}",
    "Markdown": lambda text: f"`{text}`",
    "table": lambda text: f"| {text} |",
    "HTML": lambda text: f"<td>{text}</td>",
    "CSV": lambda text: f"a,{text},b",
}


@pytest.mark.parametrize("context", CONTEXTS)
def test_each_kind_is_hidden_however_it_is_written(context: str) -> None:
    for secret in planted.SECRETS:
        text = CONTEXTS[context](secret.text)
        cleaned = Redactor(planted.PATTERN).text(text)
        assert not [part for part in secret.hidden if part in cleaned], secret.kind
        again = Redactor(planted.PATTERN)
        assert again.text(cleaned) == cleaned
        assert not again.counts


def made(*observations: str, arguments: str = "{}") -> Trajectory:
    steps = tuple(
        Step(
            number, "agent", f"look {number}", calls=(ToolCall("run", arguments),), observation=one
        )
        for number, one in enumerate(observations, 1)
    )
    return Trajectory(
        Digest(f"sha256:{'0' * 64}"), "task", steps, Outcome(Result.FAIL, 0.0, "test"), "a.json"
    )


some_texts = st.lists(
    st.lists(
        st.sampled_from(
            [
                *(secret.text for secret in planted.SECRETS),
                "plain words",
                "x = 1",
                "",
                "17",
                "\x1b[1m",
            ]
        ),
        max_size=5,
    ).map("\n".join),
    min_size=1,
    max_size=4,
)


@given(some_texts)
@settings(max_examples=60, deadline=None)
def test_quotes_of_what_is_shown_are_found_again(observations: list[str]) -> None:
    """Cut from the redacted run by the program, and from the same run redacted once more."""
    run = made(*observations)
    [once] = Redactor(planted.PATTERN).all([run])
    [again] = Redactor(planted.PATTERN).all([once])
    assert again == once
    shown = view(once, 100_000)
    for step in once.steps:
        for number in range(1, len(step_lines(step)) + 1):
            cut = shown.quote(step.number, LineRange(number, number))
            if isinstance(cut, Quote):
                assert cut.text in step_text(step)
                assert cut == quote(again, step.number, LineRange(number, number))
                assert cut.text in shown.text


@given(some_texts, some_texts)
@settings(max_examples=30, deadline=None)
def test_equal_values_have_equal_placeholders_in_all_runs_of_a_round(
    one: list[str], other: list[str]
) -> None:
    both = Redactor(planted.PATTERN).all([made(*one), made(*other)])
    [first, second] = [set(PLACEHOLDER.findall(repr(run))) for run in both]
    alone = {*PLACEHOLDER.findall(repr(Redactor(planted.PATTERN).all([made(*other)])))}
    assert alone <= second
    if one == other:
        assert first == second


def test_what_json_spells_out_is_hidden() -> None:
    spelt = '{"note": "k=\\u0067hp_' + "0aB1" * 9 + '", "password": "cor\\"rect", "n": [1, null]}'
    [run] = Redactor().all([made("seen", arguments=spelt)])
    arguments = json.loads(run.steps[0].calls[0].arguments)
    assert PLACEHOLDER.search(arguments["note"])
    assert PLACEHOLDER.fullmatch(arguments["password"])
    assert arguments["n"] == [1, None]
    nested = json.dumps({"a": json.dumps({"b": '"\\u0067'[1:]})})
    [same] = Redactor().all([made("seen", arguments=nested)])
    assert same.steps[0].calls[0].arguments == nested, "what holds nothing stays as it is written"
    deep = "[" * 5000 + "]" * 5000
    assert Redactor().all([made("seen", arguments=deep)])[0].steps[0].calls[0].arguments == deep


@given(st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_many_values_are_found_as_few_are(seed: int) -> None:
    draw = random.Random(seed)
    values = ["".join(draw.choices("ab1-", k=draw.randint(8, 12))) for _ in range(60)]
    text = "".join(
        draw.choice([" ", ".", "a", "1", "", "\n"]) + draw.choice(values) for _ in range(90)
    )
    many = known_values.Known()
    for value in values:
        many.add(value, Kind.TOKEN)
    slow, fast = many._one_by_one(text), many._all_at_once(text)  # noqa: SLF001 - both ways
    apart = [
        {(a, b) for a, b in way if not (text[a - 1 : a].isalnum() or text[b : b + 1].isalnum())}
        for way in (slow, fast)
    ]
    assert apart[0] == apart[1]


# --------------------------------------------------------------------------- time

PARTS = (
    *(
        "a",
        "-",
        "--",
        "=",
        "@",
        ":",
        "1.",
        "0",
        "\\",
        "\\n",
        "\x1b]",
        "\u200b",
        "Aa0/",
        "aA1bB2cC3dD4",
    ),
    *(
        "eyJ",
        "eyJ-",
        "eyJ=",
        "sk-",
        "xoxb-",
        "SG.a",
        "-us",
        "AKIA",
        "1234567890:",
        "hooks.slack.com/",
    ),
    *("-----BEGIN PRIVATE KEY-----", "BEGIN PRIVATE KEY END ", "PuTTY-User-Key-File-2 "),
    *("password=", "password='", "password: a", "password is ", "<password>", "api_key", "token"),
    *(
        "://",
        "://a:",
        "://a@",
        "?token=",
        "u0026key=a",
        "&sig=",
        "bearer a",
        "Basic ////",
        " -u a:",
    ),
    *(
        "a.a@a.a.",
        "a@a-",
        "a@b:~",
        "ssh a@b ",
        "/home/",
        "-home-",
        "C:\\Users\\",
        "-rw-r--r-- 1 a b 1",
    ),
    *("10.0.0.1:", "00:", "a-1.local", ".local", "DESKTOP-", "-macbook", "\\\\A1", "hostname=a1"),
    *("mysql -p", "docker login -p", "sshpass -p", "login a password b ", "--token ", "sid="),
    *(
        "[secret:",
        "[secret:000000]",
        "M" + "a" * 23 + ".",
        "\u0130password=",
        "'aA1bB2cC3dD4eE5fF6gG7'\n",
    ),
)


@pytest.mark.parametrize("part", PARTS)
def test_no_text_takes_more_than_linear_time(part: str) -> None:
    def seconds(size: int) -> float:
        text = part * (size // len(part))
        begun = time.process_time()
        Redactor().text(text)
        return time.process_time() - begun

    def is_linear() -> bool:
        small, large = seconds(40_000), seconds(160_000)
        # Ten seconds for a megabyte that was made for it; four times the text, four times the time.
        return large < 1.5 and (large < 0.3 or large < 9 * small)

    assert any(is_linear() for _ in range(3)), "a busy machine may be slow once, not thrice"


def test_a_megabyte_of_runs_takes_well_under_a_second() -> None:
    if not DATA.is_dir():
        pytest.skip("the shared data is not here")
    runs = [
        run
        for file in read_trajectory_files((DATA / "trajectories" / "spreadsheet",))
        if not isinstance(file, Diagnostic)
        for run in import_file(file).trajectories
    ]
    size = sum(len(step_text(step)) for run in runs for step in run.steps)
    begun = time.process_time()
    Redactor().all(runs)
    assert (time.process_time() - begun) / (size / 1e6) < 0.8
