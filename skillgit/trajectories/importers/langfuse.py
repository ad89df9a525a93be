"""Exports of Langfuse: a trajectory for each trace.

Rows of `observations_v2/` (or of the API, in camel case) and of `scores/`, in one file; or a trace
with its `observations` and `scores`. The columns that are read stand in `_COLUMNS`.
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
from skillgit.trajectories.traced_messages import messages_of
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

FORMAT = "Langfuse export"

_COLUMNS = {
    "trace": ("trace_id", "traceId"),
    "parent": ("parent_observation_id", "parentObservationId"),
    "at": ("start_time", "startTime"),
    "model": ("provided_model_name", "providedModelName", "model"),
    "observation": ("observation_id", "observationId"),
    "word": ("string_value", "stringValue"),
    "task": ("trace_name", "traceName"),
}
_TYPES = frozenset(
    {"SPAN", "GENERATION", "EVENT", "AGENT", "TOOL", "CHAIN", "RETRIEVER", "EVALUATOR"}
    | {"EMBEDDING", "GUARDRAIL"}
)
_CALL_ID = ("tool_call_id", "toolCallId", "tool_use_id")


@dataclass(slots=True)
class _Trace:
    first: Document
    observations: list[JsonObject] = field(default_factory=list)
    scores: list[JsonObject] = field(default_factory=list)


def _column(row: JsonObject, name: str) -> str:
    return first_text(row, *_COLUMNS[name])


def _is_observation(row: JsonObject) -> bool:
    return text_of(row.get("type")).upper() in _TYPES and any(
        key in row for key in _COLUMNS["trace"]
    )


def _is_score(row: JsonObject) -> bool:
    named = "name" in row and ("value" in row or any(key in row for key in _COLUMNS["word"]))
    return named and any(key in row for key in _COLUMNS["trace"])


def _is_trace(value: JsonObject) -> bool:
    rows = list(objects_in(value.get("observations")))
    return bool(rows) and text_of(rows[0].get("type")).upper() in _TYPES


def _recognises(value: JsonValue) -> bool:
    return isinstance(value, dict) and (
        _is_observation(value) or _is_score(value) or _is_trace(value) or bool(_page(value))
    )


def _page(value: JsonObject) -> list[JsonObject]:
    """The rows of an answer of the API, which has them under `data`."""
    rows = list(objects_in(value.get("data")))
    return rows if rows and (_is_observation(rows[0]) or _is_score(rows[0])) else []


def _read(values: Iterable[Document | Diagnostic]) -> Iterator[Trajectory | Diagnostic]:
    """All rows first: those of one trace need not stand together."""
    traces: dict[str, _Trace] = {}
    for value in values:
        if isinstance(value, Diagnostic):
            yield value
        elif isinstance(value.value, dict) and _recognises(value.value):
            for row in _rows(value.value):
                _put(value, row, traces)
        else:
            yield remark(value, f"no {FORMAT}, unlike another value of this file")
    scored_only = [trace for trace in traces.values() if not trace.observations]
    if scored_only:
        message = f"scores of traces that are not in this file, left out: {len(scored_only)}"
        yield remark(scored_only[0].first, message)
    for name, trace in traces.items():
        if trace.observations:
            yield from _trajectory(name, trace)


def _rows(value: JsonObject) -> Iterator[JsonObject]:
    if not _is_trace(value):
        yield from _page(value) or [value]
        return
    inner = value.get("trace")
    name = text_of(value.get("id") or (inner.get("id") if isinstance(inner, dict) else None))
    for row in (*objects_in(value["observations"]), *objects_in(value.get("scores"))):
        yield {"trace_id": name, **row}


def _put(document: Document, row: JsonObject, traces: dict[str, _Trace]) -> None:
    trace = traces.setdefault(_column(row, "trace"), _Trace(document))
    if _is_observation(row):
        trace.observations.append(row)
    elif _is_score(row):
        trace.scores.append(row)


def _trajectory(name: str, trace: _Trace) -> Iterator[Trajectory | Diagnostic]:
    rows = trace.observations
    document = part_of(trace.first, [*rows, *trace.scores], name[:64] or "no trace id")
    known = {text_of(row.get("id")) for row in rows}
    outermost = [row for row in rows if _column(row, "parent") not in known]
    calls = [call for row in rows for call in _calls(row)]
    if no_model_called(calls):
        roots = (_model_call(row) for row in outermost if _kind(row) != "TOOL")
        calls += [call for root in roots for call in around(root.at, root.sent, root.answered)]
    whole = {"", *(text_of(row.get("id")) for row in outermost)}
    told = [row for row in trace.scores if _column(row, "observation") in whole]
    outcome, fault = outcome_said([_statement(row) for row in told])
    if fault:
        yield remark(document, fault)
    if others := len(trace.scores) - len(told):
        yield remark(document, f"scores of single observations, which judge no run: {others}")
    agents = [first_text(row, "name") for row in rows if _kind(row) == "AGENT"]
    models = [_column(row, "model") for row in rows if _kind(row) == "GENERATION"]
    agent = next(filter(None, (*agents, *models)), "")
    yield finished(document, conversation(calls), Label(FORMAT, name, agent), outcome)


def _kind(row: JsonObject) -> str:
    return text_of(row.get("type")).upper()


def _calls(row: JsonObject) -> Iterator[ModelCall | ToolRun]:
    if _kind(row) == "GENERATION":
        yield _model_call(row)
    elif _kind(row) == "TOOL":
        about = row.get("metadata")
        known = (first_text(each, *_CALL_ID) for each in (row, about) if isinstance(each, dict))
        at, name = _column(row, "at"), first_text(row, "name")
        yield ToolRun(at, next(filter(None, known), ""), name, row.get("input"), row.get("output"))


def _model_call(row: JsonObject) -> ModelCall:
    sent = messages_of(row.get("input"), "user")
    return ModelCall(_column(row, "at"), sent, messages_of(row.get("output"), "assistant"))


def _statement(row: JsonObject) -> Statement:
    source = first_text(row, "source")
    detail = "; ".join(filter(None, (first_text(row, "comment"), source and f"by {source}")))
    return Statement(first_text(row, "name"), row.get("value"), _column(row, "word"), detail)


LANGFUSE = Importer(FORMAT, _recognises, _read)
