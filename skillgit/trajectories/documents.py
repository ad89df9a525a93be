"""The JSON values of a file: one, or one for each line, with the digest of their raw bytes.

Every way in which a file can fail to be JSON ends here as a diagnostic with its line; one bad
line does not cost the others.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeAlias

from skillgit.names import Digest
from skillgit.types import Diagnostic

JsonValue: TypeAlias = object
JsonObject: TypeAlias = Mapping[str, JsonValue]

_BOM = b"\xef\xbb\xbf"
_LINE_SUFFIXES = (".jsonl", ".ndjson")
_LINES_TRIED = 5


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that may hold trajectories; `origin` is its path relative to what was asked for.

    `siblings` are the result files that may tell its outcome, by their path relative to its
    folder, the most specific first; one that tells of several runs has `#NAME` of this one.
    `lock` is what Harbor wrote about the inputs of the run (`lock.json`). A file of lines that is
    too large to be read at once comes in pieces: `first_line` is where this one begins.
    """

    origin: str
    data: bytes
    siblings: Mapping[str, bytes] = field(default_factory=dict)
    lock: bytes = b""
    first_line: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """One JSON value of a file; `line` is 0 where the value is the whole file.

    `part` names the place of a value that is only a part of such a value (`part_of`).
    """

    file: SourceFile
    value: JsonValue
    digest: Digest
    line: int = 0
    part: str = ""

    @property
    def origin(self) -> str:
        """The file's origin, with `:line` in a file of several values, and `#part` for a part."""
        line = f":{self.line}" if self.line else ""
        part = f"#{self.part}" if self.part else ""
        return f"{self.file.origin}{line}{part}"


def part_of(whole: Document, value: JsonValue, name: str) -> Document:
    """One of several trajectories in a value; its identity is the digest of its own content.

    So a run that two files hold among others counts once. Content means the JSON with sorted keys.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    except (ValueError, TypeError, RecursionError):
        text = f"{whole.digest}#{name}"
    digest = digest_of(text.encode("utf-8", "surrogatepass"))
    name = f"{whole.part}/{name}" if whole.part else name
    return Document(whole.file, value, digest, whole.line, name)


def documents(file: SourceFile) -> Iterator[Document | Diagnostic]:
    """The values of a file, parsed one at a time; what cannot be parsed as diagnostics."""
    if not file.data.strip(_BOM + b" \t\r\n"):
        yield Diagnostic(file.origin, "the file is empty")
    elif _has_lines(file):
        for number, line in _lines(file.data, file.first_line):
            yield from _document(file, line, number)
    else:
        yield from _document(file, file.data, 0)


def value_of(file: SourceFile) -> JsonValue | Diagnostic:
    """The value of a file that should hold one; a diagnostic where it holds none."""
    fault: Diagnostic | None = None
    for item in documents(file):
        if isinstance(item, Document):
            return item.value
        fault = fault or item
    return fault


def digest_of(data: bytes) -> Digest:
    """The identity of a trajectory: SHA-256 of its raw bytes."""
    return Digest(f"sha256:{hashlib.sha256(data).hexdigest()}")


def _document(file: SourceFile, data: bytes, line: int) -> Iterator[Document | Diagnostic]:
    repeated: list[str] = []
    try:
        value = _parse(data, repeated)
    except UnicodeDecodeError as error:
        bad_line = line or data.count(b"\n", 0, error.start) + 1
        yield Diagnostic(file.origin, f"not UTF-8: byte {error.start} of it is invalid", bad_line)
    except json.JSONDecodeError as error:
        yield Diagnostic(file.origin, _syntax_message(error), line or error.lineno)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        yield Diagnostic(file.origin, f"cannot be read as JSON: {reason}", line)
    else:
        if repeated:
            keys = ", ".join(repr(key[:40]) for key in sorted(set(repeated))[:3])
            message = f"keys given twice in one object, the last one counts: {keys}"
            yield Diagnostic(file.origin, message, line)
        yield Document(file, value, digest_of(data), line)


def _parse(data: bytes, repeated: list[str]) -> JsonValue:
    def built(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
        made = dict(pairs)
        if len(made) < len(pairs):
            keys = [key for key, _ in pairs]
            repeated.extend(key for key in made if keys.count(key) > 1)
        return made

    value: JsonValue = json.loads(data.removeprefix(_BOM).decode(), object_pairs_hook=built)
    return value


def _syntax_message(error: json.JSONDecodeError) -> str:
    rest = error.doc[error.pos :].strip()
    if not rest or error.msg.startswith("Unterminated"):
        return "not JSON: the text ends in the middle of a value, it may be cut off"
    return f"not JSON: {error.msg} (column {error.colno})"


def is_line_of_many(line: bytes) -> bool:
    """Is this first line of a file whole, so that the file may be JSON Lines?"""
    return _is_object(line.removeprefix(_BOM))


def _has_lines(file: SourceFile) -> bool:
    """JSON Lines, or one value? The name decides only where the content allows both."""
    head = list(islice(_lines(file.data), _LINES_TRIED))
    if file.first_line:
        return True
    if file.origin.lower().endswith(_LINE_SUFFIXES):
        return any(_is_object(line) for _, line in head)
    return len(head) > 1 and _is_object(head[0][1])


def _is_object(line: bytes) -> bool:
    try:
        value = _parse(line, [])
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and bool(value)


def _lines(data: bytes, first: int = 0) -> Iterator[tuple[int, bytes]]:
    """Lines with text, without their ends, cut out one at a time."""
    number, start = max(1, first), 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        line = data[start:end].removesuffix(b"\r").removeprefix(_BOM)
        if line.strip():
            yield number, line
        number, start = number + 1, end + 1
