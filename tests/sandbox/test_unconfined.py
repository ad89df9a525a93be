"""Without a sandbox there is order, but no safety."""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from confined import alive, soon

from skillgit.config import Sandbox as Options
from skillgit.ports import Ran
from skillgit.sandbox import open_sandbox

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")


def run(
    work: Path,
    script: str,
    *,
    options: Options | None = None,
    readable: Mapping[str, Path] | None = None,
) -> Ran:
    sandbox = open_sandbox(options or Options(seconds=20), unsafe=True)
    return asyncio.run(sandbox.run(work, ["bash", "-c", script], readable=readable or {}))


@pytest.fixture
def mark() -> str:
    return f"9{secrets.randbelow(10**8):08}"


def test_a_command_runs_in_its_folder_with_its_status(tmp_path: Path) -> None:
    assert run(tmp_path, "pwd; echo x > f; cat f; exit 3") == Ran(f"{tmp_path}\nx\n", 3)
    assert run(tmp_path, "kill -9 $$").status == 137


def test_what_it_says_of_itself() -> None:
    sandbox = open_sandbox(Options(), unsafe=True)

    assert (sandbox.name, sandbox.workdir, sandbox.python()) == ("none", ".", (sys.executable,))


def test_the_environment_is_clean_and_home_goes_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILLGIT_API_KEY", "key-of-the-endpoint")

    ran = run(tmp_path, "env; touch $HOME/x $TMPDIR/y; echo home $HOME")

    assert "key-of" not in ran.output
    home = Path(ran.output.rpartition("home ")[2].strip())
    assert home != Path.home()
    assert not home.exists()


def test_standard_input_is_empty(tmp_path: Path) -> None:
    assert run(tmp_path, "cat; echo done").output == "done\n"


@pytest.mark.parametrize(
    "script",
    ["sleep {mark} &", "setsid nohup sleep {mark} >/dev/null 2>&1 &", "sleep {mark}"],
)
def test_no_process_is_left(tmp_path: Path, mark: str, script: str) -> None:
    run(tmp_path, script.format(mark=mark), options=Options(seconds=1))

    assert soon(lambda: alive(mark) == [], 2)


def test_a_cancelled_caller_leaves_nothing_behind(tmp_path: Path, mark: str) -> None:
    async def cancelled() -> None:
        sandbox = open_sandbox(Options(), unsafe=True)
        command = ["bash", "-c", f"setsid sleep {mark} & sleep {mark}"]
        running = asyncio.create_task(sandbox.run(tmp_path, command, readable={}))
        assert await asyncio.to_thread(soon, lambda: len(alive(mark)) >= 2)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(cancelled())

    assert soon(lambda: alive(mark) == [], 2)


def test_a_background_process_that_holds_the_output_does_not_hold_the_command(
    tmp_path: Path, mark: str
) -> None:
    began = time.monotonic()

    ran = run(tmp_path, f"echo out; setsid sleep {mark} & exit 0")

    assert ran == Ran("out\n", 0)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("script", "stopped"),
    [
        ("sleep 30", "after 2 s"),
        ("yes", "over 64 MB of output"),
        ("for n in $(seq 100); do head -c 4M /dev/zero > f$n; sleep 0.01; done", "over 20 MB"),
        ("for n in $(seq 60); do sleep 20 & done; wait", "over 40 processes"),
    ],
)
def test_a_command_that_takes_too_much_is_stopped(
    tmp_path: Path, script: str, stopped: str
) -> None:
    options = Options(seconds=2 if "after" in stopped else 20, disk_mb=20, file_mb=5, processes=40)

    ran = run(tmp_path, script, options=options)

    assert ran.status is None
    assert ran.stopped.startswith(stopped)


def test_limits_of_one_process(tmp_path: Path) -> None:
    options = Options(seconds=20, memory_mb=300, file_mb=1)

    ran = run(
        tmp_path, "ulimit -v; head -c 3M /dev/zero > f; stat -c %s f; ulimit -c", options=options
    )

    assert ran.output.splitlines()[0] == str(300 * 1024)
    assert ran.output.splitlines()[-2:] == [str(1 << 20), "0"]


def test_readable_places_in_the_command_are_put_where_they_really_are(tmp_path: Path) -> None:
    (tmp_path / "the skill").mkdir()
    (tmp_path / "the skill" / "SKILL.md").write_text("how to\n")
    (tmp_path / "turn").write_text("a turn\n")
    work = tmp_path / "work"
    work.mkdir()
    readable = {"/skill": tmp_path / "the skill", "/turn.py": tmp_path / "turn"}

    ran = run(work, 'cat "/skill/SKILL.md" /turn.py; echo /skills /x/skill', readable=readable)

    assert ran == Ran("how to\na turn\n/skills /x/skill\n", 0)
