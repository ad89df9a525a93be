"""`skillgit rollout`, whole: real Git, real HTTP, the real sandbox."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from repositories import Repository
from scripted import Answer, Request, ScriptedEndpoint, refusing
from sums import HANG, HONEST, KILLED, LINK, NOTHING, TYPED, WRONG, agent, write_tasks

from skillgit.adapters.files import read_trajectory_files
from skillgit.adapters.runs import RunFolder
from skillgit.cli import run
from skillgit.config import Collect, Sandbox
from skillgit.evaluation.runs import Ended, RunResult
from skillgit.sandbox import examine
from skillgit.skill.digest import skill_digest
from skillgit.stages.collect import collect

pytestmark = pytest.mark.skipif(
    examine(Sandbox()) is not None, reason="bubblewrap cannot be used on this machine"
)

SKILL = "---\nname: sums\ndescription: Add numbers.\n---\n\n# Sums\n\nAdd with Python.\n"
FILES = {"skills/sums/SKILL.md": SKILL, "skills/sums/references/how.md": "Use int().\n"}


@pytest.fixture
def endpoint() -> Iterator[ScriptedEndpoint]:
    with ScriptedEndpoint(agent) as server:
        yield server


@pytest.fixture
def skills(repository: Callable[..., Repository]) -> Repository:
    return repository(FILES)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLGIT_SANDBOX_SECONDS", "20")
    monkeypatch.setenv("SKILLGIT_AGENT_PROTOCOL", "text")
    monkeypatch.setenv("SKILLGIT_ENDPOINT_RETRIES", "1")
    monkeypatch.setenv("SKILLGIT_ENDPOINT_PATIENCE", "0")


def rollout(tmp_path: Path, endpoint: ScriptedEndpoint | None, *more: str) -> int:
    where = ["--base-url", endpoint.url] if endpoint else []
    tasks, out = str(tmp_path / "tasks"), str(tmp_path / "runs")
    return run(["rollout", "--tasks", tasks, "-o", out, "-q", *where, *more])


def results(tmp_path: Path) -> dict[str, RunResult]:
    read = RunFolder(tmp_path / "runs").read()
    assert read.diagnostics == ()
    return {f"{run.result.task}/{run.result.seed}": run.result for run in read.runs}


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_every_task_is_run_with_every_seed_in_parallel_and_graded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def slow(request: Request) -> Answer:
        answer = agent(request)
        return Answer(answer.content, delay=0.2, prompt_tokens=200)

    write_tasks(tmp_path / "tasks", {"a": HONEST, "b": WRONG, "c": NOTHING, "d": HONEST})
    with ScriptedEndpoint(slow) as endpoint:
        more = ("--no-skill", "--seed", "41", "--seed", "42", "--workers", "3", "--json")
        assert rollout(tmp_path, endpoint, *more) == 0
        assert endpoint.peak == 3
        assert sorted({request["seed"] for request in endpoint.requests}) == [41, 42]
    found = told(capsys)
    assert found["schema"] == "skillgit.rollout/1"
    assert [(one["task"], one["seed"], one["passed"]) for one in found["runs"]] == [
        (task, seed, task in "ad") for seed in (41, 42) for task in "abcd"
    ]
    assert found["usage"]["calls"] == 18, "who leaves nothing is told so once, and ends once more"
    assert found["bounds"]["gold answers"] == {"hard": 1.0, "soft": 1.0}
    kept = results(tmp_path)
    assert len(kept) == 8
    assert {kept[f"{task}/41"].detail for task in "ad"} == {"passed: 1 places compared"}
    assert kept["b/41"].detail.startswith("failed: 1 of 1 places differ")
    assert kept["c/41"].detail == "failed: there is no file answer.txt"
    assert (kept["a/41"].turns, kept["a/41"].usage.prompt_tokens) == (2, 400)
    work = tmp_path / "runs" / "a" / "41" / "work"
    assert {path.name for path in work.iterdir()} == {"numbers.txt", "answer.txt"}


def test_what_collect_makes_of_a_rollout(tmp_path: Path, endpoint: ScriptedEndpoint) -> None:
    write_tasks(tmp_path / "tasks", {"a": HONEST, "b": WRONG})
    assert rollout(tmp_path, endpoint, "--no-skill") == 0
    pool = collect(read_trajectory_files([tmp_path / "runs"]), Collect())
    assert pool.diagnostics == ()
    ((passed,), (failed,)) = pool.passed, pool.failed
    assert (passed.task, failed.task) == ("a", "b")
    assert failed.outcome.detail.startswith("failed: 1 of 1 places differ")
    sources = [step.source for step in passed.steps]
    assert sources == ["system", "user", "agent", "agent"]
    assert passed.steps[2].calls[0].name == "python"
    assert passed.steps[2].observation == "sum: 6\n(exit status 0)"
    assert "notes.txt" not in repr(passed), "the example is not what this agent did"


def test_the_skill_is_preloaded_as_committed_and_its_files_can_be_found(
    skills: Repository,
    tmp_path: Path,
    endpoint: ScriptedEndpoint,
    capsys: pytest.CaptureFixture[str],
) -> None:
    look = HONEST + 'print(open("/skills/sums/references/how.md").read())'
    write_tasks(tmp_path / "tasks", {"a": look})
    skills.write({"skills/sums/SKILL.md": SKILL + "\nnot committed\n"})
    more = ("--repo", str(skills.path), str(skills.path / "skills/sums"))
    assert rollout(tmp_path, endpoint, *more) == 0
    (system, *_) = endpoint.requests[0]["messages"]
    assert SKILL.strip() in system["content"], "whole, with its frontmatter"
    assert "not committed" not in system["content"]
    summary = capsys.readouterr().out
    assert "skills/sums: has changes that are not committed" in summary
    assert "skillgit evolve skills/sums --trajectories" in summary
    (result,) = results(tmp_path).values()
    files = {name.removeprefix("skills/sums/"): text.encode() for name, text in FILES.items()}
    assert result.passed
    assert result.skill is not None
    assert result.skill.digest == skill_digest(files)
    assert result.skill.commit == skills.git("rev-parse", "HEAD")
    text = (tmp_path / "runs/a/41/trajectory.json").read_text()
    assert "Use int()." in text, "what it looked up is part of what it did"
    assert "Add with Python." not in text, "what it was given is not"
    assert result.skill.digest in text
    assert result.used == ("references/how.md",)


def test_finished_runs_are_not_run_again_and_others_do_not_take_their_place(
    tmp_path: Path, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    write_tasks(tmp_path / "tasks", {"a": HONEST, "b": WRONG})
    assert rollout(tmp_path, endpoint, "--no-skill", "--task", "a") == 0
    asked = len(endpoint.requests)
    assert rollout(tmp_path, endpoint, "--no-skill") == 0
    assert len(endpoint.requests) == 2 * asked
    assert rollout(tmp_path, endpoint, "--no-skill") == 0
    assert len(endpoint.requests) == 2 * asked
    before = results(tmp_path)
    capsys.readouterr()
    assert rollout(tmp_path, endpoint, "--no-skill", "--turns", "7") == 2
    error = capsys.readouterr().err
    assert "other settings or prompts" in error
    assert "--overwrite" in error
    assert results(tmp_path) == before
    assert rollout(tmp_path, endpoint, "--no-skill", "--turns", "7", "--overwrite") == 0
    assert {one.harness for one in results(tmp_path).values()} != {
        one.harness for one in before.values()
    }


def test_replies_from_memory_give_the_same_trajectories(
    tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    write_tasks(tmp_path / "tasks", {"a": HONEST, "b": LINK})
    assert rollout(tmp_path, endpoint, "--no-skill") == 0
    before = results(tmp_path)
    for task in "ab":
        shutil.rmtree(tmp_path / "runs" / task)
    assert rollout(tmp_path, None, "--no-skill", "--replay") == 0
    assert results(tmp_path) == before


def test_hostile_and_broken_work_is_recorded_and_harms_nothing(
    tmp_path: Path,
    endpoint: ScriptedEndpoint,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SKILLGIT_SANDBOX_SECONDS", "2")
    programs = {"killed": KILLED, "hang": HANG, "link": LINK, "honest": HONEST}
    write_tasks(tmp_path / "tasks", programs)
    assert rollout(tmp_path, endpoint, "--no-skill", "--workers", "2") == 0
    found = results(tmp_path)
    # What a stopped program had written by then is its answer.
    assert {name for name, one in found.items() if one.passed} == {
        "killed/41",
        "hang/41",
        "honest/41",
    }
    assert found["link/41"].detail == "failed: answer.txt is a link, not a file"
    text = {name: (tmp_path / "runs" / name / "trajectory.json").read_text() for name in found}
    assert "stopped: after 2 s" in text["hang/41"]
    assert "exit status 137" in text["killed/41"]
    work = tmp_path / "runs/link/41/work"
    assert [path.name for path in work.iterdir()] == ["numbers.txt"]
    assert "not kept: 2 links" in capsys.readouterr().out


def test_a_value_typed_in_by_hand_fails_on_the_other_case(
    tmp_path: Path, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    write_tasks(tmp_path / "tasks", {"honest": HONEST, "typed": TYPED}, cases=2)
    assert rollout(tmp_path, endpoint, "--no-skill") == 0
    found = results(tmp_path)
    honest, typed = found["honest/41"], found["typed/41"]
    assert (honest.passed, honest.score, honest.cases_passed, honest.cases) == (True, 1.0, 2, 2)
    assert honest.detail == "passed in all 2 cases"
    assert (typed.passed, typed.score, typed.cases_passed, typed.cases) == (False, 0.5, 1, 2)
    assert typed.detail.startswith("case 2, other inputs for the same programs: failed: 1 of 1")
    assert "35" not in typed.detail, "what is expected is not told"
    shown = capsys.readouterr().out
    assert "1 of 2 (50.0%), soft 75.0%" in shown
    assert "do-nothing agent 0.0%, gold answers 100.0%" in shown, "beside every score"
    answer = tmp_path / "runs/honest/41/work/answer.txt"
    assert answer.read_text() == "6", "the work of the agent, not of the replay"


def test_floor_and_ceiling_need_no_model_and_no_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_tasks(tmp_path / "tasks", {"a": HONEST, "b": WRONG}, cases=2)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert rollout(tmp_path, None, "--agent", "do-nothing") == 0
    assert not any(one.passed for one in results(tmp_path).values())
    capsys.readouterr()
    assert rollout(tmp_path, None, "--agent", "gold") == 2, "another agent, the same place"
    assert "the model 'do-nothing', not 'gold'" in capsys.readouterr().err
    assert rollout(tmp_path, None, "--agent", "gold", "--overwrite") == 0
    found = results(tmp_path)
    assert [one.passed for one in found.values()] == [True, True]
    assert not list((tmp_path / "runs").rglob("work/*")), "the gold answer is not handed round"
    pool = collect(read_trajectory_files([tmp_path / "runs"]), Collect())
    assert not pool.passed, "nobody can learn from a run without an agent"


def test_a_run_that_breaks_off_is_a_recorded_failure_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = write_tasks(tmp_path / "tasks", {"a": HONEST, "b": HONEST}, cases=2)

    def losing(request: Request) -> Answer:
        if "(b)" in request["messages"][-1]["content"]:
            (tasks / "numbers-2.txt").unlink()  # its last case can no longer be laid out
        return agent(request)

    with ScriptedEndpoint(losing) as server:
        assert rollout(tmp_path, server, "--no-skill", "--workers", "1") == 0
    found = results(tmp_path)
    assert found["a/41"].passed
    broken = found["b/41"]
    assert (broken.ended, broken.passed, broken.score) == (Ended.CRASHED, False, 0.5)
    assert "numbers-2.txt" in broken.problem
    assert broken.detail == "failed: the run broke off before its answer was graded"
    assert broken.turns == 2, "what the agent did is kept"
    summary = capsys.readouterr().out
    assert "1 answered, 1 crashed" in summary
    assert "crashed: b with seed 41: UsageError: " in summary
    assert "--overwrite makes them again" in summary
    write_tasks(tasks, {"a": HONEST, "b": HONEST}, cases=2)
    assert rollout(tmp_path, None, "--no-skill", "--replay", "--overwrite") == 0
    assert results(tmp_path)["b/41"].passed, "and can be made good"


# ------------------------------------------------------------------ stops


def test_an_endpoint_that_vanishes_is_a_stop_and_finished_runs_are_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_tasks(tmp_path / "tasks", dict.fromkeys("abcd", HONEST))

    def vanishing(request: Request) -> Answer:
        if len(server.requests) > 5:
            server.pages["/v1/models"] = Answer(reset=True)
            return Answer(reset=True)
        return agent(request)

    with ScriptedEndpoint(vanishing) as server:
        assert rollout(tmp_path, server, "--no-skill", "--workers", "1", "--model", "tiny") == 4
    error = capsys.readouterr().err
    assert "2 of 4 runs are finished and kept" in error
    assert "Traceback" not in error
    assert list(results(tmp_path)) == ["a/41", "b/41"]
    with ScriptedEndpoint(agent) as server:
        assert rollout(tmp_path, server, "--no-skill", "--model", "tiny") == 0
        assert len(server.requests) == 3, "one of the third run was answered before"
    assert len(results(tmp_path)) == 4


def test_a_turn_that_the_endpoint_refuses_is_a_failed_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_tasks(tmp_path / "tasks", {"a": HONEST})
    with ScriptedEndpoint(lambda _: refusing(400, "context length exceeded")) as server:
        assert rollout(tmp_path, server, "--no-skill") == 0
    (result,) = results(tmp_path).values()
    assert result.ended is Ended.NO_REPLY
    assert "context" in result.problem
    assert "1 no reply" in capsys.readouterr().out


def test_nobody_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_tasks(tmp_path / "tasks", {"a": HONEST})
    more = ("--no-skill", "--base-url", "http://127.0.0.1:9/v1")
    assert rollout(tmp_path, None, *more) == 3
    error = capsys.readouterr().err
    assert "hint:" in error
    assert "Traceback" not in error


def test_without_a_sandbox_nothing_is_run_unless_a_person_says_so(
    tmp_path: Path,
    endpoint: ScriptedEndpoint,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_tasks(tmp_path / "tasks", {"a": HONEST})
    path = os.environ["PATH"]
    monkeypatch.setenv("PATH", str(tmp_path))
    assert rollout(tmp_path, endpoint, "--no-skill") == 3
    assert "--unsafe-no-sandbox" in capsys.readouterr().err
    assert not endpoint.requests
    monkeypatch.setenv("PATH", path)
    assert rollout(tmp_path, endpoint, "--no-skill", "--unsafe-no-sandbox") == 0
    assert results(tmp_path)["a/41"].passed


def test_kill_minus_nine_then_resume(tmp_path: Path) -> None:
    """Killed in the middle, the same command finishes and repeats no call that was answered."""
    write_tasks(tmp_path / "tasks", dict.fromkeys("abcde", HONEST))
    command = ["rollout", "--no-skill", "--tasks", str(tmp_path / "tasks"), "-q"]
    command += ["-o", str(tmp_path / "runs"), "--workers", "1", "--model", "tiny"]
    held = 6  # the second turn of the third run

    def slow(request: Request) -> Answer:
        answer = agent(request)
        return Answer(answer.content, delay=0.0 if len(server.requests) < held else 60.0)

    with ScriptedEndpoint(slow) as server:
        program = [sys.executable, "-m", "skillgit", *command, "--base-url", server.url]
        (tmp_path / "tmp").mkdir()  # what it was working on stays behind, but not for others
        environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
        with subprocess.Popen(program, env=environment) as process:
            while len(server.requests) < held:
                assert process.poll() is None
            process.kill()
        answered = [json.dumps(request, sort_keys=True) for request in server.requests[: held - 1]]
    assert list(results(tmp_path)) == ["a/41", "b/41"]
    with ScriptedEndpoint(agent) as server:
        assert run([*command, "--base-url", server.url]) == 0
        again = [json.dumps(request, sort_keys=True) for request in server.requests]
    assert not set(again) & set(answered)
    assert len(again) == 10 - len(answered)
    found = results(tmp_path)
    assert all(one.passed for one in found.values())
    assert len(found) == 5
    assert not list((tmp_path / "runs").rglob(".41*")), "nothing half is left"


# ------------------------------------------------------------------ the command line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "there is no skill"),
        (("skills/sums", "--no-skill"), "there is a skill, and --no-skill"),
        (("skills/sums", "--agent", "gold"), "it reads no skill"),
        (("--no-skill", "--agent", "do-nothing"), "it reads no skill"),
        (("--no-skill", "--task", "zz"), "no task 'zz'"),
        (("--no-skill", "--seed", "-1"), "--seed"),
        (("--no-skill", "--workers", "0"), "agent.parallel"),
        (("skills/none", "--repo", "."), "skills/none"),
    ],
)
def test_a_wrong_command_line_says_what_is_wrong(
    skills: Repository,
    tmp_path: Path,
    arguments: tuple[str, ...],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(skills.path)
    write_tasks(tmp_path / "tasks", {"a": HONEST})
    assert rollout(tmp_path, None, *arguments) == 2
    error = capsys.readouterr().err
    assert words in error
    assert "Traceback" not in error
    assert not (tmp_path / "runs").exists()


def test_tasks_that_are_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rollout(tmp_path, None, "--no-skill") == 2
    assert str(tmp_path / "tasks") in capsys.readouterr().err
