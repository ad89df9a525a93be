"""How an analyst sees a trajectory, and how its citations become verbatim quotes.

    [step 3 agent]
    1| import openpyxl
    2| wb = openpyxl.load_workbook(path)
    … 57 lines left out …
    60| wb.save(out)

The numbers are those of the full step text (`lines.step_lines`), whatever is left out, so a
citation (step, first line, last line) can be cut from the full text by the program.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from skillgit.trajectories.lines import step_lines, step_text
from skillgit.trajectories.sheets import Sheet, sheets
from skillgit.types import LineRange, Quote, Trajectory

__all__ = ["QUOTE_CHARS", "QUOTE_LINES", "View", "quote", "step_lines", "step_text", "view"]

QUOTE_LINES = 6
QUOTE_CHARS = 600
_LEAST_LEVEL = 100
"""Where a step of weight 1 would get fewer characters, whole steps are left out instead."""
_LEAST_CUT = 60
"""With less room than this, a line is left out instead of cut."""
_STEP_CHARS = 300
"""How many characters of the budget a step should find when steps have to be left out."""


@dataclass(frozen=True, slots=True)
class View:
    """A trajectory as shown: its text, and the numbers of the lines shown of each step."""

    trajectory: Trajectory
    text: str
    shown: Mapping[int, tuple[int, ...]]

    def __post_init__(self) -> None:
        object.__setattr__(self, "shown", MappingProxyType(dict(self.shown)))

    @property
    def steps(self) -> tuple[int, ...]:
        """The numbers of the steps of which something is shown."""
        return tuple(number for number, lines in self.shown.items() if lines)

    @property
    def last_line(self) -> int:
        """The highest line number on show, for the bounds of a reply's schema (0 = none)."""
        return max((lines[-1] for lines in self.shown.values() if lines), default=0)

    def quote(self, step: int, lines: LineRange) -> Quote | str:
        """Cut a quote; the reason where there is none, also when nothing of it was shown."""
        cut = quote(self.trajectory, step, lines)
        if any(lines.first <= number <= lines.last for number in self.shown.get(step, ())):
            return cut
        return cut if isinstance(cut, str) else f"lines {lines} of step {step} were not shown"


def quote(trajectory: Trajectory, step: int, lines: LineRange) -> Quote | str:
    """The cited lines, verbatim: at most six and 600 characters of them, from the first on.

    The reason, where the step or the lines do not exist or hold no text. The quote's `lines` are
    those that it holds.
    """
    known = next((known for known in trajectory.steps if known.number == step), None)
    if known is None:
        return f"there is no step {step} among the {len(trajectory.steps)} steps"
    text = step_lines(known)
    if lines.last > len(text):
        return f"step {step} has {len(text)} lines, so not lines {lines}"
    written = [at for at in range(lines.first, lines.last + 1) if text[at - 1].strip()]
    if not written:
        return f"lines {lines} of step {step} are empty"
    first = written[0]
    last = max(at for at in written if at < first + QUOTE_LINES)
    while last > first and len("\n".join(text[first - 1 : last])) > QUOTE_CHARS:
        last -= 1
    cut = "\n".join(text[first - 1 : last])[:QUOTE_CHARS]
    return Quote(trajectory.id, step, LineRange(first, last), cut)


def view(trajectory: Trajectory, max_chars: int) -> View:
    """Show a trajectory in at most `max_chars` characters; the same arguments give the same text.

    What goes first: repeated blocks, the system prompt but for its head and the ends of long lines
    (always), then the middles of the longest steps, then whole steps. The task, the last steps
    and errors stay longest.
    """
    everything = sheets(trajectory.steps)
    for count in _counts(len(everything), max_chars):
        chosen = _chosen(everything, count)
        level, page = _fullest(everything, chosen, max_chars)
        if level >= _LEAST_LEVEL or (count == 1 and level >= 0):
            return View(trajectory, "\n".join(page.lines), page.shown)
    return View(trajectory, "", {})


def _counts(steps: int, max_chars: int) -> Iterator[int]:
    """How many steps to try to show: all, then as many as find room, then ever fewer."""
    if steps:
        yield steps
    count = min(steps - 1, max_chars // _STEP_CHARS)
    while count > 0:
        yield count
        count = count * 2 // 3
    if steps > 1:
        yield 1


def _chosen(everything: Sequence[Sheet], count: int) -> frozenset[int]:
    """The indices of the steps to show: the task, the end, errors, then from the end on."""
    backwards = range(len(everything) - 1, -1, -1)
    task = next((at for at, sheet in enumerate(everything) if sheet.source == "user"), 0)
    errors = [at for at in backwards if everything[at].urgent][: count // 3]
    order = dict.fromkeys((task, *backwards[:3], *errors, *backwards))
    return frozenset(list(order)[:count])


def _fullest(
    everything: Sequence[Sheet], chosen: frozenset[int], max_chars: int
) -> tuple[int, _Page]:
    """The fullest page that fits, with its characters per unit of weight; -1 where none does."""
    low, high = -1, max(everything[at].size for at in chosen)
    found = _page(everything, chosen, high)
    if found.size <= max_chars:
        return max(high, _LEAST_LEVEL), found
    while high - low > 1:
        middle = (low + high) // 2
        page = _page(everything, chosen, middle)
        if page.size <= max_chars:
            low, found = middle, page
        else:
            high = middle
    return low, found


@dataclass(frozen=True, slots=True)
class _Page:
    lines: list[str]
    shown: dict[int, tuple[int, ...]]

    @property
    def size(self) -> int:
        return sum(map(len, self.lines)) + max(0, len(self.lines) - 1)


def _page(everything: Sequence[Sheet], chosen: frozenset[int], level: int) -> _Page:
    page = _Page([], {})
    left_out: list[int] = []
    for at, sheet in enumerate(everything):
        if at not in chosen:
            left_out.append(sheet.number)
            continue
        page.lines.extend(_steps_left_out(left_out))
        left_out.clear()
        kept = _kept(sheet, sheet.weight * level)
        entries = [sheet.entries[index] for index in kept]
        page.shown[sheet.number] = tuple(entry.first for entry in entries if not entry.note)
        page.lines.append(f"[step {sheet.number} {sheet.source}]")
        page.lines.extend(_step_lines(sheet, kept))
    page.lines.extend(_steps_left_out(left_out))
    return page


def _steps_left_out(numbers: Sequence[int]) -> Iterator[str]:
    if numbers:
        word = "step" if len(numbers) == 1 else "steps"
        yield f"… {word} {LineRange(numbers[0], numbers[-1])} left out …"


def _step_lines(sheet: Sheet, kept: Mapping[int, str]) -> Iterator[str]:
    """The entries kept, with a note wherever others were left out."""
    previous, ended = -1, 0
    for index, text in kept.items():
        entry = sheet.entries[index]
        if index > previous + 1:
            yield _lines_left_out(entry.first - 1 - ended)
        yield text
        previous, ended = index, entry.last
    # A system sheet has entries for its head alone: its other lines are missing, too.
    if previous + 1 < len(sheet.entries) or sheet.more:
        yield _lines_left_out(sheet.lines - ended)


def _lines_left_out(count: int) -> str:
    return f"… {count} line{'' if count == 1 else 's'} left out …"


def _kept(sheet: Sheet, allowance: int) -> Mapping[int, str]:
    """Which entries fit: errors in up to half of it, then two thirds head and one third tail."""
    count = len(sheet.entries)
    if sheet.size <= allowance:
        return {index: entry.text for index, entry in enumerate(sheet.entries)}
    kept: dict[int, str] = {}
    spent = _add(sheet, reversed(sheet.urgent), allowance // 2, kept)
    spent += _add(sheet, range(count), (allowance - spent) * 2 // 3, kept)
    _add(sheet, range(count - 1, -1, -1), allowance - spent, kept)
    return dict(sorted(kept.items()))


def _add(sheet: Sheet, order: Iterable[int], allowance: int, kept: dict[int, str]) -> int:
    """Keep entries in this order while they fit; the last one may be cut to fit."""
    spent = 0
    for index in order:
        if index in kept:
            continue
        entry, room = sheet.entries[index], allowance - spent
        if entry.size > room:
            if entry.note or room < _LEAST_CUT:
                break
            kept[index] = f"{entry.text[: room - 2].removesuffix('…')}…"
            return allowance
        kept[index] = entry.text
        spent += entry.size
    return spent
