"""What `codex exec --json` prints: lines `{type: item.completed, item: {type, …}}`.

It lacks the task and the model's own calls: an item is a call together with what came of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from skillgit.trajectories.documents import Document, JsonObject
from skillgit.trajectories.drafts import Label, content_text, finished, first_text, text_of
from skillgit.trajectories.turns import Record, Turn, Turns, left_out, one_session
from skillgit.types import Diagnostic, Outcome, Result, ToolCall, Trajectory

FORMAT = "Codex stream"

_OPENINGS = frozenset({"thread.started", "turn.started", "item.started", "item.completed"})
_SILENT = frozenset({*_OPENINGS, "item.updated", "turn.completed"}) - {"item.completed"}
_ERRORS = frozenset({"error", "turn.failed"})
# Of each kind of item: which of its parts are what was asked, and which what came of it.
_CALLS = {
    "command_execution": (("command",), ("aggregated_output", "exit_code")),
    "file_change": (("changes",), ("status",)),
    "mcp_tool_call": (("arguments",), ("result", "error")),
    "web_search": (("query",), ()),
    "todo_list": (("items",), ()),
    "collab_tool_call": (("prompt",), ("agents_states",)),
}


def _is_record(value: JsonObject) -> bool:
    kind = text_of(value.get("type"))
    return kind in _OPENINGS and (
        kind == "turn.started" or bool({"thread_id", "item"} & value.keys())
    )


def _read(document: Document, records: list[Record]) -> Iterator[Trajectory | Diagnostic]:
    turns = Turns()
    strange: list[Record] = []
    task = ""
    for record in records:
        kind, item = text_of(record.value.get("type")), record.value.get("item")
        task = task or first_text(record.value, "thread_id")
        if kind == "item.completed" and isinstance(item, dict):
            if not _add(turns, item):
                strange.append(record)
        elif kind in _ERRORS:
            said = record.value.get("message", record.value.get("error"))
            turns.say("system", content_text(said))
        elif kind not in _SILENT:
            strange.append(record)
    yield from left_out(document, strange, "records of no known type")
    yield finished(document, turns.drafts, Label(FORMAT, task, "codex"), Outcome(Result.UNKNOWN))


def _add(turns: Turns, item: JsonObject) -> bool:
    """Take in the next item; False where it is of no known kind."""
    kind = text_of(item.get("type", item.get("item_type")))
    if kind in {"agent_message", "assistant_message"}:
        _turn(turns).add(text_of(item.get("text")))
    elif kind == "reasoning":
        _turn(turns).add("", text_of(item.get("text")))
    elif kind == "error":
        turns.say("system", text_of(item.get("message")))
    elif kind in _CALLS:
        asked, came = _CALLS[kind]
        turn, name = _turn(turns), first_text(item, "tool") or kind
        turn.calls.append(ToolCall(name, _text_of(item, asked)))
        turn.observations.append(_text_of(item, came))
    else:
        return False
    return True


def _turn(turns: Turns) -> Turn:
    """The open turn: what follows an answer is another one."""
    last = turns.last
    open_ = last is not None and last.source == "agent" and not last.calls
    return last if last is not None and open_ else turns.say("agent", "")


def _text_of(item: JsonObject, keys: tuple[str, ...]) -> str:
    """The texts of these parts; a number with its name."""
    found = ((key, item[key]) for key in keys if item.get(key) is not None)
    return "\n".join(
        f"{key}: {value}" if isinstance(value, int) else text_of(value) for key, value in found
    )


CODEX_STREAM = one_session(FORMAT, _is_record, _read)
