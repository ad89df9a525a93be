"""What a command cannot see, reach or change; each shown by a command that tries."""

from __future__ import annotations

import asyncio
import os
import platform
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from confined import Room

from skillgit.sandbox.interior import find_interior
from skillgit.sandbox.walls import walls

Make = Callable[..., Room]

REPOSITORY = Path(__file__).parents[2]


def test_a_command_works_in_its_folder_and_in_a_small_tmp(room: Make) -> None:
    made = room()

    ran = made.bash("pwd && echo hello > a.txt && echo x > /tmp/y && cat /tmp/y && echo $HOME")

    assert (ran.status, ran.stopped) == (0, "")
    assert ran.output == "/work\nx\n/tmp\n"
    assert (made.work / "a.txt").read_text() == "hello\n"
    assert made.work.joinpath("a.txt").stat().st_uid == os.getuid()


def test_each_command_finds_an_empty_tmp(room: Make) -> None:
    made = room()
    made.bash("touch /tmp/left /dev/shm/left")

    assert made.bash("ls -A /tmp; ls -A /dev/shm").output == ""


def test_home_repository_and_other_tasks_are_not_there(
    room: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other-task"
    other.mkdir()
    (other / "gold.txt").write_text("the expected value")
    (Path.home() / "secret.txt").write_text("the home")
    places = [str(Path.home()), str(REPOSITORY), str(other), str(tmp_path), "/root", "/home"]

    ran = room().bash(
        f"for place in {' '.join(places)}; do cat $place/* 2>&1; ls $place 2>&1; done; ls -A /home"
    )

    assert "the expected value" not in ran.output
    assert "the home" not in ran.output
    assert ran.output.count("No such file or directory") >= 2 * len(places)
    tops = room().bash("echo /*").output.split()
    assert not {"/home", "/root", "/var", "/run", "/sys", "/mnt", "/opt", "/srv"} & set(tops)


def test_no_file_of_the_machine_can_be_reached_through_dots_or_links(
    room: Make, tmp_path: Path
) -> None:
    (tmp_path / "outside.txt").write_text("not for you")
    made = room()
    (made.work / "link").symlink_to(tmp_path / "outside.txt")

    ran = made.bash("cat link; cat ../outside.txt; cat /proc/1/root/etc/shadow; cat /etc/shadow")

    assert ran.status
    assert "not for you" not in ran.output
    assert "root:" not in ran.output


def test_the_environment_is_clean(room: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLGIT_API_KEY", "key-of-the-endpoint")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key-of-the-cloud")

    ran = room().bash("env; cat /proc/*/environ | tr '\\0' '\\n'")

    assert "key-of" not in ran.output
    assert "HOME=/tmp" in ran.output


def test_no_descriptor_but_the_three_is_open(room: Make) -> None:
    readable, writable = os.pipe()
    os.set_inheritable(readable, True)  # noqa: FBT003 - as the function is
    os.set_inheritable(writable, True)  # noqa: FBT003 - as the function is
    try:
        ran = room().python("import os; print(sorted(os.listdir('/proc/self/fd')))")
    finally:
        os.close(readable)
        os.close(writable)

    assert ran.output == "['0', '1', '2', '3']\n"  # 3 is the listing itself


def test_there_is_nothing_to_read_on_standard_input(room: Make) -> None:
    assert room().bash("cat; [ -t 0 ] || echo no terminal").output == "no terminal\n"


def test_there_is_no_terminal_to_push_commands_into(room: Make) -> None:
    program = "import fcntl, termios; fcntl.ioctl(open('/dev/tty'), termios.TIOCSTI, b'x')"

    ran = room().python(program)

    assert ran.status == 1
    assert "No such device or address" in ran.output
    assert room().bash("ps -o sid= -p $$ 2>/dev/null || cut -d' ' -f6 /proc/$$/stat").status == 0


def test_other_processes_are_not_seen(room: Make) -> None:
    ran = room().python(
        "import os; print(all(int(n) < 50 for n in os.listdir('/proc') if n.isdigit()))\n"
        f"print(os.path.exists('/proc/{os.getpid()}/environ'))\n"
        "os.kill(1, 0)\n"
        f"os.kill({os.getpid()}, 0)"
    )

    assert ran.output.startswith("True\nFalse\n")
    assert "ProcessLookupError" in ran.output


def test_nothing_but_the_work_folder_and_tmp_can_be_written(room: Make, tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    places = "/ /usr /usr/bin /usr/local/bin /etc /dev /site /python /names /given /given/it /proc"

    ran = room().bash(
        f"for place in {places}; do echo x > $place/new && echo wrote $place; done 2>&1; "
        "find / -xdev -writable -type d 2>/dev/null; rm -rf /usr/bin 2>/dev/null; ls /usr/bin/env",
        it=given,
    )

    assert "wrote" not in ran.output
    assert ran.output.endswith("/usr/bin/env\n")
    assert not list(given.iterdir())


def test_the_kernel_cannot_be_set(room: Make) -> None:
    """For real root bubblewrap alone leaves /proc/sys writable: core_pattern names a program."""
    ran = room().python(
        "import os\n"
        "def tried(path):\n"
        "    try:\n"
        "        os.close(os.open(path, os.O_WRONLY))\n"
        "    except OSError:\n"
        "        return False\n"
        "    return True\n"
        "print(*(os.path.join(top, name) for root in ('/proc/sys', '/proc/self')\n"
        "    for top, _, names in os.walk(root) for name in names\n"
        "    if '/fd' not in top and tried(os.path.join(top, name))))\n"
        "print(tried('/proc/sysrq-trigger'))"
    )

    assert ran.output == "\nFalse\n"


def test_no_network_not_even_this_machine(room: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ran = room().python(
            "import socket\n"
            f"for place in (('127.0.0.1', {port}), ('192.0.2.1', 80), ('1.1.1.1', 53)):\n"
            "    try:\n"
            "        socket.create_connection(place, timeout=2)\n"
            "    except OSError as error:\n"
            "        print(type(error).__name__)\n"
            "try:\n"
            "    socket.getaddrinfo('example.com', 80)\n"
            "except OSError as error:\n"
            "    print(type(error).__name__)\n"
        )

    assert ran.output.splitlines() == ["ConnectionRefusedError", "OSError", "OSError", "gaierror"]


def test_no_abstract_socket_of_the_machine(room: Make) -> None:
    name = f"\0skillgit-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()
        program = f"import socket; socket.socket(socket.AF_UNIX).connect({name!r})"

        ran = room().python(program)

        assert "ConnectionRefusedError" in ran.output
        with socket.socket(socket.AF_UNIX) as oneself:
            oneself.connect(name)  # it was there all the time


@pytest.mark.skipif(
    platform.machine() not in {"x86_64", "aarch64"}, reason="no filter for this processor"
)
def test_what_namespaces_do_not_cover_is_refused(room: Make) -> None:
    """Sockets of the virtual machine, keys of the session, memory that belongs to nobody."""
    ran = room().python(
        "import ctypes, os, socket\n"
        "def tried(what):\n"
        "    try:\n"
        "        what()\n"
        "    except OSError as error:\n"
        "        print(error.errno)\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "def called(name, *arguments):\n"
        "    if getattr(libc, name)(*arguments) < 0:\n"
        "        raise OSError(ctypes.get_errno(), name)\n"
        "tried(lambda: socket.socket(40, socket.SOCK_STREAM))\n"
        "tried(lambda: os.memfd_create('x'))\n"
        "tried(lambda: called('shmget', 0, 4096, 0o1600))\n"
        "tried(lambda: called('msgget', 0, 0o1600))\n"
        "tried(lambda: called('unshare', 0x10000000))\n"
        "tried(lambda: called('ptrace', 0, 0, 0, 0))\n"
        "socket.socket(socket.AF_INET).close()\n"
    )

    assert ran.output.split() == ["97", "38", "38", "38", "38", "38"]
    assert ran.status == 0


def test_no_privileges_and_no_way_to_new_ones(room: Make) -> None:
    ran = room().bash("grep -E '^(Cap|NoNewPrivs)' /proc/self/status; unshare -U id; id -u")

    capabilities = [line.split()[1] for line in ran.output.splitlines() if line.startswith("Cap")]
    assert len(capabilities) == 5
    assert set(capabilities) == {"0" * 16}
    assert "NoNewPrivs:\t1" in ran.output
    assert "unshare failed" in ran.output
    assert ran.output.endswith("1000\n")


def test_readable_folders_and_files_are_read_and_nothing_else_beside_them(
    room: Make, tmp_path: Path
) -> None:
    skill = tmp_path / "skills" / "xlsx"
    skill.mkdir(parents=True)
    (skill / "SKILL.md").write_text("how to")
    (skill.parent / "private.md").write_text("not this")

    ran = room().bash(
        "cat /given/skill/SKILL.md; ls -R /given; touch /given/skill/new", skill=skill
    )

    assert ran.output.startswith("how to/given:\nskill\n\n/given/skill:\nSKILL.md\n")
    assert "Read-only file system" in ran.output


@pytest.mark.parametrize(
    "place", ["/", "/usr", "/usr/lib/x", "relative", "/a/../usr", "/proc/x", "/etc", "/names/sh"]
)
def test_nothing_may_be_bound_over_the_system(place: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing may be bound"):
        list(walls(None, {place: tmp_path}, find_interior()))


def test_two_sandboxes_at_once_do_not_see_each_other(room: Make) -> None:
    one, two = room("one"), room("two")
    (one.work / "gold").write_text("the other one's")

    async def both() -> list[str]:
        first = one.sandbox.run(one.work, ["sleep", "0.5"], readable={})
        second = two.sandbox.run(
            two.work, ["bash", "-c", "sleep 0.2; cat /proc/[0-9]*/cmdline; ls /work"], readable={}
        )
        return [ran.output for ran in await asyncio.gather(first, second)]

    _, seen = asyncio.run(both())
    assert "0.5" not in seen
    assert "gold" not in seen


def test_sources_below_usr_are_covered(room: Make) -> None:
    present = [place for place in ("/usr/src", "/usr/local/src") if Path(place).is_dir()]

    ran = room().bash(f"ls -A {' '.join(present)} | grep -v :; touch /usr/src/x")

    assert [line for line in ran.output.splitlines() if line and "touch" not in line] == []
