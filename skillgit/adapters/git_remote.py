"""Git commands that speak to another repository: with a time limit, and without a question.

Unlike all other commands of this house they run as the user configured Git (credentials, ssh,
proxies, hooks): without that nobody could be reached.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from skillgit.adapters.git_blaming import Output
from skillgit.errors import FindingsError, SurroundingsError, UsageError
from skillgit.names import Oid

LIMIT = 300.0
"""Seconds for one command: the evidence of a round is some hundred kilobytes."""

# What a surrounding hook sets would lead a command into another repository or a half-done push.
_OF_HOOKS = re.compile(
    r"GIT_(?:DIR|WORK_TREE|INDEX_FILE|PREFIX|NAMESPACE|COMMON_DIR|OBJECT_DIRECTORY"
    r"|ALTERNATE_OBJECT_DIRECTORIES|QUARANTINE_PATH|LITERAL_PATHSPECS)"
)
_SILENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",  # an empty one wins over core.askPass and SSH_ASKPASS, and asks nothing
    "SSH_ASKPASS_REQUIRE": "never",
    "GCM_INTERACTIVE": "never",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": "false",
    "LANGUAGE": "C",
    "LC_ALL": "C",
}
_REF = re.compile(r"refs/[A-Za-z0-9._/-]+")
_ADDRESS = re.compile(r"[/:\\]|\A\.{1,2}\Z")


class GitRemote:
    """`ports.Remote` by `git ls-remote`, `fetch` and `push`."""

    def __init__(self, place: Path, name: str, *, limit: float = LIMIT) -> None:
        self._place = place
        self._name = name
        self._limit = limit

    @classmethod
    def of(cls, place: Path, name: str | None, *, limit: float = LIMIT) -> GitRemote:
        """The remote of that name, or an address; without a name `origin` or the only one.

        `place` is the checkout, or a bare repository. Raises UsageError where there is none.
        """
        here = cls(place, "", limit=limit)
        known = here._run("reading the remotes", "remote").stdout.decode("utf-8", "replace").split()
        if name is None and known:
            name = "origin" if "origin" in known else known[0] if len(known) == 1 else None
        if name is None:
            raise UsageError(
                f"looking for a remote: there is {'no single one' if known else 'none'} here",
                hint=f"name one of them: {', '.join(known)}"
                if known
                else "add one with `git remote add origin ADDRESS`, or give an address",
            )
        if name.startswith("-") or not (name in known or _ADDRESS.search(name)):
            raise UsageError(
                f"looking for the remote {name!r}: there is none of that name",
                hint=f"`git remote` lists {', '.join(known) or 'none'}; an address works, too",
            )
        return cls(place, name, limit=limit)

    @property
    def name(self) -> str:
        """What the person calls it."""
        return self._name

    def refs(self, prefix: str) -> Mapping[str, Oid]:
        """The refs below a prefix, as they are there now."""
        doing = f"asking {self._name} for its evidence"
        found = self._ask(doing, "ls-remote", "--refs", self._name, f"{prefix}*")
        return dict(_listed(found.stdout, prefix))

    def push(self, refs: Sequence[str]) -> None:
        """Make these refs there what they are here, where that only adds commits."""
        plain = ("--no-follow-tags", "--recurse-submodules=no", "--no-force", "--porcelain")
        specs = [f"{ref}:{ref}" for ref in refs]
        found = self._run(f"pushing evidence to {self._name}", "push", *plain, self._name, *specs)
        refused = [
            line
            for line in found.stdout.decode("utf-8", "replace").split("\n")
            if line.startswith("!")
        ]
        if refused:
            told = "; ".join(" ".join(line[1:].split()) for line in refused)
            raise FindingsError(
                f"pushing evidence to {self._name}: it refused {told}",
                hint="run `skillgit evidence fetch`, then push again; nothing is ever forced",
            )
        self._must(found, f"pushing evidence to {self._name}")

    def fetch(self, refs: Sequence[str]) -> None:
        """Make these refs here what they are there, where that only adds commits."""
        self._fetch([f"{ref}:{ref}" for ref in refs])

    def fetch_objects(self, ref: str) -> None:
        """Bring what a ref of the remote points to; no ref here is moved."""
        self._fetch([ref])

    def _fetch(self, specs: Sequence[str]) -> None:
        # Pruning, which may be configured, would delete evidence that was not pushed yet; a
        # filter of a partial clone would leave the documents out.
        only = ("--no-tags", "--no-prune", "--no-recurse-submodules", "--no-write-fetch-head")
        tidy = ("--no-auto-maintenance", "--no-filter", "--refmap=")
        self._ask(f"fetching evidence from {self._name}", "fetch", *only, *tidy, self._name, *specs)

    def configure(self, refspec: str) -> bool:
        """Fetch a refspec with every `git fetch` from now on; False where it was so already."""
        doing = f"configuring {self._name}"
        key = f"remote.{self._name}"
        if self._run(doing, "config", "--get-all", f"{key}.url").status:
            raise UsageError(
                f"{doing}: an address has no configuration",
                hint="name a remote that `git remote` lists",
            )
        for prune in (f"{key}.prune", "fetch.prune"):
            said = self._run(doing, "config", "--type=bool", "--get", prune).line
            if said == "true":
                raise UsageError(
                    f"{doing}: {prune} is set, and every fetch would delete evidence that was not "
                    "pushed yet",
                    hint=f"`git config {key}.prune false` first, or go on with plain "
                    "`skillgit evidence fetch`, which deletes nothing",
                )
            if said == "false":
                break
        kept = self._run(doing, "config", "--get-all", f"{key}.fetch").stdout.decode().split("\n")
        if refspec in kept:
            return False
        self._ask(doing, "config", "--add", f"{key}.fetch", refspec)
        return True

    def _ask(self, doing: str, *arguments: str) -> Output:
        found = self._run(doing, *arguments)
        self._must(found, doing)
        return found

    def _must(self, found: Output, doing: str) -> None:
        if found.status:
            said = " ".join(found.stderr.split()) or f"exit status {found.status}"
            raise SurroundingsError(
                f"{doing}: {said}",
                hint="see that `git fetch` works there without a password: skillgit never asks",
            )

    def _run(self, doing: str, *arguments: str) -> Output:
        try:
            process = subprocess.Popen(
                ["git", *arguments],
                cwd=self._place,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as missing:
            raise SurroundingsError(
                f"{doing}: Git cannot be started: {missing.strerror}", hint="install Git"
            ) from missing
        with process:
            try:
                stdout, stderr = process.communicate(timeout=self._limit)
            except subprocess.TimeoutExpired as late:
                _end(process)
                raise SurroundingsError(
                    f"{doing}: no end after {self._limit:g} seconds",
                    hint="see whether the remote can be reached, and try again",
                ) from late
            except BaseException:
                _end(process)
                raise
        return Output(process.returncode, stdout, stderr.decode("utf-8", "replace"))

    @cached_property
    def _environment(self) -> Mapping[str, str]:
        kept = {name: text for name, text in os.environ.items() if not _OF_HOOKS.fullmatch(name)}
        ssh = {} if "GIT_SSH_COMMAND" in kept or "GIT_SSH" in kept else self._silent_ssh()
        return {**kept, **_SILENT, **ssh}

    def _silent_ssh(self) -> Mapping[str, str]:
        """Ssh that does not ask, unless the user chose an ssh of their own."""
        asked = ["git", "config", "--get", "core.sshCommand"]
        chosen = subprocess.run(
            asked, cwd=self._place, capture_output=True, check=False, timeout=self._limit
        )
        return {} if chosen.stdout.strip() else {"GIT_SSH_COMMAND": "ssh -oBatchMode=yes"}


def _listed(answer: bytes, prefix: str) -> Iterator[tuple[str, Oid]]:
    for line in answer.decode("utf-8", "surrogateescape").split("\n"):
        oid, _, ref = line.partition("\t")
        # A server may say anything; a name with a colon would be another refspec.
        if ref.startswith(prefix) and _REF.fullmatch(ref) and ".." not in ref:
            yield ref, Oid(oid)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Git and the helpers that it started: ssh or a transport would live on."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()
