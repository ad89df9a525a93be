"""Only one at a time, whoever is killed."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from skillgit.adapters.turns import turn_at
from skillgit.errors import SurroundingsError

HOLDER = """
import asyncio, sys
from pathlib import Path
from skillgit.adapters.turns import turn_at

async def hold():
    async with turn_at(Path(sys.argv[1]), print):
        print("held", flush=True)
        await asyncio.sleep(60)

asyncio.run(hold())
"""


def number_in(path: Path) -> int:
    return int(path.read_text())


async def taken(path: Path, told: list[str]) -> None:
    async with turn_at(path, told.append):
        assert number_in(path) == os.getpid()


def test_a_turn_leaves_nothing_behind(tmp_path: Path) -> None:
    told: list[str] = []
    for _ in range(2):
        asyncio.run(taken(tmp_path / "turns" / "a", told))
    assert told == []
    assert list((tmp_path / "turns").iterdir()) == []


def test_whoever_comes_second_is_told_once_and_goes_on_after_a_kill(tmp_path: Path) -> None:
    path, told = tmp_path / "a", list[str]()
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"

        async def second() -> None:
            waiting = asyncio.create_task(taken(path, told))
            await asyncio.sleep(0.7)
            assert not waiting.done()
            holder.kill()
            await asyncio.wait_for(waiting, 20)

        asyncio.run(second())
    assert told == [str(holder.pid)]


def test_of_many_only_one_is_inside(tmp_path: Path) -> None:
    inside, most = 0, 0

    async def one() -> None:
        nonlocal inside, most
        async with turn_at(tmp_path / "a", lambda _: None):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    async def several() -> None:
        await asyncio.gather(*(one() for _ in range(5)))

    asyncio.run(several())
    assert most == 1


def test_a_holder_that_does_not_say_its_number(tmp_path: Path) -> None:
    path, told = tmp_path / "a", list[str]()

    async def wait() -> None:
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            waiting = asyncio.create_task(taken(path, told))
            await asyncio.sleep(0.3)
        await asyncio.wait_for(waiting, 20)

    asyncio.run(wait())
    assert told == ["unknown"]


def test_a_place_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SurroundingsError, match="taking the turn"):
        asyncio.run(taken(tmp_path / "file" / "a", []))


def test_a_file_system_without_locks_keeps_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)

    async def hold() -> str:
        async with turn_at(tmp_path / "a", lambda _: None):
            return "held"

    assert asyncio.run(hold()) == "held"
