"""OpenAI chat messages: `{"messages": […]}` in a file or a line, or a file that is the bare list.

The outcome, where there is one, stands beside the messages: `outcome`, `success`, `reward`, ….
"""

from __future__ import annotations

from collections.abc import Iterator

from skillgit.trajectories.documents import Document, JsonObject, JsonValue
from skillgit.trajectories.drafts import Label, finished, first_text, one_by_one, remark
from skillgit.trajectories.messages import drafts_of, messages_in
from skillgit.trajectories.outcomes import outcome_of
from skillgit.types import Diagnostic, Trajectory

FORMAT = "chat messages"


def _root_of(value: JsonValue) -> JsonObject | None:
    root = value if isinstance(value, dict) else {"messages": value}
    messages = root.get("messages")
    # An empty list in an object is recognised, so that it is reported as what it is.
    return root if messages_in(messages) or (messages == [] and root is value) else None


def _read(document: Document, root: JsonObject) -> Iterator[Trajectory | Diagnostic]:
    drafts, unknown = drafts_of(messages_in(root["messages"]) or ())
    if unknown:
        yield remark(document, f"messages without a known role, left out: {unknown}")
    outcome, fault = outcome_of(root)
    if fault:
        yield remark(document, fault)
    task = first_text(root, "task_id", "task", "instance_id", "id")
    label = Label(FORMAT, task, first_text(root, "agent", "model"))
    yield finished(document, drafts, label, outcome)


CHAT = one_by_one(FORMAT, _root_of, _read)
