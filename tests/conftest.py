"""No test sees the machine it runs on: its own home, its own Git configuration, fixed dates."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from repositories import Files, Repository
from scripted import ScriptedEndpoint

from skillgit.config import Endpoint
from skillgit.ports import Call, Message

# Of the real environment only what programs need to start survives, and what measures coverage in
# the programs that a test starts; `unmeasured` takes that away again.
_COVERAGE = "COVERAGE_PROCESS_CONFIG"
_KEPT = ("PATH", "TMPDIR", "LD_LIBRARY_PATH", _COVERAGE)
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


@pytest.fixture
def unmeasured(hermetic: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that this test starts import and spend only what they do for a user."""
    monkeypatch.delenv(_COVERAGE, raising=False)


@pytest.fixture
def endpoint() -> Iterator[ScriptedEndpoint]:
    """It fails the test on calls that nobody scripted and on answers that nobody fetched."""
    with ScriptedEndpoint() as scripted:
        yield scripted


@pytest.fixture
def config(endpoint: ScriptedEndpoint) -> Endpoint:
    """How to speak to `endpoint`, without waiting for anything."""
    return Endpoint(base_url=endpoint.url, model="tiny", workers=4, timeout=20.0, retries=1)


@pytest.fixture
def call() -> Call:
    """A question whose answer is `{"n": <integer>}`."""
    return Call(
        "merge",
        "level 1, node 2",
        (Message("system", "You count."), Message("user", "Count: ä€😀")),
        {
            "type": "object",
            "properties": {"n": {"type": "integer", "minimum": 0}},
            "required": ["n"],
            "additionalProperties": False,
        },
    )
