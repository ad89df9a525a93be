"""All texts of a trajectory, each cleaned by itself; arguments also as what their JSON means."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from skillgit.types import Outcome, Step, ToolCall, Trajectory

_DEEPEST = 4
"""JSON in texts of JSON is looked into so often."""


@dataclass(frozen=True, slots=True)
class _Cleaning:
    text: Callable[[str], str]
    value: Callable[[str, str], str]


def cleaned_trajectory(
    one: Trajectory, text: Callable[[str], str], value: Callable[[str, str], str]
) -> Trajectory:
    """The trajectory with `text` done to each text, and `value` to a key of JSON and its text."""
    outcome, cleaning = one.outcome, _Cleaning(text, value)
    return replace(
        one,
        task=text(one.task),
        steps=tuple(_step(step, cleaning) for step in one.steps),
        outcome=Outcome(outcome.result, outcome.score, text(outcome.said_by), text(outcome.detail)),
        origin=text(one.origin),
        agent=text(one.agent),
    )


def texts_of(one: Trajectory) -> Iterator[str]:
    """Everything that a trajectory says; arguments also as what their JSON means."""
    yield from (one.task, one.outcome.said_by, one.outcome.detail, one.origin, one.agent)
    for step in one.steps:
        yield from (step.message, step.reasoning, step.observation)
        for call in step.calls:
            yield from (call.name, call.arguments)
    yield from (text for pair in named_texts_of(one) for text in pair)


def named_texts_of(one: Trajectory) -> Iterator[tuple[str, str]]:
    """The texts of arguments, and under which keys they stand."""
    for step in one.steps:
        for call in step.calls:
            yield from _within_json(call.arguments, _DEEPEST)


def _within_json(text: str, depth: int) -> Iterator[tuple[str, str]]:
    """Only where it says something else than it shows."""
    if "\\" not in text:
        return
    try:
        yield from _within("", json.loads(text), depth)
    except (ValueError, RecursionError):
        return


def _within(key: str, value: object, depth: int) -> Iterator[tuple[str, str]]:
    match value:
        case str():
            yield key, value
            if depth and value[:1] in {"{", "["}:
                yield from _within_json(value, depth - 1)
        case list():
            for part in value:
                yield from _within("", part, depth)
        case dict():
            for name, part in value.items():
                yield from _within(name, part, depth)
        case _:
            return


def _step(step: Step, cleaning: _Cleaning) -> Step:
    calls = tuple(
        ToolCall(cleaning.text(call.name), _arguments(call.arguments, cleaning, _DEEPEST))
        for call in step.calls
    )
    message, reasoning = cleaning.text(step.message), cleaning.text(step.reasoning)
    seen = cleaning.text(step.observation)
    return replace(step, message=message, reasoning=reasoning, calls=calls, observation=seen)


def _arguments(text: str, cleaning: _Cleaning, depth: int) -> str:
    """Arguments are shown as what their JSON means: an escape must not hide what it spells."""
    cleaned = cleaning.text(text)
    try:
        value: object = json.loads(cleaned)
        within = _value(value, cleaning, depth)
        return cleaned if within == value else json.dumps(within, ensure_ascii=False)
    except (ValueError, RecursionError):
        return cleaned


def _value(value: object, cleaning: _Cleaning, depth: int) -> object:
    """A JSON value with all of its texts cleaned."""
    match value:
        case str():
            nested = depth and value[:1] in {"{", "["}
            return _arguments(value, cleaning, depth - 1) if nested else cleaning.text(value)
        case list():
            return [_value(part, cleaning, depth) for part in value]
        case dict():
            return {
                cleaning.text(key): _value(
                    cleaning.value(key, part) if isinstance(part, str) else part, cleaning, depth
                )
                for key, part in value.items()
            }
        case _:
            return value
