"""Where Ray is not installed, or must not be used."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository
from test_evolve import SKILL, write_runs

from skillgit.cli import run


def evolved(repository: Callable[..., Repository], folder: Path, *more: str) -> int:
    made = repository({"skills/xlsx/SKILL.md": SKILL})
    runs = str(write_runs(folder / "runs", 3))
    return run(["-C", str(made.path), "evolve", "skills/xlsx", "-t", runs, *more])


def test_what_is_missing_is_named(
    repository: Callable[..., Repository],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "skillgit.executors.cluster.joining", raising=False)
    code = evolved(repository, tmp_path, "--error-analyst", "single-call", "--executor", "ray")
    said = capsys.readouterr().err
    assert code == 3
    assert "starting the executor ray: Ray is not installed" in said
    assert "pip install 'skillgit[ray]'" in said


@pytest.mark.parametrize("address", ["foo", "ftp://there:1", "there", "ray://there", "there:x"])
def test_an_address_that_is_none_is_refused(
    address: str,
    repository: Callable[..., Repository],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert evolved(repository, tmp_path, "--executor", address) == 2
    assert '"local", "ray", "HOST:PORT" or "ray://HOST:PORT"' in capsys.readouterr().err


def test_a_repository_cannot_choose_who_is_handed_the_key(
    repository: Callable[..., Repository], capsys: pytest.CaptureFixture[str]
) -> None:
    made = repository({"skills/xlsx/SKILL.md": SKILL})
    (made.path / ".skillgit.toml").write_text('[executor]\naddress = "there:6379"\n')
    assert run(["-C", str(made.path), "evolve", "skills/xlsx", "-t", "runs"]) == 2
    assert "a repository may not choose executor.address" in capsys.readouterr().err
