"""Is this file a workbook that may be opened? Looked at before any library unpacks it."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

MOST_BYTES = 64 << 20
"""Of a workbook as it lies on the disk."""
_MOST_UNPACKED = 512 << 20
_MOST_ENTRIES = 10_000
_MOST_RATIO = 400
"""Of a part's size to its packed size; a real sheet seldom reaches 50."""
_SMALL = 4 << 20
"""A part below this may be packed as tightly as it likes."""
_MOST_MERGED = 2_000_000
"""openpyxl makes one object for each cell of a merged block."""
_CHUNK = 1 << 20
_OVERLAP = 200
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

# Declarations of entities stand in a DOCTYPE, and no workbook needs one. XML may also be UTF-16.
_DOCTYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-16-be"))
_MERGED = re.compile(
    rb"mergeCell\b[^<>]{0,80}?\bref\s*=\s*[\"']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"
)


def refusal(path: Path) -> str:
    """Why a workbook is not opened, or ""; whatever the file holds, nothing is raised."""
    try:
        with path.open("rb") as file:
            head = file.read(len(_OLE))
        if not head:
            return "the file is empty"
        if head == _OLE:
            return "the workbook is encrypted, or of the old .xls format"
        with zipfile.ZipFile(path) as archive:
            return _of_archive(archive)
    except (OSError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        return f"not an .xlsx workbook ({type(error).__name__})"
    except Exception as error:  # noqa: BLE001 - zlib.error, struct.error and their like
        return f"a damaged .xlsx workbook ({type(error).__name__})"


def _of_archive(archive: zipfile.ZipFile) -> str:
    parts = archive.infolist()
    if len(parts) > _MOST_ENTRIES:
        return f"the workbook has {len(parts)} parts"
    if any(part.flag_bits & 1 for part in parts):
        return "the workbook is encrypted"
    if sum(part.file_size for part in parts) > _MOST_UNPACKED:
        return "the workbook unpacks to too many bytes (a zip bomb?)"
    for part in parts:
        if part.file_size > max(_SMALL, part.compress_size * _MOST_RATIO):
            return f"{part.filename[:80]!r} is packed too tightly (a zip bomb?)"
    for part in parts:
        if part.filename.lower().endswith((".xml", ".rels")):
            with archive.open(part) as stream:
                reason = _of_xml(stream)
            if reason:
                return reason
    return ""


def _of_xml(stream: IO[bytes]) -> str:
    merged = 0
    for chunk in _overlapping(stream):
        if any(mark in chunk for mark in _DOCTYPES):
            return "the workbook declares entities (a DOCTYPE)"
        for found in _MERGED.finditer(chunk):
            merged += _area(found)
            if merged > _MOST_MERGED:
                return "the workbook merges millions of cells"
    return ""


def _overlapping(stream: IO[bytes]) -> Iterator[bytes]:
    """Chunks that begin with the end of the one before, so that nothing hides at a border."""
    tail = b""
    while chunk := stream.read(_CHUNK):
        yield tail + chunk
        tail = chunk[-_OVERLAP:]


def _area(found: re.Match[bytes]) -> int:
    left, right = _column(found[1]), _column(found[3])
    return (abs(right - left) + 1) * (abs(int(found[4]) - int(found[2])) + 1)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number
