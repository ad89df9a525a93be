"""Sequential editing: batch after batch, real Git, real HTTP, the real command line."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from analysts import chat_trajectory, hostile, is_merge, plausible, schema_of
from repositories import Repository
from scripted import Answer, Request, ScriptedEndpoint, refusing, replying

from skillgit.cli import run
from skillgit.provenance.trailers import Trailers, parse

SKILL = """---
name: xlsx
description: Work with spreadsheets. Use when a task gives a workbook.
---

# Spreadsheets

## Workflow

- Look at every sheet before you compute.
- Work out the answer in Python.

## Writing

Write values with openpyxl.

## Checks

- The output file exists.
"""
MANIFEST = "skills/xlsx/SKILL.md"
REFERENCE = "references/read-the-notes-first.md"


@pytest.fixture(autouse=True)
def single_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLGIT_ANALYZE_ERROR_ANALYST", "single-call")
    monkeypatch.setenv("SKILLGIT_CONSOLIDATE_STRATEGY", "sequential")


@pytest.fixture
def skills(repository: Callable[..., Repository]) -> Repository:
    return repository({MANIFEST: SKILL})


def runs_of(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        text = chat_trajectory(f"task {number}", f"import openpyxl  # {number}", "fail")
        (folder / f"run-{number:03}.json").write_text(text, encoding="utf-8")
    return folder


def evolve(repo: Path, runs: Path, endpoint: ScriptedEndpoint | None, *more: str) -> int:
    where = ["--base-url", endpoint.url] if endpoint else ["--replay"]
    words = ["evolve", "skills/xlsx", "-t", str(runs), "-q", *where, *more]
    return run(["-C", str(repo), *words])


def branch_of(repository: Repository) -> str:
    [name] = repository.git(
        "for-each-ref", "--format=%(refname:short)", "refs/heads/skillgit"
    ).split()
    return name


def counting(request: Request) -> Answer:
    """Teaches how many lessons the skill has that it is shown, behind the one before."""
    if is_merge(request):
        return plausible(request)
    seen = request["messages"][0]["content"].rpartition("Now the skill")[2].count("Count `step")
    places = places_of(request)
    before = f"step{seen - 1}" if seen else "Work out"
    place = next(one for one in places if before in one)
    return replying({"edits": [edit(request, f"Count to step {seen}", f"`step{seen}()`", place)]})


def places_of(request: Request) -> list[str]:
    item: dict[str, Any] = schema_of(request)["properties"]["edits"]["items"]["properties"]
    places: list[str] = item["place"]["enum"]
    return places


def edit(
    request: Request, title: str, words: str, place: str, op: str = "insert_after"
) -> dict[str, object]:
    items = schema_of(request)["properties"]["edits"]["items"]["properties"]
    return {
        "what_happened": "In step 2 the agent did what decided the outcome.",
        "evidence": [items["evidence"]["items"]["enum"][0]],
        "title": title,
        "place": place,
        "op": op,
        "text": f"Count {words} before you save.",
        "skill_says_it": "no",
    }


@pytest.mark.parametrize(("batch", "rounds"), [(1, 6), (4, 2)])
def test_each_batch_is_shown_what_the_batches_before_it_wrote(
    skills: Repository,
    tmp_path: Path,
    batch: int,
    rounds: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with ScriptedEndpoint(counting) as endpoint:
        runs = runs_of(tmp_path / "runs", 6)
        assert evolve(skills.path, runs, endpoint, "--batch", str(batch), "--json") == 0
        asked = [one for one in endpoint.requests if not is_merge(one)]
        assert len({one["messages"][0]["content"] for one in asked}) == rounds
        assert batch > 1 or endpoint.peak == 1
    told = json.loads(capsys.readouterr().out)
    assert told["trajectories"]["analysed"] == 6
    assert told["edits"]["proposed"] == 6
    text = skills.git("show", f"{branch_of(skills)}:{MANIFEST}")
    steps = [line for line in text.splitlines() if "Count `step" in line]
    assert steps == [f"- Count `step{number}()` before you save." for number in range(rounds)]
    assert run(["-C", str(skills.path), "check", "--range", f"main..{branch_of(skills)}"]) == 0


def test_lessons_that_touch_are_one_commit_with_all_their_teachers(
    skills: Repository, tmp_path: Path
) -> None:
    with ScriptedEndpoint(counting) as endpoint:
        assert evolve(skills.path, runs_of(tmp_path / "runs", 3), endpoint) == 0
    [commit] = skills.git("rev-list", f"main..{branch_of(skills)}").split()
    message = skills.git("log", "-1", "--format=%B", commit)
    trailers = parse(message)
    assert isinstance(trailers, Trailers)
    assert str(trailers.support) == "3/3 (3 fail, 0 pass)"
    assert "This commit also says: Count to step" in " ".join(message.split())


def noting(request: Request) -> Answer:
    """First a file of its own for a lesson, then one line more in that file, each time."""
    places = places_of(request)
    inside = [one for one in places if one.startswith(REFERENCE)]
    if not inside:
        edits = [edit(request, "Read the notes first", "`notes()`", places[1], "reference")]
    else:
        number = len(inside)
        edits = [edit(request, f"Read note {number}", f"`note{number}()`", inside[-1])]
    return replying({"edits": edits})


def test_a_later_batch_can_add_to_the_lesson_of_an_earlier_one(
    skills: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedEndpoint(noting) as endpoint:
        assert evolve(skills.path, runs_of(tmp_path / "runs", 3), endpoint, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["edits"] == {
        "proposed": 3,
        "applied": 1,
        "merged-into": 2,
        "withheld": 0,
        "rejected": 0,
    }
    assert {one["reason"] for one in told["fates"]} == {"", "amends an earlier lesson"}
    [lesson] = told["branch"]["lessons"]
    assert (lesson["title"], lesson["support"]) == ("Read the notes first", 3)
    text = skills.git("show", f"{branch_of(skills)}:skills/xlsx/{REFERENCE}")
    assert "note2()" in text
    assert "note3()" in text
    assert run(["-C", str(skills.path), "check", "--range", f"main..{branch_of(skills)}"]) == 0


def test_a_stopped_sequence_goes_on_where_it_was(skills: Repository, tmp_path: Path) -> None:
    runs = runs_of(tmp_path / "runs", 5)

    def failing(request: Request) -> Answer:
        return counting(request) if len(endpoint.requests) < 4 else refusing(401, "gone")

    with ScriptedEndpoint(failing) as endpoint:
        assert evolve(skills.path, runs, endpoint) == 4
        asked = [one["messages"] for one in endpoint.requests[:3]]
    with ScriptedEndpoint(counting) as endpoint:
        assert evolve(skills.path, runs, endpoint) == 0
        assert len(endpoint.requests) == 2
        assert not any(one["messages"] in asked for one in endpoint.requests)
    tip = skills.git("rev-parse", branch_of(skills))
    skills.git("update-ref", "-d", f"refs/heads/{branch_of(skills)}")
    assert evolve(skills.path, runs, None) == 0
    assert skills.git("rev-parse", branch_of(skills)) == tip


def test_a_branch_has_so_many_lessons_that_it_can_be_reviewed(
    skills: Repository,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SKILLGIT_CONSOLIDATE_MAX_LESSONS", "1")
    with ScriptedEndpoint(plausible) as endpoint:
        assert evolve(skills.path, runs_of(tmp_path / "runs", 9), endpoint, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["branch"]["lessons"]) == 1
    assert "beyond the first 1 lessons of a branch" in {one["reason"] for one in told["fates"]}


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_is_proposed_is_accounted_for_and_lessons_commute(
    skills: Repository, tmp_path: Path, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = str(1 + 3 * (seed % 2))
    with ScriptedEndpoint(hostile(seed)) as endpoint:
        runs = runs_of(tmp_path / "runs", 12)
        code = evolve(skills.path, runs, endpoint, "--batch", batch, "--json")
    told = json.loads(capsys.readouterr().out)
    assert code == (0 if told["branch"] else 1)
    assert len(told["fates"]) == told["edits"]["proposed"]
    assert sum(n for name, n in told["edits"].items() if name != "proposed") == len(told["fates"])
    if not told["branch"]:
        return
    branch = branch_of(skills)
    run(["-C", str(skills.path), "check", "--range", f"main..{branch}", "--format", "json"])
    found = json.loads(capsys.readouterr().out)["findings"]
    assert {one["rule"] for one in found if one["severity"] == "error"} <= {"SG403"}
    commits = skills.git("rev-list", f"main..{branch}").split()
    random.Random(seed).shuffle(commits)
    folder = tmp_path / "tree"
    skills.git("worktree", "add", "--quiet", "--detach", str(folder), branch)
    for commit in commits:
        Repository(folder).git("revert", "--no-edit", commit)
    assert Repository(folder).git("diff", "main", "HEAD") == ""


def test_the_lessons_of_a_sequence_come_along_to_another_base(
    skills: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedEndpoint(counting) as endpoint:
        assert evolve(skills.path, runs_of(tmp_path / "runs", 3), endpoint) == 0
        skills.commit({MANIFEST: SKILL.replace("# Spreadsheets", "# Workbooks")}, "title")
        again = ["-C", str(skills.path), "rebase-round", "latest", "--onto", "main", "-q"]
        assert run([*again, "--with-model", "--base-url", endpoint.url]) == 2
        assert "one after the other" in " ".join(capsys.readouterr().err.split())
    assert run(again) == 0
    names = skills.git("for-each-ref", "--format=%(refname:short)", "refs/heads/skillgit").split()
    tips = [skills.git("show", f"{name}:{MANIFEST}") for name in names]
    [rebased] = [text for text in tips if "# Workbooks" in text]
    assert rebased.count("Count `step") == 3


@pytest.fixture
def plan(
    skills: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., dict[str, Any]]:
    runs = runs_of(tmp_path / "runs", 10)

    def planned(*more: str) -> dict[str, Any]:
        words = ["--dry-run", "--no-probe", "--model", "tiny", "--json", *more]
        with ScriptedEndpoint() as endpoint:
            assert evolve(skills.path, runs, endpoint, *words) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    return planned


def steps_of(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {step["name"]: step for step in told["steps"]}


def test_the_plan_of_a_sequence_counts_its_calls_and_says_that_batches_wait(
    plan: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = plan("--strategy", "hierarchical")
    one, four = plan("--batch", "1"), plan("--batch", "4")
    analysts = [steps_of(told)["error analysts"] for told in (whole, one, four)]
    assert [step["calls"] for step in analysts] == [[10, 20]] * 3
    assert analysts[0]["prompt_tokens"][0] == analysts[1]["prompt_tokens"][0]
    assert analysts[0]["prompt_tokens"][1] < analysts[2]["prompt_tokens"][1]
    assert analysts[1]["shared_prompt_tokens"][0] == 0 < analysts[2]["shared_prompt_tokens"][0]
    merges = [steps_of(told)["merges"]["calls"] for told in (one, four)]
    assert merges[0] == [0, 0]
    assert merges[1][1] >= 3
    assert "in each of 3 batches" in steps_of(four)["merges"]["how"]


def test_what_a_sequence_asked_is_within_its_plan_and_its_first_batch_is_known_again(
    skills: Repository, tmp_path: Path, plan: Callable[..., dict[str, Any]]
) -> None:
    planned = plan("--batch", "4")["total"]
    with ScriptedEndpoint(counting) as endpoint:
        more = ("--batch", "4", "--model", "tiny", "--no-branch")
        assert evolve(skills.path, tmp_path / "runs", endpoint, *more) == 0
        sent = len(endpoint.requests)
    assert planned["calls"][0] <= sent <= planned["calls"][1]
    again = plan("--batch", "4")
    assert steps_of(again)["error analysts"]["remembered"] is None
    assert again["total"]["calls"][0] == 0
    assert plan("--strategy", "hierarchical")["total"]["remembered"] == 4
