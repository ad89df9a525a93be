"""`{task_id, agent_answer, reasoning_trace}`: EvoSkill's answers, a line for each task.

They hold no verdict: the gold answers are elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from skillgit.trajectories.documents import Document, JsonObject, JsonValue
from skillgit.trajectories.drafts import (
    Draft,
    Importer,
    Label,
    content_text,
    finished,
    first_text,
    remark,
)
from skillgit.trajectories.outcomes import outcome_of
from skillgit.types import Diagnostic, Trajectory

FORMAT = "EvoSkill answers"


def _is_answer(value: JsonValue) -> bool:
    return isinstance(value, dict) and {"agent_answer", "reasoning_trace"} <= value.keys()


def _read(values: Iterable[Document | Diagnostic]) -> Iterator[Trajectory | Diagnostic]:
    unanswered: list[Document] = []
    for value in values:
        if isinstance(value, Diagnostic):
            yield value
        elif not isinstance(value.value, dict) or not _is_answer(value.value):
            yield remark(value, f"no {FORMAT}, unlike another value of this file")
        elif any(value.value[key] for key in ("agent_answer", "reasoning_trace")):
            yield from _answer(value, value.value)
        else:
            unanswered.append(value)
    if unanswered:
        # One remark: a file may name every task of a benchmark and answer a few.
        yield remark(unanswered[0], f"tasks without an answer, left out: {len(unanswered)}")


def _answer(document: Document, root: JsonObject) -> Iterator[Trajectory | Diagnostic]:
    outcome, fault = outcome_of(root)
    if fault:
        yield remark(document, fault)
    question = content_text(root.get("question"))
    drafts = [Draft("user", question)] if question else []
    reasoning, answer = root["reasoning_trace"], root["agent_answer"]
    drafts.append(Draft("agent", content_text(answer), content_text(reasoning)))
    yield finished(document, drafts, Label(FORMAT, first_text(root, "task_id")), outcome)


EVOSKILL = Importer(FORMAT, _is_answer, _read)
