"""ATIF, Harbor's trajectory format (RFC 0001), versions 1.0 to 1.8, read permissively.

The outcome is not in it: a verifier writes `result.json` beside it, or a level up.
"""

from __future__ import annotations

import re
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

FORMAT = "ATIF"

_KNOWN_VERSION = re.compile(r"ATIF-v1\.[0-8]")
_SOURCES = frozenset({"system", "user", "agent"})


def _root_of(value: JsonValue) -> JsonObject | None:
    if isinstance(value, dict) and isinstance(value.get("steps"), list):
        return value if text_of(value.get("schema_version")).startswith("ATIF-") else None
    return None


def _read(document: Document, root: JsonObject) -> Iterator[Trajectory | Diagnostic]:
    version = text_of(root["schema_version"])
    if not _KNOWN_VERSION.fullmatch(version):
        yield remark(document, f"{version[:30]!r} is none of the known versions 1.0 to 1.8")
    steps = root["steps"] if isinstance(root["steps"], list) else []
    drafts = [_draft(step) for step in objects_in(steps) if text_of(step.get("source")) in _SOURCES]
    if len(drafts) < len(steps):
        left_out = len(steps) - len(drafts)
        yield remark(document, f"steps without a known source, left out: {left_out}")
    agent = root.get("agent")
    name = first_text(agent, "name", "model_name") if isinstance(agent, dict) else ""
    task = first_text(root, "task_name", "task_id", "trajectory_id", "session_id")
    yield finished(document, drafts, Label(FORMAT, task, name), Outcome(Result.UNKNOWN))


def _draft(step: JsonObject) -> Draft:
    draft = Draft(
        text_of(step["source"]),
        content_text(step.get("message")),
        content_text(step.get("reasoning_content")),
    )
    for call in objects_in(step.get("tool_calls")):
        name = text_of(call.get("function_name")) or "unnamed"
        draft.calls.append(ToolCall(name, text_of(call.get("arguments"))))
    observation = step.get("observation")
    if isinstance(observation, dict):
        results = objects_in(observation.get("results"))
        draft.observations.extend(content_text(result.get("content")) for result in results)
    return draft


ATIF = one_by_one(FORMAT, _root_of, _read)
