"""SWE-agent `.traj`: `{trajectory: [{thought, action, observation}], history: [messages], info}`.

The history is read where there is one: it is what the model saw. Demonstrations in it are not
what the agent did. `info.exit_status` says how the run ended and not whether it was right.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import PurePosixPath

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
from skillgit.trajectories.outcomes import outcome_of
from skillgit.types import Diagnostic, ToolCall, Trajectory

FORMAT = "SWE-agent"

_SOURCES = {"system": "system", "user": "user", "assistant": "agent", "tool": "tool"}
_SHELL = "shell"


def _root_of(value: JsonValue) -> JsonObject | None:
    if not isinstance(value, dict):
        return None
    acted = any({"action", "observation"} <= one.keys() for one in _list(value, "trajectory"))
    told = any("action" in one and "role" in one for one in _list(value, "history"))
    empty = value.get("trajectory") == [] and {"history", "info"} <= value.keys()
    return value if acted or told or empty else None


def _list(root: JsonObject, key: str) -> list[JsonObject]:
    return list(objects_in(root.get(key)))


def _read(document: Document, root: JsonObject) -> Iterator[Trajectory | Diagnostic]:
    history = _list(root, "history")
    shown = [one for one in history if one.get("is_demo") is True]
    if shown:
        yield remark(document, f"messages of demonstrations, left out: {len(shown)}")
    known = [one for one in history if text_of(one.get("role")) in _SOURCES]
    if len(known) < len(history):
        strange = len(history) - len(known)
        yield remark(document, f"messages without a known role, left out: {strange}")
    drafts = _of_history([one for one in known if one.get("is_demo") is not True])
    if not any(draft.source == "agent" for draft in drafts):
        drafts += [_of_turn(turn) for turn in _list(root, "trajectory")]
    outcome, fault = outcome_of(root)
    if fault:
        yield remark(document, fault)
    task = _task(root) or PurePosixPath(document.file.origin).stem
    yield finished(document, drafts, Label(FORMAT, task, FORMAT), outcome)


def _of_history(messages: list[JsonObject]) -> list[Draft]:
    drafts: list[Draft] = []
    for message in messages:
        source, content = _SOURCES[text_of(message["role"])], content_text(message.get("content"))
        last = drafts[-1] if drafts else None
        if source == "agent":
            drafts.append(_turn(message, content))
        elif source != "system" and last is not None and last.source == "agent":
            last.observations.append(content)
        else:
            drafts.append(Draft(source, content))
    return drafts


def _turn(message: JsonObject, content: str) -> Draft:
    """A turn: the thought and the action, which the content repeats with marks around it."""
    action, thought = text_of(message.get("action")).strip("\n"), first_text(message, "thought")
    thinking = (first_text(one, "thinking") for one in _list(message, "thinking_blocks"))
    draft = Draft("agent", thought or content, "\n".join(filter(None, thinking)))
    for call in _list(message, "tool_calls"):
        called = call.get("function")
        if isinstance(called, dict):
            name = first_text(called, "name") or "unnamed"
            draft.calls.append(ToolCall(name, text_of(called.get("arguments"))))
    if action and not draft.calls and (thought or action not in content):
        draft.calls.append(ToolCall(_SHELL, action))
    return draft


def _of_turn(turn: JsonObject) -> Draft:
    draft = _turn(turn, content_text(turn.get("response")))
    draft.observations.append(content_text(turn.get("observation")))
    return draft


def _task(root: JsonObject) -> str:
    """The instance's id, where the file holds it; the tool itself has it in the file's name."""
    config = root.get("replay_config")
    if isinstance(config, str):
        try:
            config = json.loads(config)
        except (ValueError, RecursionError):
            return ""
    problem = config.get("problem_statement") if isinstance(config, dict) else None
    return first_text(problem, "id") if isinstance(problem, dict) else ""


SWE_AGENT = one_by_one(FORMAT, _root_of, _read)
