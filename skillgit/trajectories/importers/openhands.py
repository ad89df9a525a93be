"""OpenHands: a conversation as a list of events, and `output.jsonl`, a line for each task.

Only what a test said counts (`test_result`); the issue resolver's `success` is the guess of a
model about its own work, and the state at the end is how the run ended.
"""

from __future__ import annotations

from collections.abc import Iterator

from skillgit.trajectories.documents import Document, JsonObject, JsonValue
from skillgit.trajectories.drafts import Label, finished, first_text, one_by_one, remark
from skillgit.trajectories.importers.openhands_events import Events, is_event
from skillgit.trajectories.outcomes import outcome_of
from skillgit.trajectories.turns import Record, left_out, one_session
from skillgit.types import Diagnostic, Outcome, Result, Trajectory

FORMAT = "OpenHands events"
OUTPUT_FORMAT = "OpenHands output"
AGENT = "openhands"

_VERDICTS = ("resolved", "result", "success", "passed", "correct")


def _read_events(document: Document, records: list[Record]) -> Iterator[Trajectory | Diagnostic]:
    if len(records) == 1:
        message = "a single event of OpenHands: join the events of a conversation to one list"
        yield Diagnostic(document.file.origin, message, records[0].line)
        return
    events = Events()
    strange = [record for record in records if not events.add(record.value)]
    yield from left_out(document, strange, "events of no known kind")
    label = Label(FORMAT, agent=AGENT)
    yield finished(document, events.turns.drafts, label, Outcome(Result.UNKNOWN))


def _root_of(value: JsonValue) -> JsonObject | None:
    if not isinstance(value, dict) or not isinstance(value.get("history"), list):
        return None
    first = next(_flat(value["history"]), None)
    if first is None:
        return value if {"test_result", "git_patch"} & value.keys() else None
    return value if isinstance(first, dict) and _is_old_event(first) else None


def _is_old_event(value: JsonObject) -> bool:
    return is_event(value) or isinstance(value.get("action"), str)


def _flat(history: JsonValue) -> Iterator[JsonValue]:
    """The events; the first versions kept an action and its observation as a pair."""
    for item in history if isinstance(history, list) else ():
        if isinstance(item, list):
            yield from item
        else:
            yield item


def _read_output(document: Document, root: JsonObject) -> Iterator[Trajectory | Diagnostic]:
    events = Events()
    history = list(_flat(root["history"]))
    strange = sum(not (isinstance(one, dict) and events.add(one)) for one in history)
    if strange:
        yield remark(document, f"events of no known kind, left out: {strange}")
    outcome, fault = _tested(root.get("test_result"))
    if fault:
        yield remark(document, fault)
    task = first_text(root, "instance_id", "id", "task_id") or _issue(root.get("issue"))
    label = Label(OUTPUT_FORMAT, task, AGENT)
    yield finished(document, events.turns.drafts, label, outcome)


def _issue(issue: JsonValue) -> str:
    if not isinstance(issue, dict):
        return ""
    parts = (first_text(issue, key) for key in ("owner", "repo", "number"))
    return "-".join(filter(None, parts))


def _tested(tested: JsonValue) -> tuple[Outcome, str]:
    """What the benchmark's test said, in the words that the benchmarks use for it."""
    for where, key in (("test_result.report", "report"), ("test_result.result", "result")):
        inner = tested.get(key) if isinstance(tested, dict) else None
        if isinstance(inner, dict):
            return _verdict(inner, where)
    return _verdict(tested, "test_result") if isinstance(tested, dict) else _nothing()


def _verdict(record: JsonObject, said_by: str) -> tuple[Outcome, str]:
    found = (record[key] for key in _VERDICTS if isinstance(record.get(key), bool))
    verdict = next(found, None)
    if verdict is not None:
        return outcome_of({"success": verdict}, said_by)
    stated = {key: record[key] for key in ("reward", "score") if key in record}
    return outcome_of(stated, said_by) if stated else _nothing()


def _nothing() -> tuple[Outcome, str]:
    return Outcome(Result.UNKNOWN), ""


OPENHANDS = one_session(FORMAT, is_event, _read_events)
OPENHANDS_OUTPUT = one_by_one(OUTPUT_FORMAT, _root_of, _read_output)
