"""The door: what works here is opened, what does not is refused with an explanation."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from skillgit.config import Confinement
from skillgit.config import Sandbox as Options
from skillgit.errors import SurroundingsError
from skillgit.sandbox import open_sandbox, opening

Programs = Callable[..., None]
_HELP = 'if [ "$1" = --help ]; then echo {options}; exit; fi\n'
_NEW = _HELP.format(options="--disable-userns --size --json-status-fd --block-fd")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """Let PATH hold these scripts alone."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def make(**scripts: str) -> None:
        for name, script in scripts.items():
            (folder / name).write_text(f"#!/bin/sh\n{script}\n")
            (folder / name).chmod(0o755)

    return make


def refusal(**settings: object) -> tuple[str, str]:
    with pytest.raises(SurroundingsError) as caught:
        open_sandbox(Options(**settings))  # type: ignore[arg-type]  # settings by name
    assert caught.value.exit_code == 3
    return caught.value.message, caught.value.hint


@pytest.mark.usefixtures("room")
def test_bubblewrap_is_opened_also_within_an_event_loop(tmp_path: Path) -> None:
    async def within() -> int | None:
        sandbox = open_sandbox(Options())
        return (await sandbox.run(tmp_path, ["true"], readable={})).status

    assert asyncio.run(within()) == 0


def test_nothing_installed(programs: Programs) -> None:
    message, hint = refusal()

    assert "bubblewrap (bwrap) is not installed" in message
    assert "apt install bubblewrap" in hint
    assert "sandbox.kind" in hint
    assert hint.endswith("the last resort")
    assert "--unsafe-no-sandbox" in hint


def test_too_old(programs: Programs) -> None:
    programs(bwrap=_HELP.format(options="--ro-bind --json-status-fd --block-fd"))

    message, hint = refusal()

    assert "has no --disable-userns, --size" in message
    assert "0.8 or newer" in hint


@pytest.mark.parametrize("script", ["echo 'bwrap: No permissions'; exit 1", "exit 1", "kill -9 $$"])
def test_installed_and_forbidden(programs: Programs, script: str) -> None:
    programs(bwrap=_NEW + script)

    message, _ = refusal()

    assert "bubblewrap cannot run true" in message


def test_a_program_that_is_none(programs: Programs, tmp_path: Path) -> None:
    programs(bwrap="")
    (tmp_path / "bin" / "bwrap").write_bytes(b"\x7fELF")

    message, _ = refusal()

    assert "cannot be run" in message


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "Ubuntu 24.04"),
        ("kernel/unprivileged_userns_clone", "0", "unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "max_user_namespaces="),
    ],
)
def test_what_the_system_says_itself_is_passed_on(
    programs: Programs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    advice: str,
) -> None:
    programs(bwrap=_NEW + "exit 1")
    place = tmp_path / "sys" / name
    place.parent.mkdir(parents=True)
    place.write_text(f"{value}\n")
    monkeypatch.setattr(opening, "_SYSTEM", tmp_path / "sys")

    assert advice in refusal()[1]


def test_in_a_container(
    programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs(bwrap=_NEW + "exit 1")
    monkeypatch.setattr(opening, "_SYSTEM", tmp_path)
    monkeypatch.setattr(opening, "_CONTAINER_MARKS", (tmp_path,))

    assert "seccomp=unconfined" in refusal()[1]


def test_not_on_linux(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")

    message, hint = refusal()

    assert "for Linux alone" in message
    assert "docker or podman" in hint


@pytest.mark.parametrize("kind", [Confinement.DOCKER, Confinement.PODMAN])
def test_containers_that_are_not_ready(programs: Programs, kind: Confinement) -> None:
    assert f"{kind} is not installed" in refusal(kind=kind)[0]

    programs(**{str(kind): 'if [ "$1" = image ]; then echo "no such image" >&2; exit 1; fi'})
    message, hint = refusal(kind=kind, image="tasks:1")
    assert "no such image" in message
    assert f"{kind} pull tasks:1" in hint

    programs(**{str(kind): "echo first; echo 'Cannot connect to the daemon.' >&2; exit 1"})
    assert "Cannot connect to the daemon." in refusal(kind=kind)[0]

    programs(**{str(kind): 'if [ "$1" = run ]; then echo "no cgroups"; exit 125; fi'})
    assert f"{kind} cannot run true" in refusal(kind=kind)[0]
    assert "no cgroups" in refusal(kind=kind)[0]
