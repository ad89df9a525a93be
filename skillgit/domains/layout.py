"""A layout of task sets: how it is known by sight, and what reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from skillgit.domains.task import TaskSet


@dataclass(frozen=True, slots=True)
class Layout:
    """One way in which tasks lie on a disk; the table of all is in `loading.py`."""

    sign: str
    """The file by which a person knows it, for messages."""
    fits: Callable[[Path], bool]
    """Is it this one? Asked of any path, also one where nothing is; looks at little, and fast."""
    load: Callable[[Path], TaskSet]
    """The tasks at a path that fits; UsageError says what cannot be used."""
