"""A sandbox of docker or podman: one container for each command, removed when the command ends.

The program on the command line is only a client; killing it kills nothing. So every container has
a name of its own, is removed by force at the end, and carries a clock for the case that skillgit
itself is killed.
"""

from __future__ import annotations

import asyncio
import math
import os
import resource
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from skillgit import config
from skillgit.errors import SurroundingsError
from skillgit.ports import Ran
from skillgit.sandbox.folders import tidy
from skillgit.sandbox.limits import (
    MOST_OPEN_FILES,
    SCRATCH_BYTES,
    SHARED_BYTES,
    Limits,
)
from skillgit.sandbox.running import cannot_be_run, started, to_its_end
from skillgit.sandbox.walls import ENVIRONMENT, WORK
from skillgit.sandbox.watch import FolderWatch

_GRACE = 5
"""Seconds after which a container ends itself where nobody else has ended it."""
_FAILED = 125
"""The client's own failure; the shell inside keeps commands from saying the same."""
_CLIENT_SECONDS = 30
_TASKS = 32_768
"""What Linux itself allows by default; --pids-limit is the limit that counts."""
_CLIENT_VARIABLES = (
    "CONTAINERS_CONF",
    "CONTAINERS_STORAGE_CONF",
    "CONTAINER_HOST",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "HOME",
    "PATH",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
)
_SCRATCH = f"/tmp:rw,nosuid,nodev,exec,mode=1777,size={SCRATCH_BYTES}"  # noqa: S108 - the inner one
# As the first process of its container a command would be spared by many signals: a shell is it.
_SHELL = 'timeout -s KILL "$0" "$@"; status=$?; [ "$status" = 125 ] && status=1; exit "$status"'


class Container:
    """Commands in a container of their own, each; `kind` is docker or podman."""

    def __init__(self, options: config.Sandbox) -> None:
        self.name = str(options.kind)
        self.workdir = WORK
        self._image = options.image
        self._limits = Limits.of(options)
        self._program = shutil.which(self.name) or self.name

    @cached_property
    def _rootless(self) -> bool:
        """Does the daemon of docker run as an ordinary user?"""
        done = self._client("info", "--format", "{{.SecurityOptions}}")
        return b"rootless" in done.stdout

    def python(self) -> tuple[str, ...]:
        """The image's own: it must hold the packages that tasks need."""
        return ("python3",)

    def trouble(self) -> str:
        """What is wrong before anything is run: no daemon, no image."""
        for question in (("info",), ("image", "inspect", self._image)):
            try:
                done = self._client(*question)
            except (OSError, subprocess.SubprocessError) as error:
                return str(error)
            if done.returncode:
                return done.stderr.decode("utf-8", "replace").strip()
        return ""

    async def run(self, work: Path, command: Sequence[str], *, readable: Mapping[str, Path]) -> Ran:
        if misfit := cannot_be_run(command):
            return misfit
        return await to_its_end(lambda cancelled: self._run(work, command, readable, cancelled))

    async def _run(
        self,
        work: Path,
        command: Sequence[str],
        readable: Mapping[str, Path],
        cancelled: asyncio.Event,
    ) -> Ran:
        name = f"skillgit-{secrets.token_hex(8)}"
        folder = FolderWatch(work, self._limits)
        arguments = [self._program, *self.arguments(name, work, readable), *command]
        finished = False
        try:
            with tempfile.TemporaryDirectory(
                prefix="skillgit-"
            ) as elsewhere:  # podman leaves notes
                async with started(
                    arguments, cancelled, environment=_client_environment(), folder=Path(elsewhere)
                ) as running:
                    stopped = await running.watched(
                        self._limits.seconds, folder.over, closely=folder.full
                    )
                    finished = not stopped
        finally:
            if not finished:
                await self._remove(name)
        tidy(work)
        text, status = running.output.text(), running.process.returncode
        if stopped or status is None:
            return Ran(text, None, stopped)
        if status == _FAILED:
            raise SurroundingsError(
                f"running a command in {self.name}: {text.strip()}",
                hint="`skillgit doctor` says which sandbox works here",
            )
        return Ran(text, status) if status >= 0 else Ran(text, None, "killed from outside")

    def arguments(self, name: str, work: Path, readable: Mapping[str, Path]) -> Iterator[str]:
        """Everything between the program and the command."""
        limits = self._limits
        yield from ("run", "--rm", "--pull", "never", "--name", name, "--log-driver", "none")
        yield from ("--network", "none", "--read-only", "--cap-drop", "ALL")
        yield from ("--security-opt", "no-new-privileges", "--security-opt", "label=disable")
        yield from ("--ipc", "private", "--hostname", "sandbox", "--no-healthcheck")
        yield from ("--stop-timeout", "0")  # a removal does not wait for the command
        yield from ("--pids-limit", str(limits.processes))
        yield from ("--memory", f"{limits.memory}b", "--memory-swap", f"{limits.memory}b")
        yield from ("--shm-size", f"{SHARED_BYTES}b")
        yield from ("--ulimit", f"fsize={limits.file}", "--ulimit", f"cpu={limits.cpu}")
        yield from ("--ulimit", f"nofile={MOST_OPEN_FILES}", "--ulimit", "core=0")
        yield from ("--tmpfs", _SCRATCH)
        yield from self._owner()
        for variable, value in ENVIRONMENT.items():
            yield from ("--env", f"{variable}={value}")
        yield from ("--mount", _mount(work, WORK), "--workdir", WORK)
        for inside, outside in sorted(readable.items()):
            yield from ("--mount", f"{_mount(outside, inside)},readonly")
        yield from ("--entrypoint", "/bin/sh", self._image, "-c", _SHELL)
        yield str(math.ceil(limits.seconds) + _GRACE)

    def _owner(self) -> Iterator[str]:
        """Files in the work folder must belong to whoever runs skillgit."""
        user = f"{os.getuid()}:{os.getgid()}"
        if self.name == config.Confinement.PODMAN:
            yield from ("--read-only-tmpfs=false", "--http-proxy=false")
            most = resource.getrlimit(resource.RLIMIT_NPROC)[1]
            if most != resource.RLIM_INFINITY:  # podman would ask for a million, and be refused
                yield from ("--ulimit", f"nproc={min(most, _TASKS)}")
            if os.getuid():
                yield "--userns=keep-id"
        elif self._rootless:
            user = "0:0"  # the daemon's own user, seen from inside
        yield from ("--user", user)

    def _client(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [self._program, *arguments],
            env=_client_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_CLIENT_SECONDS,
            check=False,
        )

    async def _remove(self, name: str) -> None:
        """Started at once and waited for in peace: a second Ctrl-C must not leave it running."""
        with suppress(OSError):
            removal = subprocess.Popen(  # noqa: ASYNC220 - asyncio's could be cancelled half way
                [self._program, "rm", "--force", name],
                env=_client_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            await asyncio.shield(asyncio.to_thread(removal.wait))


def _mount(outside: Path, inside: str) -> str:
    """One bind as `--mount` reads it: a line of CSV."""
    source = str(outside.resolve()).replace('"', '""')
    return f'type=bind,"src={source}","dst={inside}"'


def _client_environment() -> Mapping[str, str]:
    """What a client needs to find its daemon; nothing of it reaches the container."""
    return {name: os.environ[name] for name in _CLIENT_VARIABLES if name in os.environ}
