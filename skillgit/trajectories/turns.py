"""Turns of an agent, put together from records that come one after the other.

What a tool answered belongs to the step that called it, however much later it was recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from skillgit.trajectories.documents import Document, JsonObject, JsonValue, digest_of
from skillgit.trajectories.drafts import Draft, Importer, remark
from skillgit.types import Diagnostic, Step, ToolCall, Trajectory


@dataclass(slots=True)
class Turn(Draft):
    """A step that is told in parts; they are joined once, however many there are."""

    more: list[str] = field(default_factory=list)
    more_reasoning: list[str] = field(default_factory=list)

    def add(self, message: str, reasoning: str = "") -> None:
        """More of the same turn."""
        if message:
            self.more.append(message)
        if reasoning:
            self.more_reasoning.append(reasoning)

    def step(self, number: int) -> Step:
        """The step as a value."""
        seen = "\n".join(text for text in self.observations if text)
        message, reasoning = (
            "\n".join(filter(None, parts))
            for parts in ((self.message, *self.more), (self.reasoning, *self.more_reasoning))
        )
        return Step(number, self.source, message, reasoning, tuple(self.calls), seen)


@dataclass(slots=True)
class Turns:
    """The steps so far, and where the answer to which call belongs."""

    drafts: list[Turn] = field(default_factory=list)
    _waiting: dict[str, tuple[Turn, int]] = field(default_factory=dict)

    @property
    def last(self) -> Turn | None:
        """The latest step."""
        return self.drafts[-1] if self.drafts else None

    def say(self, source: str, message: str, reasoning: str = "") -> Turn:
        """A new step."""
        turn = Turn(source, message, reasoning)
        self.drafts.append(turn)
        return turn

    def call(self, turn: Turn, call_id: str, call: ToolCall) -> None:
        """A call in this step; an answer may come for its id."""
        turn.calls.append(call)
        if call_id:
            # Parallel calls are answered in any order; their answers stand in the calls' order.
            self._waiting[call_id] = turn, len(turn.observations)
            turn.observations.append("")

    def answer(self, call_id: str, text: str) -> None:
        """What a tool answered: with the step that called it, else a step by itself."""
        turn, place = self._waiting.pop(call_id, (None, 0))
        if turn is None:
            self.say("tool", text)
        else:
            turn.observations[place] = text


class Record(NamedTuple):
    """One object of a session, with the line on which it stands (0 = not in lines)."""

    line: int
    value: JsonObject


def one_session(
    name: str,
    is_record: Callable[[JsonObject], bool],
    read: Callable[[Document, list[Record]], Iterator[Trajectory | Diagnostic]],
) -> Importer:
    """An importer of a format of which a whole file, line by line or as a list, is one session.

    `read` gets the file as one document (its digest is the file's) and all objects in it.
    """

    def recognises(value: JsonValue) -> bool:
        first = next(iter(value), None) if isinstance(value, list) else value
        return isinstance(first, dict) and is_record(first)

    def read_all(
        values: Iterable[Document | Diagnostic],
    ) -> Iterator[Trajectory | Diagnostic]:
        records: list[Record] = []
        first: Document | None = None
        for value in values:
            if isinstance(value, Diagnostic):
                yield value
                continue
            first = first or value
            inner = value.value if isinstance(value.value, list) else [value.value]
            found = [Record(value.line, one) for one in inner if isinstance(one, dict)]
            records.extend(found)
            if len(found) < len(inner):
                yield remark(value, f"no object, so no record of {name}")
        if first is not None:
            yield from read(Document(first.file, None, digest_of(first.file.data)), records)

    return Importer(name, recognises, read_all)


def left_out(document: Document, records: list[Record], what: str) -> Iterator[Diagnostic]:
    """One remark for all records that say nothing; none where there are none."""
    if records:
        message = f"{what}, left out: {len(records)}"
        yield Diagnostic(document.file.origin, message, records[0].line)
