"""What a command cannot use up; each shown by a command that tries."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from confined import Room

from skillgit.config import Sandbox
from skillgit.ports import Ran
from skillgit.sandbox import bubblewrap, groups
from skillgit.sandbox.groups import group
from skillgit.sandbox.limits import MOST_FILES, Limits
from skillgit.sandbox.output import FLOOD_BYTES, HEAD_BYTES, TAIL_BYTES

Make = Callable[..., Room]

MEGABYTE = 1 << 20


def held(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


# --------------------------------------------------------------------------- disk


def test_one_file_cannot_grow_over_its_limit(room: Make) -> None:
    made = room(file_mb=2, disk_mb=100)

    ran = made.bash("yes > big")

    assert ran.status
    assert (made.work / "big").stat().st_size <= 2 * MEGABYTE


def test_many_files_together_are_stopped(room: Make) -> None:
    made = room(file_mb=5, disk_mb=20, seconds=30)

    ran = made.bash("for n in $(seq 1000); do head -c 4M /dev/zero > f$n; sleep 0.01; done")

    assert (ran.status, ran.stopped) == (None, "over 20 MB of files")
    assert held(made.work) < 600 * MEGABYTE


def test_a_quick_command_that_fills_the_folder_is_found_at_its_end(room: Make) -> None:
    ran = room(file_mb=50, disk_mb=5).bash("head -c 20M /dev/zero > f")

    assert (ran.status, ran.stopped) == (None, "over 5 MB of files")


def test_a_full_folder_can_be_emptied_but_not_filled_further(room: Make) -> None:
    made = room(file_mb=50, disk_mb=5)
    made.bash("head -c 10M /dev/zero > f; head -c 10M /dev/zero > g")

    assert made.bash("ls").output == "f\ng\n"
    assert made.bash("sleep 0.3; head -c 1M /dev/zero > h").stopped == "over 5 MB of files"
    assert made.bash("rm f h; sleep 0.3; ls") == Ran("g\n", 0)
    assert made.bash("rm *; sleep 0.3; echo new > f") == Ran("", 0)


def test_too_many_files_are_stopped(room: Make) -> None:
    made = room(seconds=60)
    program = "import os, itertools\nfor n in itertools.count(): os.mknod(f'/work/{n}')"

    ran = made.python(program)

    assert ran.stopped == f"over {MOST_FILES} files"
    assert made.bash("ls | wc -l").status == 0
    assert made.python("import os\nfor name in os.listdir(): os.unlink(name)") == Ran("", 0)


def test_files_that_are_open_and_have_no_name_count(room: Make) -> None:
    program = (
        "import os, time\n"
        "files = []\n"
        "while True:\n"
        "    file = open('/work/x', 'wb')\n"
        "    os.unlink('/work/x')\n"
        "    file.write(bytes(4 << 20))\n"
        "    file.flush()\n"
        "    files.append(file)\n"
        "    time.sleep(0.02)\n"
    )

    ran = room(disk_mb=20, seconds=30).python(program)

    assert ran.stopped == "over 20 MB of files"


def test_a_folder_without_rights_hides_nothing(room: Make) -> None:
    made = room(disk_mb=10, seconds=30)
    script = "mkdir -p d/e; cd d/e; chmod 0 /work/d; head -c 20M /dev/zero > f; sleep 20"

    assert made.bash(script).stopped == "over 10 MB of files"
    assert (made.work / "d").stat().st_mode & 0o700 == 0o700


def test_folders_nested_without_end_are_stopped_and_removed(room: Make) -> None:
    made = room(seconds=30)

    ran = made.python("import os\nwhile True:\n    os.mkdir('d')\n    os.chdir('d')")

    assert ran.stopped in {"folders nested over 64 deep", f"over {MOST_FILES} files"}
    assert len(list(made.work.rglob("*"))) <= 65


def test_tmp_and_shared_memory_are_small(room: Make) -> None:
    made = room(file_mb=1000, disk_mb=2000)

    ran = made.bash(
        "for place in /tmp /dev/shm; do head -c 300M /dev/zero > $place/f; "
        "[ $(stat -c %s $place/f) -lt 140000000 ] && echo small; done 2>&1; mkdir /dev/x"
    )

    assert ran.output.count("No space left on device") == 2
    assert ran.output.count("small") == 2
    assert "mkdir: cannot create directory" in ran.output


def test_many_empty_files_in_tmp_are_memory_too(room: Make) -> None:
    ran = room(seconds=60).python(
        "import os, itertools\nfor n in itertools.count(): os.mknod(f'/tmp/{n}')"
    )

    assert ran.stopped == f"over {MOST_FILES} files in /tmp"


# --------------------------------------------------------------------------- memory


def test_one_process_cannot_eat_the_memory(room: Make) -> None:
    ran = room(memory_mb=300).python("x = bytearray(400 << 20)")

    assert ran.status == 1
    assert "MemoryError" in ran.output


def test_many_processes_together_cannot_eat_the_memory(room: Make) -> None:
    program = (
        "import os, time\n"
        "for _ in range(8):\n"
        "    if not os.fork():\n"
        "        mine = bytearray(os.urandom(1 << 20)) * 60\n"
        "        time.sleep(60)\n"
        "time.sleep(60)\n"
    )
    began = time.monotonic()

    ran = room(memory_mb=300, seconds=50).python(program)

    assert ran.stopped == "over 300 MB of memory"
    assert time.monotonic() - began < 40


def test_pages_shared_since_a_fork_count_once(room: Make) -> None:
    program = (
        "import os, time\n"
        "mine = bytearray(os.urandom(1 << 20)) * 100\n"
        "for _ in range(5):\n"
        "    if not os.fork():\n"
        "        time.sleep(1)\n"
        "        os._exit(0)\n"
        "time.sleep(1)\n"
    )

    assert room(memory_mb=300).python(program) == Ran("", 0)


# --------------------------------------------------------------------------- processes and time


def test_a_command_cannot_fork_without_end(room: Make) -> None:
    """The kernel counts: for an ordinary user by a limit, for root by a control group."""
    made = room(processes=40, seconds=3)
    program = (
        "import os, time\n"
        "pids = 0\n"
        "try:\n"
        "    while pids < 5000:\n"
        "        if not os.fork():\n"
        "            time.sleep(60)\n"
        "        pids += 1\n"
        "except BlockingIOError:\n"
        "    print(pids < 40)\n"
        "time.sleep(1)\n"
    )
    if os.geteuid() == 0 and not _may_make_groups():
        pytest.skip("root may not make control groups here")

    assert made.python(program).output == "True\n"
    bomb = made.bash("bomb() { bomb | bomb & }; bomb; sleep 20")
    assert bomb.status is None
    assert bomb.stopped in {"after 3 s", "over 40 processes"}


def _may_make_groups() -> bool:
    with subprocess.Popen(["sleep", "60"]) as process:
        try:
            with group(process.pid, Limits.of(Sandbox())) as held:
                found = held.counts_processes
                process.kill()
                process.wait()
        finally:
            process.kill()
    return found


def test_no_group_is_left_behind(room: Make) -> None:
    if not _may_make_groups():
        pytest.skip("control groups may not be made here")
    room().bash("sleep 0.1 &")

    mine = f"{groups._PREFIX}{os.getpid()}-*"  # noqa: SLF001 - the only trace of a group
    assert [found for parent in groups._parents() for found in parent.glob(mine)] == []  # noqa: SLF001 - as above


def test_groups_of_a_killed_skillgit_are_removed_by_the_next(room: Make) -> None:
    if not _may_make_groups():
        pytest.skip("control groups may not be made here")
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    parent = next(groups._parents())  # noqa: SLF001 - where they are made
    left = parent / f"{groups._PREFIX}{ended.pid}-abc"  # noqa: SLF001 - as one would be named
    left.mkdir()

    room().run("true")

    assert not left.exists()


def test_memory_that_no_process_has_mapped_is_found(room: Make) -> None:
    if not _may_make_groups():
        pytest.skip("control groups may not be made here")
    program = (
        "import mmap, os, time\n"
        "for _ in range(20):\n"
        "    shared = mmap.mmap(-1, 60 << 20)\n"
        "    shared.write(bytes(60 << 20))\n"
        "    if not os.fork():\n"
        "        time.sleep(60)\n"  # maps it, but has not touched it
        "    shared.close()\n"
        "    time.sleep(0.01)\n"
        "time.sleep(60)\n"
    )

    ran = room(memory_mb=300, seconds=20).python(program)

    assert ran.stopped == "over 300 MB of memory"


def test_where_the_kernel_does_not_count_the_watcher_does(
    room: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "_ROOT", tmp_path)  # no control groups there
    monkeypatch.setattr(bubblewrap, "_kernel_counts", lambda: False)
    program = (
        "import os, time\n"
        "for _ in range(3000):\n"  # an end of its own: this machine is still needed
        "    if not os.fork():\n"
        "        time.sleep(60)\n"
        "        os._exit(0)\n"
        "time.sleep(60)\n"
    )

    ran = room(processes=40, seconds=30).python(program)

    assert ran.stopped == "over 40 processes"


def test_threads_count_as_well(room: Make) -> None:
    program = (
        "import threading, time\n"
        "for _ in range(200):\n"
        "    threading.Thread(target=time.sleep, args=(20,), daemon=True).start()\n"
        "time.sleep(20)\n"
    )

    ran = room(processes=50, seconds=15).python(program)

    assert ran.stopped == "over 50 processes" or "can't start new thread" in ran.output


def test_a_modest_number_of_processes_is_no_matter(room: Make) -> None:
    ran = room(processes=40).bash("for n in $(seq 20); do sleep 0.5 & done; wait; echo done")

    assert ran == Ran("done\n", 0)


def test_the_limits_of_the_kernel_are_in_place_before_the_command_begins(room: Make) -> None:
    ran = room(memory_mb=500, file_mb=7, seconds=9).python(
        "import resource as r\n"
        "for name in ('AS', 'FSIZE', 'CPU', 'CORE', 'NOFILE'):\n"
        "    print(*r.getrlimit(getattr(r, 'RLIMIT_' + name)))\n"
        "print(open('/proc/self/oom_score_adj').read().strip())"
    )

    most = min(1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    limits = [500 * MEGABYTE, 7 * MEGABYTE, 10, 0, most]
    assert ran.output.splitlines() == [*(f"{limit} {limit}" for limit in limits), "1000"]


# --------------------------------------------------------------------------- output


def test_a_flood_of_output_ends_and_is_shortened(room: Make) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    ran = room(seconds=60).bash("echo first; yes")

    assert ran.stopped == f"over {FLOOD_BYTES // MEGABYTE} MB of output"
    assert ran.output.startswith("first\ny\ny\n")
    assert " bytes left out]\n" in ran.output
    assert ran.output.endswith("y\n")
    assert len(ran.output) < HEAD_BYTES + TAIL_BYTES + 100
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_long_output_keeps_its_beginning_and_its_end(room: Make) -> None:
    ran = room().bash("echo first; head -c 5000000 /dev/zero | tr '\\0' x; echo; echo last")

    assert ran.status == 0
    assert ran.output.startswith("first\nxxx")
    assert ran.output.endswith("xxx\nlast\n")
    assert len(ran.output) < HEAD_BYTES + TAIL_BYTES + 100


def test_output_that_is_no_text_is_shown_as_far_as_it_goes(room: Make) -> None:
    assert room().bash("printf 'a\\377b\\303\\244'").output == "a\ufffdbä"


@pytest.mark.parametrize("seconds", [0.1, 2.0])
def test_a_sandbox_has_its_own_clock(room: Make, seconds: float) -> None:
    ran = room(seconds=seconds).bash("while :; do :; done")

    assert ran.stopped == f"after {seconds:g} s"
