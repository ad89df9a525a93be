"""The steps of a trajectory as lists of entries that can be shown or left out one by one.

Repeated blocks are found here: an agent that prints its script three times, or a tool that
echoes it, costs its reader one line instead of sixty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from skillgit.trajectories.lines import step_lines
from skillgit.types import LineRange, Step

LINE_CHARS = 240
"""A longer line is shown cut; quotes have it whole."""
TASK_LINE_CHARS = 800
"""The same for the task: people write one in a single long line."""
SYSTEM_LINES = 6
"""Of a system prompt; it says how the agent was told to work, and seldom what happened."""
_LEAST_RUN = 3
_LEAST_SAVING = 120
_PLACES = 12
"""Places remembered of one line: enough to find a block, few enough to stay linear."""

_VARYING = re.compile(r"0x[0-9a-fA-F]{4,16}|\d{1,2}:\d\d:\d\d(?:\.\d{1,9})?")
_ERROR = re.compile(
    r"\s{0,40}(?:[\w.]{0,120}(?:Error|Exception|Interrupt)(?:\b(?!\()|$)"
    r"|Traceback \(most recent"
    r"|(?:\w{1,40}: )?(?i:error|fatal|failed|assertion failed)\b)"
)
_ERROR_HINTS = ("error", "exception", "interrupt", "traceback", "fatal", "failed")
"""Without one of these in a text, `_ERROR` matches none of its lines."""
_BEFORE_ERROR = 2


class Entry(NamedTuple):
    """A numbered line, or a note that stands for the repeated lines `first` to `last`."""

    first: int
    last: int
    text: str
    note: bool = False

    @property
    def size(self) -> int:
        """Its characters in a view, with its line end."""
        return len(self.text) + 1


@dataclass(frozen=True, slots=True)
class Sheet:
    """A step that holds text. Blank lines have no entry: their numbers are merely skipped."""

    number: int
    source: str
    lines: int
    entries: tuple[Entry, ...]
    urgent: tuple[int, ...]
    """Indices of the entries that tell of an error."""
    weight: int
    size: int
    """The characters of all entries."""
    more: bool
    """Are there lines after the last entry that are never shown?"""


def sheets(steps: Sequence[Step]) -> tuple[Sheet, ...]:
    """One sheet for each step with text; the task, errors and the end weigh more than the rest."""
    written = [(step, lines) for step in steps if (lines := step_lines(step))]
    task = next((step for step, _ in written if step.source == "user"), None)
    end = [step for step, _ in written[-2:]]
    memory = _Memory()
    found = []
    for step, lines in written:
        shown = _head(lines) if step.source == "system" else lines
        most = TASK_LINE_CHARS if step is task else LINE_CHARS
        entries = memory.entries(step.number, shown, most)
        text = "\n".join([entry.text for entry in entries])
        urgent = _urgent(entries, text)
        weight = 3 if step is task else 2 if urgent or step in end else 1
        size = len(text) + 1 if entries else 0
        more = len(shown) < len(lines)
        found.append(
            Sheet(step.number, step.source, len(lines), entries, urgent, weight, size, more)
        )
    return tuple(found)


def _head(lines: Sequence[str]) -> Sequence[str]:
    texts = [number for number, line in enumerate(lines, 1) if line.strip()]
    return lines[: texts[SYSTEM_LINES - 1]] if len(texts) > SYSTEM_LINES else lines


def _urgent(entries: Sequence[Entry], text: str) -> tuple[int, ...]:
    found: set[int] = set()
    lowered = text.lower()
    if not any(hint in lowered for hint in _ERROR_HINTS):
        return ()
    for index, entry in enumerate(entries):
        text = entry.text.partition("| ")[2]
        if not entry.note and _ERROR.match(text):
            found.update(range(max(0, index - _BEFORE_ERROR), index + 1))
    return tuple(sorted(found))


@dataclass(frozen=True, slots=True)
class _Run:
    """A block of the step at hand that equals an earlier one; `exact` to the character."""

    step: int
    source: LineRange
    length: int
    exact: bool


class _Memory:
    """The lines shown so far, by what they say."""

    def __init__(self) -> None:
        self._lines: dict[int, Sequence[str]] = {}
        self._keys: dict[int, list[str]] = {}
        self._places: dict[str, list[tuple[int, int]]] = {}

    def entries(self, step: int, lines: Sequence[str], most: int) -> tuple[Entry, ...]:
        """The entries of a step, cut at `most` characters; its lines are remembered on the way."""
        self._lines[step] = lines
        self._keys[step] = keys = list(map(_key, lines))
        found: list[Entry] = []
        at = 0
        while at < len(lines):
            places = self._places.get(keys[at])
            run = self._longest_run(step, at, places) if places else None
            if run:
                how = "same as" if run.exact else "nearly the same as"
                note = f"… {how} step {run.step}, lines {run.source} …"
                found.append(Entry(at + 1, at + run.length, note, note=True))
                at += run.length
                continue
            if keys[at]:
                found.append(Entry(at + 1, at + 1, f"{at + 1}| {_cut(lines[at], most)}"))
                if places is None:
                    self._places[keys[at]] = [(step, at)]
                elif len(places) < _PLACES:
                    places.append((step, at))
            at += 1
        return tuple(found)

    def _longest_run(self, step: int, at: int, places: Iterable[tuple[int, int]]) -> _Run | None:
        here = self._keys[step]
        best_length, best_step, best_start = 0, 0, 0
        for old_step, start in places:
            there = self._keys[old_step]
            # A block of the same step may be repeated, but not overlap itself.
            room = min(len(here) - at, (at if old_step == step else len(there)) - start)
            length = 1
            while length < room and here[at + length] == there[start + length]:
                length += 1
            if length > best_length:
                best_length, best_step, best_start = length, old_step, start
        if best_length < _LEAST_RUN:
            return None
        while best_length and not here[at + best_length - 1]:
            best_length -= 1
        lines = self._lines[step][at : at + best_length]
        texts = [line for line in lines if line.strip()]
        if len(texts) < _LEAST_RUN or sum(map(len, texts)) < _LEAST_SAVING:
            return None
        old = self._lines[best_step][best_start : best_start + best_length]
        source = LineRange(best_start + 1, best_start + best_length)
        return _Run(best_step, source, best_length, exact=list(lines) == list(old))


def _key(line: str) -> str:
    """What a line says, whatever the time and the addresses in it."""
    words = " ".join(line.split())
    return _VARYING.sub("0x", words) if "0x" in words or ":" in words else words


def _cut(line: str, most: int) -> str:
    return line if len(line) <= most else line[: most - 1] + "…"
