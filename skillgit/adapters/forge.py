"""GitHub: where a remote lies there, and a draft pull request through its own command `gh`.

Pushing is left to plain `git push`, with the hooks, keys and questions that its user is used to.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from skillgit.adapters.git import GitRepository
from skillgit.errors import SurroundingsError, UsageError
from skillgit.names import Oid

_URL = re.compile(
    r"(?:(?:https?|ssh|git)://(?:[^@/\s]+@)?(?P<host>[\w.-]+)(?::\d+)?/"
    r"|(?:[^@/\s]+@)?(?P<scp>[\w.-]+):(?!//))"
    r"(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:\.git)?/?"
)
_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Project:
    """A repository on GitHub, or on a GitHub of one's own."""

    host: str
    owner: str
    name: str

    def compare_url(self, branch: str, base: str = "") -> str:
        """The page on which a pull request is opened by hand."""
        range_ = f"{quote(base, safe='/')}...{quote(branch, safe='/')}" if base else quote(branch)
        return f"https://{self.host}/{self.owner}/{self.name}/compare/{range_}?expand=1"

    @property
    def slug(self) -> str:
        """As `gh --repo` takes it."""
        return f"{self.host}/{self.owner}/{self.name}"


@dataclass(frozen=True, slots=True)
class Proposed:
    """A pull request as it is to be opened."""

    title: str
    body: str
    branch: str
    base: str = ""
    """Empty: the default branch of the project."""


def project_of(url: str) -> Project | None:
    """The project on GitHub that a remote's address names; None for any other address.

    What stands before the host, a name or a token, is not kept.
    """
    found = _URL.fullmatch(url.strip())
    host = (found["host"] or found["scp"]).lower() if found else ""
    if not found or not ("github" in host or host == os.environ.get("GH_HOST", "").lower()):
        return None
    return Project(host, found["owner"], found["name"])


def remote_of(repository: GitRepository, named: str | None) -> str | None:
    """The remote that a person named, else `origin`, else the only one; None where there is none.

    UsageError where there is none of that name, or there are several and none is `origin`.
    """
    remotes = _lines(repository, "remote")
    if named is not None:
        if named not in remotes:
            raise UsageError(
                f"looking for the remote {named!r}: this repository has none of that name",
                hint=f"it has {', '.join(remotes)}" if remotes else "add it with `git remote add`",
            )
        return named
    if "origin" in remotes or len(remotes) < 2:
        return "origin" if "origin" in remotes else next(iter(remotes), None)
    raise UsageError(
        f"looking for the remote: there are {', '.join(remotes)}, and none is called origin",
        hint="name one with --remote",
    )


def project_at(repository: GitRepository, remote: str) -> Project | None:
    """The project on GitHub that a remote leads to, as it is written or as Git resolves it."""
    written = _lines(repository, "config", "--get", f"remote.{remote}.url", allow=(0, 1))
    resolved = _lines(repository, "remote", "get-url", remote, allow=(0, 1, 2, 128))
    found = (project_of(url) for url in (*written, *resolved))
    return next((project for project in found if project), None)


def _lines(repository: GitRepository, *words: str, allow: tuple[int, ...] = (0,)) -> list[str]:
    told = repository.run(*words, allow=allow).stdout.decode("utf-8", "replace")
    return [line for line in told.split("\n") if line]


# ------------------------------------------------------------------ pushing


def pushed(repository: GitRepository, remote: str, refs: Sequence[str]) -> dict[str, Oid]:
    """Where these refs are on the remote, as far as they are there."""
    told = _git(repository, "ls-remote", remote, *refs)
    found = (line.split("\t", 1) for line in told.splitlines() if "\t" in line)
    return {ref: Oid(oid) for oid, ref in found if ref in refs}


def push(repository: GitRepository, remote: str, refs: Sequence[str]) -> None:
    """Push these refs under their own names; nothing is forced."""
    _git(repository, "push", remote, *(f"{ref}:{ref}" for ref in refs))


def _git(repository: GitRepository, verb: str, remote: str, *words: str) -> str:
    folder = repository.work_tree or repository.common_dir
    told = _run(["git", "-C", str(folder), verb, "--", remote, *words], f"git {verb} {remote}")
    if isinstance(told, str):
        return told
    raise SurroundingsError(
        f"git {verb} {remote}: {told.words}",
        hint="after `skillgit drop` a branch is pushed with `git push --force-with-lease`"
        if "non-fast-forward" in told.words or "rejected" in told.words
        else f"see that `git ls-remote {remote}` works, then try again",
    )


# ------------------------------------------------------------------ opening


def has_gh() -> bool:
    """Is GitHub's own command there?"""
    return shutil.which("gh") is not None


def open_draft(project: Project, proposed: Proposed, folder: Path) -> str:
    """Open a draft pull request; its address."""
    command = ["gh", "pr", "create", "--repo", project.slug, "--draft", "--title", proposed.title]
    command += ["--body-file", "-", "--head", proposed.branch]
    command += ["--base", proposed.base] if proposed.base else []
    told = _run(command, "gh pr create", given=proposed.body, folder=folder)
    if isinstance(told, str):
        return told.strip().rpartition("\n")[2]
    raise SurroundingsError(
        f"opening the pull request: gh says: {told.words}",
        hint="`gh auth status` tells whether it may; --body-only prints the body, which"
        f" `gh pr edit {proposed.branch} --body-file -` puts into one that is open already",
    )


@dataclass(frozen=True, slots=True)
class _Refused:
    """What a command said that did not do its work."""

    words: str


def _run(
    command: Sequence[str], name: str, *, given: str = "", folder: Path | None = None
) -> str | _Refused:
    try:
        done = subprocess.run(
            command,
            input=given.encode(),
            cwd=folder,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _Refused(f"no answer within {_SECONDS} s")
    except OSError as missing:
        raise SurroundingsError(
            f"running {name}: {missing.strerror or missing}",
            hint="see that the command is installed and on the PATH",
        ) from missing
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        return _Refused(said or f"exit status {done.returncode}")
    return done.stdout.decode("utf-8", "replace")
