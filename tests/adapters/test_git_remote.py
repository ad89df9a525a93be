from __future__ import annotations

import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository

from skillgit.adapters.git_remote import GitRemote
from skillgit.errors import FindingsError, SurroundingsError, UsageError

Make = Callable[..., Repository]
REF = "refs/skillgit/rounds/x"
SPEC = "refs/skillgit/rounds/*:refs/skillgit/rounds/*"


@pytest.fixture
def two(repository: Make, tmp_path: Path) -> tuple[Repository, Repository]:
    """A repository and the bare one that it calls `origin`."""
    made = repository({"a": "b"}, {"a": "c"})
    made.git("init", "--quiet", "--bare", str(tmp_path / "bare.git"))
    made.git("remote", "add", "origin", str(tmp_path / "bare.git"))
    return made, Repository(tmp_path / "bare.git")


def test_refs_go_there_and_come_back(two: tuple[Repository, Repository]) -> None:
    made, bare = two
    made.git("update-ref", REF, "HEAD")
    remote = GitRemote.of(made.path, None)
    assert (remote.name, remote.refs("refs/skillgit/")) == ("origin", {})
    remote.push([REF])
    head = made.git("rev-parse", "HEAD")
    assert remote.refs("refs/skillgit/") == {REF: head}
    assert bare.git("for-each-ref", "--format=%(refname)") == REF
    made.git("update-ref", "-d", REF)
    before = made.git("config", "--list", "--local")
    remote.fetch([REF])
    assert made.git("rev-parse", REF) == head
    assert made.git("config", "--list", "--local") == before
    assert not (made.path / ".git/FETCH_HEAD").exists()


def test_nothing_is_forced(two: tuple[Repository, Repository]) -> None:
    made, _ = two
    remote = GitRemote.of(made.path, "origin")
    made.git("update-ref", REF, "HEAD")
    remote.push([REF])
    made.git("update-ref", REF, "HEAD^")
    with pytest.raises(FindingsError, match="it refused"):
        remote.push([REF])
    other = made.git("commit-tree", "-m", "other", "HEAD^{tree}")
    made.git("update-ref", REF, other)
    with pytest.raises(SurroundingsError, match="fetching evidence from origin"):
        remote.fetch([REF])
    assert made.git("rev-parse", REF) == other
    remote.fetch_objects(REF)
    assert made.git("rev-parse", REF) == other


def test_pruning_that_is_configured_deletes_nothing(two: tuple[Repository, Repository]) -> None:
    made, _ = two
    made.git("config", "fetch.prune", "true")
    made.git("update-ref", REF, "HEAD")
    remote = GitRemote.of(made.path, None)
    remote.push([REF])
    made.git("update-ref", f"{REF}-mine", "HEAD")
    remote.fetch([REF])
    assert made.git("rev-parse", f"{REF}-mine") == made.git("rev-parse", "HEAD")


def test_a_refspec_is_added_once_and_never_beside_pruning(
    two: tuple[Repository, Repository],
) -> None:
    made, _ = two
    remote = GitRemote.of(made.path, None)
    assert remote.configure(SPEC)
    assert not remote.configure(SPEC)
    assert made.git("config", "--get-all", "remote.origin.fetch").split("\n")[1:] == [SPEC]
    made.git("config", "fetch.prune", "true")
    with pytest.raises(UsageError, match=r"fetch\.prune is set"):
        remote.configure(SPEC)
    made.git("config", "remote.origin.prune", "false")
    assert not remote.configure(SPEC)


def test_names_of_remotes(two: tuple[Repository, Repository], tmp_path: Path) -> None:
    made, bare = two
    assert GitRemote.of(made.path, str(bare.path)).refs("refs/") == {}
    for wrong in ("nowhere", "--upload-pack=x", ""):
        with pytest.raises(UsageError, match="none of that name"):
            GitRemote.of(made.path, wrong)
    made.git("remote", "rename", "origin", "upstream")
    assert GitRemote.of(made.path, None).name == "upstream"
    made.git("remote", "add", "backup", str(tmp_path))
    with pytest.raises(UsageError, match="no single one") as failure:
        GitRemote.of(made.path, None)
    assert "backup, upstream" in failure.value.hint
    with pytest.raises(UsageError, match="an address has no configuration"):
        GitRemote.of(made.path, str(bare.path)).configure(SPEC)


def test_no_remote_at_all_is_said(repository: Make) -> None:
    with pytest.raises(UsageError, match="there is none here") as failure:
        GitRemote.of(repository({"a": "b"}).path, None)
    assert "git remote add" in failure.value.hint


def test_a_remote_that_is_not_there_is_said(repository: Make, tmp_path: Path) -> None:
    made = repository({"a": "b"})
    with pytest.raises(SurroundingsError, match="does not appear to be a git repository"):
        GitRemote.of(made.path, str(tmp_path / "nowhere.git")).refs("refs/")


def test_a_remote_that_never_answers_is_left_with_all_its_helpers(
    two: tuple[Repository, Repository], tmp_path: Path
) -> None:
    made, bare = two
    slow = tmp_path / "slow"
    slow.write_text(f"#!/bin/sh\nsleep 1000 & echo $! >{tmp_path}/pid; wait\n")
    slow.chmod(slow.stat().st_mode | stat.S_IXUSR)
    made.git("config", "remote.origin.uploadpack", str(slow))
    began = time.monotonic()
    with pytest.raises(SurroundingsError, match=r"no end after 0\.5 seconds"):
        GitRemote(made.path, "origin", limit=0.5).refs("refs/")
    assert time.monotonic() - began < 10
    sleeper = Path("/proc") / (tmp_path / "pid").read_text().strip() / "cmdline"
    for _ in range(50):
        if not sleeper.exists() or b"sleep" not in sleeper.read_bytes():
            break
        time.sleep(0.1)
    else:
        pytest.fail("the remote's helper lives on")
    assert bare.path.is_dir()


def environment(made: Repository, tmp_path: Path) -> list[str]:
    """The environment in which the remote's helper was called."""
    helper = tmp_path / "helper"
    helper.write_text(f"#!/bin/sh\nenv >{tmp_path}/env; exit 1\n")
    helper.chmod(0o755)
    made.git("config", "remote.origin.uploadpack", str(helper))
    with pytest.raises(SurroundingsError):
        GitRemote(made.path, "origin").refs("refs/")
    return (tmp_path / "env").read_text().split("\n")


def test_nobody_is_asked_for_a_password(
    two: tuple[Repository, Repository], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_ASKPASS", "/bin/false")
    told = environment(two[0], tmp_path)
    assert {"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "SSH_ASKPASS_REQUIRE=never"} <= set(told)
    assert "GIT_SSH_COMMAND=ssh -oBatchMode=yes" in told


def test_an_ssh_of_the_users_own_is_kept(
    two: tuple[Repository, Repository], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _ = two
    made.git("config", "core.sshCommand", "ssh -i mine")
    assert not [one for one in environment(made, tmp_path) if one.startswith("GIT_SSH_COMMAND")]
    made.git("config", "--unset", "core.sshCommand")
    monkeypatch.setenv("GIT_SSH_COMMAND", "ssh -i other")
    assert "GIT_SSH_COMMAND=ssh -i other" in environment(made, tmp_path)


def test_a_surrounding_hook_does_not_lead_astray(
    two: tuple[Repository, Repository], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _ = two
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    assert GitRemote(made.path, "origin").refs("refs/") == {}
