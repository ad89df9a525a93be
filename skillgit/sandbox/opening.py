"""The door: which sandbox works here, found out by using it, and what to do where none does."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from skillgit import config
from skillgit.config import Confinement
from skillgit.errors import SkillgitError, SurroundingsError
from skillgit.ports import Ran, Sandbox
from skillgit.sandbox.bubblewrap import NEEDED_OPTIONS, Bubblewrap
from skillgit.sandbox.container import Container
from skillgit.sandbox.unconfined import Unconfined

_PROBE_SECONDS = 20.0
_LAST_RESORT = "--unsafe-no-sandbox runs commands with all your rights: the last resort"
_OTHER_KIND = "or set sandbox.kind to another one: bubblewrap, docker or podman"
_SYSTEM = Path("/proc/sys")
# Where these say so, user namespaces are forbidden; each with what allows them.
_FORBIDDEN = (
    (
        "kernel/apparmor_restrict_unprivileged_userns",
        "1",
        (
            "AppArmor forbids it here (as in Ubuntu 24.04): load its profile bwrap-userns-restrict "
            "(package apparmor-profiles), or run "
            "`sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`"
        ),
    ),
    (
        "kernel/unprivileged_userns_clone",
        "0",
        "run `sudo sysctl kernel.unprivileged_userns_clone=1`",
    ),
    ("user/max_user_namespaces", "0", "run `sudo sysctl user.max_user_namespaces=15000`"),
)
_CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a sandbox cannot be used here, and what to do about it."""

    what: str
    advice: str


def open_sandbox(options: config.Sandbox, *, unsafe: bool = False) -> Sandbox:
    """The sandbox of the settings, tried out; SurroundingsError where it cannot be used.

    `unsafe` is a person's word that commands may run without one.
    """
    if unsafe:
        return Unconfined(options)
    sandbox = _build(options)
    trouble = _trouble(sandbox, options)
    if trouble is None:
        return sandbox
    raise SurroundingsError(
        f"opening the sandbox for commands of a model: {trouble.what}",
        hint=f"{trouble.advice}; {_LAST_RESORT}",
    )


def untried_sandbox(options: config.Sandbox, *, unsafe: bool = False) -> Sandbox:
    """The same, not tried out: for what asks for its name and may run nothing at all."""
    return Unconfined(options) if unsafe else _build(options)


def examine(options: config.Sandbox) -> Trouble | None:
    """What `open_sandbox` would find."""
    return _trouble(_build(options), options)


def missing_packages(options: config.Sandbox) -> tuple[str, ...]:
    """What tasks may need and the Python inside has not. Of an image nothing is known."""
    sandbox = _build(options)
    return sandbox.interior.missing if isinstance(sandbox, Bubblewrap) else ()


def _build(options: config.Sandbox) -> Bubblewrap | Container:
    return Bubblewrap(options) if options.kind is Confinement.BUBBLEWRAP else Container(options)


def _trouble(sandbox: Bubblewrap | Container, options: config.Sandbox) -> Trouble | None:
    program = "bwrap" if isinstance(sandbox, Bubblewrap) else sandbox.name
    if shutil.which(program) is None:
        return Trouble(*_not_installed(sandbox))
    before = _too_old() if isinstance(sandbox, Bubblewrap) else _not_ready(sandbox, options)
    if before is not None:
        return before
    quick = replace(options, seconds=max(options.seconds, _PROBE_SECONDS))
    sandbox = _build(quick)
    for command in (("true",), (*sandbox.python(), "-c", "pass")):
        said = _try(sandbox, command)
        if said:
            return Trouble(f"{sandbox.name} cannot run {command[0]}: {said}", _what_forbids())
    return None


def _not_installed(sandbox: Bubblewrap | Container) -> tuple[str, str]:
    if isinstance(sandbox, Container):
        return f"{sandbox.name} is not installed", _OTHER_KIND
    if not sys.platform.startswith("linux"):
        return "bubblewrap is for Linux alone", "set sandbox.kind to docker or podman"
    install = "`sudo apt install bubblewrap` (Debian, Ubuntu) or `sudo dnf install bubblewrap`"
    return "bubblewrap (bwrap) is not installed", f"{install}; {_OTHER_KIND}"


def _too_old() -> Trouble | None:
    """Options are looked for, not versions: distributions carry them back."""
    try:
        known = _said_by("bwrap", "--help")
    except (OSError, subprocess.SubprocessError) as error:
        return Trouble(f"bubblewrap cannot be run: {error}", _OTHER_KIND)
    lacking = [option for option in NEEDED_OPTIONS if option not in known]
    if not lacking:
        return None
    return Trouble(
        f"this bubblewrap has no {', '.join(lacking)}",
        f"install bubblewrap 0.8 or newer; {_OTHER_KIND}",
    )


def _not_ready(sandbox: Container, options: config.Sandbox) -> Trouble | None:
    said = sandbox.trouble()
    if not said:
        return None
    advice = f"start its service, and fetch the image: `{sandbox.name} pull {options.image}`"
    return Trouble(f"{sandbox.name} is not ready: {_last_line(said)}", advice)


def _try(sandbox: Sandbox, command: tuple[str, ...]) -> str:
    """Run a command that cannot fail; what was said where it did.

    In a thread, for the caller may have an event loop of its own under way.
    """

    def run() -> Ran:
        with tempfile.TemporaryDirectory(prefix="skillgit-") as folder:
            return asyncio.run(sandbox.run(Path(folder), command, readable={}))

    try:
        with ThreadPoolExecutor(1) as pool:
            ran = pool.submit(run).result()
    except SkillgitError as error:
        return error.message
    except OSError as error:
        return str(error)
    if ran.status == 0:
        return ""
    return _last_line(ran.output) or ran.stopped or f"exit status {ran.status}"


def _what_forbids() -> str:
    """What this system says itself of why namespaces or containers cannot be made."""
    for name, value, advice in _FORBIDDEN:
        place = _SYSTEM / name
        if place.is_file() and place.read_text("utf-8").strip() == value:
            return advice
    if any(mark.exists() for mark in _CONTAINER_MARKS):
        return (
            "this is a container, and Docker's default seccomp profile forbids it: start the "
            "container with `--security-opt seccomp=unconfined --security-opt "
            "systempaths=unconfined`"
        )
    return _OTHER_KIND


def _said_by(*command: str) -> str:
    done = subprocess.run(
        command, capture_output=True, stdin=subprocess.DEVNULL, timeout=_PROBE_SECONDS, check=False
    )
    return (done.stdout + done.stderr).decode("utf-8", "replace")


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2][:300]
