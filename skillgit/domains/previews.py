"""A short look at input files, for the first message to an agent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from skillgit.domains.spreadsheet.confined import ask

WORKBOOKS = frozenset({".xlsx", ".xlsm"})

_MOST_LINES = 8
_MOST_COLUMNS = 200
_MOST_BYTES = 64 << 10
_MOST_CHARS = 6000


def preview(inputs: Mapping[str, Path]) -> str:
    """Each file by its name in the work folder: sheets and first rows, or first lines."""
    text = "\n\n".join(f"{name}:\n{_of_file(path)}" for name, path in inputs.items())
    return text if len(text) <= _MOST_CHARS else f"{text[:_MOST_CHARS]}…"


def _of_file(path: Path) -> str:
    if path.suffix.lower() in WORKBOOKS:
        told = ask("preview", path=str(path.resolve()))
        return "\n".join(told.get("lines", ())) or f"({told.get('problem') or 'no sheets'})"
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES)
    except OSError:
        return "(cannot be read)"
    if b"\0" in data:
        return f"(no text; {path.stat().st_size} bytes)"
    lines = data.decode("utf-8", "replace").splitlines()
    shown = [line if len(line) <= _MOST_COLUMNS else f"{line[:_MOST_COLUMNS]}…" for line in lines]
    more = ["…"] if len(shown) > _MOST_LINES or len(data) == _MOST_BYTES else []
    return "\n".join([*shown[:_MOST_LINES], *more]) or "(empty)"
