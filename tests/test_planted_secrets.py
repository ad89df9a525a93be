"""Secrets of many kinds in every format: nothing that a round sends, keeps or says has one.

The whole round is real: files, the command line, Git, HTTP. Looked through are the bytes of all
requests, of every Git object, of all that lies below `.git`, of what is printed, and the report.
"""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import planted
import pytest
from analysts import plausible
from repositories import Repository
from scripted import ScriptedEndpoint

from skillgit.cli import run
from skillgit.trajectories.redaction import Redactor

SKILL = """---
name: chores
description: Work with files. Use when a task gives files.
---

# Work

- Look at every file before you compute.
- Write the answer where the task wants it.
"""


@pytest.fixture
def skills(repository: Callable[..., Repository], monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setenv("SKILLGIT_ANALYZE_ERROR_ANALYST", "single-call")
    monkeypatch.setenv("SKILLGIT_ANALYZE_TRAJECTORY_CHARS", "10000000")
    monkeypatch.setenv("SKILLGIT_RECORD_STORE_TRAJECTORIES", "true")
    return repository({"skills/chores/SKILL.md": SKILL})


def write_runs(folder: Path) -> Path:
    """A run of each format, and a table that says who passed where the files do not."""
    folder.mkdir()
    with (folder.parent / "outcomes.csv").open("w", encoding="utf-8", newline="") as table:
        rows = csv.writer(table)
        rows.writerow(("file", "success"))
        for number, path in enumerate(planted.formats()):
            (folder / path.name).write_bytes(planted.planted(path))
            rows.writerow((path.name, number % 2))
            if path.suffix == ".jsonl":
                rows.writerows((f"{path.name}:{line}", number % 2) for line in range(1, 20))
    return folder


def everything_below(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def evolve(skills: Repository, runs: Path, endpoint: ScriptedEndpoint, *more: str) -> int:
    table = runs.parent / "outcomes.csv"
    where = ("--base-url", endpoint.url, "--outcomes", str(table), "--min-support", "1")
    return run(["-C", str(skills.path), "evolve", "skills/chores", "-t", str(runs), *where, *more])


def seen_in(text: str) -> list[str]:
    """The kinds of which something can be seen, also where JSON wrote its lines."""
    return [
        secret.kind
        for secret in planted.SECRETS
        if any(part in text or json.dumps(part)[1:-1] in text for part in secret.hidden)
    ]


def test_no_secret_of_any_kind_in_any_format_leaves_its_file(
    skills: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = write_runs(tmp_path / "runs")
    with ScriptedEndpoint(plausible, context=None) as endpoint:
        assert evolve(skills, runs, endpoint, "--redact-extra", planted.PATTERN, "--json") == 0
        requests, headers = json.dumps(endpoint.requests), json.dumps(endpoint.headers)
    told = json.loads(capsys.readouterr().out)
    for words in (["log"], ["show"], ["why", "skills/chores/SKILL.md:9"], ["report"], ["pr"]):
        run(["-C", str(skills.path), *words])
    printed = capsys.readouterr()
    report = b"".join(path.read_bytes() for path in skills.path.glob("report-*.html"))
    objects = subprocess.run(
        ["git", "cat-file", "--batch-all-objects", "--batch", "--buffer"],
        cwd=skills.path,
        capture_output=True,
        check=True,
    ).stdout.decode("utf-8", "replace")
    state = everything_below(skills.path / ".git").decode("latin-1")

    assert told["branch"]["lessons"], "there are commits to look through"
    assert "[secret:" in requests
    assert "[secret:" in objects, "quotes and trajectories are kept, redacted"
    assert len(report) > 1000
    for name, text in {
        "requests": requests,
        "headers": headers,
        "printed": json.dumps(told) + printed.out + printed.err,
        "report": report.decode(),
        "Git objects": objects,
        "below .git": state,
    }.items():
        assert seen_in(text) == [], f"in the {name}"
    kinds = {"private_key", "token", "password", "entropy", "extra", "email", "user", "host"}
    assert set(told["redactions"]) == kinds
    assert planted.PATTERN not in objects, "what a person hides is not told either"
    assert planted.PATTERN not in state


def test_the_same_without_redaction_shows_that_there_was_something_to_hide(
    skills: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = write_runs(tmp_path / "runs")
    with ScriptedEndpoint(plausible, context=None) as endpoint:
        assert evolve(skills, runs, endpoint, "--no-redact") == 2
        assert "--i-know-that-secrets-are-sent" in capsys.readouterr().err
        assert endpoint.requests == []
        assert evolve(skills, runs, endpoint, "--i-know-that-secrets-are-sent") == 2
        capsys.readouterr()
        assert evolve(skills, runs, endpoint, "--no-redact", "--i-know-that-secrets-are-sent") == 0
        sent = json.dumps(endpoint.requests, ensure_ascii=False)
    assert seen_in(sent) == [secret.kind for secret in planted.SECRETS]
    assert "nothing was hidden" in capsys.readouterr().out


def test_a_repository_alone_cannot_let_secrets_out(
    skills: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (skills.path / ".skillgit.toml").write_text("[collect]\nredact = false\n", encoding="utf-8")
    runs = write_runs(tmp_path / "runs")
    with ScriptedEndpoint(plausible, context=None) as endpoint:
        assert evolve(skills, runs, endpoint) == 2
        assert endpoint.requests == []
    assert "may not switch collect.redact off" in capsys.readouterr().err


@pytest.mark.parametrize("path", planted.formats(), ids=lambda path: path.name)
def test_every_kind_arrives_in_every_format_and_is_hidden(path: Path) -> None:
    raw = planted.trajectories(path, planted.planted(path))
    arrived = [planted.visible(one) for one in raw]
    for secret in planted.SECRETS:
        assert any(one[secret.kind] for one in arrived), f"{secret.kind} never got in"
    for one in Redactor(planted.PATTERN).all(raw):
        assert not {kind: places for kind, places in planted.visible(one).items() if places}
