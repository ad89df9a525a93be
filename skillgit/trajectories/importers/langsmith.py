"""Runs of LangSmith as JSON: a trajectory for each trace.

A row for each run (`run_type`, `inputs`, `outputs`, `trace_id`, `dotted_order`), or a run with its
`child_runs`. Feedback on the outermost run (`feedback_stats`) is the outcome.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from skillgit.trajectories.documents import Document, JsonObject, JsonValue, part_of
from skillgit.trajectories.drafts import (
    Importer,
    Label,
    finished,
    first_text,
    objects_in,
    remark,
    text_of,
)
from skillgit.trajectories.traced_messages import messages_of, parsed
from skillgit.trajectories.traces import (
    ModelCall,
    Statement,
    ToolRun,
    around,
    conversation,
    no_model_called,
    outcome_said,
)
from skillgit.types import Diagnostic, Trajectory

FORMAT = "LangSmith runs"

_TYPES = frozenset({"llm", "chain", "tool", "retriever", "embedding", "prompt", "parser"})
_TRACE = ("trace_id", "id")
_AT = ("dotted_order", "start_time")
_DEEPEST = 30


@dataclass(slots=True)
class _Trace:
    first: Document
    runs: list[JsonObject] = field(default_factory=list)


def _is_run(value: JsonValue) -> bool:
    if not isinstance(value, dict) or text_of(value.get("run_type")).lower() not in _TYPES:
        return False
    return "inputs" in value and any(key in value for key in _TRACE)


def _read(values: Iterable[Document | Diagnostic]) -> Iterator[Trajectory | Diagnostic]:
    """All rows first: those of one trace need not stand together."""
    traces: dict[str, _Trace] = {}
    for value in values:
        if isinstance(value, Diagnostic):
            yield value
        elif isinstance(value.value, dict) and _is_run(value.value):
            name = first_text(value.value, *_TRACE)
            traces.setdefault(name, _Trace(value)).runs.extend(_flat(value.value, 0))
        else:
            yield remark(value, f"no {FORMAT}, unlike another value of this file")
    for name, trace in traces.items():
        yield from _trajectory(name, trace)


def _flat(run: JsonObject, depth: int) -> Iterator[JsonObject]:
    yield run
    if depth < _DEEPEST:
        for child in objects_in(parsed(run.get("child_runs"))):
            yield from _flat(child, depth + 1)


def _trajectory(name: str, trace: _Trace) -> Iterator[Trajectory | Diagnostic]:
    runs = trace.runs
    document = part_of(trace.first, runs, name[:64] or "no trace id")
    known = {text_of(run.get("id")) for run in runs}
    outermost = [run for run in runs if _is_outermost(run, known)] or runs[:1]
    calls = [call for run in runs for call in _calls(run)]
    if no_model_called(calls):
        roots = (_model_call(run) for run in outermost if _kind(run) != "tool")
        calls += [call for root in roots for call in around(root.at, root.sent, root.answered)]
    outcome, fault = outcome_said([said for run in outermost for said in _feedback(run)])
    if fault:
        yield remark(document, fault)
    label = Label(FORMAT, name, first_text(outermost[0], "name"))
    yield finished(document, conversation(calls), label, outcome)


def _is_outermost(run: JsonObject, known: set[str]) -> bool:
    parents = run.get("parent_run_ids")
    last = parents[-1] if isinstance(parents, list) and parents else None
    parent = text_of(run.get("parent_run_id") or last)
    if not parent:
        # A row without its parent's id: the order begins with all that is above it.
        return "." not in text_of(run.get("dotted_order"))
    return parent not in known


def _kind(run: JsonObject) -> str:
    return text_of(run.get("run_type")).lower()


def _calls(run: JsonObject) -> Iterator[ModelCall | ToolRun]:
    if _kind(run) == "llm":
        yield _model_call(run)
    elif _kind(run) == "tool":
        inputs, outputs = parsed(run.get("inputs")), parsed(run.get("outputs"))
        result = outputs.get("output", outputs) if isinstance(outputs, dict) else outputs
        message = next(iter(messages_of(result, "tool")), {})
        arguments = inputs.get("input", inputs) if isinstance(inputs, dict) else inputs
        yield ToolRun(
            first_text(run, *_AT),
            text_of(message.get("tool_call_id")),
            first_text(run, "name"),
            arguments,
            message.get("content", result),
        )


def _model_call(run: JsonObject) -> ModelCall:
    sent = messages_of(run.get("inputs"), "user")
    return ModelCall(first_text(run, *_AT), sent, messages_of(run.get("outputs"), "assistant"))


def _feedback(run: JsonObject) -> Iterator[Statement]:
    """Each key of the feedback with its average; more than one person may have said something."""
    told = parsed(run.get("feedback_stats"))
    if not isinstance(told, dict):
        return
    for name, statistics in told.items():
        if isinstance(statistics, dict) and statistics.get("avg") is not None:
            comments = statistics.get("comments")
            first = comments[0] if isinstance(comments, list) and comments else ""
            yield Statement(text_of(name), statistics["avg"], detail=text_of(first))


LANGSMITH = Importer(FORMAT, _is_run, _read)
