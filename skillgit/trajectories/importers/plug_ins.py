"""Importers from packages of other people, by the entry point group `skillgit.importers`.

They are loaded when the first file is read, once. One that cannot be loaded costs nothing but a
diagnostic. How to write one: .github/IMPORTERS.md.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import NamedTuple

from skillgit.trajectories.drafts import Importer
from skillgit.types import Diagnostic

GROUP = "skillgit.importers"


class PlugIns(NamedTuple):
    """The importers that could be loaded, in the order of their names, and what is wrong."""

    importers: tuple[Importer, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


@cache
def plug_ins() -> PlugIns:
    """All that are installed."""
    try:
        found = sorted(set(entry_points(group=GROUP)), key=lambda entry: (entry.name, entry.value))
    except Exception as error:  # noqa: BLE001 - metadata of any installed package may be broken
        return PlugIns((), (Diagnostic(GROUP, f"cannot be listed: {_reason(error)}"),))
    loaded = [_loaded(entry) for entry in found]
    return PlugIns(
        tuple(one for one in loaded if isinstance(one, Importer)),
        tuple(one for one in loaded if isinstance(one, Diagnostic)),
    )


def _loaded(entry: EntryPoint) -> Importer | Diagnostic:
    name = f"{GROUP}: {entry.name}"
    try:
        value = entry.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code may fail in any way
        return Diagnostic(name, f"this importer cannot be loaded: {_reason(error)}")
    if isinstance(value, Importer):
        return value
    return Diagnostic(name, f"{entry.value} is no Importer, but a {type(value).__name__}")


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:200]
