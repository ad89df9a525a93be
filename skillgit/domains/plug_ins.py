"""Domains from packages of other people, by the entry point group `skillgit.domains`.

One that cannot be loaded costs nothing but a remark where its tasks are asked for. How to write
one: .github/DOMAINS.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import NamedTuple

from skillgit.domains.layout import Layout
from skillgit.domains.task import Domain

GROUP = "skillgit.domains"


@dataclass(frozen=True, slots=True)
class PlugIn:
    """What an entry point names: a domain, and the layouts in which its tasks are published."""

    domain: Domain
    layouts: tuple[Layout, ...] = ()


class PlugIns(NamedTuple):
    """Those that could be loaded, in the order of their names, and what is wrong with others."""

    found: tuple[PlugIn, ...] = ()
    problems: tuple[str, ...] = ()


@cache
def plug_ins() -> PlugIns:
    """All that are installed."""
    try:
        found = sorted(set(entry_points(group=GROUP)), key=lambda entry: (entry.name, entry.value))
    except Exception as error:  # noqa: BLE001 - metadata of any installed package may be broken
        return PlugIns((), (f"{GROUP} cannot be listed: {_reason(error)}",))
    loaded = [_loaded(entry) for entry in found]
    return PlugIns(
        tuple(one for one in loaded if isinstance(one, PlugIn)),
        tuple(one for one in loaded if isinstance(one, str)),
    )


def _loaded(entry: EntryPoint) -> PlugIn | str:
    try:
        value = entry.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code may fail in any way
        return f"the domain {entry.name} cannot be loaded: {_reason(error)}"
    if isinstance(value, PlugIn):
        return value
    return f"the domain {entry.name}: {entry.value} is no PlugIn, but a {type(value).__name__}"


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:200]
