"""What a person sees: results on stdout, everything else on stderr, and no tricks from strangers.

The only home of rich. It is imported when a bar is drawn and not before: `--help` has no time.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

import click

from skillgit.cli.remaining import Remaining, in_words

if TYPE_CHECKING:
    from rich.progress import Progress as _Bars  # noqa: TID251 - this is its home
    from rich.progress import TaskID  # noqa: TID251 - the same

# ESC [ … letter; ESC ] … BEL or ESC \ (titles, links); the other string sequences; ESC and a letter
# or two. A string that never ends is cut at the end of its line, else it would swallow the rest.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]"
)
# Control characters but tab and newline; the bidi controls; line separators; Unicode tags.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)
_SURROGATES = re.compile(r"[\ud800-\udfff]")


def safe(text: str) -> str:
    """`text` of a stranger without the characters that could steer or deceive a terminal."""
    seen = _UNSEEN.sub("", _ESCAPES.sub("", text.replace("\r\n", "\n")))
    return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", seen)


def out(text: str) -> None:
    """Write a result, one line or several, to stdout."""
    click.echo(text, color=in_colour(sys.stdout))


def say(text: str) -> None:
    """Write anything that is not the result to stderr."""
    click.echo(text, err=True, color=in_colour(sys.stderr))


def print_json(verb: str, payload: Mapping[str, object]) -> None:
    """Write a result for programs to stdout; its first key names the schema.

    Non-ASCII text is escaped: any terminal and any encoding can carry it, and nothing steers them.
    """
    document = {"schema": f"skillgit.{verb}/1", **payload}
    out(json.dumps(document, indent=2, default=_as_json))


def _as_json(value: object) -> str:
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"not a JSON value: {value!r}")


def in_colour(stream: TextIO) -> bool:
    """May `stream` be coloured? NO_COLOR says no, FORCE_COLOR yes, else a terminal may."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return os.environ["FORCE_COLOR"] != "0"
    return is_terminal(stream)


def is_terminal(stream: TextIO) -> bool:
    """Does a person look at `stream`, on something that can move its cursor?"""
    return stream.isatty() and os.environ.get("TERM", "") != "dumb"


def examples(*commands: str) -> str:
    """The epilog of a verb's help, unwrapped: `@click.command(epilog=examples("skillgit log"))`."""
    lines = "\n".join(f"  {command}" for command in commands)
    return f"\b\nExamples:\n{lines}"


_LINES_APART = 1.0
"""Seconds between two lines about one stage, where there is more to come."""
_SILENCE = 30.0
"""After it there is a line however little was done."""
_DRAWN_APART = 0.1


@dataclass(slots=True)
class _Stage:
    """How far one stage is; `told` is the count that was last written, `told_at` when."""

    total: int
    began: float
    done: int = 0
    told: int = 0
    told_at: float = float("-inf")
    bar: TaskID | None = None
    remaining: Remaining = field(init=False)

    def __post_init__(self) -> None:
        self.remaining = Remaining(self.began)

    @property
    def shown_total(self) -> int:
        return max(self.total, self.done)

    def count(self, now: float) -> None:
        """One more is done."""
        self.done += 1
        self.remaining.saw(now, self.done)

    def is_due(self, now: float) -> bool:
        """Is it time for a line? For each tenth, but not for many at once, and not for the last."""
        if self.done >= self.total:
            return False
        tenth = self.done - self.told >= max(1, self.total // 10)
        silence = now - max(self.told_at, self.began)
        return (tenth and now - self.told_at >= _LINES_APART) or silence >= _SILENCE

    def left(self, now: float) -> str:
        """How long it has still to go, where that can be said."""
        seconds = self.remaining.seconds(now, self.shown_total)
        return f"about {in_words(seconds)} left" if seconds is not None else ""


class TerminalProgress:
    """`ports.Progress` for people: bars where stderr is a terminal, plain lines elsewhere.

    Use it in a `with` block: leaving it gives the cursor back, whatever has happened.
    """

    def __init__(self, *, quiet: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self._quiet = quiet
        self._clock = clock
        self._draws = is_terminal(sys.stderr)
        self._stages: dict[str, _Stage] = {}
        self._bars: _Bars | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stages.clear()
        self._stop_bars()

    def start(self, stage: str, total: int) -> None:
        """A stage begins, or its total has become known."""
        if self._quiet:
            return
        known = self._stages.get(stage)
        if known:
            known.total = total
        else:
            known = self._stages[stage] = _Stage(total, self._clock())
        if self._draws:
            self._draw(stage, known)
        else:
            say(f"{safe(stage)}: {total} to do")

    def advance(self, stage: str, note: str = "") -> None:
        """One more is done; a stage that was never started begins here."""
        if self._quiet:
            return
        now = self._clock()
        known = self._stages.setdefault(stage, _Stage(0, now))
        known.count(now)
        if self._draws:
            if now - known.told_at >= _DRAWN_APART:
                known.told_at = now
                self._draw(stage, known, note)
        elif known.is_due(now):
            known.told, known.told_at = known.done, now
            tail = "; ".join(filter(None, (safe(note), known.left(now))))
            say(f"{safe(stage)}: {known.done}/{known.total}{f' ({tail})' if tail else ''}")

    def finish(self, stage: str) -> None:
        """The stage is over, whether or not all of it was done."""
        known = self._stages.pop(stage, None)
        if known is None:
            return
        if not self._draws:
            seconds = self._clock() - known.began
            say(f"{safe(stage)}: {known.done}/{known.shown_total} done in {seconds:.0f} s")
        else:
            self._draw(stage, known)
            if not self._stages:
                self._stop_bars()

    def _draw(self, stage: str, known: _Stage, note: str = "") -> None:
        if self._bars is None:
            self._bars = _new_bars()
            self._bars.start()
        if known.bar is None:
            known.bar = self._bars.add_task(safe(stage), note="", left="")
        self._bars.update(
            known.bar,
            completed=known.done,
            total=known.shown_total or None,
            left=known.left(self._clock()) if known.done < known.total else "",
            note=safe(note).partition("\n")[0][:60],
        )

    def _stop_bars(self) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None


def _new_bars() -> _Bars:
    from rich.console import Console  # noqa: PLC0415, TID251 - its home; 60 ms that --help has not
    from rich.progress import (  # noqa: PLC0415, TID251 - the same
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    return Progress(
        TextColumn("{task.description:<12}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}", markup=False),
        TextColumn("{task.fields[note]}", markup=False),
        console=Console(stderr=True, no_color=not in_colour(sys.stderr)),
    )
