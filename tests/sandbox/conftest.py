"""The real bubblewrap, or no test: there is no other way to know whether a wall holds."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from confined import Room

from skillgit.config import Sandbox as Options
from skillgit.sandbox import Trouble, examine
from skillgit.sandbox.bubblewrap import Bubblewrap


@cache
def _trouble() -> Trouble | None:
    return examine(Options())


@pytest.fixture
def room(tmp_path: Path) -> Callable[..., Room]:
    """Make a room in bubblewrap; the arguments are settings."""
    trouble = _trouble()
    if trouble:
        pytest.skip(f"bubblewrap cannot be used here: {trouble.what}")

    def make(name: str = "work", **settings: float) -> Room:
        work = tmp_path / name
        work.mkdir(exist_ok=True)
        values = {key: value if key == "seconds" else int(value) for key, value in settings.items()}
        return Room(Bubblewrap(Options(**values)), work)  # type: ignore[arg-type]  # by name

    return make
