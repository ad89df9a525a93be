"""`skillgit new` with real Git and real HTTP, the real command line mostly in one process."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from analysts import chat_trajectory, plausible
from repositories import Repository
from scripted import Answer, Request, ScriptedEndpoint, replying

from skillgit.cli import run
from skillgit.endpoint.store import STATE_FOLDER, STORE_FILE, ReplyStore
from skillgit.provenance.trailers import parse

WISH = "Turn CSV exports of sales into monthly reports with totals."
BRANCH = "skillgit/csv-reports/new"
FILE = "skills/csv-reports/SKILL.md"
DRAFT: dict[str, Any] = {
    "title": "CSV reports",
    "does": "Turns CSV exports into monthly reports with the csv module",
    "use_when": "a task gives .csv files and asks for totals",
    "sections": [
        {
            "title": "Read",
            "points": ["Open with `open(path, newline='')`.", "Parse with `csv.DictReader`."],
        },
        {"title": "Sum", "points": ["Add amounts as `decimal.Decimal(text)`, never as `float`."]},
    ],
}


def is_again(request: Request) -> bool:
    """Does it tell what was wrong with the first draft?"""
    return "refused for this" in request["messages"][1]["content"]


def misfit(text: str = "TODO") -> dict[str, Any]:
    return DRAFT | {"sections": [*DRAFT["sections"], {"title": "More", "points": [text]}]}


@pytest.fixture
def ground(repository: Callable[..., Repository]) -> Repository:
    return repository({"README.md": "skills\n"})


def new(
    repository: Repository, endpoint: ScriptedEndpoint | None, *more: str, name: str = "csv-reports"
) -> int:
    where = ["--base-url", endpoint.url] if endpoint else []
    wish = [] if "--describe" in more else ["--describe", WISH]
    return run(["-C", str(repository.path), "new", name, "-q", *wish, *where, *more])


def state_of(repository: Repository) -> dict[str, str]:
    """Everything but objects, the new refs, and what is ours under .git."""
    ours = (".git/objects", ".git/skillgit", ".git/logs/refs/heads/skillgit", ".git/refs/heads/sk")
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in repository.path.rglob("*")
        if path.is_file()
        and not (name := path.relative_to(repository.path).as_posix()).startswith(ours)
    }


# ------------------------------------------------------------------ the branch


def test_a_draft_becomes_a_commit_on_a_branch(
    ground: Repository, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    ground.write({"README.md": "changed\n", "new.txt": "untracked\n"})
    before = state_of(ground)
    endpoint.queue(replying(DRAFT))

    assert new(ground, endpoint) == 0

    assert state_of(ground) == before
    assert ground.git("rev-list", f"main..{BRANCH}") == ground.git("rev-parse", BRANCH)
    assert ground.git("diff", "--name-status", "main", BRANCH) == f"A\t{FILE}"
    ground.git("fsck", "--strict")
    shown = capsys.readouterr().out
    assert "2 sections, 3 points, 3 of them name something" in shown
    for line in (f"git merge {BRANCH}", "skillgit rollout skills/csv-reports --tasks"):
        assert f"\n  {line}" in shown
    assert "skillgit evolve skills/csv-reports --trajectories" in shown


def test_the_commit_says_what_it_is_and_claims_no_lesson(
    ground: Repository, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = "Reports.\n\nSkillgit-Round: 20261121T231905Z-7f3ac1\n---\nSigned-off-by: x\x1b[1m"
    endpoint.queue(replying(DRAFT))
    assert new(ground, endpoint, "--describe", hostile) == 0

    message = ground.git("log", "-1", "--format=%B", BRANCH)
    subject, _, body = message.partition("\n")
    assert subject == "csv-reports: draft a skill from the model's own knowledge"
    assert "No trajectory backs it yet" in body
    assert parse(message) is None
    assert "\x1b" not in message
    trailers = ground.git("log", "-1", "--format=%(trailers)", BRANCH)
    assert trailers.strip() == "Assisted-by: skillgit:tiny"
    assert run(["-C", str(ground.path), "check", "--range", f"main..{BRANCH}"]) == 0
    assert "nothing to complain about" in capsys.readouterr().err


def test_the_merged_skill_has_nothing_to_complain_about_and_evolves(
    ground: Repository,
    endpoint: ScriptedEndpoint,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    endpoint.queue(replying(DRAFT))
    assert new(ground, endpoint) == 0
    ground.git("merge", "--quiet", BRANCH)
    skill = str(ground.path / "skills" / "csv-reports")
    for profile in ("spec", "portable", "claude"):
        assert run(["check", skill, "--profile", profile]) == 0
        assert "nothing to complain about" in capsys.readouterr().err
    runs = tmp_path / "runs"
    runs.mkdir()
    for number in range(6):
        text = chat_trajectory(f"task {number}", "import csv", "pass")
        (runs / f"{number}.json").write_text(text, encoding="utf-8")
    endpoint.reply = plausible

    evolve = ["evolve", "skills/csv-reports", "-t", str(runs), "-q", "--base-url", endpoint.url]
    assert run(["-C", str(ground.path), *evolve]) == 0


def test_json(
    ground: Repository, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.queue(replying(DRAFT))
    assert new(ground, endpoint, "--json") == 0

    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "skillgit.new/1"
    assert told["commit"] == ground.git("rev-parse", BRANCH)
    assert told["base"] == ground.git("rev-parse", "main")
    assert (told["branch"], told["skill"]) == (BRANCH, "skills/csv-reports")
    assert told["text"] == ground.git("show", f"{BRANCH}:{FILE}") + "\n"
    assert told["findings"] == told["remarks"] == told["dropped"] == []
    assert told["usage"]["calls"] == 1


def test_a_dry_run_shows_the_draft_and_writes_no_ref(
    ground: Repository, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    refs = ground.git("for-each-ref")
    endpoint.queue(replying(DRAFT))

    assert new(ground, endpoint, "--dry-run") == 0

    assert "name: csv-reports\n" in capsys.readouterr().out
    assert ground.git("for-each-ref") == refs


def test_a_repository_without_commits(
    repository: Callable[..., Repository], endpoint: ScriptedEndpoint
) -> None:
    ground = repository()
    before = state_of(ground)
    endpoint.queue(replying(DRAFT))

    assert new(ground, endpoint) == 0

    assert state_of(ground) == before
    assert ground.git("rev-list", "--parents", BRANCH) == ground.git("rev-parse", BRANCH)
    ground.git("merge", "--quiet", BRANCH)
    assert (ground.path / FILE).is_file()


def test_a_bare_repository(ground: Repository, endpoint: ScriptedEndpoint, tmp_path: Path) -> None:
    bare = Repository(tmp_path / "bare.git")
    ground.git("clone", "--quiet", "--bare", str(ground.path), str(bare.path))
    endpoint.queue(replying(DRAFT))

    command = ["new", "csv-reports", "--describe", WISH, "--repo", str(bare.path), "--in", "a/b"]
    assert run([*command, "-q", "--base-url", endpoint.url]) == 0

    changed = bare.git("diff", "--name-status", "main", BRANCH)
    assert changed == "A\ta/b/csv-reports/SKILL.md"


def test_a_folder_counts_from_where_one_stands(
    ground: Repository, endpoint: ScriptedEndpoint
) -> None:
    (ground.path / "agents").mkdir()
    endpoint.queue(replying(DRAFT))

    command = ["-C", str(ground.path / "agents"), "new", "csv-reports", "--in", "skills"]
    assert run([*command, "--describe", WISH, "-q", "--base-url", endpoint.url]) == 0

    assert ground.git("show", "--name-only", "--format=", BRANCH).startswith("agents/skills/")


# ------------------------------------------------------------------ the same again


def test_the_same_order_is_the_same_commit_and_costs_no_call(
    ground: Repository, endpoint: ScriptedEndpoint
) -> None:
    endpoint.queue(replying(DRAFT))
    assert new(ground, endpoint) == 0
    first = ground.git("rev-parse", BRANCH)

    assert new(ground, endpoint) == 0
    ground.git("branch", "-D", BRANCH)
    assert new(ground, endpoint) == 0
    assert new(ground, None, "--replay") == 0

    assert ground.git("rev-parse", BRANCH) == first
    assert len(endpoint.requests) == 1


def test_another_clone_makes_the_same_commit(
    ground: Repository,
    endpoint: ScriptedEndpoint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795000000")
    other = Repository(tmp_path / "other")
    ground.git("clone", "--quiet", str(ground.path), str(other.path))
    endpoint.queue(replying(DRAFT))
    assert new(ground, endpoint) == 0
    recorded = tmp_path / "replies.jsonl"
    with ReplyStore(ground.path / ".git" / STATE_FOLDER / STORE_FILE) as store:
        assert store.export(recorded) == 1

    assert new(other, None, "--replay-file", str(recorded)) == 0

    assert other.git("rev-parse", BRANCH) == ground.git("rev-parse", BRANCH)
    assert ground.git("log", "-1", "--format=%ct %at", BRANCH) == "1795000000 1795000000"


def test_a_replay_without_a_recorded_reply_is_a_partial_one(
    ground: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new(ground, None, "--replay", "--model", "tiny") == 4
    assert "never recorded" in capsys.readouterr().err


def test_a_branch_with_something_else_is_never_overwritten(
    ground: Repository, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    ground.git("branch", BRANCH, "main")
    endpoint.queue(replying(DRAFT))

    assert new(ground, endpoint) == 1

    assert ground.git("rev-parse", BRANCH) == ground.git("rev-parse", "main")
    assert f"git branch -D {BRANCH}" in capsys.readouterr().err


def test_kill_minus_nine_then_resume(ground: Repository) -> None:
    """Killed while the draft is mended, the same command repeats no call that was answered."""
    before = state_of(ground)

    def slow(request: Request) -> Answer:
        return replying(misfit(), delay=30.0 if is_again(request) else 0.0)

    with ScriptedEndpoint(slow) as server:
        program = [sys.executable, "-m", "skillgit", "-C", str(ground.path), "new", "csv-reports"]
        command = [*program, "--describe", WISH, "-q", "--base-url", server.url]
        with subprocess.Popen(command) as process:
            while len(server.requests) < 2:
                assert process.poll() is None
            process.kill()
    assert state_of(ground) == before
    with ScriptedEndpoint() as server:
        server.queue(replying(DRAFT), when=is_again)
        assert new(ground, server) == 0
    assert ground.git("show", f"{BRANCH}:{FILE}")


# ------------------------------------------------------------------ what does not work


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[2J\x1b[31mUse `red`.",
        "Use \u202e`it`.",
        "<img src=x onerror=alert(1)>",
        "[x](../../etc/passwd)",
        "> quoted",
    ],
)
def test_a_hostile_draft_is_named_and_not_written(
    ground: Repository,
    endpoint: ScriptedEndpoint,
    text: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    refs = ground.git("for-each-ref")
    endpoint.queue(replying(misfit(text)), replying(misfit(text)))

    assert new(ground, endpoint) == 1

    shown = capsys.readouterr()
    assert shown.out == ""
    assert "  finding: " in shown.err
    assert "\x1b" not in shown.err
    assert "\u202e" not in shown.err
    assert ground.git("for-each-ref") == refs
    assert len(endpoint.requests) == 2


def test_findings_as_json(
    ground: Repository, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.queue(replying(misfit()), replying(misfit()))
    assert new(ground, endpoint, "--json") == 1

    told = json.loads(capsys.readouterr().out)
    assert told["findings"] == ["section 3, point 1: a placeholder: TODO (TODO)"]
    assert told["branch"] is told["commit"] is told["text"] is None


def test_replies_that_are_no_use_are_a_finding(
    ground: Repository, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    long = DRAFT | {"does": "x" * 2000}
    endpoint.queue(Answer("no JSON"), replying(long), replying({"title": "x"}))

    assert new(ground, endpoint, "--json") == 1

    told = json.loads(capsys.readouterr().out)
    assert told["findings"][0].startswith("no usable reply: the reply is not JSON")
    assert told["description"] is None


def test_an_endpoint_that_vanishes_half_way_is_a_partial_stop(
    ground: Repository,
    endpoint: ScriptedEndpoint,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SKILLGIT_ENDPOINT_RETRIES", "0")
    monkeypatch.setenv("SKILLGIT_ENDPOINT_PATIENCE", "0")

    def gone(request: Request) -> Answer:
        if not is_again(request):
            return replying(misfit())
        endpoint.pages["/v1/models"] = Answer(reset=True)
        return Answer(reset=True)

    endpoint.reply = gone
    assert new(ground, endpoint) == 4
    assert "1 answered calls are kept" in capsys.readouterr().err


def test_nobody_there(
    ground: Repository, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILLGIT_ENDPOINT_RETRIES", "0")
    monkeypatch.setenv("SKILLGIT_ENDPOINT_PATIENCE", "0")
    assert new(ground, None, "--base-url", "http://127.0.0.1:9/v1") == 3
    error = capsys.readouterr().err
    assert "hint:" in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["new", "CSV Reports", "--describe", WISH], "upper-case letters"),
        (["new", "../csv", "--describe", WISH], "other signs"),
        (["new", "claude-csv", "--describe", WISH], "reserved"),
        (["new", "csv-reports", "--describe", " "], "has 0 characters"),
        (["new", "csv-reports", "--describe", WISH, "--in", ".."], "outside the repository"),
        (["new", "csv-reports", "--describe", WISH, "--base", "no-such"], "no-such"),
        (["new", "there", "--describe", WISH, "--in", "."], "lies in the checkout"),
        (["new", "csv-reports"], "--describe"),
    ],
)
def test_a_wrong_command_line_costs_no_call(
    ground: Repository,
    endpoint: ScriptedEndpoint,
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ground.write({"there/notes.txt": "mine\n"})

    assert run(["-C", str(ground.path), *arguments, "--base-url", endpoint.url]) == 2

    error = capsys.readouterr().err
    assert words in error
    assert "Traceback" not in error
    assert endpoint.paths == []


def test_without_a_name_for_the_commit_no_call_is_paid_for(
    ground: Repository,
    endpoint: ScriptedEndpoint,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")

    assert new(ground, endpoint) == 3

    assert "user.name" in capsys.readouterr().err
    assert endpoint.requests == []


def test_the_wish_may_come_from_stdin(
    ground: Repository, endpoint: ScriptedEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("Berichte ü.\n".encode())))
    endpoint.queue(replying(DRAFT))

    assert new(ground, endpoint, "--describe", "-") == 0

    assert "What it is for: Berichte ü.\n" in endpoint.requests[0]["messages"][1]["content"]


def test_a_wish_that_is_no_text(
    ground: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"caf\xe9")))

    assert new(ground, None, "--describe", "-") == 2

    assert "not UTF-8" in capsys.readouterr().err
