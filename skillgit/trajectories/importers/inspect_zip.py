"""`.eval` files of Inspect AI: a zip of JSON, one member for each sample.

Members are unpacked one at a time, and never more than was to be expected of such a file: a zip can
claim to hold a thousand times its size.
"""

from __future__ import annotations

import io
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from skillgit.trajectories.documents import (
    Document,
    JsonObject,
    JsonValue,
    SourceFile,
    digest_of,
    value_of,
)
from skillgit.types import Diagnostic

_SIGNATURE = b"PK\x03\x04"
_ZSTANDARD = 93
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, _ZSTANDARD)
_MOST_MEMBERS = 100_000
_MOST_MEMBER_BYTES = 200_000_000
_MOST_BYTES = 2_000_000_000
_MOST_RATIO = 200
"""JSON shrinks to a tenth, with many repetitions to a hundredth; bombs to a thousandth."""
_SMALL = 20_000_000
_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    IndexError,
    OverflowError,
)


class _RefusedError(ValueError):
    """A member that is not unpacked, and why."""


def unpacked(file: SourceFile) -> Iterator[Document | Diagnostic] | None:
    """The log in a zip, a value for each sample; None where the file is no zip with a log."""
    if not file.data.startswith(_SIGNATURE):
        return None
    try:
        archive = zipfile.ZipFile(io.BytesIO(file.data))
    except _FAULTS as error:
        message = f"a zip that cannot be opened, it may be cut off: {error}"
        return iter([Diagnostic(file.origin, message[:200])])
    return _values(file, archive)


def _values(file: SourceFile, archive: zipfile.ZipFile) -> Iterator[Document | Diagnostic]:
    members = {info.filename: info for info in archive.infolist()}
    samples = [name for name in members if _is_sample(name)]
    if refusal := _refusal(file, list(members.values())):
        yield Diagnostic(file.origin, refusal)
        return
    header = _header(file, archive, members)
    if isinstance(header, Diagnostic):
        yield header
        return
    if not samples:
        yield Document(file, {**header, "samples": []}, digest_of(file.data))
    for name in sorted(samples):
        value = _value(file, archive, members[name])
        if isinstance(value, Diagnostic):
            yield value
        else:
            # Its own digest is that of the sample alone, given where the sample is read.
            yield Document(file, {**header, "samples": [value]}, digest_of(file.data))


def _is_sample(name: str) -> bool:
    path = PurePosixPath(name)
    return path.parts[:1] == ("samples",) and path.suffix == ".json"


def _refusal(file: SourceFile, members: list[zipfile.ZipInfo]) -> str:
    total = sum(info.file_size for info in members)
    if len(members) > _MOST_MEMBERS:
        return f"a zip of {len(members)} files is not unpacked"
    if total > min(max(_SMALL, _MOST_RATIO * len(file.data)), _MOST_BYTES):
        size = f"{len(file.data) / 1e6:.1f} MB that claim to hold {total / 1e6:.0f} MB"
        return f"a zip of {size} is not unpacked"
    return ""


def _header(
    file: SourceFile, archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]
) -> JsonObject | Diagnostic:
    """What is said about the whole log; `start` is all there is of one that did not end."""
    for name in ("header.json", "_journal/start.json"):
        if name not in members:
            continue
        value = _value(file, archive, members[name])
        if isinstance(value, Diagnostic):
            return value
        if isinstance(value, dict):
            return {"status": "started", "plan": {}, **value}
    return Diagnostic(file.origin, "a zip, but no log of Inspect: header.json is not in it")


def _value(
    file: SourceFile, archive: zipfile.ZipFile, member: zipfile.ZipInfo
) -> JsonValue | Diagnostic:
    origin = f"{file.origin}#{member.filename[:100]}"
    try:
        data = _bytes(file, archive, member)
    except _FAULTS as error:
        return Diagnostic(origin, f"cannot be unpacked: {error}"[:200])
    found = value_of(SourceFile(origin, data))
    return Diagnostic(origin, found.message, found.line) if isinstance(found, Diagnostic) else found


def _bytes(file: SourceFile, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    if member.file_size > _MOST_MEMBER_BYTES:
        raise _RefusedError(f"it claims to hold {member.file_size / 1e6:.0f} MB")
    if member.compress_type not in _METHODS:
        raise _RefusedError(f"compressed by method {member.compress_type}, which no log is")
    if member.compress_type == _ZSTANDARD and sys.version_info < (3, 14):
        return _zstandard(file, member)
    with archive.open(member) as opened:
        return opened.read(_MOST_MEMBER_BYTES)


def _zstandard(file: SourceFile, member: zipfile.ZipInfo) -> bytes:
    """What Inspect writes nowadays, and Python's own zip cannot unpack before 3.14."""
    try:
        import zstandard  # noqa: PLC0415, TID251 - its home; an extra that few need
    except ImportError:
        message = "it is compressed with Zstandard; pip install 'skillgit[inspect]' to read it"
        raise _RefusedError(message) from None
    head = file.data[member.header_offset : member.header_offset + 30]
    name_size, extra_size = struct.unpack("<HH", head[26:30])
    start = member.header_offset + 30 + name_size + extra_size
    packed = io.BytesIO(file.data[start : start + member.compress_size])
    try:
        with zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(packed) as reader:
            data = reader.read(member.file_size + 1)
    except zstandard.ZstdError as error:
        raise _RefusedError(str(error)) from None
    if len(data) != member.file_size:
        raise _RefusedError("it does not hold as much as it claims")
    return data
