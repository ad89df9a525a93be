"""What a round took, kept in the private state of the repository and never in its evidence.

The evidence is a function of what the round was given; how long a machine worked for it is not.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from skillgit.names import RoundId
from skillgit.provenance.canonical import from_json, json_bytes, to_json
from skillgit.types import Usage

ROUNDS_FOLDER = "rounds"
SCHEMA = "skillgit.timings/1"
_MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Timings:
    """What one run of `evolve` took for a round; what a killed run before it took is not here."""

    round: RoundId
    model: str
    ended: int
    """Seconds since 1970, UTC."""
    seconds: float
    stages: Mapping[str, float]
    """Seconds by stage; stages may overlap, so they need not add up."""
    usage: Usage


def keep_timings(state: Path, timings: Timings) -> None:
    """Write them down, unless an earlier run of the same round asked the model more.

    A round that is run again finds its replies in the cache: its seconds tell nothing any more.
    A disk that refuses is no reason to fail: the round is done, and its report says what it lacks.
    """
    before = read_timings(state, timings.round)
    if before is not None and _weight(before) > _weight(timings):
        return
    path = _place(state, timings.round)
    half = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(json_bytes({"schema": SCHEMA, **to_json(timings)}))
        half.replace(path)
    with suppress(OSError):
        half.unlink(missing_ok=True)


def read_timings(state: Path, round_id: RoundId) -> Timings | None:
    """What a round took; None where it was run elsewhere, or the file is none of ours."""
    try:
        with _place(state, round_id).open("rb") as file:
            found = json.loads(file.read(_MOST_BYTES))
        if not isinstance(found, dict) or found.pop("schema", None) != SCHEMA:
            return None
        timings = from_json(Timings, found)
    except (OSError, ValueError, RecursionError):
        return None
    return timings if timings.round == round_id else None


def _place(state: Path, round_id: RoundId) -> Path:
    return state / ROUNDS_FOLDER / f"{round_id}.json"


def _weight(timings: Timings) -> tuple[int, float]:
    return timings.usage.calls, timings.seconds
