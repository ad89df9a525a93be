"""`skillgit evolve --dry-run`: what would be asked, without asking any analyst."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from analysts import chat_trajectory, is_merge, plausible
from closed_loop import TEACHING, TEXT, VALIDATION, Cast, Loop
from drawing import png, question, write_docvqa
from repositories import Repository
from scripted import Answer, Request, ScriptedEndpoint

from skillgit.cli import run
from skillgit.config import Sandbox
from skillgit.sandbox import examine

confined = pytest.mark.skipif(
    examine(Sandbox()) is not None, reason="bubblewrap cannot be used on this machine"
)
SINGLE = ("--error-analyst", "single-call")
PRICES = ("--price-in", "2", "--price-cached", "0.5", "--price-out", "8")


def answering(request: Request) -> Answer:
    """Analysts and merges plausibly, a probe after 0.2 s and 10 ms for each token."""
    if "response_format" in request:
        return plausible(request)
    tokens = request["max_tokens"]
    text = request["messages"][0]["content"]
    return Answer(
        "1 " * tokens,
        prompt_tokens=len(text) // 3,
        output_tokens=tokens,
        delay=0.2 + 0.01 * (tokens - 1),
    )


@pytest.fixture(autouse=True)
def in_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLGIT_AGENT_PROTOCOL", "text")


@pytest.fixture
def endpoint() -> Iterator[ScriptedEndpoint]:
    with ScriptedEndpoint(answering) as server:
        yield server


@pytest.fixture
def loop(repository: Callable[..., Repository], tmp_path: Path) -> Loop:
    return Loop(repository({"skills/sums/SKILL.md": TEXT}), tmp_path)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    folder = tmp_path / "given"
    folder.mkdir()
    for number in range(9):
        result = "fail" if number % 3 else "pass"
        text = chat_trajectory(f"task {number}", f"import openpyxl  # {number}", result)
        (folder / f"{number}.json").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def plan(loop: Loop, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """The plan as JSON; by default of an endpoint that is not there."""

    def planned(*more: object, endpoint: ScriptedEndpoint | None = None) -> dict[str, Any]:
        refs = loop.repository.git("for-each-ref")
        where = () if endpoint else ("--base-url", "http://127.0.0.1:9/v1", "--model", "tiny")
        capsys.readouterr()
        assert loop.evolve(*more, *where, "--dry-run", "--json", endpoint=endpoint) == 0
        assert loop.repository.git("for-each-ref") == refs
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert found["schema"] == "skillgit.plan/1"
        return found

    return planned


def step(plan: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [step for step in plan["steps"] if step["name"] == name]
    return dict(found)


def rows(loop: Loop, table: str) -> int:
    """What the memory holds."""
    with sqlite3.connect(loop.state / "replies.db") as memory:
        (count,) = memory.execute(f"SELECT COUNT(*) FROM {table}").fetchone()  # noqa: S608 - a name
    memory.close()
    return int(count)


# ------------------------------------------------------------------ analysts


def test_the_plan_counts_what_the_round_then_sends(
    loop: Loop, endpoint: ScriptedEndpoint, runs: Path, plan: Callable[..., dict[str, Any]]
) -> None:
    given = ("-t", runs, *SINGLE)
    found = plan(*given, "--no-probe", endpoint=endpoint)
    assert endpoint.requests == []
    assert (rows(loop, "replies"), rows(loop, "rounds")) == (0, 0)
    assert found["trajectories"] | {"found": 9, "pass": 3, "fail": 6} == found["trajectories"]
    assert found["seconds"] is found["cost"] is found["probe"] is None
    passed, failed = step(found, "success analysts"), step(found, "error analysts")
    assert (passed["subjects"], passed["remembered"], passed["calls"]) == (3, 0, [3, 6])
    assert (failed["subjects"], failed["remembered"], failed["calls"]) == (6, 0, [6, 12])

    assert loop.evolve(*given, endpoint=endpoint) == 0
    asked = [request for request in endpoint.requests if not is_merge(request)]
    first = [request["messages"] for request in asked if len(request["messages"]) == 2]
    for each, word in ((passed, "PASSED"), (failed, "FAILED")):
        mine = [messages for messages in first if f"The run {word}" in messages[1]["content"]]
        chars = sum(len(message["content"]) for messages in mine for message in messages)
        assert each["prompt_tokens"][0] == pytest.approx(chars / 4)
        assert each["calls"][0] == len(mine)
        shared = len(mine[0][0]["content"]) * (len(mine) - 1)
        assert each["shared_prompt_tokens"][0] == pytest.approx(shared / 4)
    within(step(found, "merges")["calls"], sum(map(is_merge, endpoint.requests)))
    within(found["total"]["calls"], len(endpoint.requests))


def within(bounds: list[float], count: float) -> None:
    assert bounds[0] <= count <= bounds[1], (bounds, count)


def test_what_is_remembered_is_not_sent(
    loop: Loop, endpoint: ScriptedEndpoint, runs: Path, plan: Callable[..., dict[str, Any]]
) -> None:
    given = ("-t", runs, *SINGLE, "--no-probe")
    assert loop.evolve("-t", runs, *SINGLE, "--limit", 2, endpoint=endpoint) in {0, 1}
    some = plan(*given, endpoint=endpoint)
    assert (step(some, "success analysts")["remembered"], some["total"]["remembered"]) == (2, 4)
    assert step(some, "error analysts")["calls"] == [4, 8]
    assert loop.evolve("-t", runs, *SINGLE, endpoint=endpoint) == 0
    asked = len(endpoint.requests)
    whole = plan(*given, endpoint=endpoint)
    assert whole["total"]["remembered"] == 9
    assert whole["total"]["calls"][0] == 0
    assert [step(whole, f"{role} analysts")["prompt_tokens"] for role in ("success", "error")] == (
        [[0, 0], [0, 0]]
    )
    other = plan(*given, "--seed", 42, endpoint=endpoint)
    assert other["total"]["remembered"] == 0, "another seed asks anew"
    assert len(endpoint.requests) == asked


def test_the_past_of_the_model_tells_the_output(
    loop: Loop, endpoint: ScriptedEndpoint, runs: Path, plan: Callable[..., dict[str, Any]]
) -> None:
    given = ("-t", runs, *SINGLE, "--no-probe")
    before = step(plan(*given, endpoint=endpoint), "success analysts")["output_tokens"]
    assert before == [3 * 150, 2 * 3 * 150 * 2]
    assert loop.evolve("-t", runs, *SINGLE, endpoint=endpoint) == 0
    anew = plan(*given, "--seed", 42, endpoint=endpoint)
    assert step(anew, "success analysts")["output_tokens"] == [3 * 5, 2 * 3 * 5]


def test_several_evolutions_ask_so_many_times(
    loop: Loop, runs: Path, plan: Callable[..., dict[str, Any]]
) -> None:
    one = plan("-t", runs, *SINGLE)
    three = plan("-t", runs, *SINGLE, "--gate", loop.validation, "--seeds-of-evolution", 3)
    for name in ("success analysts", "error analysts", "merges"):
        assert step(three, name)["calls"] == [3 * bound for bound in step(one, name)["calls"]]
    # Base and three evolutions, and two of these again with other seeds, on seven tasks.
    gate = step(three, "gate")
    assert (gate["subjects"], gate["calls"]) == (6 * 7 * 3, [0, 6 * 7 * 3 * 101])


# ------------------------------------------------------------------ the endpoint


def test_a_probe_tells_time_and_what_a_token_is(
    loop: Loop, endpoint: ScriptedEndpoint, runs: Path, plan: Callable[..., dict[str, Any]]
) -> None:
    found = plan("-t", runs, *SINGLE, "--workers", 3, endpoint=endpoint)
    assert [request["max_tokens"] for request in endpoint.requests] == [1, 33]
    begun = {request["messages"][0]["content"][:8] for request in endpoint.requests}
    assert len(begun) == 2, "no cache may answer the second faster"
    probe = found["probe"]
    assert probe["first_token_s"] == pytest.approx(0.2, abs=0.15)
    assert probe["token_s"] == pytest.approx(0.01, abs=0.004)
    assert found["chars_per_token"] == pytest.approx(3, rel=0.05)
    # Nine calls, three at once, of one lesson each at the least.
    assert found["seconds"][0] == pytest.approx(3 * (0.2 + 150 * 0.01), rel=0.5)
    assert found["seconds"][1] > 2 * found["seconds"][0]
    assert (rows(loop, "replies"), found["not_probed"]) == (0, "")


def test_more_workers_are_faster(
    endpoint: ScriptedEndpoint, runs: Path, plan: Callable[..., dict[str, Any]]
) -> None:
    slow = plan("-t", runs, *SINGLE, "--workers", 1, endpoint=endpoint)["seconds"]
    fast = plan("-t", runs, *SINGLE, "--workers", 9, endpoint=endpoint)["seconds"]
    assert slow[0] > 4 * fast[0]


def test_without_an_endpoint_the_plan_comes_without_time(
    loop: Loop, endpoint: ScriptedEndpoint, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("-t", runs, *SINGLE, "--dry-run", "--base-url", "http://127.0.0.1:9/v1")
    assert loop.evolve(*given, endpoint=None) == 0
    shown = capsys.readouterr().out
    assert "an unknown model at http://127.0.0.1:9/v1" in shown
    assert "Time          not estimated: asking http://127.0.0.1:9/v1: it cannot be" in shown
    assert loop.evolve("-t", runs, *SINGLE, endpoint=endpoint) == 0
    capsys.readouterr()
    assert loop.evolve(*given, endpoint=None) == 0
    shown = capsys.readouterr().out
    assert "model tiny at" in shown, "the only one that ever replied"
    [total] = [line.split() for line in shown.splitlines() if line.startswith("Total")]
    assert total[1] == "9"


def test_a_model_that_refuses_the_probe_gives_a_plan_all_the_same(
    endpoint: ScriptedEndpoint, runs: Path, plan: Callable[..., dict[str, Any]]
) -> None:
    endpoint.reply = lambda _: Answer(status=400, body=b'{"error": {"message": "no"}}')
    found = plan("-t", runs, *SINGLE, endpoint=endpoint)
    assert (found["seconds"], found["not_probed"]) == (None, "400: no")


# ------------------------------------------------------------------ cost


def test_cost_is_between_all_and_nothing_cached(
    runs: Path, plan: Callable[..., dict[str, Any]]
) -> None:
    found = plan("-t", runs, *SINGLE, *PRICES)
    total = found["total"]
    (prompt, most), (shared, _) = total["prompt_tokens"], total["shared_prompt_tokens"]
    least_output, most_output = total["output_tokens"]
    low = ((prompt - shared) * 2 + shared * 0.5 + least_output * 8) / 1e6
    high = (most * 2 + most_output * 8) / 1e6
    assert found["cost"] == [pytest.approx(low, rel=1e-2), pytest.approx(high, rel=1e-2)]


def test_the_plan_in_words(
    loop: Loop, endpoint: ScriptedEndpoint, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("-t", runs, *SINGLE, *PRICES, "--dry-run")
    assert loop.evolve(*given, endpoint=endpoint) == 0
    shown = capsys.readouterr().out
    for words in (
        "model tiny at http://127.0.0.1:",
        "nothing was analysed, nothing was written",
        "Trajectories  9 found   (3 pass, 6 fail, 0 unknown, 0 duplicates)",
        "3 to 6",
        "one call each, once more about what does not fit",
        "if 128 calls at once are as fast as one",
        "probe of 2 small calls",
        "(a million prompt tokens at 2, 0.5 for cached ones, output tokens at 8)",
        "150 output tokens for a lesson",
    ):
        assert words in shown
    assert max(map(len, shown.splitlines())) < 120


# ------------------------------------------------------------------ agents


def test_without_trajectories_the_agent_runs_first(
    loop: Loop, plan: Callable[..., dict[str, Any]]
) -> None:
    found = plan("--tasks", loop.teaching, "--gate", loop.validation)
    count = len(TEACHING)
    assert found["trajectories"] is None
    rollouts, gate = step(found, "rollouts"), step(found, "gate")
    assert (rollouts["subjects"], rollouts["calls"]) == (count, [count, count * 101])
    assert step(found, "analysts")["calls"] == [0, count * 103]
    assert gate["calls"] == [0, 2 * len(VALIDATION) * 3 * 101]
    assert not (loop.state / "rollouts").exists()


def test_pictures_count_for_what_they_cost(
    loop: Loop, plan: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    asked = [question(number, f"documents/{number}.png", "x") for number in (1, 2)]
    small, large = png(280, 280, b""), png(1700, 2200, b"")  # 256 and 4,819 tokens

    def prompt(second: bytes) -> float:
        shown = {"documents/1.png": small, "documents/2.png": second}
        found = plan("--tasks", write_docvqa(tmp_path / "docvqa", asked, shown))
        return float(step(found, "rollouts")["prompt_tokens"][0])

    assert prompt(large) - prompt(small) == pytest.approx(4819 - 256, abs=2)


def test_causes_that_cannot_be_proven_are_refused_as_by_the_round(
    loop: Loop, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--base-url", "http://127.0.0.1:9/v1", "--model", "tiny")
    assert loop.evolve("-t", runs, "--dry-run", *where, endpoint=None) == 2
    assert "cannot be proven without the tasks" in capsys.readouterr().err
    assert loop.evolve("-t", runs, "--dry-run", *where, "--signals", "success", endpoint=None) == 0


def test_failed_runs_without_their_task_ask_nothing(
    loop: Loop, runs: Path, plan: Callable[..., dict[str, Any]]
) -> None:
    found = plan("-t", runs, "--tasks", loop.teaching)
    assert found["trajectories"]["not_provable"] == 6
    assert [each["name"] for each in found["steps"]] == ["success analysts", "merges", "reconcile"]


@confined
def test_error_analysts_are_planned_up_to_their_turns(
    loop: Loop, tmp_path: Path, plan: Callable[..., dict[str, Any]]
) -> None:
    runs = tmp_path / "runs"
    with ScriptedEndpoint(Cast()) as endpoint:
        rollout = ["rollout", "skills/sums", *loop.told(loop.teaching, runs, endpoint), "-q"]
        assert run(["-C", str(loop.repository.path), *rollout]) == 0
        endpoint.requests.clear()
        given = ("-t", runs, "--tasks", loop.teaching)
        before = plan(*given, "--no-probe", endpoint=endpoint)
        proofs = step(before, "error analysts")
        assert (proofs["subjects"], proofs["remembered"]) == (3, None)
        assert proofs["calls"] == [3 * 2, 3 * 103]
        assert loop.evolve(*given, endpoint=endpoint) == 0
        within(before["total"]["calls"], len(endpoint.requests))
        after = plan(*given, "--no-probe", endpoint=endpoint)
    assert step(after, "error analysts")["calls"] == [0, 3 * 103]
    assert after["total"]["remembered"] == 1
