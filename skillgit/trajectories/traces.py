"""Traces: calls of a model and of tools as a tracer saw them, put together to one conversation.

Each call of the model repeats all that was said before it; what is new is said once. The answer of
a tool is taken from the messages, or else from the call of the tool.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from skillgit.trajectories.documents import JsonObject, JsonValue
from skillgit.trajectories.drafts import Draft, content_text, objects_in, text_of
from skillgit.trajectories.messages import drafts_of
from skillgit.trajectories.outcomes import DETAIL_CHARS, outcome_of
from skillgit.types import Outcome, Result


@dataclass(frozen=True, slots=True)
class ModelCall:
    """What the model was sent and what it answered, as chat messages; `at` sorts the calls."""

    at: str
    sent: Sequence[JsonObject]
    answered: Sequence[JsonObject]


@dataclass(frozen=True, slots=True)
class ToolRun:
    """A tool that ran; `id` is that of the model's call, where the tracer kept it."""

    at: str
    id: str
    name: str
    arguments: JsonValue
    result: JsonValue


_END = "~"
"""Sorts behind all times."""


def around(at: str, sent: Sequence[JsonObject], answered: Sequence[JsonObject]) -> list[ModelCall]:
    """What is known of a run from outside: what came in at first, and what came out at last."""
    return [ModelCall(at, sent, ()), ModelCall(_END, (), answered)]


class Statement(NamedTuple):
    """What somebody said about a run, under a name: a number, a word, or both."""

    name: str
    number: JsonValue = None
    word: JsonValue = None
    detail: str = ""


_DECIDING = ("outcome", "success", "passed", "pass", "correct", "correctness", "reward", "score")
"""The names that mean the run as a whole; of others nobody knows what is good."""


def conversation(calls: Iterable[ModelCall | ToolRun]) -> list[Draft]:
    """The steps of all calls, in the order of their time."""
    ordered = sorted(calls, key=lambda call: call.at)
    drafts, _ = drafts_of(list(_messages(ordered)))
    return drafts


def no_model_called(calls: Iterable[ModelCall | ToolRun]) -> bool:
    """Is nothing known of what the model was asked?"""
    return not any(isinstance(call, ModelCall) for call in calls)


def _messages(ordered: Sequence[ModelCall | ToolRun]) -> Iterator[JsonObject]:
    said = [
        message
        for call in ordered
        if isinstance(call, ModelCall)
        for message in (*call.sent, *call.answered)
    ]
    called = {
        text_of(call.get("id"))
        for message in said
        for call in objects_in(message.get("tool_calls"))
    }
    answered = {text_of(one.get("tool_call_id")) for one in said if one.get("role") == "tool"}
    told: Counter[tuple[str, ...]] = Counter()
    for call in ordered:
        if isinstance(call, ModelCall):
            yield from _new(call, told)
        elif not call.id or call.id not in answered:
            if not call.id or call.id not in called:
                inner = {"name": call.name, "arguments": call.arguments}
                yield {
                    "role": "assistant",
                    "tool_calls": [{"id": call.id or call.at, "function": inner}],
                }
            content = text_of(call.result)
            yield {"role": "tool", "tool_call_id": call.id or call.at, "content": content}


def _new(call: ModelCall, told: Counter[tuple[str, ...]]) -> Iterator[JsonObject]:
    """What of a call was not told before: of what was sent the new, and the answer."""
    sent: Counter[tuple[str, ...]] = Counter()
    for message in call.sent:
        key = _key(message)
        sent[key] += 1
        # The same words twice in one conversation are told twice.
        if sent[key] > told[key]:
            told[key] += 1
            yield message
    for message in call.answered:
        told[_key(message)] += 1
        yield message


def _key(message: JsonObject) -> tuple[str, ...]:
    """What makes two messages the same; ids of calls do, spaces around a text do not."""
    calls = (
        f"{text_of(call.get('id'))} {_name_of(call)}"
        for call in objects_in(message.get("tool_calls"))
    )
    who = (text_of(message.get("role")), text_of(message.get("tool_call_id")))
    return (*who, content_text(message.get("content")).strip(), *calls)


def _name_of(call: JsonObject) -> str:
    inner = call.get("function")
    return text_of(inner.get("name")) if isinstance(inner, dict) else ""


# --------------------------------------------------------------------------- outcomes


def outcome_said(statements: Sequence[Statement]) -> tuple[Outcome, str]:
    """The outcome of a run by what was said about it, and why there is none.

    A statement counts if its name means the run as a whole, or if it is the only one.
    """
    deciding = [one for one in statements if one.name.strip().lower() in _DECIDING]
    if not deciding and len(statements) > 1:
        names = ", ".join(sorted({repr(one.name[:40]) for one in statements})[:5])
        wanted = ", ".join(_DECIDING)
        return Outcome(Result.UNKNOWN), f"scores of which none is called {wanted}: {names}"
    found = [_said(one) for one in deciding or statements]
    known = [outcome for outcome, fault in found if not fault]
    verdicts = {one.result for one in known if one.result is not Result.UNKNOWN}
    if len(verdicts) > 1:
        return Outcome(Result.UNKNOWN), "scores that contradict each other"
    if not known:
        return Outcome(Result.UNKNOWN), next((fault for _, fault in found), "")
    if verdicts:
        return next(one for one in known if one.result in verdicts), ""
    return min(known, key=lambda one: math.inf if one.score is None else one.score), ""


def _said(statement: Statement) -> tuple[Outcome, str]:
    """A word that is a verdict outweighs the number beside it."""
    detail, said_by = statement.detail[:DETAIL_CHARS], f"score {statement.name}"[:100]
    record = {"outcome": statement.word, "score": statement.number, "detail": detail}
    outcome, fault = outcome_of(record, said_by=said_by)
    if fault and statement.number is not None:
        return outcome_of({"score": statement.number, "detail": detail}, said_by=said_by)
    return outcome, fault
