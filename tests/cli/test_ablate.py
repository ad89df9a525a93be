"""`skillgit ablate`, whole: real Git, real HTTP, the real sandbox; and what needs none of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from apart import SKILL, TEXT, agent, with_round
from repositories import Repository
from rounds import ROUND
from scripted import Answer, Request, ScriptedEndpoint
from sums import HONEST, write_tasks

from skillgit.cli import run
from skillgit.config import Sandbox
from skillgit.sandbox import examine

confined = pytest.mark.skipif(
    examine(Sandbox()) is not None, reason="bubblewrap cannot be used on this machine"
)
TASKS = [f"needs-1-{n}" for n in range(10)]
NOTES = "refs/notes/skillgit"


@pytest.fixture
def endpoint() -> Iterator[ScriptedEndpoint]:
    with ScriptedEndpoint(agent) as server:
        yield server


@pytest.fixture
def skills(repository: Callable[..., Repository], monkeypatch: pytest.MonkeyPatch) -> Repository:
    made = repository({f"{SKILL}/SKILL.md": TEXT})
    with_round(made)
    monkeypatch.chdir(made.path)
    for name, value in {
        "SKILLGIT_SANDBOX_SECONDS": "20",
        "SKILLGIT_AGENT_PROTOCOL": "text",
        "SKILLGIT_ENDPOINT_RETRIES": "0",
        "SKILLGIT_ENDPOINT_PATIENCE": "0",
    }.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    return write_tasks(tmp_path / "tasks", dict.fromkeys(TASKS, HONEST))


Ablate = Callable[..., int]


@pytest.fixture
def ablate(skills: Repository, tasks: Path, endpoint: ScriptedEndpoint) -> Ablate:
    del skills

    def given(*more: str, name: str = "latest") -> int:
        where = ["--tasks", str(tasks), "--base-url", endpoint.url, "--seed", "41"]
        return run(["ablate", name, *where, "--model", "tiny", *more])

    return given


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(list(words)) == 0
    return capsys.readouterr().out


@confined
def test_what_a_lesson_is_worth_is_measured_noted_and_shown(
    skills: Repository,
    ablate: Ablate,
    endpoint: ScriptedEndpoint,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Stopped half way by what it may spend: what was run is kept.
    left_out = ("--method", "leave-one-out")
    assert ablate(*left_out, "--max-calls", "10", "--workers", "1", "-q") == 4
    assert "no note was written" in capsys.readouterr().err
    assert skills.git("for-each-ref", NOTES) == ""

    assert ablate(*left_out) == 0
    captured = capsys.readouterr()
    asked = len(endpoint.requests)
    assert asked == 2 * 4 * 10, "two turns a run, all lessons and one less, no run twice"
    assert "Runs          40; 4 for a task and a seed at first; 5 of the most" in captured.err
    assert "Model         70 calls, 17,500 prompt tokens, 245 output tokens" in captured.err
    assert "Resting on    5 kept runs of these tasks" in captured.err
    assert "Runs          40 of 40, of which 5 were kept from before" in captured.out
    assert "1. Mind the case 1  +100.0  +4.9 to +100.0  helps       10" in captured.out
    assert "2. Mind the case 2     0.0" in captured.out
    assert NOTES in captured.out

    note = json.loads(skills.git("notes", "--ref=skillgit", "show", f"{_branch(skills)}~2"))
    (first,) = note["effects"]
    assert (first["effect"]["worth"], first["effect"]["estimate"]) == ("helps", 1.0)
    assert (first["lessons"], first["seeds"], first["model"]) == (3, [41], "tiny")

    line = "helps: +100.0 points (+4.9 to +100.0)"
    assert line in said(capsys, "log")
    assert f"worth: {line}, left out of 3; 10 tasks, tiny, noted by" in said(
        capsys, "show", "latest/1"
    )
    place = f"{SKILL}/SKILL.md:10"
    assert f"worth: {line}" in said(capsys, "why", place, "--at", _branch(skills))
    page = said(capsys, "report", "-o", "-")
    assert "What each lesson is worth" in page
    assert "+4.9 to +100.0" in page

    # Again, with nothing to ask and nothing new to say; then with one lesson that is gone.
    tip = skills.git("rev-parse", NOTES)
    assert ablate(*left_out, "--json", "-q", "--no-notes") == 0
    again = told(capsys)
    assert (again["runs"], again["kept"], again["usage"]["calls"]) == (40, 40, 0)
    assert skills.git("rev-parse", NOTES) == tip
    assert run(["drop", "latest/2", "--reason", "no"]) == 0
    capsys.readouterr()
    assert ablate("--lesson", "1", "--max-runs", "8", "--json", "-q", name=ROUND[:12]) == 0
    fewer = told(capsys)
    assert [one["number"] for one in fewer["lessons"]] == [1, 3]
    assert fewer["runs"] <= 8
    assert [len(one["effects"]) for one in fewer["lessons"]] == [2, 0]
    assert "dropped, and left out: lesson 2" in fewer["remarks"]
    assert len(said(capsys, "show", "latest/1").split("worth: ")) == 4, "of other company"


def _branch(skills: Repository) -> str:
    return skills.git("for-each-ref", "--format=%(refname:short)", "refs/heads/skillgit")


@confined
def test_a_lesson_that_hurts_can_fail_and_a_run_that_breaks_off_is_told(
    skills: Repository,
    tasks: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    del skills
    write_tasks(tasks, dict.fromkeys([f"shuns-2-{n}" for n in range(12)], HONEST))

    def broken(request: Request) -> Answer:
        return Answer(status=400) if "(shuns-2-0)" in str(request) else agent(request)

    with ScriptedEndpoint(broken) as server:
        command = ["ablate", "latest", "--tasks", str(tasks), "--base-url", server.url]
        command += ["--seed", "41", "--lesson", "2", "--method", "leave-one-out", "-q"]
        assert run([*command, "--fail-on", "hurts"]) == 1
    out = capsys.readouterr().out
    assert "hurts" in out
    assert f"Lesson 2 hurts: skillgit drop {ROUND}/2" in out
    assert "2 of 24 runs ended so and count as they are: no reply" in out


# ------------------------------------------------------------------ before it begins


def test_a_plan_runs_nothing_and_tells_what_it_would_take(
    skills: Repository,
    ablate: Ablate,
    endpoint: ScriptedEndpoint,
    capsys: pytest.CaptureFixture[str],
) -> None:
    prices = ("--price-in", "1", "--price-out", "2")
    assert ablate("--dry-run", "--json", "-q", *prices) == 0
    found = told(capsys)
    assert found["schema"] == "skillgit.ablate-plan/1"
    assert (found["lessons"], found["questions"], found["tasks"]) == (3, 7, 10)
    assert (found["runs"], found["kept"]) == ([60, 60], 0)
    assert found["calls"][0] == 60 < found["calls"][1]
    assert found["prompt_tokens"][0] > 0 < found["output_tokens"][0]
    assert found["seconds"] is not None
    assert 0 < found["cost"][0] < found["cost"][1]
    assert len(endpoint.requests) == 2, "the two questions of the probe"

    assert ablate("--dry-run", "--no-probe", "--max-runs", "30", "--method", "leave-one-out") == 0
    out = capsys.readouterr().out
    assert f"Plan          3 lessons of round {ROUND}, 3 questions, 10 tasks, seeds 41, tiny" in out
    assert "Runs          30; 4 for a task and a seed at first" in out
    assert "Time" not in out
    assert len(endpoint.requests) == 2
    assert skills.git("for-each-ref", NOTES) == ""


def test_a_plan_needs_no_endpoint(
    skills: Repository, tasks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del skills
    nowhere = ["--base-url", "http://127.0.0.1:9/v1"]
    assert run(["ablate", "latest", "--tasks", str(tasks), *nowhere, "--dry-run", "-q"]) == 0
    out = capsys.readouterr().out
    assert "an unknown model" in out
    assert "Not asked" in out


WRONG = (
    (("nowhere",), "looking for the round 'nowhere'"),
    (("latest", "--lesson", "7"), "those that stand are 1, 2, 3"),
    (("latest", "--task", "zz"), "no task 'zz'"),
    (("latest", "--confidence", "100"), "--confidence"),
    (("latest", "--method", "guess"), "--method"),
    (("latest", "--max-cost", "1"), "without prices"),
)


def test_a_wrong_command_line_says_what_is_wrong(
    skills: Repository, tasks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, words in WRONG:
        assert run(["ablate", *arguments, "--tasks", str(tasks), "-q"]) == 2, arguments
        captured = capsys.readouterr()
        assert words in captured.err
        assert captured.out == ""
    assert not (skills.path / ".git/skillgit/runs").exists()


def test_a_round_that_cannot_be_taken_apart_says_why(
    skills: Repository, tasks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence = f"refs/skillgit/rounds/{ROUND}"
    kept = skills.git("rev-parse", evidence)
    skills.git("branch", "-D", _branch(skills))
    assert run(["ablate", "latest", "--tasks", str(tasks), "-q"]) == 2
    assert "none of its lessons stands" in capsys.readouterr().err
    skills.git("update-ref", "-d", evidence, kept)
    assert run(["ablate", "latest", "--tasks", str(tasks), "-q"]) == 2
    assert "no rounds yet" in capsys.readouterr().err


def test_who_has_no_name_in_git_hears_of_it_before_anything_is_paid(
    skills: Repository,
    ablate: Ablate,
    endpoint: ScriptedEndpoint,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    assert ablate("-q") == 3
    assert "user.name" in capsys.readouterr().err
    assert endpoint.requests == []
