"""No test sees the machine it runs on: its own home, its own Git configuration, fixed dates."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

Files = Mapping[str, str | bytes]

# Of the real environment only what programs need to start survives.
_KEPT = ("PATH", "TMPDIR", "LD_LIBRARY_PATH", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")
_DATE = "2026-01-02T03:04:05+00:00"


@pytest.fixture(autouse=True)
def hermetic(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Mapping[str, str]:
    """The environment of every test, and of every program that a test starts."""
    home = tmp_path_factory.mktemp("home")
    git_config = home / "gitconfig"
    git_config.write_text(
        "[user]\n\tname = Test Person\n\temail = test@example.invalid\n", encoding="utf-8"
    )
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment = kept | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_DATA_HOME": str(home / "data"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "NO_COLOR": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(git_config),
        "GIT_CEILING_DIRECTORIES": str(home.parent),
        "GIT_ALLOW_PROTOCOL": "file",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_EDITOR": "false",
        "GIT_AUTHOR_DATE": _DATE,
        "GIT_COMMITTER_DATE": _DATE,
    }
    for name in list(os.environ):
        if name not in environment and not name.startswith("PYTEST_"):
            monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return environment


@dataclass(frozen=True, slots=True)
class Repository:
    """A real repository in a temporary folder."""

    path: Path

    def git(self, *args: str) -> str:
        """Run git in it; its stdout without the last newline. Any failure fails the test."""
        done = subprocess.run(
            ["git", *args], cwd=self.path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"git {' '.join(args)}: {done.stderr}"
        return done.stdout.removesuffix("\n")

    def write(self, files: Files) -> None:
        """Write files into the work tree."""
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, files: Files, message: str = "files") -> str:
        """Commit files as they are, byte for byte; the commit id."""
        self.write(files)
        self.git("add", "--force", "--", *files)
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Callable[..., Repository]:
    """A factory: `repository({"a.md": "text"}, {"a.md": "later text"})`, one commit per mapping."""

    def make(*commits: Files, name: str = "repo") -> Repository:
        made = Repository(tmp_path / name)
        made.path.mkdir(parents=True)
        made.git("init", "--quiet", "-b", "main")
        for number, files in enumerate(commits, start=1):
            made.commit(files, f"commit {number}")
        return made

    return make
