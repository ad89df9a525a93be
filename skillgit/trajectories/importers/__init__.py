"""One file for each format that trajectories come in, and the table of them.

To add a format: write `importers/<name>.py` with an `Importer`, and add it to `IMPORTERS`, the
more special shapes before the more general ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from skillgit.trajectories.documents import Document, JsonValue, SourceFile, documents
from skillgit.trajectories.drafts import Imported, Importer
from skillgit.trajectories.importers.atif import ATIF
from skillgit.trajectories.importers.chat import CHAT
from skillgit.trajectories.importers.rollout import ROLLOUT
from skillgit.types import Diagnostic, Trajectory

IMPORTERS: tuple[Importer, ...] = (ATIF, ROLLOUT, CHAT)

_MOST_REMARKS = 20


def import_file(file: SourceFile) -> Imported:
    """The trajectories of a file, in whichever known format; never raises, whatever the bytes."""
    values = documents(file)
    seen: list[Document | Diagnostic] = []
    for value in values:
        seen.append(value)
        if isinstance(value, Document):
            importer = _importer(value.value)
            if importer is None:
                seen[-1] = Diagnostic(file.origin, _unknown_shape(value.value), value.line)
                return Imported((), _few(file, seen))
            return _imported(file, importer.read(chain(seen, values)))
    return Imported((), _few(file, seen))


def _importer(value: JsonValue) -> Importer | None:
    return next((importer for importer in IMPORTERS if importer.recognises(value)), None)


def _imported(file: SourceFile, read: Iterator[Trajectory | Diagnostic]) -> Imported:
    trajectories: list[Trajectory] = []
    remarks: list[Diagnostic] = []
    for found in read:
        if isinstance(found, Trajectory):
            trajectories.append(found)
        else:
            remarks.append(found)
    return Imported(tuple(trajectories), _few(file, remarks))


def _few(file: SourceFile, remarks: Iterable[object]) -> tuple[Diagnostic, ...]:
    """A file of a million bad lines must not drown the others."""
    found = tuple(remark for remark in remarks if isinstance(remark, Diagnostic))
    if len(found) <= _MOST_REMARKS:
        return found
    more = f"{len(found) - _MOST_REMARKS} more lines of this file have such faults"
    return (*found[:_MOST_REMARKS], Diagnostic(file.origin, more))


def _unknown_shape(value: JsonValue) -> str:
    formats = ", ".join(importer.format for importer in IMPORTERS)
    if isinstance(value, dict):
        keys = ", ".join(repr(str(key)[:30]) for key in list(value)[:6]) or "none"
        shape = f"an object with the keys {keys}"
    else:
        shape = f"a JSON {type(value).__name__}"
    return f"no trajectory of a known format ({formats}), but {shape}"
