"""Traces of OpenTelemetry as OTLP-JSON, with the GenAI conventions: a trajectory for each trace.

Of interest are calls of a model (`chat`, …), runs of tools (`execute_tool`) and evaluations of the
whole (`gen_ai.evaluation.result` at the outermost span). A status says nothing about success.
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

FORMAT = "OpenTelemetry trace"

_TABLES = (("resourceSpans", "scopeSpans", "spans"), ("resourceLogs", "scopeLogs", "logRecords"))
_EVALUATION = "gen_ai.evaluation.result"
_AROUND = frozenset({"invoke_agent", "create_agent", "invoke_workflow"})
_MESSAGES = frozenset({"gen_ai.input.messages", "gen_ai.output.messages"})
_DEEPEST = 30
_CALLED = "gen_ai."


@dataclass(frozen=True, slots=True)
class _Span:
    """A span or a log record, its attributes as plain values."""

    id: str
    parent: str
    at: str
    attributes: dict[str, JsonValue]
    events: tuple[tuple[str, dict[str, JsonValue]], ...] = ()


@dataclass(slots=True)
class _Trace:
    first: Document
    raw: list[JsonValue] = field(default_factory=list)
    spans: list[_Span] = field(default_factory=list)


def _recognises(value: JsonValue) -> bool:
    return isinstance(value, dict) and any(
        isinstance(value.get(table[0]), list) and bool(value[table[0]]) for table in _TABLES
    )


def _read(values: Iterable[Document | Diagnostic]) -> Iterator[Trajectory | Diagnostic]:
    """All values first: an exporter writes a line for each batch, whatever traces are in it."""
    traces: dict[str, _Trace] = {}
    for value in values:
        if isinstance(value, Diagnostic):
            yield value
        elif _recognises(value.value) and isinstance(value.value, dict):
            _collect(value, value.value, traces)
        else:
            yield remark(value, f"no {FORMAT}, unlike another value of this file")
    silent: list[_Trace] = []
    for name, trace in traces.items():
        if any(key.startswith(_CALLED) for span in trace.spans for key in span.attributes):
            yield from _trajectory(name, trace)
        else:
            silent.append(trace)
    if silent:
        message = f"traces without a call of a model (gen_ai.*), left out: {len(silent)}"
        yield remark(silent[0].first, message)


def _collect(document: Document, root: JsonObject, traces: dict[str, _Trace]) -> None:
    for resources, scopes, records in _TABLES:
        for resource in objects_in(root.get(resources)):
            about = _attributes(_object(resource, "resource").get("attributes"))
            for scope in objects_in(resource.get(scopes)):
                for record in objects_in(scope.get(records)):
                    name = text_of(record.get("traceId"))
                    trace = traces.setdefault(name, _Trace(document))
                    trace.raw.append(record)
                    trace.spans.append(_span(record, about))


def _object(value: JsonObject, key: str) -> JsonObject:
    inner = value.get(key)
    return inner if isinstance(inner, dict) else {}


def _span(record: JsonObject, about: dict[str, JsonValue]) -> _Span:
    own = _attributes(record.get("attributes"))
    service = {"service.name": about["service.name"]} if "service.name" in about else {}
    events = [
        (text_of(event.get("name")), _attributes(event.get("attributes")))
        for event in objects_in(record.get("events"))
    ]
    if name := text_of(record.get("eventName")):
        # A log record is an event of the span that it names, where it names one.
        return _Span("", text_of(record.get("spanId")), _time(record), service, ((name, own),))
    parent = text_of(record.get("parentSpanId"))
    span = text_of(record.get("spanId"))
    return _Span(span, parent, _time(record), {**service, **own}, tuple(events))


def _time(record: JsonObject) -> str:
    """Nanoseconds as text of one length, so that they sort."""
    nanoseconds = first_text(record, "startTimeUnixNano", "timeUnixNano", "observedTimeUnixNano")
    return nanoseconds[:30].rjust(30, "0")


def _attributes(value: JsonValue) -> dict[str, JsonValue]:
    return {text_of(pair.get("key")): _plain(pair.get("value"), 0) for pair in objects_in(value)}


def _plain(value: JsonValue, depth: int) -> JsonValue:
    """The value in OTLP's wrapping of values."""
    if not isinstance(value, dict) or depth > _DEEPEST:
        return text_of(value)
    if isinstance(value.get("arrayValue"), dict):
        inner = value["arrayValue"].get("values")
        return [_plain(each, depth + 1) for each in objects_in(inner)]
    if isinstance(value.get("kvlistValue"), dict):
        pairs = objects_in(value["kvlistValue"].get("values"))
        return {text_of(pair.get("key")): _plain(pair.get("value"), depth + 1) for pair in pairs}
    for key in ("stringValue", "boolValue", "doubleValue"):
        if key in value:
            return value[key]
    # JSON has no 64-bit integers, so OTLP writes them as text.
    number = first_text(value, "intValue")
    return int(number) if number.lstrip("-").isdecimal() and len(number) < 20 else number


def _trajectory(name: str, trace: _Trace) -> Iterator[Trajectory | Diagnostic]:
    document = part_of(trace.first, trace.raw, name[:64] or "no trace id")
    known = {span.id for span in trace.spans if span.id}
    outermost = [span for span in trace.spans if span.id and span.parent not in known]
    calls = [call for span in trace.spans for call in _calls(span)]
    if no_model_called(calls):
        calls += [call for span in outermost for call in _around(span)]
    whole = {"", *(span.id for span in outermost)}
    told = list(_evaluations(trace.spans))
    outcome, fault = outcome_said([said for place, said in told if place in whole])
    if fault:
        yield remark(document, fault)
    if others := sum(place not in whole for place, _ in told):
        yield remark(document, f"evaluations of single calls, which judge no run: {others}")
    ordered = [*outermost, *trace.spans]
    agent = _first(ordered, "gen_ai.agent.name", "service.name", "gen_ai.request.model")
    task = _first(ordered, "gen_ai.conversation.id") or name
    yield finished(document, conversation(calls), Label(FORMAT, task, agent), outcome)


def _first(spans: Iterable[_Span], *keys: str) -> str:
    everything = list(spans)
    for key in keys:
        for span in everything:
            if found := first_text(span.attributes, key):
                return found
    return ""


def _calls(span: _Span) -> Iterator[ModelCall | ToolRun]:
    """The calls that a span tells of, in its attributes or in those of its events."""
    for attributes in (span.attributes, *(inner for _, inner in span.events)):
        operation = text_of(attributes.get("gen_ai.operation.name"))
        if operation == "execute_tool" or "gen_ai.tool.call.id" in attributes:
            yield ToolRun(
                span.at,
                text_of(attributes.get("gen_ai.tool.call.id")),
                text_of(attributes.get("gen_ai.tool.name")),
                attributes.get("gen_ai.tool.call.arguments"),
                attributes.get("gen_ai.tool.call.result"),
            )
        elif operation not in _AROUND and _MESSAGES & attributes.keys():
            yield ModelCall(span.at, *_said(attributes))


def _around(span: _Span) -> Iterator[ModelCall]:
    """A span around the whole run of an agent has the first and the last of the messages."""
    if _MESSAGES & span.attributes.keys():
        yield from around(span.at, *_said(span.attributes))


def _said(attributes: JsonObject) -> tuple[list[JsonObject], list[JsonObject]]:
    """What the model was sent, and what it answered."""
    system = messages_of(_as_parts(attributes.get("gen_ai.system_instructions")), "system")
    sent = messages_of(attributes.get("gen_ai.input.messages"), "user")
    return [*system, *sent], messages_of(attributes.get("gen_ai.output.messages"), "assistant")


def _as_parts(instructions: JsonValue) -> JsonValue:
    """System instructions are parts without a message around them."""
    value = parsed(instructions)
    return {"role": "system", "parts": value} if isinstance(value, list) else value


def _evaluations(spans: Iterable[_Span]) -> Iterator[tuple[str, Statement]]:
    """What was said, and about which span ("" for the whole trace)."""
    for span in spans:
        for name, told in span.events:
            if name == _EVALUATION:
                said = told.get("gen_ai.evaluation.score.label")
                value = told.get("gen_ai.evaluation.score.value")
                about = text_of(told.get("gen_ai.evaluation.name"))
                why = text_of(told.get("gen_ai.evaluation.explanation"))
                yield span.id or span.parent, Statement(about, value, said, why)


OTLP = Importer(FORMAT, _recognises, _read)
