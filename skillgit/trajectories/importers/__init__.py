"""One file for each format that trajectories come in, and the table of them.

To add a format: write `importers/<name>.py` with an `Importer`, and add it to `IMPORTERS`, the
more special shapes before the more general ones. Others add theirs from packages of their own:
`plug_ins.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from skillgit.trajectories.documents import Document, JsonValue, SourceFile, documents, part_of
from skillgit.trajectories.drafts import Imported, Importer, encodable, text_of
from skillgit.trajectories.importers.atif import ATIF
from skillgit.trajectories.importers.chat import CHAT
from skillgit.trajectories.importers.coding_agents import CODING_AGENTS
from skillgit.trajectories.importers.inspect_log import INSPECT
from skillgit.trajectories.importers.langfuse import LANGFUSE
from skillgit.trajectories.importers.langsmith import LANGSMITH
from skillgit.trajectories.importers.math_solutions import MATH_SOLUTION
from skillgit.trajectories.importers.otlp import OTLP
from skillgit.trajectories.importers.plug_ins import plug_ins
from skillgit.trajectories.importers.rollout import ROLLOUT
from skillgit.trajectories.importers.tau_bench import TAU_BENCH
from skillgit.trajectories.importers.trace2skill_log import TRACE2SKILL_LOG
from skillgit.trajectories.importers.trace2skill_records import TRACE2SKILL_RECORD
from skillgit.trajectories.own_sessions import is_own_session
from skillgit.types import Diagnostic, Trajectory

IMPORTERS: tuple[Importer, ...] = (
    TRACE2SKILL_LOG,
    ATIF,
    ROLLOUT,
    TRACE2SKILL_RECORD,
    INSPECT,
    OTLP,
    LANGFUSE,
    LANGSMITH,
    TAU_BENCH,
    *CODING_AGENTS,
    MATH_SOLUTION,
    CHAT,
)

_MOST_REMARKS = 20
_VALUES_TRIED = 20
"""Formats of lines may begin with some that say nothing about the format."""

_Values = Iterator[Document | Diagnostic]


def import_file(file: SourceFile) -> Imported:
    """The trajectories of a file, in whichever known format; never raises, whatever the bytes.

    Importers of plug-ins are asked before our own. Sessions of skillgit's own analysts are left
    out.
    """
    found = plug_ins()
    importers = (*found.importers, *IMPORTERS)
    remarks: list[Diagnostic] = list(found.diagnostics)
    importer, values, parsed = _chosen(file, importers, remarks)
    read = _read(importer, values, file) if importer else iter(())
    trajectories: list[Trajectory] = []
    own: list[str] = []
    for item in read:
        if isinstance(item, Diagnostic):
            remarks.append(item)
        elif is_own_session(item):
            own.append(item.origin)
        else:
            trajectories.append(item)
    if own:
        remarks.append(Diagnostic(file.origin, _own(own)))
    name = importer.format if importer else ""
    return Imported(tuple(trajectories), _few(file, remarks), name, parsed, len(own))


def _chosen(
    file: SourceFile, importers: Sequence[Importer], remarks: list[Diagnostic]
) -> tuple[Importer | None, _Values, bool]:
    """Who reads the file, its values, and are there any; else what there is to say about it."""
    for importer in importers:
        try:
            unpacked = importer.unpack(file) if importer.unpack else None
        except Exception as error:  # noqa: BLE001 - foreign code: its fault may cost no file
            remarks.append(_fault(file, importer, error))
            continue
        if unpacked is not None:
            return importer, unpacked, True
    values = documents(file)
    seen: list[Document | Diagnostic] = []
    known: list[Document] = []
    for value in values:
        seen.append(value)
        if isinstance(value, Document):
            known.append(value)
            if (fit := _importer(value, importers, remarks)) is not None:
                return fit, chain(seen, values), True
            if len(known) == _VALUES_TRIED:
                break
    parts = _parts(known[0]) if len(seen) == 1 and known else []
    if parts and (fit := _importer(parts[0], importers, remarks)) is not None:
        return fit, iter(parts), True
    remarks.extend(item for item in seen if isinstance(item, Diagnostic))
    if known:
        message = _unknown_shape(known[0].value, importers)
        remarks.append(Diagnostic(file.origin, message, known[0].line))
    return None, iter(()), bool(known)


def _importer(
    document: Document, importers: Iterable[Importer], remarks: list[Diagnostic]
) -> Importer | None:
    for importer in importers:
        try:
            if importer.recognises(document.value):
                return importer
        except Exception as error:  # noqa: BLE001 - foreign code: its fault may cost no file
            remarks.append(_fault(document.file, importer, error))
    return None


def _parts(document: Document) -> list[Document]:
    """The objects of a file that is one list: each may be a trajectory by itself."""
    value = document.value
    if not isinstance(value, list) or not value or not isinstance(value[0], dict):
        return []
    return [part_of(document, item, str(number)) for number, item in enumerate(value, 1)]


def _read(
    importer: Importer, values: _Values, file: SourceFile
) -> Iterator[Trajectory | Diagnostic]:
    try:
        for item in importer.read(values):
            yield _checked(item)
    except Exception as error:  # noqa: BLE001 - foreign code: its fault may cost no other file
        yield _fault(file, importer, error)


def _checked(item: object) -> Trajectory | Diagnostic:
    if not isinstance(item, Trajectory | Diagnostic):
        raise TypeError(f"it yielded a {type(item).__name__}, no trajectory or diagnostic")
    if isinstance(item, Trajectory):
        return encodable(item)
    return replace(item, origin=text_of(item.origin), message=text_of(item.message))


def _fault(file: SourceFile, importer: Importer, error: Exception) -> Diagnostic:
    reason = f"{type(error).__name__}: {error}"[:200]
    return Diagnostic(file.origin, f"the importer of {importer.format} is broken: {reason}")


def _own(origins: Sequence[str]) -> str:
    names = ", ".join(origins[:3]) + (", …" if len(origins) > 3 else "")
    count = f"{len(origins)} ({names})"
    return f"sessions of skillgit's own analysts, which teach nothing, left out: {count}"


def _few(file: SourceFile, remarks: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """A file of a million bad lines must not drown the others."""
    if len(remarks) <= _MOST_REMARKS:
        return tuple(remarks)
    more = f"{len(remarks) - _MOST_REMARKS} more lines of this file have such faults"
    return (*remarks[:_MOST_REMARKS], Diagnostic(file.origin, more))


def _unknown_shape(value: JsonValue, importers: Iterable[Importer]) -> str:
    formats = ", ".join(importer.format for importer in importers)
    if isinstance(value, dict):
        keys = ", ".join(repr(str(key)[:30]) for key in list(value)[:6]) or "none"
        shape = f"an object with the keys {keys}"
    else:
        shape = f"a JSON {type(value).__name__}"
    return f"no trajectory of a known format ({formats}), but {shape}"
