from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from repositories import Repository

from skillgit.config import Confinement, Sandbox
from skillgit.doctor.diagnosis import Check, Level
from skillgit.doctor.machine import probe_machine
from skillgit.sandbox import examine as sandbox_trouble

Make = Callable[..., Repository]


def examine(start: Path, sandbox: Sandbox | None = None) -> dict[str, Check]:
    return {check.name: check for check in probe_machine(start, sandbox or Sandbox())}


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let PATH hold nothing but sh, these scripts, and the real programs that are named."""

    def make(*real: str, **scripts: str) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        for name in ("sh", *real):
            (folder / name).symlink_to(shutil.which(name) or "/missing")
        for name, script in scripts.items():
            (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
            (folder / name).chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))

    return make


def test_everything_is_there_and_nothing_is_written(
    repository: Make, programs: Callable[..., None]
) -> None:
    if sandbox_trouble(Sandbox()):
        pytest.skip("bubblewrap cannot be used here")
    made = repository({"a.md": "a\n"})
    before = sorted(path for path in made.path.rglob("*"))
    programs("git", "bwrap")

    checks = examine(made.path)

    assert list(checks) == ["Python", "Git", "repository", "author", "state", "sandbox"]
    repository_check = checks.pop("repository")  # a warning where Git is older than 2.38
    assert str(made.path) in repository_check.found
    assert {check.level for check in checks.values()} == {Level.OK}
    assert checks["author"].found == "Test Person <test@example.invalid>"
    assert checks["state"].found == str(made.path / ".git" / "skillgit")
    assert sorted(path for path in made.path.rglob("*")) == before


def test_without_git_no_repository_is_looked_for(
    tmp_path: Path, programs: Callable[..., None]
) -> None:
    programs()

    checks = examine(tmp_path)

    assert list(checks) == ["Python", "Git", "sandbox"]
    assert checks["Git"].level is Level.FAIL
    assert "install Git" in checks["Git"].advice


def test_outside_of_a_repository_is_a_warning(tmp_path: Path) -> None:
    checks = examine(tmp_path)

    assert checks["repository"].level is Level.WARN
    assert checks["repository"].advice
    assert "author" not in checks


def test_a_nameless_person_is_told_how_to_get_a_name(
    repository: Make, hermetic: Mapping[str, str]
) -> None:
    made = repository({"a.md": "a\n"})
    Path(hermetic["GIT_CONFIG_GLOBAL"]).write_text("", encoding="utf-8")

    check = examine(made.path)["author"]

    assert check.level is Level.FAIL
    assert "git config" in check.advice


def test_a_state_folder_that_is_a_file_fails(repository: Make) -> None:
    made = repository({"a.md": "a\n"})
    (made.path / ".git" / "skillgit").touch()

    assert examine(made.path)["state"].level is Level.FAIL


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_state_folder_that_cannot_be_written_to_fails(repository: Make) -> None:
    made = repository({"a.md": "a\n"})
    folder = made.path / ".git" / "skillgit"
    folder.mkdir()
    folder.chmod(0o500)

    check = examine(made.path)["state"]
    folder.chmod(0o700)

    assert check.level is Level.FAIL
    assert str(folder) in check.found


_TOO_OLD = "echo '--ro-bind SRC DEST'"
_FORBIDDEN = """
case $1 in
--help) echo '--disable-userns --size --json-status-fd --block-fd' ;;
*) echo 'bwrap: setting up uid map: Permission denied'; exit 1 ;;
esac
"""


@pytest.mark.parametrize(
    ("scripts", "found", "advice"),
    [
        ({}, "not installed", "install bubblewrap"),
        ({"bwrap": _TOO_OLD}, "has no --disable-userns", "0.8 or newer"),
        ({"bwrap": _FORBIDDEN}, "uid map: Permission denied", "sandbox.kind"),
    ],
)
def test_a_sandbox_that_does_not_work_is_a_warning_with_advice(
    tmp_path: Path,
    programs: Callable[..., None],
    scripts: dict[str, str],
    found: str,
    advice: str,
) -> None:
    programs("git", **scripts)

    check = examine(tmp_path)["sandbox"]

    assert check.level is Level.WARN
    assert found in check.found
    assert "--error-analyst single-call" in check.advice
    if scripts.get("bwrap") != _FORBIDDEN:  # there, what this system says itself is told
        assert advice in check.advice


def test_another_sandbox_that_works_is_recommended(
    tmp_path: Path, programs: Callable[..., None]
) -> None:
    if sandbox_trouble(Sandbox()):
        pytest.skip("bubblewrap cannot be used here")
    programs("git", "bwrap")

    check = examine(tmp_path, Sandbox(kind=Confinement.PODMAN))["sandbox"]

    assert check.level is Level.WARN
    assert check.found == "podman is not installed"
    assert check.advice.startswith("set sandbox.kind to bubblewrap, which works here")
