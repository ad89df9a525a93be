"""Recorded replies as a file of JSON lines, in which they travel from one memory to another."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from skillgit.errors import UsageError
from skillgit.types import Usage

Row = tuple[str, str, str, str, str, str]
"""Key, role, label, model; reply and usage as JSON."""


def compact(value: object) -> str:
    """JSON in few bytes. The order of keys is kept: a reply must come back as the model gave it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def line_of(row: Row) -> str:
    """A reply as a line."""
    key, role, label, model, reply, usage = row
    record = {
        "key": key,
        "role": role,
        "label": label,
        "model": model,
        "reply": json.loads(reply),
        "usage": json.loads(usage),
    }
    return f"{compact(record)}\n"


def read_rows(path: Path) -> Iterator[Row]:
    """The replies of a file; UsageError where it is none of ours."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise UsageError(
            f"reading the recorded replies in {path}: {error.strerror}",
            hint="name a file that skillgit has recorded",
        ) from error
    for number, line in enumerate(lines, start=1):
        try:
            yield _parse(line)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise UsageError(
                f"reading the recorded replies in {path}: line {number} is not one of them",
                hint="take the file as skillgit has recorded it",
            ) from error


def _parse(line: bytes) -> Row:
    record = json.loads(line)
    key, reply = record["key"], record["reply"]
    role, label, model = (str(record[name]) for name in ("role", "label", "model"))
    if not re.fullmatch(r"[0-9a-f]{64}", key) or not isinstance(reply, dict):
        raise ValueError("no reply under a key")
    usage = {name: int(count) for name, count in asdict(Usage(**record["usage"])).items()}
    return key, role, label, model, compact(reply), compact(usage)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that is either the old or the new one, whenever the process is killed."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
