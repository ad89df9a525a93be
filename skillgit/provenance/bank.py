"""A memory bank: what each trajectory taught, to be recalled at tasks like its own.

The baseline of section 4.2 of the paper, after ReasoningBank: a memory item has a title, a
description and a content; the items of one trajectory are recalled together, by the likeness of
queries. The file is for people as well: it holds words and no vectors, which are made when it is
used, so any embedding model will do.
"""

from __future__ import annotations

import hashlib
import json
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from skillgit.names import Digest, TrajectoryId
from skillgit.provenance.canonical import from_json, json_bytes, to_json
from skillgit.types import Result

SCHEMA = "skillgit.bank/1"
Vector: TypeAlias = Sequence[float]


@dataclass(frozen=True, slots=True)
class MemoryItem:
    """What holds beyond its run: a title, one sentence on when it matters, and what to do."""

    title: str
    description: str
    content: str


@dataclass(frozen=True, slots=True)
class Remembered:
    """The items of one trajectory, and the query by which they are found again."""

    trajectory: TrajectoryId
    digest: Digest
    task: str
    result: Result
    query: str
    items: tuple[MemoryItem, ...]

    def __post_init__(self) -> None:
        if not self.query.strip() or not self.items:
            raise ValueError(f"{self.trajectory}: nothing to find it by, or nothing to tell")


@dataclass(frozen=True, slots=True)
class Bank:
    """All that is remembered, in the order of trajectories, and the model that wrote it."""

    model: str
    entries: tuple[Remembered, ...]

    @property
    def digest(self) -> Digest:
        """What all of it says."""
        return Digest(f"sha256:{hashlib.sha256(render_bank(self)).hexdigest()}")


def render_bank(bank: Bank) -> bytes:
    """The canonical bytes of its file."""
    return json_bytes({"schema": SCHEMA, **to_json(bank)})


def parse_bank(data: bytes) -> Bank:
    """The bank that a file holds; ValueError says why it holds none."""
    try:
        found: Any = json.loads(data)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    schema = found.pop("schema", None) if isinstance(found, dict) else None
    if schema != SCHEMA:
        raise ValueError(f"it is no JSON object with the schema {SCHEMA!r}")
    return from_json(Bank, found)


# ------------------------------------------------------------------ which is nearest


def nearest(vector: Vector, others: Sequence[Vector], top: int) -> tuple[int, ...]:
    """The numbers of the `top` others with the greatest cosine; of equals the first.

    Vectors without a direction are like nothing.
    """
    one = unit(vector)
    alike = [_product(one, unit(other)) for other in others]
    order = sorted(range(len(others)), key=lambda number: -alike[number])
    return tuple(order[:top])


def unit(vector: Vector) -> Vector:
    """The vector with length 1; one that has it already comes back as it is."""
    length = math.sqrt(_product(vector, vector))
    if not math.isfinite(length) or not length or math.isclose(length, 1.0, rel_tol=1e-12):
        return vector
    return [part / length for part in vector]


def _summed(left: Iterable[float], right: Iterable[float]) -> float:
    return math.fsum(map(operator.mul, left, right))


# Python 3.12 has it, and it is many times faster.
_product: Callable[[Vector, Vector], float] = getattr(math, "sumprod", _summed)
