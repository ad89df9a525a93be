"""Gemini CLI sessions: `{sessionId, projectHash, messages: [{type: user | gemini | …}]}`.

Notices (info, warning, error) are the program's words. Nothing says whether the task was solved:
a call's status tells only that the tool ran.
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
    one_by_one,
    remark,
    text_of,
)
from skillgit.types import Diagnostic, Outcome, Result, ToolCall, Trajectory

FORMAT = "Gemini CLI session"

_SOURCES = {
    "user": "user",
    "gemini": "agent",
    "info": "system",
    "warning": "system",
    "error": "system",
}


def _root_of(value: JsonValue) -> JsonObject | None:
    if not isinstance(value, dict) or not isinstance(value.get("messages"), list):
        return None
    return value if {"sessionId", "projectHash"} <= value.keys() else None


def _read(document: Document, root: JsonObject) -> Iterator[Trajectory | Diagnostic]:
    messages = root["messages"] if isinstance(root["messages"], list) else []
    known = [one for one in objects_in(messages) if text_of(one.get("type")) in _SOURCES]
    if len(known) < len(messages):
        strange = len(messages) - len(known)
        yield remark(document, f"messages of no known type, left out: {strange}")
    label = Label(FORMAT, first_text(root, "sessionId"), "gemini-cli")
    yield finished(document, list(map(_draft, known)), label, Outcome(Result.UNKNOWN))


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


GEMINI = one_by_one(FORMAT, _root_of, _read)
