"""What came of the steps of an experiment, each in a file that its content names."""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from skillgit.errors import SurroundingsError
from skillgit.provenance.canonical import from_json, json_bytes, to_json

SCHEMA = "skillgit.experiment-step/1"
_MOST_BYTES = 200_000_000
T = TypeVar("T")


class KeptSteps:
    """A memory below `root`; what is damaged counts as not there."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def find(self, key: str, kind: type[T]) -> T | None:
        """What came of the step with this key."""
        try:
            with self._place(key).open("rb") as file:
                found = json.loads(file.read(_MOST_BYTES))
            if not isinstance(found, dict) or found.get("schema") != SCHEMA:
                return None
            return from_json(kind, found["outcome"])
        except (OSError, ValueError, KeyError, RecursionError):
            return None

    def keep(self, key: str, label: str, outcome: object) -> None:
        """Write it down; it is there as a whole or not at all."""
        place = self._place(key)
        half = place.with_name(f".{place.name}.{secrets.token_hex(6)}")
        document = {"schema": SCHEMA, "step": label, "outcome": to_json(outcome)}
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            half.write_bytes(json_bytes(document))
            half.replace(place)
        except OSError as error:
            with suppress(OSError):
                half.unlink(missing_ok=True)
            raise SurroundingsError(
                f"writing what came of a step to {place}: {error.strerror or error}",
                hint="make room, or name another folder with -o",
            ) from error

    def _place(self, key: str) -> Path:
        return self._root / key[:2] / f"{key}.json"
