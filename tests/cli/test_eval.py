"""`skillgit eval`, whole: real Git, real HTTP, the real sandbox; and what needs none of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from repositories import Repository
from scripted import Answer, Request, ScriptedEndpoint, refusing
from sums import HONEST, NOTHING, WRONG, agent, write_tasks

from skillgit.cli import run
from skillgit.config import Sandbox
from skillgit.sandbox import examine
from skillgit.skill.digest import skill_digest

confined = pytest.mark.skipif(
    examine(Sandbox()) is not None, reason="bubblewrap cannot be used on this machine"
)

HEAD = "---\nname: sums\ndescription: Add numbers.\n---\n\n# Sums\n\n"
GUESS = {"skills/sums/SKILL.md": f"{HEAD}Guess.\n"}
COUNT = {"skills/sums/SKILL.md": f"{HEAD}Count, never guess.\n"}
SKILL = "skills/sums"
PROGRAMS = {"a": HONEST, "b": HONEST, "c": HONEST, "d": WRONG}
WHOLE = {**dict.fromkeys("abcdefgh", HONEST), "z": WRONG}


def guided(request: Request) -> Answer:
    """An agent that works with a skill that says so, and guesses without one."""
    if "Count" in request["messages"][0]["content"]:
        return agent(request)
    if agent(request).content == "DONE":
        return Answer("DONE", prompt_tokens=50)
    return Answer(f"I guess.\n\n```python\n{WRONG}\n```", prompt_tokens=50)


@pytest.fixture
def endpoint() -> Iterator[ScriptedEndpoint]:
    with ScriptedEndpoint(guided) as server:
        yield server


@pytest.fixture
def skills(repository: Callable[..., Repository], monkeypatch: pytest.MonkeyPatch) -> Repository:
    made = repository(GUESS, COUNT)
    monkeypatch.chdir(made.path)
    return made


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLGIT_SANDBOX_SECONDS", "20")
    monkeypatch.setenv("SKILLGIT_AGENT_PROTOCOL", "text")
    monkeypatch.setenv("SKILLGIT_ENDPOINT_RETRIES", "0")
    monkeypatch.setenv("SKILLGIT_ENDPOINT_PATIENCE", "0")


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    return write_tasks(tmp_path / "tasks", PROGRAMS)


Evaluate = Callable[..., int]


@pytest.fixture
def evaluate(tasks: Path, endpoint: ScriptedEndpoint) -> Evaluate:
    """With one seed where nothing else is said."""

    def given(*more: str, seeds: tuple[int, ...] = (41,)) -> int:
        chosen = [word for seed in seeds for word in ("--seed", str(seed))]
        where = ["--tasks", str(tasks), "--base-url", endpoint.url]
        return run(["eval", *where, *chosen, "-q", *more])

    return given


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def only_git(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No program but Git is left, so that nothing could be confined."""
    git = shutil.which("git")
    assert git is not None
    folder.mkdir()
    (folder / "git").symlink_to(git)
    monkeypatch.setenv("PATH", str(folder))


# ------------------------------------------------------------------ two versions


@confined
def test_a_skill_is_compared_with_another_version_task_by_task(
    skills: Repository,
    evaluate: Evaluate,
    endpoint: ScriptedEndpoint,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert evaluate(SKILL, "--against", "HEAD~1", "--json", seeds=(41, 42)) == 0
    found = told(capsys)
    assert found["schema"] == "skillgit.eval/1"
    result, sides = found["result"], found["sides"]
    assert result["kind"] == "comparison"
    assert result["difference"]["estimate"] == 0.75
    assert result["mcnemar"] == {"wins": 3, "losses": 0, "ties": 1, "p": 0.25, "mid_p": 0.125}
    gains = {one["task"]: (one["base"], one["other"], one["runs"]) for one in result["tasks"]}
    assert gains == {"a": (0, 2, 2), "b": (0, 2, 2), "c": (0, 2, 2), "d": (0, 0, 2)}
    assert (result["base"]["tokens"]["mean"], result["other"]["tokens"]["mean"]) == (110, 507)
    assert result["base"]["turns"]["mean"] == result["other"]["turns"]["mean"] == 2
    assert (result["floor"], result["ceiling"]) == (
        {"hard": 0.0, "soft": 0.0},
        {"hard": 1.0, "soft": 1.0},
    )
    for name, revision, files in (("base", "HEAD~1", GUESS), ("other", "HEAD", COUNT)):
        data = {"SKILL.md": files["skills/sums/SKILL.md"].encode()}
        commit = skills.git("rev-parse", revision)
        skill = {"root": SKILL, "commit": commit, "digest": skill_digest(data)}
        assert sides[name]["skill"] == result[name]["subject"]["skill"] == skill
        assert len(sides[name]["runs"]) == 8
    assert found["kept"] == 0
    assert found["usage"]["calls"] == len(endpoint.requests) == 32, "none of it for the frame"
    assert {request["seed"] for request in endpoint.requests} == {41, 42}


@confined
def test_without_against_the_skill_is_measured_alone_with_three_seeds(
    skills: Repository,
    tasks: Path,
    endpoint: ScriptedEndpoint,
    capsys: pytest.CaptureFixture[str],
) -> None:
    where = ("--tasks", str(tasks), "--base-url", endpoint.url, "--limit", "2")
    assert run(["eval", f"{SKILL}/", *where]) == 0
    captured = capsys.readouterr()
    commit = skills.git("rev-parse", "HEAD")
    assert f"Skill    skills/sums at HEAD, commit {commit[:10]}, sha256:" in captured.out
    assert "2 tasks, seeds 41 42 43, 6 runs" in captured.out
    assert "floor (do nothing)" in captured.out
    assert "ceiling (gold)" in captured.out
    assert "skill: 6/6 done" in captured.err
    assert "floor: 2/2 done" in captured.err


@confined
def test_both_sides_are_named_and_shown_while_they_run(
    skills: Repository,
    tasks: Path,
    endpoint: ScriptedEndpoint,
    capsys: pytest.CaptureFixture[str],
) -> None:
    where = ("--tasks", str(tasks), "--base-url", endpoint.url, "--seed", "41")
    assert run(["eval", f"{SKILL}@HEAD~1", "--against", "none", *where]) == 0
    captured = capsys.readouterr()
    commit = skills.git("rev-parse", "HEAD~1")
    head = captured.out.split("\n\n")[0].splitlines()
    assert head[0] == "Base     no skill"
    assert head[1].startswith(f"Other    skills/sums at HEAD~1, commit {commit[:10]}, sha256:")
    assert head[2].startswith(f"Tasks    4 tasks of {tasks}, sha256:")
    assert head[3] == "Runs     8, of which 0 were kept from before"
    assert "UNCLEAR: 0.0 points" in captured.out
    assert "base: 4/4 done" in captured.err
    assert "other: 4/4 done" in captured.err


@confined
def test_markdown_is_for_pull_requests_and_nothing_in_it_is_markup_of_others(
    repository: Callable[..., Repository],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    endpoint: ScriptedEndpoint,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = repository({"s_*x*_/SKILL.md": COUNT["skills/sums/SKILL.md"]})
    monkeypatch.chdir(made.path)
    tasks = write_tasks(tmp_path / "t<b>", {"a": HONEST})
    where = ("--tasks", str(tasks), "--base-url", endpoint.url, "--seed", "41", "-q")
    assert run(["eval", "s_*x*_", "--against", "none", "--markdown", *where]) == 0
    text = capsys.readouterr().out
    assert "- Base: no skill\n- Other: s\\_\\*x\\*\\_ at HEAD, commit" in text
    assert "| success (all cases) | 0.0 % | 100.0 % |" in text
    assert "t\\<b\\>" in text
    assert "<b>" not in text.replace("\\<b\\>", "")


# ------------------------------------------------------------------ what is kept


@confined
def test_what_was_run_costs_no_call_and_no_sandbox(
    skills: Repository,
    evaluate: Evaluate,
    endpoint: ScriptedEndpoint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert evaluate(SKILL, "--against", "HEAD~1", "--json") == 0
    first, asked = told(capsys), len(endpoint.requests)
    only_git(tmp_path / "bin", monkeypatch)
    endpoint.pages.clear()
    assert evaluate(SKILL, "--against", "HEAD~1", "--json", "--model", "tiny") == 0
    second = told(capsys)
    assert len(endpoint.requests) == asked
    assert (first.pop("kept"), second.pop("kept")) == (0, 8)
    assert (first.pop("usage")["calls"], second.pop("usage")["calls"]) == (asked, 0)
    assert first == second
    assert evaluate(SKILL, "--model", "tiny", seeds=(41, 42)) == 3, "one seed more needs a sandbox"
    assert "--unsafe-no-sandbox" in capsys.readouterr().err
    assert len(endpoint.requests) == asked, "and it is looked for before anything is paid"
    assert skills.git("status", "--porcelain") == ""


@confined
def test_only_what_is_new_is_run(
    skills: Repository,
    evaluate: Evaluate,
    endpoint: ScriptedEndpoint,
    tasks: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def made(*more: str, seeds: tuple[int, ...] = (41,)) -> int:
        assert evaluate(SKILL, *more, "--json", seeds=seeds) == 0
        found = told(capsys)
        (side,) = found["sides"].values()
        assert side["skill"]["commit"] == skills.git("rev-parse", "HEAD")
        return len(side["runs"]) - int(found["kept"])

    assert made() == 4
    skills.commit({"README.md": "another commit, the same skill\n"})
    assert made() == 0
    assert made(seeds=(41, 42)) == 4
    assert made("--turns", "7") == 4, "other settings are another measurement"
    assert made("--turns", "7") == 0
    assert made() == 0, "and do not take the place of the first"
    assert made("--model", "other") == 4
    write_tasks(tasks, {**PROGRAMS, "b": NOTHING})
    assert made() == 1, "of the tasks only the one that has changed"
    write_tasks(tasks, PROGRAMS)
    assert made() == 0
    assert made("--task", "b", "--task", "c") == 0
    asked = len(endpoint.requests)
    assert made("--force", "--replay", "--model", "tiny") == 4
    assert len(endpoint.requests) == asked, "replies are remembered by themselves"


@confined
def test_a_run_whose_endpoint_failed_is_made_again_and_one_that_was_refused_is_not(
    skills: Repository,
    evaluate: Evaluate,
    endpoint: ScriptedEndpoint,
    capsys: pytest.CaptureFixture[str],
) -> None:
    del skills

    def ill(request: Request) -> Answer:
        words = str(request["messages"])
        if "(a)" in words:
            return Answer(status=500)
        return refusing(400, "context length exceeded") if "(b)" in words else guided(request)

    endpoint.reply = ill
    assert evaluate(SKILL, "--json") == 0
    found = told(capsys)["result"]
    assert (found["ended"]["endpoint failed"], found["ended"]["no reply"]) == (1, 1)
    endpoint.reply, before = guided, len(endpoint.requests)
    assert evaluate(SKILL, "--json") == 0
    again = told(capsys)
    assert "endpoint failed" not in again["result"]["ended"]
    assert again["result"]["ended"]["no reply"] == 1, "the same would come again"
    assert again["kept"] == 3
    assert all("(a)" in str(one["messages"]) for one in endpoint.requests[before:])


@confined
def test_an_endpoint_that_vanishes_stops_half_way_and_the_same_command_goes_on(
    skills: Repository,
    tasks: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    del skills
    command = ["eval", SKILL, "--against", "HEAD~1", "--tasks", str(tasks), "--seed", "41"]
    command += ["--workers", "1", "--model", "tiny", "--json", "-q"]

    def vanishing(request: Request) -> Answer:
        if len(server.requests) > 11:  # in the other side, second run
            server.pages["/v1/models"] = Answer(reset=True)
            return Answer(reset=True)
        return guided(request)

    with ScriptedEndpoint(vanishing) as server:
        assert run([*command, "--base-url", server.url]) == 4
        answered = len(server.requests) - 1
    error = capsys.readouterr().err
    assert "1 of 4 runs are finished and kept" in error
    assert "the same command" in error
    with ScriptedEndpoint(guided) as server:
        assert run([*command, "--base-url", server.url]) == 0
        assert len(server.requests) == 16 - answered
    found = told(capsys)
    assert found["kept"] == 5
    assert found["result"]["difference"]["estimate"] == 0.75


# ------------------------------------------------------------------ verdicts


@confined
def test_continuous_integration_can_fail_on_a_verdict(
    skills: Repository,
    tmp_path: Path,
    endpoint: ScriptedEndpoint,
    capsys: pytest.CaptureFixture[str],
) -> None:
    del skills
    tasks = write_tasks(tmp_path / "whole", WHOLE)

    def verdict(skill: str, against: str, *fail_on: str) -> tuple[int, str]:
        where = ("--tasks", str(tasks), "--base-url", endpoint.url, "--seed", "41", "-q", "--json")
        code = run(["eval", skill, "--against", against, *where, *fail_on])
        return code, told(capsys)["result"]["verdict"]

    old = f"{SKILL}@HEAD~1"
    assert verdict(old, "HEAD") == (0, "worse")
    assert verdict(old, "HEAD", "--fail-on", "worse") == (1, "worse")
    assert verdict(old, "HEAD", "--fail-on", "unclear") == (1, "worse")
    assert verdict(SKILL, "HEAD~1", "--fail-on", "unclear") == (0, "better")
    code, _ = verdict(SKILL, "HEAD", "--fail-on", "unclear")
    assert code == 0, "what did not change cannot be worse, however few the tasks are"


@confined
def test_what_these_runs_do_not_tell_can_fail_as_well(
    skills: Repository, evaluate: Evaluate, capsys: pytest.CaptureFixture[str]
) -> None:
    del skills
    sides = (SKILL, "--against", "HEAD~1", "--limit", "2")
    assert evaluate(*sides, "--fail-on", "worse") == 0
    assert "UNCLEAR: +100.0 points" in capsys.readouterr().out
    assert evaluate(*sides, "--fail-on", "unclear") == 1


@confined
def test_what_is_not_committed_is_not_measured_and_a_person_hears_of_it(
    skills: Repository, evaluate: Evaluate, capsys: pytest.CaptureFixture[str]
) -> None:
    skills.write(GUESS)
    assert evaluate(SKILL, "--task", "a") == 0
    text = capsys.readouterr().out
    assert "success (all cases)                  100.0 %" in text
    assert "Note: skills/sums has changes that are not committed; HEAD was measured" in text
    assert evaluate(f"{SKILL}@HEAD~1", "--task", "a") == 0
    assert "not committed" not in capsys.readouterr().out


# ------------------------------------------------------------------ without a model


@pytest.mark.parametrize(("actor", "rate"), [("do-nothing", 0.0), ("gold", 1.0)])
def test_floor_and_ceiling_need_no_model_no_sandbox_and_no_repository(
    tmp_path: Path,
    tasks: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    actor: str,
    rate: float,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run(["eval", "--agent", actor, "--tasks", str(tasks), "--json", "-q"]) == 0
    found = told(capsys)
    assert found["result"]["success"]["estimate"] == rate
    assert (found["result"]["floor"]["hard"], found["result"]["ceiling"]["hard"]) == (0.0, 1.0)
    assert found["result"]["runs"] == 4, "they roll no dice: one run of a task says all"
    assert found["sides"]["agent"]["skill"] is None
    assert run(["eval", "--agent", actor, "--tasks", str(tasks), "-q"]) == 0
    assert f"Agent    {actor}, no model and no skill" in capsys.readouterr().out


def test_they_are_kept_in_a_repository_too(
    skills: Repository, tasks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["eval", "--agent", "gold", "--tasks", str(tasks), "--json", "-q"]
    assert run(command) == 0
    kept = {
        path: path.stat().st_mtime_ns
        for path in (skills.path / ".git/skillgit/runs").rglob("result.json")
    }
    assert len(kept) == 8
    assert run(command) == 0
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert run([*command, "--force"]) == 0
    assert all(path.stat().st_mtime_ns > before for path, before in kept.items())
    first, second, third = capsys.readouterr().out.split('"schema"')[1:]
    assert first.rstrip("{\n ") == second.rstrip("{\n ") == third.rstrip("{\n ")


def test_a_task_that_its_own_gold_answer_does_not_pass_is_named(
    tmp_path: Path, tasks: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tasks / "sum-1.txt").write_bytes(b"\xff\xfe6")
    assert run(["eval", "--agent", "gold", "--tasks", str(tasks), "-q"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "no agent can pass 4 of 4 tasks, their own gold answers do not: a, b, c, d" in text


# ------------------------------------------------------------------ the command line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "there is none"),
        ((SKILL, "--agent", "gold"), "it reads no skill"),
        (("--agent", "do-nothing", "--against", "HEAD"), "it reads no skill"),
        (("--agent", "do-nothing", "--seed", "41"), "the same with every seed"),
        ((SKILL, "--fail-on", "worse"), "--against"),
        ((SKILL, "--task", "zz"), "no task 'zz'"),
        ((SKILL, "--seed", "-1"), "--seed"),
        ((SKILL, "--workers", "0"), "agent.parallel"),
        (("skills/none",), "skills/none"),
        ((f"{SKILL}@nowhere",), "nowhere"),
        ((f"{SKILL}@",), "no revision after the @"),
        ((SKILL, "--against", "nowhere"), "nowhere"),
        ((SKILL, "--against", "HEAD~2"), "HEAD~2"),
    ],
)
def test_a_wrong_command_line_says_what_is_wrong(
    skills: Repository,
    tasks: Path,
    arguments: tuple[str, ...],
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["eval", "--tasks", str(tasks), "-q", *arguments]) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""
    assert not (skills.path / ".git/skillgit/runs").exists()


def test_tasks_that_are_not_there(
    skills: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del skills
    assert run(["eval", SKILL, "--tasks", str(tmp_path / "missing")]) == 2
    assert str(tmp_path / "missing") in capsys.readouterr().err


def test_a_model_is_measured_in_a_repository(
    tmp_path: Path, tasks: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["eval", SKILL, "--tasks", str(tasks)]) == 3
    assert "repository" in capsys.readouterr().err
