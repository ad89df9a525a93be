"""Logs of Inspect AI: one trajectory for each sample, its outcome from the scorers.

A log is a `.json` file or, by default, a `.eval` file, which is a zip (`inspect_zip.py`). Read from
schema version 2 on; the messages of a sample are whole in all of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from skillgit.trajectories.documents import Document, JsonObject, JsonValue, part_of
from skillgit.trajectories.drafts import (
    Importer,
    Label,
    finished,
    first_text,
    one_by_one,
    remark,
    text_of,
)
from skillgit.trajectories.importers.inspect_messages import chat_messages
from skillgit.trajectories.importers.inspect_zip import unpacked
from skillgit.trajectories.lines import plain
from skillgit.trajectories.messages import drafts_of
from skillgit.trajectories.outcomes import DETAIL_CHARS
from skillgit.types import Diagnostic, Outcome, Result, Trajectory

FORMAT = "Inspect log"

_VERSIONS = (2, 3)
_LETTERS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
_RESULTS = {1.0: Result.PASS, 0.0: Result.FAIL}
_PLACE_CHARS = 60


def _root_of(value: JsonValue) -> JsonObject | None:
    if not isinstance(value, dict) or not isinstance(value.get("eval"), dict):
        return None
    return value if "status" in value and {"plan", "samples", "results"} & value.keys() else None


def _read(document: Document, root: JsonObject) -> Iterator[Trajectory | Diagnostic]:
    version = root.get("version", 1)
    if version not in _VERSIONS:
        yield remark(document, f"{text_of(version)[:30]!r} is none of the known versions 2 and 3")
    samples = root.get("samples")
    if not isinstance(samples, list) or not samples:
        status = text_of(root.get("status"))[:30]
        yield remark(document, f"looks like {FORMAT}, but holds no samples (status {status!r})")
        return
    about = root["eval"] if isinstance(root["eval"], dict) else {}
    for sample in samples:
        place = _place(sample) if isinstance(sample, dict) else "?"
        part = part_of(document, sample, place)
        if isinstance(sample, dict):
            yield from _sample(part, sample, about)
        else:
            yield remark(part, "a sample that is no object")


def _place(sample: JsonObject) -> str:
    names = (first_text(sample, "id") or "?", first_text(sample, "epoch"))
    return " ".join(plain("/".join(filter(None, names))).split())[:_PLACE_CHARS]


def _sample(
    document: Document, sample: JsonObject, about: JsonObject
) -> Iterator[Trajectory | Diagnostic]:
    messages, unresolved = chat_messages(sample)
    if unresolved:
        yield remark(document, f"attachments that are not in the log, or too large: {unresolved}")
    drafts, unknown = drafts_of(messages)
    if unknown:
        yield remark(document, f"messages without a known role, left out: {unknown}")
    outcome, fault = _outcome(sample.get("scores"))
    if fault:
        yield remark(document, fault)
    names = (first_text(about, "task"), first_text(sample, "id"))
    task = "/".join(filter(None, names))
    yield finished(document, drafts, Label(FORMAT, task, first_text(about, "model")), outcome)


def _outcome(scores: JsonValue) -> tuple[Outcome, str]:
    """What the scorers say; of several, the one that is hardest to please decides."""
    if not isinstance(scores, dict) or not scores:
        return Outcome(Result.UNKNOWN), ""
    given = {name: score for name, score in scores.items() if isinstance(score, dict)}
    numbers = {text_of(name): _number(score.get("value")) for name, score in given.items()}
    known = {name: number for name, number in numbers.items() if number is not None}
    if not known:
        names = ", ".join(map(repr, map(text_of, scores)))[:200]
        return Outcome(Result.UNKNOWN), f"scores that are neither a number nor a grade: {names}"
    name = min(known, key=known.__getitem__)
    value = given[name].get("value") if name in given else None
    result = _RESULTS.get(known[name], Result.UNKNOWN) if isinstance(value, str | bool) else None
    others = [f"{each} {number:g}" for each, number in known.items()] if len(known) > 1 else []
    said = first_text(given.get(name, {}), "explanation")
    detail = "; ".join(filter(None, (", ".join(others), said)))[:DETAIL_CHARS]
    return Outcome(result or Result.UNKNOWN, known[name], f"scorer {name}"[:100], detail), ""


def _number(value: JsonValue) -> float | None:
    """Inspect grades in letters (correct, partial, incorrect, no answer), truths or numbers."""
    if isinstance(value, str):
        return _LETTERS.get(value.strip())
    if isinstance(value, bool | int | float):
        try:
            return float(value) if math.isfinite(value) else None
        except OverflowError:
            return None
    return None


INSPECT = Importer(FORMAT, *one_by_one(FORMAT, _root_of, _read)[1:3], unpacked)
