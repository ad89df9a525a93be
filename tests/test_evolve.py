"""Whole rounds: real Git, real HTTP, the real command line in one process."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from analysts import chat_trajectory, hostile, plausible
from repositories import Repository
from scripted import Answer, ScriptedEndpoint

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
- Save the workbook under the name that the task gives.

## Writing

Write values with openpyxl.

```python
# not a heading
wb.save("out.xlsx")
```

## Checks

- The output file exists.
"""


@pytest.fixture(autouse=True)
def single_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """These rounds have no tasks with which an error analyst could prove anything."""
    monkeypatch.setenv("SKILLGIT_ANALYZE_ERROR_ANALYST", "single-call")


@pytest.fixture
def endpoint() -> Iterator[ScriptedEndpoint]:
    with ScriptedEndpoint(plausible) as server:
        yield server


@pytest.fixture
def skills(repository: Callable[..., Repository]) -> Repository:
    return repository({"skills/xlsx/SKILL.md": SKILL, "README.md": "skills\n"})


def write_runs(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        text = chat_trajectory(
            f"task {number}", f"import openpyxl  # {number}", "fail" if number % 3 else "pass"
        )
        (folder / f"run-{number:03}.json").write_text(text, encoding="utf-8")
    return folder


def evolve(
    repo: Path,
    runs: Path,
    endpoint: ScriptedEndpoint | None,
    *more: str,
    skill: str = "skills/xlsx",
) -> int:
    where = ["--base-url", endpoint.url] if endpoint else []
    return run(["-C", str(repo), "evolve", skill, "-t", str(runs), "-q", *where, *more])


def state_of(repository: Repository) -> tuple[object, ...]:
    """Everything of a checkout that a round must leave alone, byte for byte."""
    files = {
        path.relative_to(repository.path).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in repository.path.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }
    inside = repository.path / ".git"
    index, head = (inside / "index").read_bytes(), (inside / "HEAD").read_bytes()
    stash = inside / "refs" / "stash"
    return files, index, head, stash.read_bytes() if stash.exists() else b""


def branches(repository: Repository) -> list[str]:
    return repository.git(
        "for-each-ref", "--format=%(refname:short)", "refs/heads/skillgit"
    ).split()


def test_a_round_becomes_a_branch_of_lesson_commits(
    skills: Repository,
    tmp_path: Path,
    endpoint: ScriptedEndpoint,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = state_of(skills)
    assert evolve(skills.path, write_runs(tmp_path / "runs", 24), endpoint, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "skillgit.evolve/1"
    assert (
        told["trajectories"] | {"found": 24, "analysed": 24, "excluded": 0} == told["trajectories"]
    )
    assert sum(n for s, n in told["edits"].items() if s != "proposed") == told["edits"]["proposed"]
    assert told["edits"]["proposed"] == 24
    [branch] = branches(skills)
    assert branch == told["branch"]["name"]
    commits = skills.git("rev-list", "--reverse", f"main..{branch}").split()
    assert commits == [lesson["commit"] for lesson in told["branch"]["lessons"]]
    supports = [lesson["support"] for lesson in told["branch"]["lessons"]]
    assert supports == sorted(supports, reverse=True)
    assert supports[0] > 3
    for commit, support in zip(commits, supports, strict=True):
        trailers = parse(skills.git("log", "-1", "--format=%B", commit))
        assert isinstance(trailers, Trailers), trailers
        assert trailers.support.sources == support
        assert skills.git("diff", "--name-only", f"{commit}^", commit).startswith("skills/xlsx/")
    assert state_of(skills) == before
    assert skills.git("status", "--porcelain") == ""
    assert run(["-C", str(skills.path), "check", "--range", f"main..{branch}"]) == 0


def test_the_same_command_asks_nothing_twice_and_gives_the_same_commits(
    skills: Repository, tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    runs = write_runs(tmp_path / "runs", 9)
    assert evolve(skills.path, runs, endpoint) == 0
    tip, asked = skills.git("rev-parse", branches(skills)[0]), len(endpoint.requests)
    assert evolve(skills.path, runs, endpoint) == 0
    assert (skills.git("rev-parse", branches(skills)[0]), len(endpoint.requests)) == (tip, asked)
    skills.git("update-ref", "-d", f"refs/heads/{branches(skills)[0]}")
    assert evolve(skills.path, runs, None, "--replay") == 0
    assert skills.git("rev-parse", branches(skills)[0]) == tip


def test_a_replay_without_a_recording_names_the_call(
    skills: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = write_runs(tmp_path / "runs", 1)
    assert evolve(skills.path, runs, None, "--replay", "--model", "tiny") == 4
    error = capsys.readouterr().err
    assert "t-" in error
    assert "Traceback" not in error
    assert not branches(skills)


def test_without_a_branch_no_ref_is_written(
    skills: Repository, tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    refs = skills.git("for-each-ref")
    assert evolve(skills.path, write_runs(tmp_path / "runs", 6), endpoint, "--no-branch") == 0
    assert skills.git("for-each-ref") == refs


def test_nothing_survives_without_support(
    skills: Repository,
    tmp_path: Path,
    endpoint: ScriptedEndpoint,
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs = write_runs(tmp_path / "runs", 3)
    assert evolve(skills.path, runs, endpoint, "--min-support", "9") == 1
    assert "low support" in capsys.readouterr().err
    assert not branches(skills)


@pytest.mark.parametrize("seed", range(12))
def test_hostile_replies_are_accounted_for_and_harm_nothing(
    skills: Repository, tmp_path: Path, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    skills.write({"README.md": "dirty\n", "new.txt": "untracked\n"})
    before = state_of(skills)
    with ScriptedEndpoint(hostile(seed)) as endpoint:
        code = evolve(
            skills.path,
            write_runs(tmp_path / "runs", 14),
            endpoint,
            *("--json", "--min-support", "1", "--main-support", "2", "--merge-batch", "4"),
        )
    told = json.loads(capsys.readouterr().out)
    assert code == (0 if told["branch"] else 1)
    sums = told["trajectories"]
    assert sums["found"] == 14 == sums["analysed"] + sums["excluded"]
    assert len(told["fates"]) == told["edits"]["proposed"]
    assert state_of(skills) == before
    assert not (tmp_path / "pwned").exists()
    skills.git("fsck", "--strict")
    for branch in branches(skills):
        names = skills.git("diff", "--name-only", "main", branch).splitlines()
        assert all(name.startswith("skills/xlsx/") for name in names)
        checking = ["check", "--range", f"main..{branch}", "--format", "json"]
        code = run(["-C", str(skills.path), *checking])
        found = json.loads(capsys.readouterr().out)["findings"]
        wrong = {one["rule"] for one in found if one["severity"] == "error"}
        # A reply with a command waits for a person, and nothing else is wrong with it.
        assert wrong <= {"SG403"}
        assert code == len(wrong)
        reverting(skills, branch, seed)


def reverting(repository: Repository, branch: str, seed: int) -> None:
    """Any lesson can be reverted, in any order, without conflict."""
    folder = repository.path.parent / f"tree-{seed}"
    repository.git("worktree", "add", "--quiet", "--detach", str(folder), branch)
    inside = Repository(folder)
    commits = inside.git("rev-list", "main..HEAD").split()
    for commit in commits[seed % 2 :: 2] + commits[1 - seed % 2 :: 2]:
        inside.git("revert", "--no-edit", commit)
    assert inside.git("diff", "main", "HEAD") == ""
    repository.git("worktree", "remove", "--force", str(folder))


def test_changes_that_are_not_committed_are_said_not_to_be_read(
    skills: Repository,
    tmp_path: Path,
    endpoint: ScriptedEndpoint,
    capsys: pytest.CaptureFixture[str],
) -> None:
    skills.write({"skills/xlsx/SKILL.md": SKILL + "\nmine\n", "README.md": "elsewhere\n"})
    assert evolve(skills.path, write_runs(tmp_path / "runs", 6), endpoint) == 0
    assert "skills/xlsx: has changes that are not committed" in capsys.readouterr().out
    assert (skills.path / "skills/xlsx/SKILL.md").read_text().endswith("mine\n")


def test_without_outcomes_nobody_teaches_and_the_summary_says_what_to_do(
    skills: Repository,
    tmp_path: Path,
    endpoint: ScriptedEndpoint,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "runs").mkdir()
    text = chat_trajectory("task", "done", "unknown")
    (tmp_path / "runs" / "a.json").write_text(text, encoding="utf-8")
    assert evolve(skills.path, tmp_path / "runs", endpoint) == 1
    assert "--outcomes FILE" in capsys.readouterr().err
    table = tmp_path / "outcomes.csv"
    table.write_text("file,outcome\na.json,pass\n", encoding="utf-8")
    more = ("--outcomes", str(table), "--min-support", "1")
    assert evolve(skills.path, tmp_path / "runs", endpoint, *more) == 0


def test_a_skill_that_is_not_text_costs_no_call(
    repository: Callable[..., Repository],
    tmp_path: Path,
    endpoint: ScriptedEndpoint,
    capsys: pytest.CaptureFixture[str],
) -> None:
    repo = repository({"skills/xlsx/SKILL.md": b"\xff\xfe---"})
    assert evolve(repo.path, write_runs(tmp_path / "runs", 2), endpoint) == 2
    assert "not UTF-8" in capsys.readouterr().err
    assert not endpoint.requests


@pytest.mark.parametrize("date", ["9" * 20, "-1", "yesterday", "\u0663"])
def test_a_date_that_is_none_is_a_usage_error(
    skills: Repository,
    tmp_path: Path,
    endpoint: ScriptedEndpoint,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    date: str,
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", date)
    assert evolve(skills.path, write_runs(tmp_path / "runs", 2), endpoint) == 2
    assert "SOURCE_DATE_EPOCH" in capsys.readouterr().err


def test_an_endpoint_that_nobody_runs_is_an_environment_error(
    skills: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = write_runs(tmp_path / "runs", 2)
    assert evolve(skills.path, runs, None, "--base-url", "http://127.0.0.1:9/v1") == 3
    error = capsys.readouterr().err
    assert "hint:" in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["evolve", "skills/none", "-t", "runs"], "skills/none"),
        (["evolve", "skills/xlsx", "-t", "nowhere"], "nowhere"),
        (["evolve", "..", "-t", "runs"], "outside the repository"),
        (["evolve", "skills/xlsx", "-t", "runs", "--base", "no-such-rev"], "no-such-rev"),
        (["evolve", "skills/xlsx", "-t", "runs", "--signals", "luck"], "signals"),
        (["evolve", "skills/xlsx"], "--trajectories"),
    ],
)
def test_a_wrong_command_line_says_what_is_wrong(
    skills: Repository,
    endpoint: ScriptedEndpoint,
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_runs(skills.path / "runs", 1)
    assert run(["-C", str(skills.path), *arguments, "--base-url", endpoint.url]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert "Traceback" not in error


def variants() -> Iterator[tuple[str, dict[str, str | bytes], str]]:
    crlf = SKILL.replace("\n", "\r\n").encode()
    yield "crlf", {"skills/xlsx/SKILL.md": crlf}, "skills/xlsx"
    yield "open end", {"skills/xlsx/SKILL.md": SKILL.rstrip("\n")}, "skills/xlsx"
    yield "root", {"SKILL.md": SKILL}, "."
    text = SKILL.replace("Spreadsheets", "Täbellen 漢字")
    yield "non-ascii", {"skills/ü/xlsx/SKILL.md": text, "x/SKILL.md": SKILL}, "skills/ü/xlsx"
    yield "many skills", {"a/xlsx/SKILL.md": SKILL, "b/xlsx/SKILL.md": SKILL}, "b/xlsx/SKILL.md"


@pytest.mark.parametrize(
    ("files", "skill"), [(v[1], v[2]) for v in variants()], ids=[v[0] for v in variants()]
)
def test_rounds_on_unusual_skills(
    repository: Callable[..., Repository],
    tmp_path: Path,
    endpoint: ScriptedEndpoint,
    files: dict[str, str | bytes],
    skill: str,
) -> None:
    repo = repository(files)
    assert evolve(repo.path, write_runs(tmp_path / "runs", 12), endpoint, skill=skill) == 0
    [branch] = branches(repo)
    assert run(["-C", str(repo.path), "check", "--range", f"main..{branch}"]) == 0
    for line in repo.git("diff", "--numstat", "main", branch).splitlines():
        added, removed, _ = line.split("\t")
        assert int(added) > int(removed)
        assert int(removed) <= 1


def test_rounds_in_a_bare_clone_and_a_linked_worktree(
    skills: Repository, tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    runs = write_runs(tmp_path / "runs", 8)
    bare = tmp_path / "bare.git"
    skills.git("clone", "--quiet", "--bare", str(skills.path), str(bare))
    code = run(
        [
            "evolve",
            "skills/xlsx",
            "--repo",
            str(bare),
            "-t",
            str(runs),
            "-q",
            "--base-url",
            endpoint.url,
        ]
    )
    assert code == 0
    linked = tmp_path / "linked"
    skills.git("worktree", "add", "--quiet", "-b", "side", str(linked))
    assert evolve(linked, runs, endpoint) == 0
    assert branches(skills)[0][-6:] == branches(Repository(bare))[0][-6:]
    assert Repository(linked).git("status", "--porcelain") == ""


def test_a_branch_of_that_name_is_never_overwritten(
    skills: Repository,
    tmp_path: Path,
    endpoint: ScriptedEndpoint,
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs = write_runs(tmp_path / "runs", 8)
    assert evolve(skills.path, runs, endpoint) == 0
    [branch] = branches(skills)
    skills.git("branch", "--force", branch, "main")
    assert evolve(skills.path, runs, endpoint) == 1
    assert skills.git("rev-parse", branch) == skills.git("rev-parse", "main")
    assert branch in capsys.readouterr().err


def test_kill_minus_nine_then_resume(skills: Repository, tmp_path: Path) -> None:
    """Killed in the middle of its calls, the same command repeats none that was answered."""
    runs = write_runs(tmp_path / "runs", 10)
    program = [sys.executable, "-m", "skillgit", "-C", str(skills.path), "evolve", "skills/xlsx"]
    before = state_of(skills)

    def slow(request: dict[str, object]) -> Answer:
        answer = plausible(request)
        return Answer(answer.content, delay=0.0 if len(server.requests) < 5 else 30.0)

    with ScriptedEndpoint(slow) as server:
        command = [*program, "-t", str(runs), "-q", "--base-url", server.url, "--workers", "1"]

        with subprocess.Popen(command) as process:
            while len(server.requests) < 5:
                assert process.poll() is None
            process.kill()
        answered = [json.dumps(request, sort_keys=True) for request in server.requests[:4]]
    assert state_of(skills) == before
    assert not branches(skills)
    skills.git("fsck", "--strict")
    with ScriptedEndpoint(plausible) as endpoint:
        assert evolve(skills.path, runs, endpoint) == 0
        again = {json.dumps(request, sort_keys=True) for request in endpoint.requests}
    assert not again & set(answered)
    assert branches(skills)
