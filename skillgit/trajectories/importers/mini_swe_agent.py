"""mini-swe-agent: version 0 wrote the bare list of messages, later ones `{info, messages, …}`.

Where the model writes its commands as text, their output comes as a message of the user; it
belongs to the step before. `info.exit_status` says how the run ended and not whether it was
right: that stands in the report of the benchmark.
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
from skillgit.trajectories.messages import drafts_of, is_message
from skillgit.trajectories.outcomes import outcome_of
from skillgit.trajectories.responses import Items
from skillgit.types import Diagnostic, Trajectory

FORMAT = "mini-swe-agent"

_KNOWN_VERSIONS = ("", "mini-swe-agent-1", "mini-swe-agent-1.1")
_OBSERVATIONS = ("<returncode>", "<output>", "<exception>")


def _root_of(value: JsonValue) -> JsonObject | None:
    if isinstance(value, list):
        bare = any(is_message(one) and _is_output(one) for one in objects_in(value))
        return {"messages": value} if bare else None
    if not isinstance(value, dict) or not isinstance(value.get("messages"), list):
        return None
    info = value.get("info")
    ended = isinstance(info, dict) and {"exit_status", "submission"} <= info.keys()
    named = text_of(value.get("trajectory_format")).startswith("mini-swe-agent")
    return value if ended or named else None


def _read(document: Document, root: JsonObject) -> Iterator[Trajectory | Diagnostic]:
    version = text_of(root.get("trajectory_format"))
    if version not in _KNOWN_VERSIONS:
        yield remark(document, f"{version[:30]!r} is none of the known versions 1 and 1.1")
    messages = root["messages"] if isinstance(root["messages"], list) else []
    if any(one.get("object") == "response" for one in objects_in(messages)):
        drafts, unknown = _drafts_of_responses(messages)
    else:
        drafts, unknown = drafts_of(messages, _observes)
    if unknown:
        yield remark(document, f"messages without a known role, left out: {unknown}")
    outcome, fault = outcome_of(root)
    if fault:
        yield remark(document, fault)
    task = first_text(root, "instance_id", "task_id")
    yield finished(document, drafts, Label(FORMAT, task, FORMAT), outcome)


def _is_output(message: JsonObject) -> bool:
    """Does the message say itself that it is what a command printed?"""
    extra = message.get("extra")
    noted = isinstance(extra, dict) and "returncode" in extra
    said = content_text(message.get("content")).lstrip().startswith(_OBSERVATIONS)
    return message.get("role") == "user" and (noted or said)


def _observes(draft: Draft, message: JsonObject) -> bool:
    """Is it what the environment answered to this step: the output, or what the run ended with?"""
    if message.get("role") == "exit" or _is_output(message):
        return True
    waits = "```" in draft.message and not draft.calls and not draft.observations
    return message.get("role") == "user" and waits


def _drafts_of_responses(messages: list[JsonValue]) -> tuple[list[Draft], int]:
    """With models behind the Responses API, a turn is a response with a list of items."""
    items = Items()
    unknown = 0
    for message in messages:
        if not isinstance(message, dict):
            unknown += 1
        elif message.get("object") == "response":
            unknown += sum(not items.add(item) for item in objects_in(message.get("output")))
        elif message.get("role") == "exit":
            items.interrupt("tool", content_text(message.get("content")))
        else:
            unknown += not items.add(message)
    return list(items.turns.drafts), unknown


MINI_SWE_AGENT = one_by_one(FORMAT, _root_of, _read)
