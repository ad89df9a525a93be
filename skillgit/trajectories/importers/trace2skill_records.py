"""The parsed records of the released Trace2Skill code: what its analysts said about one run.

`{instance_id, source_file, items: [{type, title, …}]}`, `parsed_error_records.json` being of runs
that its evaluator failed and `parsed_success_records.json` of others. No run is in them: each item
is a step of the analyst.
"""

from __future__ import annotations

from collections.abc import Iterator

from skillgit.trajectories.documents import Document, JsonObject, JsonValue
from skillgit.trajectories.drafts import (
    Draft,
    Label,
    finished,
    first_text,
    objects_in,
    one_by_one,
    remark,
    text_of,
)
from skillgit.types import Diagnostic, Outcome, Result, Trajectory

FORMAT = "Trace2Skill record"

_AGENT = "Trace2Skill analyst"
_SAID_BY = "the kind of the record"
_RESULTS = {
    "failure_cause": Result.FAIL,
    "failure_memory": Result.FAIL,
    "success_memory": Result.PASS,
}
_TEXTS = ("title", "description", "content", "relation_to_skill", "skill_reflection")


def _root_of(value: JsonValue) -> JsonObject | None:
    if not isinstance(value, dict) or "instance_id" not in value:
        return None
    known = any(text_of(item.get("type")) in _RESULTS for item in objects_in(value.get("items")))
    # A record without items is recognised, so that it is reported as what it is.
    return value if known or (value.get("items") == [] and "source_file" in value) else None


def _read(document: Document, root: JsonObject) -> Iterator[Trajectory | Diagnostic]:
    items = root["items"] if isinstance(root["items"], list) else []
    known = [item for item in objects_in(items) if text_of(item.get("type")) in _RESULTS]
    if len(known) < len(items):
        yield remark(document, f"items of no known type, left out: {len(items) - len(known)}")
    results = {_RESULTS[text_of(item["type"])] for item in known}
    outcome = Outcome(Result.UNKNOWN)
    if len(results) == 1:
        outcome = Outcome(results.pop(), said_by=_SAID_BY)
    elif results:
        yield remark(document, "items of failures and of successes in one record: it is unknown")
    drafts = [Draft("agent", _text(item)) for item in known]
    task = first_text(root, "instance_id")
    yield finished(document, drafts, Label(FORMAT, task, _AGENT), outcome)


def _text(item: JsonObject) -> str:
    return "\n".join(filter(None, (text_of(item.get(key)) for key in _TEXTS)))


TRACE2SKILL_RECORD = one_by_one(FORMAT, _root_of, _read)
