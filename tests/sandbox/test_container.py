"""Containers: the command line as it is, and the real thing where a daemon answers."""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import time
from pathlib import Path

import pytest
from confined import alive, soon

from skillgit.config import Confinement
from skillgit.config import Sandbox as Options
from skillgit.errors import SurroundingsError
from skillgit.ports import Ran
from skillgit.sandbox import examine, open_sandbox
from skillgit.sandbox.container import Container

IMAGE = os.environ.get("SKILLGIT_TEST_IMAGE", Options().image)
"""For the real thing: any image with sh, bash, timeout and python3."""

_GOLDEN = """\
run --rm --pull never --name NAME --log-driver none
--network none --read-only --cap-drop ALL
--security-opt no-new-privileges --security-opt label=disable
--ipc private --hostname sandbox --no-healthcheck --stop-timeout 0
--pids-limit 128 --memory 4294967296b --memory-swap 4294967296b --shm-size 67108864b
--ulimit fsize=268435456 --ulimit cpu=121 --ulimit nofile=1024 --ulimit core=0
--tmpfs /tmp:rw,nosuid,nodev,exec,mode=1777,size=134217728
"""


def built(kind: Confinement, work: Path, **readable: Path) -> list[str]:
    places = {f"/{name}": path for name, path in readable.items()}
    return list(Container(Options(kind=kind)).arguments("NAME", work, places))


@pytest.mark.parametrize("kind", [Confinement.DOCKER, Confinement.PODMAN])
def test_the_command_line(kind: Confinement, tmp_path: Path) -> None:
    arguments = built(kind, tmp_path, skill=tmp_path)

    golden = _GOLDEN.split()
    assert arguments[: len(golden)] == golden
    rest = arguments[len(golden) :]
    source = tmp_path.resolve()
    mount = f'type=bind,"src={source}","dst=/work"'
    at = rest.index("--mount")
    assert rest[at : at + 4] == ["--mount", mount, "--workdir", "/work"]
    assert rest[at + 4 : at + 6] == ["--mount", f'type=bind,"src={source}","dst=/skill",readonly']
    assert rest[at + 6 : at + 10] == ["--entrypoint", "/bin/sh", "python:3.12-slim", "-c"]
    assert rest[-1] == "125"
    assert rest[rest.index("--user") + 1] == f"{os.getuid()}:{os.getgid()}"
    assert "HOME=/tmp" in rest
    assert not {"--privileged", "-v", "--env-file", "--tty", "-t", "-i"} & set(arguments)


def test_podman_alone_is_told_to_add_nothing_of_its_own(tmp_path: Path) -> None:
    assert "--http-proxy=false" in built(Confinement.PODMAN, tmp_path)
    assert "--read-only-tmpfs=false" in built(Confinement.PODMAN, tmp_path)
    assert "--http-proxy=false" not in built(Confinement.DOCKER, tmp_path)


def test_odd_names_of_folders_stay_one_value(tmp_path: Path) -> None:
    odd = tmp_path / 'a,b "c":d'
    odd.mkdir()

    mounts = [word for word in built(Confinement.DOCKER, odd) if word.startswith("type=bind")]

    assert mounts == [f'type=bind,"src={tmp_path.resolve()}/a,b ""c"":d","dst=/work"']


def test_a_client_that_fails_is_the_surroundings_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "podman").write_text("#!/bin/sh\necho no daemon >&2\nexit 125\n")
    (tmp_path / "podman").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    container = Container(Options(kind=Confinement.PODMAN))

    with pytest.raises(SurroundingsError, match="running a command in podman: no daemon"):
        asyncio.run(container.run(tmp_path, ["true"], readable={}))


# ------------------------------------------------------------------------------ for real


@pytest.fixture(params=[Confinement.DOCKER, Confinement.PODMAN])
def options(request: pytest.FixtureRequest) -> Options:
    made = Options(
        kind=request.param,
        image=IMAGE,
        seconds=15,
        memory_mb=300,
        processes=40,
        disk_mb=20,
        file_mb=5,
    )
    trouble = examine(made)
    if trouble:
        pytest.skip(f"no {request.param} here: {trouble.what}")
    return made


def test_real_containers(options: Options, tmp_path: Path) -> None:
    work, given = tmp_path / "work", tmp_path / "given"
    work.mkdir()
    given.write_text("given\n")
    sandbox = open_sandbox(options)

    def run(script: str) -> Ran:
        command = ["bash", "-c", script]
        return asyncio.run(sandbox.run(work, command, readable={"/given": given}))

    assert run("pwd; cat /given; echo mine > f; exit 3") == Ran("/work\ngiven\n", 3)
    assert (work / "f").stat().st_uid == os.getuid()
    assert run("exit 125").status == 1
    written = run(
        "for f in / /usr /etc /given /run /proc/sys; do echo x > $f/new && echo wrote; done"
    )
    assert "wrote" not in written.output
    assert "key-of" not in run("env").output
    network = "import socket; socket.create_connection(('1.1.1.1', 53), 3)"
    assert "unreachable" in run(f'python3 -c "{network}"').output
    assert run("python3 -c 'x = bytearray(400 << 20)'").status
    full = "for n in $(seq 50); do head -c 4M /dev/zero > f$n; sleep 0.02; done; sleep 5"
    assert run(full).stopped == "over 20 MB of files"
    assert "fork" in run("rm -f f*; for n in $(seq 60); do sleep 1 & done").output


def test_a_real_container_ends(options: Options, tmp_path: Path) -> None:
    sandbox = open_sandbox(Options(kind=options.kind, image=options.image, seconds=1.5))
    mark = f"9{secrets.randbelow(10**8):08}"
    began = time.monotonic()

    ran = asyncio.run(sandbox.run(tmp_path, ["sleep", mark], readable={}))

    assert ran == Ran("", None, "after 1.5 s")
    assert time.monotonic() - began < 9
    assert soon(lambda: alive(mark) == [])
    list_all = [str(options.kind), "ps", "--all", "--filter", "name=skillgit-", "--quiet"]
    assert soon(lambda: not subprocess.run(list_all, capture_output=True, check=True).stdout)


def test_a_cancelled_real_container_ends(options: Options, tmp_path: Path) -> None:
    sandbox = open_sandbox(options)
    mark = f"9{secrets.randbelow(10**8):08}"

    async def cancelled() -> None:
        running = asyncio.create_task(sandbox.run(tmp_path, ["sleep", mark], readable={}))
        assert await asyncio.to_thread(soon, lambda: len(alive(mark)) >= 2)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(cancelled())

    assert soon(lambda: alive(mark) == [])


# ------------------------------------------------------------------------------ its end


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A client whose containers run as long as they are let, and that notes what is removed."""
    script = 'case $1 in run) exec sleep 60 ;; rm) echo "$@" >> "$HOME/removed" ;; esac'
    (tmp_path / "docker").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "work").mkdir()
    return tmp_path


def test_killing_the_client_is_not_enough_so_the_container_is_removed(client: Path) -> None:
    container = Container(Options(kind=Confinement.DOCKER, seconds=0.5))

    ran = asyncio.run(container.run(client / "work", ["true"], readable={}))

    assert ran == Ran("", None, "after 0.5 s")
    assert (client / "removed").read_text().startswith("rm --force skillgit-")


def test_a_cancelled_caller_has_the_container_removed(client: Path) -> None:
    container = Container(Options(kind=Confinement.DOCKER))

    async def cancelled() -> None:
        async with asyncio.timeout(0.3):
            await container.run(client / "work", ["true"], readable={})

    with pytest.raises(TimeoutError):
        asyncio.run(cancelled())
    assert (client / "removed").read_text().startswith("rm --force skillgit-")


def test_a_folder_that_is_filled_is_watched_from_outside(client: Path) -> None:
    (client / "docker").write_text(
        '#!/bin/sh\n[ "$1" = run ] && { head -c 9M /dev/zero > "$HOME/work/f"; sleep 60; }\n'
    )
    container = Container(Options(kind=Confinement.DOCKER, disk_mb=5))

    ran = asyncio.run(container.run(client / "work", ["true"], readable={}))

    assert ran.stopped == "over 5 MB of files"
