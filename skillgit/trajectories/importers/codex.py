"""Codex rollouts: lines `{timestamp, type, payload}`, one session a file.

The payloads of `response_item` are what the model saw and said; `event_msg` repeats it for the
screen. The first rollouts had the items bare, after a line with id, timestamp and instructions.
Nothing in them says whether the task was solved.
"""

from __future__ import annotations

from collections.abc import Iterator

from skillgit.trajectories.documents import Document, JsonObject, JsonValue
from skillgit.trajectories.drafts import Label, content_text, finished, first_text, text_of
from skillgit.trajectories.responses import Items
from skillgit.trajectories.turns import Record, left_out, one_session
from skillgit.types import Diagnostic, Outcome, Result, Trajectory

FORMAT = "Codex rollout"

_TYPES = frozenset({"session_meta", "turn_context", "response_item", "event_msg", "compacted"})
_SILENT = frozenset({"turn_context", "event_msg", "session_state", "world_state"})


def _is_record(value: JsonObject) -> bool:
    if isinstance(value.get("payload"), dict):
        return text_of(value.get("type")) in _TYPES
    opens = isinstance(value.get("id"), str) and "timestamp" in value and "type" not in value
    return opens and ("instructions" in value or "git" in value)


def _read(document: Document, records: list[Record]) -> Iterator[Trajectory | Diagnostic]:
    items = Items()
    strange: list[Record] = []
    task = ""
    for record in records:
        kind, payload = text_of(record.value.get("type")), record.value.get("payload")
        if not isinstance(payload, dict):
            kind, payload = _bare(record.value)
        if kind == "session_meta":
            # A fork repeats the history, the opening line included, of the session it came from.
            task = task or _session(payload)
        elif kind == "compacted":
            items.interrupt("system", content_text(payload.get("message")))
        elif kind not in _SILENT and not (kind == "response_item" and items.add(payload)):
            strange.append(record)
    yield from left_out(document, strange, "records of no known type")
    label = Label(FORMAT, task, "codex")
    yield finished(document, items.turns.drafts, label, Outcome(Result.UNKNOWN))


def _bare(value: JsonObject) -> tuple[str, JsonObject]:
    """A line without a payload: how the first versions wrote it."""
    if "record_type" in value:
        return "event_msg", value
    if _is_record(value):
        return "session_meta", value
    return "response_item", value


def _session(meta: JsonObject) -> str:
    """The session's id; a sub-agent's after the id of the session that started it."""
    own, parent = first_text(meta, "id"), _parent(meta.get("source"))
    return f"{parent}/{own}" if parent else own


def _parent(source: JsonValue) -> str:
    for key in ("subagent", "thread_spawn"):
        source = source.get(key) if isinstance(source, dict) else None
    return first_text(source, "parent_thread_id") if isinstance(source, dict) else ""


CODEX = one_session(FORMAT, _is_record, _read)
