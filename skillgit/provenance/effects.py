"""What lessons were measured to be worth, as notes on their commits: `refs/notes/skillgit`.

A note is JSON in one line, `{"effects": […], "schema": "skillgit.note/1"}`. In one line, because
Git can then bring the notes of two repositories together by itself (`git notes merge -s
cat_sort_uniq`): what comes out has one such line of each. Reading adds up all lines; lines that
are something else belong to somebody else, and stay.

Notes are claims. Nothing in Git proves them, and who can push notes can write any; what does not
fit the types below is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from skillgit.names import Digest, Oid, RoundId
from skillgit.provenance.canonical import from_json, to_json
from skillgit.types import Effect

SCHEMA = "skillgit.note/1"
_MOST_CHARS = 1_000_000
_MOST_EFFECTS = 200
_MOST_LETTERS = 200
_DIGITS = 6
_LATEST = 253_402_300_799
"""The last second of the year 9999."""


@dataclass(frozen=True, slots=True)
class EffectRecord:
    """An effect, whose it is, and what it was measured with. `patch` names the lesson's change.

    So it is found again where a rebase or a cherry-pick gave the lesson another commit.
    """

    patch: Digest
    round: RoundId
    base: Oid
    company: Digest
    """Which lessons were taken together, this one among them."""
    lessons: int
    tasks: Digest
    seeds: tuple[int, ...]
    model: str
    harness: Digest
    effect: Effect
    by: str
    when: int

    def __post_init__(self) -> None:
        words = (self.model, self.by, self.effect.ended)
        if any(len(word) > _MOST_LETTERS for word in words) or len(self.seeds) > _MOST_LETTERS:
            raise ValueError("its words are longer than any that are written")
        if self.lessons < 1 or not 0 <= self.when <= _LATEST:
            raise ValueError("it was measured of no lessons, or at no time")

    @property
    def about(self) -> tuple[object, ...]:
        """Two records about the same are two measurements of one thing."""
        measured = self.company, self.tasks, self.model, self.harness, self.by
        return self.patch, self.effect.method, *measured


@dataclass(frozen=True, slots=True)
class Note:
    """A note in its parts. `refused` says what of it looks like ours and is not."""

    effects: tuple[EffectRecord, ...] = ()
    others: tuple[str, ...] = ()
    """Lines that are not ours, or not altogether, as they stand there."""
    refused: tuple[str, ...] = ()


def read_note(data: bytes) -> Note:
    """Everything in a note, whoever wrote it."""
    text = data.decode("utf-8", "surrogateescape")
    if len(text) > _MOST_CHARS:
        return Note(others=(text,), refused=("it is too long to be a note of skillgit",))
    found: list[EffectRecord] = []
    others: list[str] = []
    refused: list[str] = []
    for line in text.strip("\n").split("\n") if text.strip("\n") else ():
        ours = _ours(line)
        fit, unfit = _effects(ours) if ours else ([], [])
        found += fit
        refused += unfit
        # What a later skillgit wrote, or somebody by hand, is not ours to throw away.
        if ours is None or unfit or ours.keys() != {"schema", "effects"}:
            others.append(line)
    return Note(newest(found), tuple(others), tuple(refused))


def _effects(ours: Mapping[str, Any]) -> tuple[list[EffectRecord], list[str]]:
    """The effects of a line, and why some are none."""
    fit: list[EffectRecord] = []
    unfit: list[str] = []
    listed = ours.get("effects")
    if not isinstance(listed, list) or len(listed) > _MOST_EFFECTS:
        return fit, ["its effects are no list, or too long a one"]
    for one in listed:
        try:
            fit.append(from_json(EffectRecord, one, "effect"))
        except (ValueError, RecursionError, OverflowError) as reason:
            unfit.append(str(reason)[:_MOST_LETTERS])
    return fit, unfit


def render_note(note: Note) -> bytes:
    """The note again: our line first, then the lines of others as they were."""
    effects = [to_json(_rounded(one)) for one in note.effects]
    ours = [_line({"schema": SCHEMA, "effects": effects})] if effects else []
    text = "".join(f"{line}\n" for line in (*ours, *note.others))
    return text.encode("utf-8", "surrogateescape")


def merged(one: Note, other: Note) -> Note:
    """Both notes as one: of two measurements of the same thing the later one stays."""
    more = (line for line in other.others if line not in one.others)
    return Note(newest((*one.effects, *other.effects)), (*one.others, *more))


def newest(records: Iterable[EffectRecord]) -> tuple[EffectRecord, ...]:
    """Of each thing that was measured the latest record, the latest of all first."""
    found: dict[tuple[object, ...], EffectRecord] = {}
    for one in sorted(records, key=_age):
        found[one.about] = one
    return tuple(sorted(found.values(), key=_age, reverse=True)[:_MOST_EFFECTS])


def _age(record: EffectRecord) -> tuple[int, str]:
    # Equal times must not let the order of reading decide.
    return record.when, _line(to_json(_rounded(record)))


def _rounded(record: EffectRecord) -> EffectRecord:
    """With six digits: what has been rounded once stays as it is."""
    effect = record.effect
    low, estimate, high = (
        round(one, _DIGITS) + 0.0 for one in (effect.low, effect.estimate, effect.high)
    )
    return replace(record, effect=replace(effect, low=low, estimate=estimate, high=high))


def _ours(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    known = isinstance(found, dict) and found.get("schema") == SCHEMA
    return found if known else None


def _line(document: Mapping[str, object]) -> str:
    """Canonical, and in one line; Git's merge of lines knows equal ones by their bytes."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
