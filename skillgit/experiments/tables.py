"""From outcomes to tables in the paper's layout; what is missing says why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from skillgit.experiments.figures import Figure, Part, average, difference, score
from skillgit.experiments.matrix import Condition, Evaluated, Evolved, Matrix, Step
from skillgit.experiments.outcomes import Gap, Outcome, Rates, Runs, Written
from skillgit.experiments.plan import Measure, Plan, Score, Table

NOT_RUN = Gap("not run yet")


@dataclass(frozen=True, slots=True)
class Cell:
    """A place in a table: a figure, or why there is none."""

    figure: Figure | None = None
    gap: str = ""
    notes: tuple[str, ...] = ()
    stream: str = ""
    """The runs behind it: cells of one stream are not independent."""
    floor: float | None = None
    """What an agent that does nothing gets on these tasks."""
    ceiling: float | None = None
    """What the gold answers get."""


@dataclass(frozen=True, slots=True)
class Duration:
    """What a round took, or why nobody knows."""

    seconds: float | None = None
    gap: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A measure under a user."""

    user: str
    title: str
    """The user as the head of the table calls it."""
    measure: Measure
    model: str = ""
    """Who should run, by the plan; "" where an option stands for it."""
    models: tuple[str, ...] = ()
    """Who ran: the names that the endpoints gave."""


@dataclass(frozen=True, slots=True)
class Row:
    """A condition; `headings` stand above it where they are others than those of the row before."""

    label: str
    headings: tuple[str, ...]
    cells: tuple[Cell, ...]
    is_difference: bool
    average: Cell | None = None
    times: tuple[Duration, ...] | None = None
    """One for each user; None in a table without times."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A table with its figures."""

    plan: str
    table: Table
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def gaps(self) -> int:
        """Cells without a figure."""
        return sum(cell.figure is None for row in self.rows for cell in row.cells)

    @property
    def models(self) -> Mapping[str, tuple[str, ...]]:
        """Who answered for each user."""
        found: dict[str, dict[str, None]] = {user: {} for user in self.table.users}
        for column in self.columns:
            found[column.user] |= dict.fromkeys(column.models)
        return {user: tuple(models) for user, models in found.items()}

    @property
    def stand_ins(self) -> tuple[str, ...]:
        """Whose name the table bears though another model answered, as in most miniatures."""
        titles = {column.user: column.title for column in self.columns}
        wanted = {column.user: {column.title, column.model} for column in self.columns}
        others = {
            user: [name for name in models if wanted[user].isdisjoint(_names(name))]
            for user, models in self.models.items()
        }
        return tuple(
            f"{titles[user]} stands for {', '.join(names)}, which answered."
            for user, names in others.items()
            if names
        )


def _names(served: str) -> tuple[str, str]:
    """What a model is called, with and without the folder or the house before it."""
    return served, served.rpartition("/")[2]


def fill(plan: Plan, table: Table, outcomes: Mapping[Step, Outcome]) -> Filled:
    """One table of a plan, as far as its steps are done."""
    matrix = Matrix(plan, table)
    columns = tuple(
        Column(
            user,
            plan.models[user].title,
            measure,
            plan.models[user].model,
            _models(matrix, user, measure, outcomes),
        )
        for user in table.users
        for measure in matrix.measures
    )
    rows = (_row(matrix, condition, columns, outcomes) for condition in matrix.conditions)
    return Filled(plan.name, table, columns, tuple(rows))


def _models(
    matrix: Matrix, user: str, measure: Measure, outcomes: Mapping[Step, Outcome]
) -> tuple[str, ...]:
    steps = (matrix.evaluated(condition, user, measure) for condition in matrix.conditions)
    runs = (outcomes.get(step) for step in steps)
    return tuple(dict.fromkeys(found.model for found in runs if isinstance(found, Runs)))


def _row(
    matrix: Matrix,
    condition: Condition,
    columns: tuple[Column, ...],
    outcomes: Mapping[Step, Outcome],
) -> Row:
    table, cells = matrix.table, []
    for column in columns:
        step = matrix.evaluated(condition, column.user, column.measure)
        against = matrix.held_against(condition, column.user, column.measure)
        cells.append(_cell(step, against, column.measure, outcomes))
    times = None
    if table.time:
        rounds = (matrix.evolved(condition, user) for user in table.users)
        times = tuple(_duration(one, outcomes) for one in rounds)
    headings = condition.headings
    if condition.is_reference and table.against and table.sections:
        headings = ("Reference (absolute scores)",)
    return Row(
        label=condition.label,
        headings=headings,
        cells=tuple(cells),
        is_difference=bool(table.against) and not condition.is_reference,
        average=_average(columns, tuple(cells)) if table.average else None,
        times=times,
    )


def _cell(
    step: Evaluated,
    against: Evaluated | None,
    measure: Measure,
    outcomes: Mapping[Step, Outcome],
) -> Cell:
    found = outcomes.get(step, NOT_RUN)
    if not isinstance(found, Runs):
        return Cell(gap=_reason(found))
    notes = (*_crashes(found), *found.notes, *_of_the_skill(step, outcomes))
    stream = f"{found.model}\n{measure.domain}"
    base = outcomes.get(against, NOT_RUN) if against else None
    try:
        if base is None:
            figure = score(found.runs, measure.score)
        elif isinstance(base, Runs):
            figure = difference(found.runs, base.runs, measure.score)
        else:
            return Cell(gap=f"what it is held against: {_reason(base)}", notes=notes)
    except ValueError as nothing:
        return Cell(gap=str(nothing), notes=notes)
    floor, ceiling = (_rate(one, measure) for one in (found.floor, found.ceiling))
    return Cell(figure, "", notes, stream, floor, ceiling)


def _rate(rates: Rates | None, measure: Measure) -> float | None:
    if rates is None:
        return None
    return rates.hard if measure.score is Score.HARD else rates.soft


def _reason(found: Outcome) -> str:
    return found.reason if isinstance(found, Gap) else "it came to something else"


def _crashes(found: Runs) -> Iterator[str]:
    if found.crashed:
        many = f"{found.crashed} of {len(found.runs)} runs"
        yield f"{many} crashed, or their endpoint failed: failures here, tried again next time"


def _of_the_skill(step: Evaluated, outcomes: Mapping[Step, Outcome]) -> Iterator[str]:
    """What a reader must know of how the skill came about."""
    if isinstance(step.source, Evolved):
        found = outcomes.get(step.source)
        if isinstance(found, Written):
            yield from found.notes


def _average(columns: tuple[Column, ...], cells: tuple[Cell, ...]) -> Cell:
    """The paper's Avg; a hole in one of its cells is a hole in it."""
    parts = []
    for column, cell in zip(columns, cells, strict=True):
        if cell.figure is None:
            return Cell(gap="not all cells of the row have a figure")
        measure = column.measure
        parts.append(Part(cell.figure, measure.group or measure.name, cell.stream))
    return Cell(average(parts))


def _duration(step: Evolved | None, outcomes: Mapping[Step, Outcome]) -> Duration:
    if step is None:
        return Duration(gap="nothing is evolved")
    found = outcomes.get(step, NOT_RUN)
    if not isinstance(found, Written):
        return Duration(gap=_reason(found))
    if not found.seconds:
        return Duration(gap="the round left no record")
    there, every = found.remembered
    told = f"of the time: {there} of {every} replies were there before and took none"
    return Duration(found.seconds, note=told if there else "")
