"""`skillgit remember`, and runs that recall: real HTTP for both models, the real sandbox."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from analysts import chat_trajectory, schema_of
from embedding import ScriptedEmbeddings
from repositories import Repository
from scripted import Answer, Request, ScriptedEndpoint, refusing, replying
from sums import HONEST, WRONG, agent, write_tasks

from skillgit.cli import run
from skillgit.config import Sandbox
from skillgit.provenance.bank import Bank, parse_bank
from skillgit.sandbox import examine

confined = pytest.mark.skipif(
    examine(Sandbox()) is not None, reason="bubblewrap cannot be used on this machine"
)
SKILL = {"skills/sums/SKILL.md": "---\nname: sums\ndescription: Add.\n---\n\n# Sums\n\nGuess.\n"}
TOPICS = ("apples", "pears", "plums")


def model(request: Request) -> Answer:
    """Remembers the fruit of a run; as an agent it counts where a note of its fruit says so."""
    if "response_format" in request:
        return remembering(request)
    task = "\n".join(message["content"] for message in request["messages"])
    fruit = re.findall(r"> \((\w+)\)", task)[0]
    if f"Count {fruit} one by one" in task:
        return agent(request)
    if agent(request).content == "DONE":
        return Answer("DONE")
    return Answer(f"I guess.\n\n```python\n{WRONG}\n```")


def remembering(request: Request) -> Answer:
    assert list(schema_of(request)["properties"]) == ["why", "memories"]
    told = request["messages"][-1]["content"]
    fruit = re.findall(r"the (\w+) of", told)[0]
    verb = "Count" if "PASSED" in told else "Never guess"
    item = {
        "title": f"{verb} {fruit} one by one",
        "description": f"When {fruit} are to be added.",
        "content": "Call `sum`.",
    }
    told_on = item | {"title": "What the grader expects"}
    return replying({"why": "It counted.", "memories": [item, told_on]})


@pytest.fixture
def endpoint() -> Iterator[ScriptedEndpoint]:
    with ScriptedEndpoint(model) as server:
        yield server


@pytest.fixture
def embedder() -> Iterator[ScriptedEmbeddings]:
    with ScriptedEmbeddings() as server:
        yield server


@pytest.fixture(autouse=True)
def settings(
    monkeypatch: pytest.MonkeyPatch, endpoint: ScriptedEndpoint, embedder: ScriptedEmbeddings
) -> None:
    values = {
        "BASE_URL": endpoint.url,
        "RECALL_BASE_URL": embedder.url,
        "SANDBOX_SECONDS": "20",
        "AGENT_PROTOCOL": "text",
        "ENDPOINT_RETRIES": "0",
        "ENDPOINT_PATIENCE": "0",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"SKILLGIT_{name}", value)


@pytest.fixture
def skills(repository: Callable[..., Repository], monkeypatch: pytest.MonkeyPatch) -> Repository:
    made = repository(SKILL)
    monkeypatch.chdir(made.path)
    return made


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    folder = tmp_path / "runs"
    folder.mkdir()
    for number, fruit in enumerate(TOPICS):
        text = chat_trajectory(
            f"Add up the {fruit} of a farm.", f"print({number})", "fail" if number == 2 else "pass"
        )
        (folder / f"{fruit}.json").write_text(text, encoding="utf-8")
    unknown = chat_trajectory("Add up the nuts of a farm.", "print()", "unknown")
    (folder / "nuts.json").write_text(unknown, encoding="utf-8")
    return folder


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    """Each task is about one fruit, and its query holds the program that an agent could write."""
    return write_tasks(tmp_path / "tasks", dict.fromkeys(TOPICS, HONEST))


def remember(runs: Path, bank: Path, *more: str) -> int:
    return run(["remember", "-t", str(runs), "-o", str(bank), "-q", *more])


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def bank_in(path: Path) -> Bank:
    return parse_bank(path.read_bytes())


def test_each_trajectory_with_an_outcome_gives_its_items(
    skills: Repository, runs: Path, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    file = skills.path / "bank.json"
    assert remember(runs, file, "--json") == 0
    found = told(capsys)
    assert found["trajectories"] == {"found": 4, "asked": 3, "in_memory": 0}
    assert (found["bank"]["entries"], found["bank"]["items"]) == (3, 3)
    bank = bank_in(file)
    titles = {entry.query: [item.title for item in entry.items] for entry in bank.entries}
    assert titles == {
        "Add up the apples of a farm.": ["Count apples one by one"],
        "Add up the pears of a farm.": ["Count pears one by one"],
        "Add up the plums of a farm.": ["Never guess plums one by one"],
    }
    assert bank.digest == found["bank"]["digest"]
    systems = {one["messages"][0]["content"] for one in endpoint.requests}
    assert len(systems) == 1
    before = file.read_bytes()
    assert remember(runs, file) == 0
    assert (file.read_bytes(), len(endpoint.requests)) == (before, 3)
    assert "3 items of 3 trajectories" in capsys.readouterr().out


def test_signals_choose_and_a_plan_asks_nothing(
    skills: Repository, runs: Path, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    file = skills.path / "bank.json"
    assert remember(runs, file, "--signals", "error") == 0
    assert [len(bank_in(file).entries), len(endpoint.requests)] == [1, 1]
    capsys.readouterr()
    assert run(["remember", "-t", str(runs), "--dry-run", "-q"]) == 0
    assert (
        "Calls         2 to 4, one and perhaps another for each; 1 are" in capsys.readouterr().out
    )
    assert len(endpoint.requests) == 1


def test_nothing_to_remember_is_no_success_and_says_why(
    skills: Repository, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert remember(runs / "nuts.json", skills.path / "bank.json") == 1
    assert "none with these signals has an outcome" in capsys.readouterr().err


def test_without_a_file_for_the_bank_nothing_is_asked(
    skills: Repository, runs: Path, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["remember", "-t", str(runs), "-q"]) == 2
    assert "-o FILE" in capsys.readouterr().err
    assert not endpoint.requests


def test_a_stopped_command_goes_on_and_no_repository_is_needed(
    tmp_path: Path, runs: Path, monkeypatch: pytest.MonkeyPatch, endpoint: ScriptedEndpoint
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SKILLGIT_ENDPOINT_WORKERS", "1")
    endpoint.queue(replying(_items("apples")), refusing(401, "gone"))
    assert remember(runs, tmp_path / "bank.json") == 4
    asked = len(endpoint.requests)
    assert remember(runs, tmp_path / "bank.json") == 0
    assert len(endpoint.requests) == asked + 2
    assert (tmp_path / ".skillgit" / "replies.db").exists()


def _items(fruit: str) -> dict[str, object]:
    item = {"title": f"Count {fruit}", "description": "Then.", "content": "Call `sum`."}
    return {"why": "So.", "memories": [item]}


@confined
def test_a_run_is_told_what_the_nearest_task_taught_and_nothing_else_changes(
    skills: Repository,
    runs: Path,
    tasks: Path,
    endpoint: ScriptedEndpoint,
    embedder: ScriptedEmbeddings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = skills.path / "bank.json"
    assert remember(runs, file) == 0
    evaluate = ["eval", "--tasks", str(tasks), "--seed", "41", "-q", "--json"]
    capsys.readouterr()
    assert run([*evaluate, "--no-skill", "--bank", str(file), "--against", "none"]) == 0
    found = told(capsys)
    passed = {
        name: {one["task"]: one["passed"] for one in side["runs"]}
        for name, side in found["sides"].items()
    }
    assert passed["base"] == dict.fromkeys(TOPICS, False)
    assert passed["other"] == {"apples": True, "pears": True, "plums": False}
    assert [side["recalls"] for side in found["sides"].values()] == [False, True]
    assert found["kept"] == 0
    assert any("harness differs" in one for one in found["remarks"] + found["result"]["remarks"])
    asked = len(endpoint.requests)
    embedded = len(embedder.embedded)
    assert run([*evaluate, "--no-skill", "--bank", str(file)]) == 0
    assert told(capsys)["kept"] == 3
    assert (len(endpoint.requests), len(embedder.embedded)) == (asked, embedded)
    # Another bank is another harness: no run is taken for one of it.
    assert remember(runs, file, "--signals", "success") == 0
    capsys.readouterr()
    assert run([*evaluate, "skills/sums", "--bank", str(file)]) == 0
    assert told(capsys)["kept"] == 0


@confined
def test_a_trajectory_does_not_hold_the_items_that_its_agent_was_told(
    skills: Repository, runs: Path, tasks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = skills.path / "bank.json"
    assert remember(runs, file) == 0
    words = ["rollout", "skills/sums", "--bank", str(file), "--tasks", str(tasks), "-o", "out"]
    capsys.readouterr()
    assert run([*words, "-q", "--task", "apples", "--json"]) == 0
    found = told(capsys)
    assert found["recalls"] is True
    assert found["runs"][0]["passed"] is True
    text = (skills.path / "out/apples/41/trajectory.json").read_text()
    assert "one by one" not in text
    assert "[memory items as the agent was given them, sha256:" in text


@confined
def test_who_measures_a_bank_on_its_own_tasks_is_told(
    skills: Repository, tasks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["rollout", "skills/sums", "--tasks", str(tasks), "-o", "out", "-q"]
    assert run([*words, "--task", "apples"]) == 0
    file = skills.path / "bank.json"

    with ScriptedEndpoint(lambda _: replying(_items("apples"))) as other:
        more = ("--tasks", str(tasks), "--base-url", other.url)
        assert remember(skills.path / "out", file, *more) == 0
    [entry] = bank_in(file).entries
    assert entry.query.startswith("Add the numbers. <")
    capsys.readouterr()
    assert run([*words[:1], "--no-skill", *words[2:-2], "out2", "-q", "--bank", str(file)]) == 0
    assert "1 of 3 tasks gave trajectories to the memory bank" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["eval", "skills/sums", "--no-skill"], "there is one"),
        (["eval", "--no-skill", "--against", "HEAD"], "there is one"),
        (["eval", "--agent", "gold", "--bank", "bank.json"], "--bank"),
        (["rollout", "--agent", "gold", "-o", "x", "--bank", "bank.json"], "--bank"),
        (["rollout", "--no-skill", "-o", "x", "--bank", "empty.json"], "nothing is remembered"),
        (["eval", "--no-skill", "--bank", "bank.json"], "skillgit remember"),
    ],
)
def test_a_wrong_command_line_says_what_is_wrong(
    skills: Repository,
    tasks: Path,
    arguments: list[str],
    why: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (skills.path / "bank.json").write_text("{}")
    empty = '{"schema": "skillgit.bank/1", "model": "m", "entries": []}'
    (skills.path / "empty.json").write_text(empty)
    assert run([*arguments, "--tasks", str(tasks), "-q"]) == 2
    assert why in capsys.readouterr().err


@confined
def test_where_nobody_embeds_no_run_is_made(
    skills: Repository, runs: Path, tasks: Path, embedder: ScriptedEmbeddings, tmp_path: Path
) -> None:
    file = skills.path / "bank.json"
    assert remember(runs, file) == 0
    embedder.faults.append(refusing(404, "no route"))
    words = ["rollout", "--no-skill", "--bank", str(file), "--tasks", str(tasks), "-q"]
    assert run([*words, "-o", "out"]) in {3, 4}
    assert not list((skills.path / "out").glob("*/41"))


def test_who_copies_the_example_is_asked_once_more_without_it(
    skills: Repository, runs: Path, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    def copying(request: Request) -> Answer:
        system = request["messages"][0]["content"]
        example = re.findall(r'(?m)^(\{"why".*)$', system)
        return replying(json.loads(example[0])) if example else remembering(request)

    endpoint.reply = copying
    assert remember(runs, skills.path / "bank.json", "--json") == 0
    assert told(capsys)["bank"]["items"] == 3
    assert len(endpoint.requests) == 6
    assert sum("An example" in one["messages"][0]["content"] for one in endpoint.requests) == 3
    first, bare = (one["messages"][0]["content"] for one in endpoint.requests[-2:])
    assert "csv" not in min(first, bare, key=len)


def test_who_has_no_use_twice_is_told_with_the_reason(
    skills: Repository, runs: Path, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    item = {"title": "What the grader expects", "description": "Then.", "content": "Do."}
    endpoint.reply = lambda _: replying({"why": "So.", "memories": [item]})
    assert remember(runs, skills.path / "bank.json", "--json") == 1
    found = told(capsys)
    assert {"copy the example" in one["reason"] for one in found["without"]} == {True}
    assert len(found["without"]) == 3
