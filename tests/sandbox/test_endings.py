"""A command ends when its turn ends, however it tries to stay, and whoever is interrupted."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from confined import Room, alive, soon

from skillgit.errors import SurroundingsError
from skillgit.ports import Ran

Make = Callable[..., Room]


@pytest.fixture
def mark() -> str:
    """A number of seconds that no other program of this machine sleeps."""
    return f"9{secrets.randbelow(10**8):08}"


def test_status_and_both_streams_come_as_they_came(room: Make) -> None:
    ran = room().bash("echo one; echo two >&2; echo three; exit 7")

    assert ran == Ran("one\ntwo\nthree\n", 7)


@pytest.mark.parametrize(
    ("script", "status"),
    [("kill -9 $$", 137), ("kill -SEGV $$", 139), ("false", 1), ("nosuchprogram", 127)],
)
def test_a_crash_is_a_status(room: Make, script: str, status: int) -> None:
    assert room().bash(script).status == status


def test_a_command_that_does_not_exist(room: Make) -> None:
    ran = room().run("nosuchprogram", "x")

    assert ran.status == 127
    assert "nosuchprogram: not found" in ran.output


@pytest.mark.parametrize("command", ["a\0b", "x" * 200_000, "\ud800"])
def test_a_command_that_no_kernel_would_start_is_a_value(room: Make, command: str) -> None:
    ran = room().bash(command)

    assert ran.status == 126
    assert ran.output.startswith("the command ")


def test_time_is_up(room: Make, mark: str) -> None:
    made = room(seconds=1.0)
    began = time.monotonic()

    ran = made.bash(f"echo before; sleep {mark}; echo after")

    assert ran == Ran("before\n", None, "after 1 s")
    assert time.monotonic() - began < 10
    assert alive(mark) == []


def test_what_was_printed_before_a_stop_is_seen(room: Make) -> None:
    ran = room(seconds=1.5).python("import time; print('step one'); time.sleep(60)")

    assert ran == Ran("step one\n", None, "after 1.5 s")


@pytest.mark.parametrize(
    "script",
    [
        "sleep {mark} &",
        "nohup sleep {mark} >/dev/null 2>&1 &",
        "setsid sleep {mark} >/dev/null 2>&1 < /dev/null &",
        "(setsid nohup sleep {mark} &) & sleep 0.1",
        "trap '' TERM HUP INT; (trap '' TERM HUP INT; sleep {mark}) &",
        "exec 1>&- 2>&-; sleep {mark} & disown -a",
    ],
)
def test_background_processes_end_with_the_command(room: Make, mark: str, script: str) -> None:
    began = time.monotonic()

    ran = room(seconds=30).bash(script.format(mark=mark))

    assert ran.status == 0
    assert time.monotonic() - began < 10
    assert alive(mark) == []


def test_a_daemon_that_forked_twice_ends_and_writes_no_more(room: Make, mark: str) -> None:
    made = room()
    ran = made.python(
        "import os, time\n"
        "if not os.fork():\n"
        "    os.setsid()\n"
        "    if os.fork():\n"
        "        os._exit(0)\n"
        "    while True:\n"
        "        open('/work/beat', 'a').write('x')\n"
        "        time.sleep(0.01)\n"
        "time.sleep(0.3)\n"
    )
    size = (made.work / "beat").stat().st_size
    time.sleep(0.2)

    assert ran.status == 0
    assert size
    assert (made.work / "beat").stat().st_size == size


def test_processes_in_the_background_are_killed_on_a_timeout_too(room: Make, mark: str) -> None:
    ran = room(seconds=1).bash(f"setsid sleep {mark} & setsid sleep {mark} & sleep {mark}")

    assert ran.stopped == "after 1 s"
    assert alive(mark) == []


def test_a_cancelled_caller_leaves_nothing_behind(room: Make, mark: str) -> None:
    made = room()

    async def cancelled() -> None:
        running = asyncio.create_task(
            made.sandbox.run(
                made.work, ["bash", "-c", f"setsid sleep {mark} & sleep {mark}"], readable={}
            )
        )
        assert await asyncio.to_thread(soon, lambda: alive(mark))
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert alive(mark) == []

    asyncio.run(cancelled())


def test_a_caller_cancelled_at_any_moment_leaves_nothing_behind(room: Make, mark: str) -> None:
    made = room()
    descriptors = len(list(Path("/proc/self/fd").iterdir()))

    async def cancelled(seconds: float) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(seconds):
                await made.sandbox.run(made.work, ["sleep", mark], readable={})

    for thousandth in range(0, 80, 4):
        asyncio.run(cancelled(thousandth / 1000))

    assert soon(lambda: alive(mark) == [])
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors


_CALLER = """
import asyncio, sys
from pathlib import Path
from skillgit.config import Sandbox
from skillgit.sandbox.bubblewrap import Bubblewrap
command = ["bash", "-c", f"setsid sleep {sys.argv[2]} & sleep {sys.argv[2]}"]
asyncio.run(Bubblewrap(Sandbox()).run(Path(sys.argv[1]), command, readable={}))
"""


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_when_skillgit_is_interrupted_or_killed_the_command_dies(
    room: Make, mark: str, how: signal.Signals
) -> None:
    made = room()
    caller = subprocess.Popen(
        [sys.executable, "-c", _CALLER, made.work, mark],
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    with caller:
        assert soon(lambda: len([p for p in alive(mark) if p != caller.pid]) >= 2)
        caller.send_signal(how)
        caller.communicate(timeout=20)

    assert soon(lambda: alive(mark) == [])


def test_a_sandbox_that_is_killed_from_outside_is_a_value(room: Make, mark: str) -> None:
    made = room()

    async def killed() -> Ran:
        running = asyncio.create_task(made.sandbox.run(made.work, ["sleep", mark], readable={}))
        assert await asyncio.to_thread(soon, lambda: alive(mark))
        # Bubblewrap has the command among its own arguments, and was there before it.
        os.kill(min(alive(mark)), signal.SIGKILL)
        return await running

    ran = asyncio.run(killed())

    assert (ran.status, ran.stopped) == (None, "killed from outside")
    assert alive(mark) == []


def test_sixteen_at_once(room: Make) -> None:
    rooms = [room(f"work-{number}") for number in range(16)]

    async def all_of_them() -> list[Ran]:
        return await asyncio.gather(
            *(
                each.sandbox.run(
                    each.work, ["bash", "-c", f"echo {number} > own; cat own; ls"], readable={}
                )
                for number, each in enumerate(rooms)
            )
        )

    ran = asyncio.run(all_of_them())

    assert ran == [Ran(f"{number}\nown\n", 0) for number in range(16)]


def test_a_sandbox_that_cannot_be_made_is_the_surroundings_fault(
    tmp_path: Path, room: Make
) -> None:
    made = room()
    with pytest.raises(SurroundingsError, match="Can't find source path"):
        made.run("true", it=tmp_path / "missing")
