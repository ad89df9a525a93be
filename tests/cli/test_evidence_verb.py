from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository
from rounds import ROUND, SKILL, TEXT, recorded_once

from skillgit import cli
from skillgit.types import Branch

Make = Callable[..., Repository]
REF = f"refs/skillgit/rounds/{ROUND}"
FILE = f"{SKILL}/SKILL.md"


@pytest.fixture
def scene(
    repository: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Repository, Repository, Branch]:
    """A repository with a round, and a plain clone of what it pushed: branches alone."""
    first = repository({FILE: TEXT, "README.md": "hi\n"}, name="first")
    made, branch = recorded_once(first, tmp_path_factory.mktemp("recorded"), tmp_path / "repo")
    made.git("init", "--quiet", "--bare", str(tmp_path / "bare.git"))
    made.git("remote", "add", "origin", str(tmp_path / "bare.git"))
    made.git("push", "--quiet", "origin", "main", "review", branch.name)
    made.git(
        "clone", "--quiet", "-b", "review", str(tmp_path / "bare.git"), str(tmp_path / "clone")
    )
    return made, Repository(tmp_path / "clone"), branch


def run(made: Repository, *args: str) -> int:
    return cli.run(["-C", str(made.path), *args])


def test_evidence_goes_to_a_remote_and_comes_to_a_clone(
    scene: tuple[Repository, Repository, Branch], capsys: pytest.CaptureFixture[str]
) -> None:
    made, clone, _ = scene
    tip = made.git("rev-parse", REF)
    assert run(made, "evidence", "push") == 0
    assert capsys.readouterr() == (f"{REF}: new -> {tip[:12]}\n", "1 ref sent to origin\n")
    assert run(made, "evidence", "push", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"schema": "skillgit.evidence-push/1", "remote": "origin", "moved": []}
    before = clone.git("config", "--local", "--list")
    assert run(clone, "evidence", "fetch", "origin", "--json") == 0
    [moved] = json.loads(capsys.readouterr().out)["moved"]
    assert moved == {"ref": REF, "old": None, "new": tip}
    assert clone.git("config", "--local", "--list") == before
    assert run(clone, "evidence", "fetch") == 0
    assert capsys.readouterr() == ("", "origin: nothing to do\n")


def test_a_clone_with_evidence_answers_fully_and_one_without_says_what_is_missing(
    scene: tuple[Repository, Repository, Branch], capsys: pytest.CaptureFixture[str]
) -> None:
    made, clone, _ = scene
    run(made, "evidence", "push")
    whole = {}
    for name, args in {
        "why": ("why", f"{FILE}:1-18"),
        "show": ("show", "latest/1"),
        "check": ("check", "--range", "origin/main..HEAD"),
        "log": ("log", "--json"),
    }.items():
        made.git("update-ref", "refs/remotes/origin/main", "main")
        capsys.readouterr()
        assert run(made, *args) == 0
        whole[name] = capsys.readouterr().out
        assert run(clone, *args) == (name == "check")
        partial = capsys.readouterr()
        said = partial.out + partial.err
        assert ('"complete": false' if name == "log" else "skillgit evidence fetch") in said
        assert ("said 2" in said) is False
    run(clone, "evidence", "fetch")
    for name, args in {
        "why": ("why", f"{FILE}:1-18"),
        "show": ("show", "latest/1"),
        "check": ("check", "--range", "origin/main..HEAD"),
    }.items():
        capsys.readouterr()
        assert run(clone, *args) == 0
        assert capsys.readouterr().out == whole[name]
    assert run(clone, "evidence", "verify") == 0
    assert run(clone, "log", "--json") == 0
    entry = json.loads(capsys.readouterr().out)["rounds"][0]
    assert entry["complete"]
    assert entry["lessons"] == json.loads(whole["log"])["rounds"][0]["lessons"]


def test_configured_fetches_bring_rounds_along(
    scene: tuple[Repository, Repository, Branch], capsys: pytest.CaptureFixture[str]
) -> None:
    made, clone, _ = scene
    run(made, "evidence", "push")
    assert run(clone, "evidence", "fetch", "--configure") == 0
    assert "every `git fetch` brings new rounds" in capsys.readouterr().err
    clone.git("update-ref", "-d", REF)
    clone.git("fetch", "--quiet")
    assert clone.git("rev-parse", REF) == made.git("rev-parse", REF)
    assert run(clone, "evidence", "fetch", "--configure") == 0
    assert "was configured already" in capsys.readouterr().err


def test_verify_tells_findings_and_exits_with_one(
    scene: tuple[Repository, Repository, Branch], capsys: pytest.CaptureFixture[str]
) -> None:
    made, _, _ = scene
    assert run(made, "evidence", "verify") == 0
    assert capsys.readouterr() == ("", "1 round, 15 documents: nothing to complain about\n")
    made.git("update-ref", "refs/skillgit/rounds/odd", "HEAD")
    assert run(made, "evidence", "verify") == 1
    said = capsys.readouterr()
    assert said.out == "refs/skillgit/rounds/odd: nothing of this name is known\n"
    assert said.err.endswith(": 1 fault\n")
    assert run(made, "evidence", "verify", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "skillgit.evidence-verify/1"
    assert told["faults"][0]["ref"] == "refs/skillgit/rounds/odd"


def test_gc_lists_and_deletes_only_when_forced(
    scene: tuple[Repository, Repository, Branch], capsys: pytest.CaptureFixture[str]
) -> None:
    made, _, branch = scene
    tip = made.git("rev-parse", REF)
    assert run(made, "evidence", "gc", "--keep-days", "0") == 0
    assert capsys.readouterr() == ("", "0 rounds that nothing speaks of, 1 kept\n")
    made.git("checkout", "--quiet", "main")
    made.git("branch", "-D", branch.name, "review")
    for name in ("review", branch.name):
        made.git("update-ref", "-d", f"refs/remotes/origin/{name}")
    assert run(made, "evidence", "gc", "--keep-days", "0", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [(one["round"], one["kept"]) for one in told["rounds"]] == [(ROUND, "")]
    assert run(made, "evidence", "gc", "--keep-days", "0") == 0
    said = capsys.readouterr()
    assert f"would be deleted, it was at {tip}" in said.out
    assert "gc --force" in said.err
    assert made.git("rev-parse", REF) == tip
    assert run(made, "evidence", "gc", "--keep-days", "0", "--force") == 0
    assert "deleted" in capsys.readouterr().out
    assert made.git("for-each-ref", "refs/skillgit") == ""


def test_what_goes_wrong_is_told_without_a_traceback(
    scene: tuple[Repository, Repository, Branch],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    made, clone, _ = scene
    run(made, "evidence", "push")
    clone.git("update-ref", REF, "HEAD")
    capsys.readouterr()
    assert run(clone, "evidence", "fetch") == 1
    assert f"{REF} is not the same on both sides" in capsys.readouterr().err
    assert run(clone, "evidence", "push") == 1
    assert run(clone, "evidence", "push", "nowhere") == 2
    assert run(clone, "evidence", "push", str(tmp_path / "nowhere.git")) == 3
    assert "does not appear to be a git repository" in capsys.readouterr().err
    clone.git("remote", "remove", "origin")
    assert run(clone, "evidence", "fetch") == 2
    assert "git remote add origin" in capsys.readouterr().err
