"""ATIF, Harbor's trajectory format (RFC 0001), versions 1.0 to 1.8, read permissively.

The outcome is not in it: a verifier writes `result.json` beside it, or a level up. Which skills the
agent had stands in `lock.json` of the trial. What `skillgit import` wrote is read as what it was
made of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from skillgit.names import Digest
from skillgit.trajectories.documents import (
    Document,
    JsonObject,
    JsonValue,
    SourceFile,
    value_of,
)
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
from skillgit.trajectories.stored import arguments_in, restored, source_of
from skillgit.types import Diagnostic, Outcome, Result, ToolCall, Trajectory

FORMAT = "ATIF"

_KNOWN_VERSION = re.compile(r"ATIF-v1\.[0-8]")
_DEEPEST = 20
"""Sub-agents below sub-agents."""
_SOURCES = frozenset({"system", "user", "agent"})


def _root_of(value: JsonValue) -> JsonObject | None:
    if isinstance(value, dict) and isinstance(value.get("steps"), list):
        return value if text_of(value.get("schema_version")).startswith("ATIF-") else None
    return None


def _read(document: Document, root: JsonObject) -> Iterator[Trajectory | Diagnostic]:
    version = text_of(root["schema_version"])
    if not _KNOWN_VERSION.fullmatch(version):
        yield remark(document, f"{version[:30]!r} is none of the known versions 1.0 to 1.8")
    reading = _Reading()
    drafts = reading.steps_of(root)
    if reading.left_out:
        yield remark(document, f"steps without a known source, left out: {reading.left_out}")
    agent = root.get("agent")
    name = first_text(agent, "name", "model_name") if isinstance(agent, dict) else ""
    task = first_text(root, "task_name", "task_id", "trajectory_id", "session_id")
    found = finished(document, drafts, Label(FORMAT, task, name), Outcome(Result.UNKNOWN))
    skills, fault = _skills(document.file.lock)
    if fault:
        yield remark(document, f"lock.json of its trial: {fault}")
    if isinstance(found, Trajectory):
        found = restored(replace(found, skills=skills), document, root)
    yield found


class _Reading:
    """The steps of a document, those of sub-agents behind the step that started them."""

    def __init__(self) -> None:
        self.left_out = 0

    def steps_of(self, root: JsonObject, depth: int = 0) -> list[Draft]:
        """The steps; of sub-agents that nobody refers to at the end."""
        waiting: dict[str, list[JsonObject]] = {}
        if depth < _DEEPEST:
            for below in objects_in(root.get("subagent_trajectories")):
                waiting.setdefault(text_of(below.get("trajectory_id")), []).append(below)
        drafts: list[Draft] = []
        steps = root.get("steps")
        for step in steps if isinstance(steps, list) else ():
            if not isinstance(step, dict) or text_of(step.get("source")) not in _SOURCES:
                self.left_out += 1
                continue
            drafts.append(_draft(step))
            for name in _references(step):
                for started in waiting.pop(name, ()):
                    drafts += self.steps_of(started, depth + 1)
        for never_referred_to in chain.from_iterable(waiting.values()):
            drafts += self.steps_of(never_referred_to, depth + 1)
        return drafts


def _draft(step: JsonObject) -> Draft:
    draft = Draft(
        source_of(step),
        content_text(step.get("message")),
        content_text(step.get("reasoning_content")),
    )
    for call in objects_in(step.get("tool_calls")):
        name = text_of(call.get("function_name")) or "unnamed"
        draft.calls.append(ToolCall(name, arguments_in(call)))
    draft.observations.extend(content_text(result.get("content")) for result in _results(step))
    return draft


def _results(step: JsonObject) -> Iterator[JsonObject]:
    observation = step.get("observation")
    if isinstance(observation, dict):
        yield from objects_in(observation.get("results"))


def _references(step: JsonObject) -> Iterator[str]:
    for result in _results(step):
        for reference in objects_in(result.get("subagent_trajectory_ref")):
            yield text_of(reference.get("trajectory_id"))


def _skills(lock: bytes) -> tuple[tuple[Digest, ...], str]:
    """The digests of the skills that Harbor gave the agent, and what is wrong with them."""
    if not lock:
        return (), ""
    value = value_of(SourceFile("lock.json", lock))
    if isinstance(value, Diagnostic):
        return (), value.message
    digests: list[Digest] = []
    for skill in objects_in(value.get("skills") if isinstance(value, dict) else None):
        try:
            digests.append(Digest(text_of(skill.get("digest"))))
        except ValueError:
            return tuple(digests), "a skill without a digest"
    return tuple(digests), ""


ATIF = one_by_one(FORMAT, _root_of, _read)
