"""What a command in bubblewrap sees: the arguments, in the order in which bubblewrap obeys them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from skillgit.sandbox.interior import SITE, Interior
from skillgit.sandbox.limits import SCRATCH_BYTES, SHARED_BYTES

WORK = "/work"
PASSWD, GROUP = "/etc/passwd", "/etc/group"
USER = 1000
SENT_FILES = {
    PASSWD: f"user:x:{USER}:{USER}::/tmp:/bin/sh\n".encode(),
    GROUP: f"user:x:{USER}:\n".encode(),
}
"""Files that exist inside alone."""

ENVIRONMENT = {
    "HOME": "/tmp",  # noqa: S108 - the inner one
    "LANG": "C.UTF-8",
    "TERM": "dumb",
    "TZ": "UTC",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",  # the same command prints the same, also when it is replayed
    "PYTHONUNBUFFERED": "1",  # what was printed before a command is stopped is seen
    # As many threads as the machine has processors would not fit into the limits.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
}
"""All variables that a command sees, but for PATH and where Python finds its packages."""

_NAMES = "/names"  # a folder with `python` and `python3`, first in PATH
# What programs below /usr look for in /etc; LibreOffice keeps its defaults there.
_ETC = ("alternatives", "fonts", "ld.so.cache", "libreoffice", "mime.types", "nsswitch.conf")
_BESIDE_USR = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_SOURCES = ("/usr/src", "/usr/local/src")  # where a repository may lie, in images of containers
_TAKEN = ("/usr", "/proc", "/dev", "/etc", "/python", SITE, _NAMES)


def walls(work: Path | None, readable: Mapping[str, Path], interior: Interior) -> Iterator[str]:
    """Everything but descriptors and the command itself."""
    yield from ("--unshare-all", "--unshare-user", "--disable-userns")
    yield from ("--die-with-parent", "--new-session", "--cap-drop", "ALL")
    yield from ("--uid", str(USER), "--gid", str(USER), "--hostname", "sandbox", "--clearenv")
    for name, value in (ENVIRONMENT | _python_variables(interior)).items():
        yield from ("--setenv", name, value)
    yield from _system()
    yield from _python(interior)
    yield from ("--proc", "/proc", "--remount-ro", "/proc", "--dev", "/dev")
    yield from _memory("/dev/shm", SHARED_BYTES)  # noqa: S108 - the inner one
    yield from ("--remount-ro", "/dev")
    yield from _memory("/tmp", SCRATCH_BYTES)  # noqa: S108 - the inner one
    if work:
        yield from ("--bind", str(work.resolve()), WORK, "--chdir", WORK)
    for inside, outside in sorted(readable.items()):
        yield from ("--ro-bind", str(outside.resolve()), _allowed(inside))


def _python_variables(interior: Interior) -> dict[str, str]:
    found = {"PATH": f"{_NAMES}:/usr/local/bin:/usr/bin:/bin", "PYTHONPATH": SITE}
    return found | ({"LD_LIBRARY_PATH": interior.library_path} if interior.library_path else {})


def _system() -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr")
    for folder in _SOURCES:
        if Path(folder).is_dir():
            yield from _nothing(folder)
    for name in _BESIDE_USR:
        place = Path("/", name)
        if place.is_symlink():
            yield from ("--symlink", str(place.readlink()), str(place))
        elif place.is_dir():
            yield from ("--ro-bind", str(place), str(place))
    for name in _ETC:
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")


def _python(interior: Interior) -> Iterator[str]:
    for outside, inside in interior.binds:
        yield from ("--ro-bind", str(outside), inside)
    for folder in interior.covered:
        yield from _nothing(folder)
    for name in ("python", "python3"):
        yield from ("--symlink", interior.python, f"{_NAMES}/{name}")


def _memory(place: str, size: int) -> Sequence[str]:
    return ("--perms", "1777", "--size", str(size), "--tmpfs", place)


def _nothing(place: str) -> Sequence[str]:
    return ("--size", "4096", "--tmpfs", place, "--remount-ro", place)


def _allowed(inside: str) -> str:
    """A place for a readable folder; one that hides what is needed is a mistake of ours."""
    path = PurePosixPath(inside)
    taken = any(path.is_relative_to(each) or PurePosixPath(each) == path for each in _TAKEN)
    if not path.is_absolute() or ".." in path.parts or path == PurePosixPath("/") or taken:
        raise ValueError(f"nothing may be bound at {inside!r} in the sandbox")
    return str(path)
