"""What every importer needs: text from JSON values, steps while they are put together."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from skillgit.trajectories.documents import Document, JsonObject, JsonValue, SourceFile
from skillgit.types import Diagnostic, Outcome, Step, ToolCall, Trajectory

_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file held: its trajectories, and what a person must hear about the rest.

    `format` is the importer's; without one nobody knew the shape of what was `parsed`.
    """

    trajectories: tuple[Trajectory, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    format: str = ""
    parsed: bool = True
    own: int = 0
    """Sessions of skillgit's own analysts, which are left out."""


class Importer(NamedTuple):
    """One foreign format.

    `recognises` looks at the shape of one of the first values of a file, and `read` makes
    trajectories of all its values; it passes on the diagnostics among them. Neither raises,
    whatever the values. A format whose files are no JSON also has `unpack`: the values in such a
    file, or None where its bytes are of another format.
    """

    format: str
    recognises: Callable[[JsonValue], bool]
    read: Callable[[Iterable[Document | Diagnostic]], Iterator[Trajectory | Diagnostic]]
    unpack: Callable[[SourceFile], Iterator[Document | Diagnostic] | None] | None = None


def one_by_one(
    name: str,
    root_of: Callable[[JsonValue], JsonObject | None],
    read: Callable[[Document, JsonObject], Iterator[Trajectory | Diagnostic]],
) -> Importer:
    """An importer of a format of which each value is a trajectory by itself.

    `root_of` gives the object to read if the value has the format's shape, else None.
    """

    def read_all(values: Iterable[Document | Diagnostic]) -> Iterator[Trajectory | Diagnostic]:
        for value in values:
            if isinstance(value, Diagnostic):
                yield value
            elif (root := root_of(value.value)) is not None:
                yield from read(value, root)
            else:
                yield remark(value, f"no {name}, unlike the first value of this file")

    return Importer(name, lambda value: root_of(value) is not None, read_all)


@dataclass(slots=True)
class Draft:
    """A step while it is read; an observation may come later than its call."""

    source: str
    message: str = ""
    reasoning: str = ""
    calls: list[ToolCall] = field(default_factory=list)
    observations: list[str] = field(default_factory=list)

    def step(self, number: int) -> Step:
        """The step as a value."""
        seen = "\n".join(text for text in self.observations if text)
        return Step(number, self.source, self.message, self.reasoning, tuple(self.calls), seen)


class Label(NamedTuple):
    """What a trajectory is called: the format it came in, the task, the agent."""

    format: str
    task: str = ""
    agent: str = ""


def finished(
    document: Document, drafts: Sequence[Draft], label: Label, outcome: Outcome
) -> Trajectory | Diagnostic:
    """The trajectory, or why it is none: no step at all, or none in which an agent did anything."""
    steps = tuple(draft.step(number) for number, draft in enumerate(drafts, 1))
    if not steps:
        return remark(document, f"looks like {label.format}, but holds no steps")
    if not any(_acts(step) for step in steps if step.source == "agent"):
        return remark(document, f"looks like {label.format}, but no step of it is an agent's")
    return Trajectory(
        document.digest, label.task, steps, outcome, document.origin, label.format, label.agent
    )


def _acts(step: Step) -> bool:
    return bool(step.calls) or any(map(str.strip, (step.message, step.reasoning, step.observation)))


def remark(document: Document, message: str) -> Diagnostic:
    """A diagnostic about one value of a file."""
    part = f"#{document.part}" if document.part else ""
    return Diagnostic(f"{document.file.origin}{part}", message, document.line)


def text_of(value: JsonValue) -> str:
    """Strings as they are (lone surrogates replaced), nothing for null, JSON for the rest."""
    if value is None:
        return ""
    if not isinstance(value, str):
        try:
            value = json.dumps(value, ensure_ascii=False)
        except (ValueError, RecursionError):
            return ""
    return _SURROGATES.sub("\ufffd", value)


def encodable(one: Trajectory) -> Trajectory:
    """The trajectory with lone surrogates replaced in all its texts: UTF-8 has none."""
    try:
        for text in _texts(one):
            if not text.isascii():
                text.encode()
    except UnicodeEncodeError:
        clean, said = text_of, one.outcome
        return replace(
            one,
            task=clean(one.task),
            steps=tuple(map(_encodable, one.steps)),
            outcome=replace(said, said_by=clean(said.said_by), detail=clean(said.detail)),
            origin=clean(one.origin),
            format=clean(one.format),
            agent=clean(one.agent),
        )
    return one


def _texts(one: Trajectory) -> Iterator[str]:
    yield from (one.task, one.outcome.said_by, one.outcome.detail)
    yield from (one.origin, one.format, one.agent)
    for step in one.steps:
        yield from (step.message, step.reasoning, step.observation)
        for call in step.calls:
            yield from (call.name, call.arguments)


def _encodable(step: Step) -> Step:
    return replace(
        step,
        message=text_of(step.message),
        reasoning=text_of(step.reasoning),
        calls=tuple(ToolCall(text_of(one.name), text_of(one.arguments)) for one in step.calls),
        observation=text_of(step.observation),
    )


def content_text(value: JsonValue) -> str:
    """Message content: a string, or a list of parts of which text is read and media are named."""
    if not isinstance(value, list):
        return text_of(value)
    return "\n".join(filter(None, map(_part_text, value)))


def _part_text(part: JsonValue) -> str:
    if not isinstance(part, dict):
        return text_of(part)
    for key in ("text", "refusal"):
        if isinstance(part.get(key), str):
            return text_of(part[key])
    kind, source = text_of(part.get("type")) or "part", part.get("source")
    path = source.get("path") if isinstance(source, dict) else None
    return f"[{kind}: {path}]" if isinstance(path, str) else f"[{kind}]"


def objects_in(value: JsonValue) -> Iterator[JsonObject]:
    """The objects in a list; nothing where it is no list."""
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def first_text(record: JsonObject, *keys: str) -> str:
    """The first of the keys that holds a string with text, or a whole number."""
    for key in keys:
        value = record.get(key)
        if isinstance(value, str) and value.strip():
            return text_of(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value) if abs(value) < 10**18 else ""
    return ""
