"""Gemini CLI sessions: `{sessionId, projectHash, messages: [{type: user | gemini | …}]}`.

Newer versions write a log of it: a first line with the session, then a line each time a message
is new or has changed, `$set` for other changes, and `$rewindTo` where the user went back. Notices
(info, warning, error) are the program's words. Nothing says whether the task was solved: a call's
status tells only that the tool ran.
"""

from __future__ import annotations

from collections.abc import Iterator

from skillgit.trajectories.documents import Document, JsonObject, JsonValue
from skillgit.trajectories.drafts import (
    Draft,
    Label,
    content_text,
    finished,
    first_text,
    objects_in,
    text_of,
)
from skillgit.trajectories.turns import Record, left_out, one_session
from skillgit.types import Diagnostic, Outcome, Result, ToolCall, Trajectory

FORMAT = "Gemini CLI session"

_SOURCES = {
    "user": "user",
    "gemini": "agent",
    "info": "system",
    "warning": "system",
    "error": "system",
}


def _is_record(value: JsonObject) -> bool:
    session = isinstance(value.get("sessionId"), str) and "type" not in value
    return session and bool({"projectHash", "startTime"} & value.keys())


def _read(document: Document, records: list[Record]) -> Iterator[Trajectory | Diagnostic]:
    messages: dict[str, Record] = {}
    undone: list[Record] = []
    task = ""
    for record in records:
        task = task or first_text(record.value, "sessionId")
        if "$rewindTo" in record.value:
            undone += _rewound(messages, text_of(record.value["$rewindTo"]))
        for message, late in _messages_of(record.value):
            key = first_text(message, "id") or f"{len(messages)} without an id"
            # What `$set` gives may be a digest of the talk that was; the talk itself is kept.
            if not (late and key in messages):
                messages[key] = Record(record.line, message)
    yield from left_out(document, undone, "messages that the user went back from")
    known = [one for one in messages.values() if text_of(one.value.get("type")) in _SOURCES]
    strange = [one for one in messages.values() if text_of(one.value.get("type")) not in _SOURCES]
    yield from left_out(document, strange, "messages of no known type")
    drafts = [_draft(one.value) for one in known]
    yield finished(document, drafts, Label(FORMAT, task, "gemini-cli"), Outcome(Result.UNKNOWN))


def _messages_of(value: JsonObject) -> Iterator[tuple[JsonObject, bool]]:
    """The messages in a record, and whether they may be later versions of what was said."""
    if "type" in value:
        yield value, False
    for one in objects_in(value.get("messages")):
        yield one, False
    changed = value.get("$set")
    if isinstance(changed, dict):
        for one in objects_in(changed.get("messages")):
            yield one, True


def _rewound(messages: dict[str, Record], target: str) -> list[Record]:
    """Take back this message and all that came after it."""
    gone: list[Record] = []
    while target in messages:
        gone.append(messages.popitem()[1])
    return gone[::-1]


def _draft(message: JsonObject) -> Draft:
    source = _SOURCES[text_of(message["type"])]
    thoughts = (first_text(one, "description") for one in objects_in(message.get("thoughts")))
    draft = Draft(source, content_text(message.get("content")), "\n".join(filter(None, thoughts)))
    for call in objects_in(message.get("toolCalls")):
        arguments = text_of(call.get("args"))
        draft.calls.append(ToolCall(first_text(call, "name") or "unnamed", arguments))
        draft.observations.append(_result_text(call.get("result")))
    return draft


def _result_text(result: JsonValue) -> str:
    """What the model was sent: parts of text, or `functionResponse.response.output`."""
    if not isinstance(result, list):
        return text_of(result)
    found: list[str] = []
    for part in result:
        answer = part.get("functionResponse") if isinstance(part, dict) else None
        response = answer.get("response") if isinstance(answer, dict) else None
        if isinstance(response, dict):
            said = next((response[key] for key in ("output", "error") if key in response), response)
            found.append(content_text(said))
        else:
            found.append(content_text([part]))
    return "\n".join(filter(None, found))


GEMINI = one_session(FORMAT, _is_record, _read)
