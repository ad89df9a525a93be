"""`{input, rollout: {task_id, trace: [messages]}, score: {reward, feedback}}`: a graded rollout."""

from __future__ import annotations

from collections.abc import Iterator

from skillgit.trajectories.documents import Document, JsonObject, JsonValue
from skillgit.trajectories.drafts import Label, finished, first_text, one_by_one, remark
from skillgit.trajectories.messages import drafts_of
from skillgit.trajectories.outcomes import outcome_of
from skillgit.types import Diagnostic, Trajectory

FORMAT = "graded rollout"


def _root_of(value: JsonValue) -> JsonObject | None:
    rollout = value.get("rollout") if isinstance(value, dict) else None
    if isinstance(rollout, dict) and isinstance(rollout.get("trace"), list):
        return value if isinstance(value, dict) else None
    return None


def _read(document: Document, root: JsonObject) -> Iterator[Trajectory | Diagnostic]:
    rollout = root["rollout"]
    parts = rollout if isinstance(rollout, dict) else {}
    drafts, unknown = drafts_of(parts["trace"])
    if unknown:
        yield remark(document, f"messages without a known role, left out: {unknown}")
    # Only the grader's word counts: `rollout.error` and `rollout.output` are the agent's side.
    outcome, fault = outcome_of({"score": root.get("score")})
    if fault:
        yield remark(document, fault)
    about = parts.get("metadata")
    agent = first_text(about, "agent", "model") if isinstance(about, dict) else ""
    label = Label(FORMAT, first_text(parts, "task_id", "id"), agent)
    yield finished(document, drafts, label, outcome)


ROLLOUT = one_by_one(FORMAT, _root_of, _read)
