"""The rows of a file: JSON lines, a JSON list, one JSON object, or Parquet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from skillgit.errors import SurroundingsError, UsageError

SUFFIXES = frozenset({".jsonl", ".json", ".parquet"})


def rows(path: Path) -> Iterator[object]:
    """Each row, read as it is needed; UsageError where the file is not what its name says."""
    try:
        yield from _rows(path)
    except (OSError, ValueError, RecursionError) as error:
        hint = "it must be JSON lines, a JSON list or Parquet, as its name says"
        raise UsageError(f"reading {path}: {error}", hint=hint) from error


def _rows(path: Path) -> Iterator[object]:
    if path.suffix == ".parquet":
        yield from _of_parquet(path)
    elif path.suffix == ".jsonl":
        yield from _of_lines(path)
    else:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
        yield from data if isinstance(data, list) else [data]


def _of_lines(path: Path) -> Iterator[object]:
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise ValueError(f"line {number} is no JSON: {error}") from error


def _of_parquet(path: Path) -> Iterator[object]:
    if find_spec("pyarrow") is None:
        raise SurroundingsError(
            f"reading {path}: the package pyarrow is not installed",
            hint="pip install 'skillgit[math]', or turn the file into JSON lines",
        )
    # It ships no types; most sets are JSON lines.
    from pyarrow import parquet  # type: ignore[import-untyped]  # noqa: PLC0415, TID251 - its home

    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches():
            yield from batch.to_pylist()
