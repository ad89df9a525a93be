"""A round that may spend so much and no more: it stops, and goes on with more, to the same end."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from analysts import chat_trajectory, plausible
from closed_loop import TEXT, Cast, Loop, keys
from repositories import Repository
from scripted import Answer, Request, ScriptedEndpoint, refusing, replying

from skillgit.cli import run
from skillgit.config import Sandbox
from skillgit.sandbox import examine

confined = pytest.mark.skipif(
    examine(Sandbox()) is not None, reason="bubblewrap cannot be used on this machine"
)

SINGLE = ("--error-analyst", "single-call", "--merge-batch", "4")
RUNS = 14
PRICES = ("--price-in", "1000", "--price-out", "1000")
"""So a token costs a thousandth."""


def counting(request: Request) -> Answer:
    """A model that counts its tokens: one for six bytes."""
    answer = plausible(request)
    text = "".join(message["content"] for message in request["messages"])
    content = answer.content or ""
    return Answer(content, prompt_tokens=len(text) // 6, output_tokens=len(content) // 6)


@pytest.fixture(autouse=True)
def same_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795000000")


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    folder = tmp_path / "runs"
    folder.mkdir()
    for number in range(RUNS):
        text = chat_trajectory(
            f"task {number}", "import openpyxl", "fail" if number % 3 else "pass"
        )
        (folder / f"{number}.json").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def endpoint() -> Iterator[ScriptedEndpoint]:
    with ScriptedEndpoint(counting) as server:
        yield server


@pytest.fixture
def loop(repository: Callable[..., Repository], tmp_path: Path) -> Loop:
    return Loop(repository({"skills/sums/SKILL.md": TEXT}), tmp_path)


@pytest.fixture
def whole(loop: Loop, runs: Path, endpoint: ScriptedEndpoint) -> tuple[str, list[Request]]:
    """The branch of a round without an end, and all that it asked; then all is forgotten."""
    assert loop.evolve("-t", runs, *SINGLE, endpoint=endpoint) == 0
    tip, asked = tips(loop), list(endpoint.requests)
    for ref in loop.repository.git("for-each-ref", "--format=%(refname)").split():
        if not ref.endswith("/main"):
            loop.repository.git("update-ref", "-d", ref)
    shutil.rmtree(loop.state)
    endpoint.requests.clear()
    return tip, asked


def tips(loop: Loop) -> str:
    return loop.repository.git("for-each-ref", "--format=%(refname) %(objectname)")


def spent(requests: list[Request]) -> int:
    """The tokens of requests, as the model counts them."""
    answers = [(request, counting(request)) for request in requests]
    return sum(answer.prompt_tokens + answer.output_tokens for _, answer in answers)


def test_a_round_stopped_again_and_again_comes_to_the_same_commits(
    loop: Loop,
    runs: Path,
    endpoint: ScriptedEndpoint,
    whole: tuple[str, list[Request]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    tip, asked = whole
    before = tips(loop)
    codes: list[int] = []
    while not codes or codes[-1] == 4:
        sent = len(endpoint.requests)
        codes.append(loop.evolve("-t", runs, *SINGLE, "--max-calls", 5, endpoint=endpoint))
        told = capsys.readouterr().err
        if codes[-1] == 4:
            assert len(endpoint.requests) - sent == 5, "exactly"
            assert tips(loop) == before
            assert "all 5 calls of --max-calls are made (5 calls, " in told
            assert "the same command with a higher --max-calls goes on" in told
            assert re.search(r"so far: analyze \d+ of 14", told)
            assert "Traceback" not in told
    assert codes == [4] * ((len(asked) - 1) // 5) + [0]
    assert tips(loop) == tip
    assert keys(endpoint.requests) == keys(asked)
    assert len(endpoint.requests) == len(asked), "nothing is paid twice"


@pytest.mark.parametrize("option", ["--max-tokens", "--max-cost"])
def test_tokens_and_money_are_never_exceeded(
    loop: Loop,
    runs: Path,
    endpoint: ScriptedEndpoint,
    whole: tuple[str, list[Request]],
    option: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tip, asked = whole
    total = spent(asked)
    cap, code, rounds = 12_000, 4, 0
    while code == 4:
        sent = len(endpoint.requests)
        most = str(cap if option == "--max-tokens" else cap / 1000)
        more = PRICES if option == "--max-cost" else ()
        code = loop.evolve("-t", runs, *SINGLE, option, most, *more, endpoint=endpoint)
        used = spent(endpoint.requests[sent:])
        assert used <= cap
        told = capsys.readouterr().err
        assert code == 0 or f"of {option} are" in told
        rounds += 1
        cap += 1_000
    assert code == 0
    assert rounds > 1
    assert tips(loop) == tip
    assert len(endpoint.requests) == len(asked)
    assert spent(endpoint.requests) == total


def test_what_is_remembered_is_free(
    loop: Loop, runs: Path, endpoint: ScriptedEndpoint, whole: tuple[str, list[Request]]
) -> None:
    tip, _ = whole
    assert loop.evolve("-t", runs, *SINGLE, endpoint=endpoint) == 0
    asked = len(endpoint.requests)
    caps = ("--max-calls", 0, "--max-tokens", 0, "--max-cost", 0, *PRICES)
    assert loop.evolve("-t", runs, *SINGLE, *caps, endpoint=endpoint) == 0
    assert (tips(loop), len(endpoint.requests)) == (tip, asked)


def test_the_environment_may_hold_the_caps(
    loop: Loop, runs: Path, endpoint: ScriptedEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILLGIT_MAX_CALLS", "3")
    assert loop.evolve("-t", runs, *SINGLE, endpoint=endpoint) == 4
    assert len(endpoint.requests) == 3
    assert loop.evolve("-t", runs, *SINGLE, "--max-calls", 100, endpoint=endpoint) == 0


@pytest.mark.parametrize(
    "answer", [replying({"no": "use"}), Answer("no JSON"), refusing(500), Answer(reset=True)]
)
def test_tries_count_as_well(
    loop: Loop, runs: Path, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes to nothing is asked anew, and each time is a call."""
    monkeypatch.setenv("SKILLGIT_ENDPOINT_RETRIES", "1")
    with ScriptedEndpoint(lambda _: answer) as endpoint:
        assert loop.evolve("-t", runs, *SINGLE, "--max-calls", 7, endpoint=endpoint) == 4
        assert len(endpoint.requests) == 7


def test_a_cost_needs_prices(loop: Loop, runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert loop.evolve("-t", runs, *SINGLE, "--max-cost", 1, endpoint=None) == 2
    assert "give --price-in and --price-out" in capsys.readouterr().err


def test_several_processes_keep_no_common_account(
    loop: Loop, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    caps = ("--max-calls", 5, "--executor", "ray://127.0.0.1:9")
    assert loop.evolve("-t", runs, *SINGLE, *caps, endpoint=None) == 2
    assert "sends from several processes" in capsys.readouterr().err


def test_caps_do_not_change_the_round(
    loop: Loop, runs: Path, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    def made(*more: object) -> dict[str, Any]:
        assert loop.evolve("-t", runs, *SINGLE, "--json", *more, endpoint=endpoint) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    one, other = made("--max-calls", 1000, "--max-tokens", 10_000_000), made()
    assert (one["round"], one["branch"]) == (other["round"], other["branch"])


# ------------------------------------------------------------------ agents


@confined
@pytest.mark.parametrize("verb", ["rollout", "eval"])
def test_runs_of_an_agent_stop_and_go_on_as_well(
    loop: Loop, tmp_path: Path, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedEndpoint(Cast()) as endpoint:
        more = ["-o", str(tmp_path / "out")] if verb == "rollout" else ["--seed", "41"]
        where = ["--tasks", str(loop.teaching), "--base-url", endpoint.url, "--protocol", "text"]
        words = ["-C", str(loop.repository.path), verb, "skills/sums", *where, *more, "-q"]
        assert run([*words, "--max-calls", "3"]) == 4
        told = capsys.readouterr().err
        assert "all 3 calls of --max-calls are made" in told
        assert "so far: " in told
        assert len(endpoint.requests) == 3
        assert run(words) == 0
        assert len(keys(endpoint.requests)) == len(endpoint.requests), "nothing is asked twice"
