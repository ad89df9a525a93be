"""Tables as text, Markdown and CSV: the paper's rows and columns, then what each cell rests on."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from textwrap import wrap

from skillgit.evaluation.report import escaped
from skillgit.experiments.forms import common, duration, form_of, number
from skillgit.experiments.plan import Measure
from skillgit.experiments.tables import Cell, Column, Duration, Filled, Row

NOTHING = "—"
_COLUMNS = 100
_DETAILS = ("condition", "column", "value", "95 % interval", "tasks", "seeds", "runs")


@dataclass(slots=True)
class _Notes:
    """Remarks by number, each told once."""

    told: dict[str, int] = field(default_factory=dict)

    def mark(self, *notes: str) -> str:
        """`[1][3]`, the numbers of these remarks."""
        numbers = [self.told.setdefault(note, len(self.told) + 1) for note in notes if note]
        return "".join(f"[{number}]" for number in numbers)

    def lines(self) -> Iterator[str]:
        """`[1] why`."""
        return (f"[{number}] {note}" for note, number in self.told.items())


@dataclass(frozen=True, slots=True)
class _Line:
    """A row as it is printed: a heading over all columns, or cells."""

    cells: tuple[str, ...] = ()
    heading: str = ""


# --------------------------------------------------------------------------- text


def text(filled: Filled) -> str:
    """For a terminal: fixed columns; below the figures their intervals, in the same places."""
    notes = _Notes()
    shown = [
        *_grid(filled, list(_lines(filled, notes)), _title(filled)),
        "",
        *_grid(filled, [*_intervals(filled), *_sizes(filled)], "95 % intervals"),
    ]
    told = [*notes.lines(), *filled.stand_ins]
    shown += ["", *(part for note in told for part in wrap(note, _COLUMNS))] if told else []
    return "\n".join(line.rstrip() for line in shown) + "\n"


def _grid(filled: Filled, lines: Sequence[_Line], title: str) -> Iterator[str]:
    """A table under the head of the paper's."""
    names = _names(filled)
    body = [names, *(line.cells for line in lines if line.cells)]
    widths = [max(len(row[n]) for row in body) for n in range(len(names))]
    head = _head(filled)
    widths = _widened(widths, head)
    yield title
    yield ""
    yield from (_spanned(row, widths) for row in head)
    yield _aligned(names, widths)
    yield "─" * (sum(widths) + 2 * (len(widths) - 1))
    yield from (line.heading or _aligned(line.cells, widths) for line in lines)


def _intervals(filled: Filled) -> Iterator[_Line]:
    """What stands in each cell of the table below the figures."""
    before: tuple[str, ...] = ()
    for row in filled.rows:
        yield from _opened(row, before)
        before = row.headings
        columns = [column.measure for column in filled.columns]
        cells = list(row.cells)
        if row.average is not None:
            columns.append(common(filled))
            cells.append(row.average)
        told = [_around(c, m, row) for c, m in zip(cells, columns, strict=True)]
        yield _Line((row.label, *told, *([""] * (row.times is not None))))


def _around(cell: Cell, measure: Measure, row: Row) -> str:
    if cell.figure is None:
        return NOTHING
    form = form_of(
        replace(measure, decimals=max(0, measure.decimals - 1)), signed=row.is_difference
    )
    return f"{form(cell.figure.value.low)}…{form(cell.figure.value.high)}"


def _sizes(filled: Filled) -> Iterator[_Line]:
    """How many tasks and which seeds are behind a column; from least to most where rows differ."""
    figures = [
        [row.cells[n].figure for row in filled.rows if row.cells[n].figure]
        for n in range(len(filled.columns))
    ]
    rest = [""] * (filled.table.average + filled.table.time)
    tasks = [_span(sorted({one.tasks for one in found if one})) for found in figures]
    seeds = [_span(sorted({len(one.seeds) for one in found if one})) for found in figures]
    runs = [_span(sorted({one.runs for one in found if one})) for found in figures]
    for name, told in (("tasks", tasks), ("seeds", seeds), ("runs", runs)):
        yield _Line((name, *told, *rest))
    for name, bound in (("do nothing", "floor"), ("gold answers", "ceiling")):
        told = [_bound(filled, n, bound) for n in range(len(filled.columns))]
        if any(told):
            yield _Line((name, *told, *rest))


def _bound(filled: Filled, column: int, bound: str) -> str:
    """What these tasks give for nothing, or the most that they can give."""
    found = {getattr(row.cells[column], bound) for row in filled.rows} - {None}
    form = form_of(filled.columns[column].measure, signed=False)
    return form(min(found)) if found else ""


def _span(numbers: Sequence[int]) -> str:
    return "–".join(str(n) for n in dict.fromkeys((numbers[0], numbers[-1]))) if numbers else ""


def _title(filled: Filled) -> str:
    table = filled.table
    return f"Table {table.number}. {table.title or filled.plan}"


def _head(filled: Filled) -> list[list[tuple[str, int]]]:
    """What stands above the names of the columns, as texts over so many of them."""
    rows = [_runs([f"Skill User: {one.title}" for one in filled.columns])]
    groups = [f"{one.user}\n{one.measure.group}" for one in filled.columns]
    if any(one.measure.group for one in filled.columns):
        rows.append([(name.partition("\n")[2], span) for name, span in _runs(groups)])
    return rows


def _runs(names: Sequence[str]) -> list[tuple[str, int]]:
    """Equal neighbours as one."""
    found: list[tuple[str, int]] = []
    for name in names:
        if found and found[-1][0] == name:
            found[-1] = (name, found[-1][1] + 1)
        else:
            found.append((name, 1))
    return found


def _widened(widths: list[int], head: Sequence[Sequence[tuple[str, int]]]) -> list[int]:
    """Wide enough for what stands above several columns."""
    for row in head:
        at = 1
        for name, span in row:
            lacking = len(name) - sum(widths[at : at + span]) - 2 * (span - 1)
            for n in range(lacking):
                widths[at + n % span] += 1
            at += span
    return widths


def _spanned(row: Sequence[tuple[str, int]], widths: Sequence[int]) -> str:
    shown, at = [" " * widths[0]], 1
    for name, span in row:
        shown.append(name.rjust(sum(widths[at : at + span]) + 2 * (span - 1)))
        at += span
    return "  ".join(shown)


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = (
        cell.rjust(width) if n else cell.ljust(width)
        for n, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join([first, *rest])


# --------------------------------------------------------------------------- Markdown


def markdown(filled: Filled) -> str:
    """For a page; names of models and skills cannot turn into markup."""
    notes = _Notes()
    names = [
        "Condition",
        *(f"{one.user} {one.measure.name}" for one in filled.columns),
        *_names(filled)[1 + len(filled.columns) :],
    ]
    rows = [[escaped(name) for name in names], ["---", *["---:"] * (len(names) - 1)]]
    for line in _lines(filled, notes):
        if line.heading:
            rows.append([f"**{escaped(line.heading.strip())}**", *[""] * (len(names) - 1)])
        else:
            rows.append([escaped(cell) for cell in line.cells])
    details = [[escaped(cell) for cell in row] for row in _details(filled)]
    parts = [
        f"**{escaped(_title(filled))}**",
        _piped(rows),
        "\n".join(f"- {escaped(note)}" for note in (*notes.lines(), *filled.stand_ins)),
        "<details><summary>intervals, tasks and seeds</summary>",
        _piped([_DETAILS, ["---"] * len(_DETAILS), *details]),
        "</details>",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _piped(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


# --------------------------------------------------------------------------- CSV


def comma_separated(filled: Filled) -> str:
    """For programs: one line a row, ASCII numbers, an empty field where there is no figure."""
    told = io.StringIO()
    writer = csv.writer(told, lineterminator="\n")
    table = filled.table
    names = ["table", "section", "condition"]
    for column in filled.columns:
        name = f"{column.user} {column.measure.name}"
        names += [name, *(f"{name} {part}" for part in ("low", "high", "n", "seeds", "note"))]
    names += ["Avg", "Avg low", "Avg high"] if table.average else []
    names += [f"{user} seconds" for user in table.users] if table.time else []
    names += [f"{user} model" for user in table.users]
    models = [" ".join(found) for found in filled.models.values()]
    writer.writerow(names)
    for row in filled.rows:
        fields = [str(table.number), " / ".join(row.headings), row.label]
        for column, cell in zip(filled.columns, row.cells, strict=True):
            fields += _fields(cell, column.measure)
        if row.average:
            fields += _fields(row.average, common(filled))[:3]
        fields += ["" if t.seconds is None else f"{t.seconds:.1f}" for t in row.times or ()]
        writer.writerow([*fields, *models])
    return told.getvalue()


def _fields(cell: Cell, measure: Measure) -> list[str]:
    note = "; ".join(filter(None, (cell.gap, *cell.notes)))
    if cell.figure is None:
        return ["", "", "", "", "", note]
    value, figure = cell.figure.value, cell.figure
    numbers = [number(x, measure) for x in (value.estimate, value.low, value.high)]
    return [*numbers, str(figure.tasks), " ".join(map(str, figure.seeds)), note]


# --------------------------------------------------------------------------- what all share


def _names(filled: Filled) -> tuple[str, ...]:
    table = filled.table
    more = ("Avg",) * table.average + ("Time",) * table.time
    return ("Condition", *(one.measure.name for one in filled.columns), *more)


def _lines(filled: Filled, notes: _Notes) -> Iterator[_Line]:
    """Headings where they change, and every row."""
    before: tuple[str, ...] = ()
    for row in filled.rows:
        yield from _opened(row, before)
        before = row.headings
        yield _Line((row.label, *_shown(filled, row, notes)))


def _opened(row: Row, before: tuple[str, ...]) -> Iterator[_Line]:
    """The headings that a row is the first below."""
    for depth, heading in enumerate(row.headings):
        if row.headings[: depth + 1] != before[: depth + 1]:
            yield _Line(heading="  " * depth + heading)


def _shown(filled: Filled, row: Row, notes: _Notes) -> Iterator[str]:
    for column, cell in zip(filled.columns, row.cells, strict=True):
        yield _cell(cell, form_of(column.measure, signed=row.is_difference), notes)
    if row.average is not None:
        yield _cell(row.average, form_of(common(filled), signed=row.is_difference), notes)
    if row.times is not None:
        yield _times(row.times, notes)


def _cell(cell: Cell, form: Callable[[float], str], notes: _Notes) -> str:
    if cell.figure is None:
        return f"{NOTHING} {notes.mark(cell.gap)}"
    mark = notes.mark(*cell.notes)
    return f"{form(cell.figure.value.estimate)}{f' {mark}' if mark else ''}"


def _times(times: Sequence[Duration], notes: _Notes) -> str:
    """One for each user; a single one where all are the same."""
    told = [
        f"{NOTHING if one.seconds is None else duration(one.seconds)} "
        f"{notes.mark(one.gap, one.note)}".rstrip()
        for one in times
    ]
    return " / ".join(dict.fromkeys(told) if len(set(told)) == 1 else told)


def _details(filled: Filled) -> list[tuple[str, ...]]:
    """What each figure rests on."""
    found = []
    for row in filled.rows:
        where = ", ".join((*(_bare(one) for one in row.headings), row.label))
        for column, cell in zip(filled.columns, row.cells, strict=True):
            found.append(_detail(where, column, cell, signed=row.is_difference))
        if row.average and row.average.figure:
            name = Column("", "", common(filled))
            found.append(_detail(where, name, row.average, signed=row.is_difference))
    return found


def _bare(heading: str) -> str:
    return heading.removeprefix("Skill Author: ").partition(" (")[0]


def _detail(where: str, column: Column, cell: Cell, *, signed: bool) -> tuple[str, ...]:
    name = f"{column.user} {column.measure.name}".strip()
    figure = cell.figure
    if figure is None:
        return (where, name, NOTHING, cell.gap, "", "", "")
    form = form_of(column.measure, signed=signed)
    value = figure.value
    around = f"{form(value.low)} to {form(value.high)}"
    seeds = " ".join(map(str, figure.seeds))
    return (where, name, form(value.estimate), around, str(figure.tasks), seeds, str(figure.runs))
