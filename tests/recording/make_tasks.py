"""Make the spreadsheet tasks of the demo: workbooks, queries in words, and the expected cells.

    PYTHONPATH=tests python -m recording.make_tasks FOLDER

writes `FOLDER/<task>/input.xlsx` and `FOLDER/<task>/task.json`. Ten kinds of task, each on four
levels: a plain table (0), a title above the header (1), a second sheet that is shown first (2),
and untidy cells (3). Nothing is random: the same call always makes the same workbooks.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import TypeAlias

from openpyxl import Workbook  # type: ignore[import-untyped]  # openpyxl ships no types

Value: TypeAlias = str | int | float | None
Row: TypeAlias = Sequence[Value]

LEVELS = range(4)
REGIONS = ("North", "South", "East", "West")
ITEMS = ("Lamp", "Desk", "Chair", "Shelf", "Clock", "Rug", "Vase", "Mirror")
PEOPLE = ("Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gina", "Hugo", "Iris", "Jon")


@dataclass(frozen=True, slots=True)
class Task:
    """One task. `expected` maps sheet and cell to the value that must be stored there."""

    name: str
    query: str
    sheets: Mapping[str, Sequence[Row]]
    active: str
    expected: dict[str, dict[str, Value]] = field(default_factory=dict)
    """Dates are written `date:2024-03-05`; None means that the cell must be empty."""


@dataclass(frozen=True, slots=True)
class Table:
    """A header and its rows, and where they stand on their sheet for one level."""

    sheet: str
    header: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    level: int

    @property
    def first(self) -> int:
        """The sheet's row of the first row below the header."""
        return 5 if self.level == 1 else 2

    def layout(self) -> list[Row]:
        """All rows of the sheet from row 1."""
        above: list[Row] = []
        if self.level == 1:
            above = [[f"{self.sheet} report"], ["internal, not checked"], []]
        return [*above, self.header, *self.rows]

    def task(self, kind: str, query: str, expected: dict[str, dict[str, Value]]) -> Task:
        """The task on this table; on level 2 a sheet of notes comes first and is the active one."""
        sheets: dict[str, Sequence[Row]] = {self.sheet: self.layout()}
        active = self.sheet
        if self.level == 2:
            active = "Notes"
            sheets = {"Notes": [["Notes"], ["Ask the office before you print."]], **sheets}
        asked = f"{query} Save the workbook as output.xlsx."
        return Task(f"{kind}-{self.level}", asked, sheets, active, expected)

    def filled(self, column: str, values: Sequence[Value]) -> dict[str, dict[str, Value]]:
        """Expect `values` in a column, one for each row."""
        cells = {f"{column}{self.first + n}": value for n, value in enumerate(values)}
        return {self.sheet: cells}


def _sales(random: Random, level: int, count: int = 9) -> Table:
    rows = tuple(
        (
            random.choice(PEOPLE),
            random.choice(REGIONS),
            random.randrange(2, 40),
            random.randrange(100, 9000) / 100,
        )
        for _ in range(count)
    )
    return Table("Sales", ("Seller", "Region", "Pieces", "Price"), rows, level)


def _amounts(table: Table) -> list[float]:
    return [round(float(row[2] or 0) * float(row[3] or 0), 2) for row in table.rows]


def _with_cell(table: Table, row: int, column: int, value: Value) -> Table:
    rows = [list(cells) for cells in table.rows]
    rows[row][column] = value
    return Table(table.sheet, table.header, tuple(map(tuple, rows)), table.level)


def total_cell(random: Random, level: int) -> Task:
    """Add up a column into one cell; untidy: a cell says n/a."""
    table = _sales(random, level)
    if level == 3:
        table = _with_cell(table, 4, 2, "n/a")
    total = sum(row[2] for row in table.rows if isinstance(row[2], int))
    query = (
        "Add up the pieces (column C) of all sellers on the sheet Sales and put the total into G2."
    )
    if level == 3:
        query += " Cells without a number count as zero."
    return table.task("total-cell", query, {"Sales": {"G2": total}})


def computed_column(random: Random, level: int) -> Task:
    """Fill a new column with a product; untidy: one row is empty."""
    table = _sales(random, level)
    query = (
        f"On the sheet Sales put the word Amount into E{table.first - 1}, and below it in each "
        "row the pieces (column C) times the price (column D), rounded to two decimals."
    )
    values: list[Value] = list(_amounts(table))
    if level == 3:
        table = Table(table.sheet, table.header, (*table.rows[:4], (), *table.rows[4:]), level)
        values.insert(4, None)
        query += " Leave column E of empty rows empty."
    expected = table.filled("E", values)
    expected["Sales"][f"E{table.first - 1}"] = "Amount"
    return table.task("computed-column", query, expected)


def lookup(random: Random, level: int) -> Task:
    """Fetch prices from another sheet; untidy: one code is in lower case with a blank."""
    prices = {f"P{100 + n}": random.randrange(300, 9900) / 100 for n in range(6)}
    codes: list[str] = [random.choice(list(prices)) for _ in range(8)]
    shown: list[str] = list(codes)
    if level == 3:
        shown[3] = f"{codes[3].lower()} "
    rows = tuple((f"O{n}", code, random.randrange(1, 9)) for n, code in enumerate(shown, 1))
    table = Table("Orders", ("Order", "Code", "Pieces"), rows, level)
    query = (
        f"On the sheet Orders put the word Price into D{table.first - 1}, and below it for each "
        "order the price of its code (column B). The prices stand on the sheet Prices, code in "
        "column A, price in column B."
    )
    if level == 3:
        query += " Upper and lower case and blanks around a code do not matter."
    expected = table.filled("D", [prices[code] for code in codes])
    expected["Orders"][f"D{table.first - 1}"] = "Price"
    task = table.task("lookup", query, expected)
    listed: list[Row] = [("Code", "Price"), *prices.items()]
    return Task(task.name, task.query, {**task.sheets, "Prices": listed}, task.active, expected)


def delete_rows(random: Random, level: int) -> Task:
    """Delete rows by a condition, some of them neighbours; untidy: case and blanks differ."""
    states = ["open", "cancelled", "cancelled", "paid", "open", "cancelled", "paid", "cancelled"]
    random.shuffle(states)
    shown: list[str] = list(states)
    if level == 3:
        shown[states.index("cancelled")] = "Cancelled "
    rows = tuple((f"O{n}", random.randrange(10, 900), s) for n, s in enumerate(shown, 1))
    table = Table("Orders", ("Order", "Amount", "State"), rows, level)
    query = (
        "Delete all rows of the sheet Orders whose state (column C) is cancelled. Leave no gaps."
    )
    if level == 3:
        query += " The state may be written with capitals or blanks around it."
    kept = [row for row, state in zip(rows, states, strict=True) if state != "cancelled"]
    padded = [*kept, *[(None, None, None)] * (len(rows) - len(kept))]
    cells: dict[str, Value] = {}
    for n, row in enumerate(padded):
        cells |= {f"{letter}{table.first + n}": v for letter, v in zip("ABC", row, strict=True)}
    return table.task("delete-rows", query, {"Orders": cells})


def real_dates(random: Random, level: int) -> Task:
    """Turn texts into dates; untidy: day first, with dots."""
    days = [date(2024, random.randrange(1, 13), random.randrange(1, 29)) for _ in range(7)]
    style = "%d.%m.%Y" if level == 3 else "%Y-%m-%d"
    rows = tuple((random.choice(PEOPLE), day.strftime(style)) for day in days)
    table = Table("Visits", ("Guest", "Day"), rows, level)
    query = (
        "Column B of the sheet Visits holds days as text. Turn them into real dates, in place, "
        "so that Excel can sort and subtract them, shown as yyyy-mm-dd."
    )
    if level == 3:
        query += " The texts have the day first: 03.11.2024 is the third of November."
    return table.task("real-dates", query, table.filled("B", [f"date:{day}" for day in days]))


def labels(random: Random, level: int) -> Task:
    """Write a label by thresholds; untidy: a missing score gets another label."""
    scores: list[Value] = [random.randrange(20, 100) for _ in range(9)]
    scores[1], scores[2] = 80, 50
    if level == 3:
        scores[5] = None
    rows = tuple(zip(PEOPLE, scores, strict=False))
    table = Table("Scores", ("Name", "Score"), rows, level)
    query = (
        f"On the sheet Scores put the word Grade into C{table.first - 1}, and below it in each "
        "row a label: good where the score (column B) is 80 or more, fair for 50 or "
        "more, poor below."
    )
    if level == 3:
        query += " Who has no score gets the grade missing."
    expected = table.filled("C", [_grade(score) for score in scores])
    expected["Scores"][f"C{table.first - 1}"] = "Grade"
    return table.task("labels", query, expected)


def _grade(score: Value) -> str:
    if not isinstance(score, int):
        return "missing"
    if score >= 80:
        return "good"
    return "fair" if score >= 50 else "poor"


def group_sums(random: Random, level: int) -> Task:
    """Sum by region on a new sheet; untidy: region names with blanks around them."""
    table = _sales(random, level, 11)
    sums = dict.fromkeys(sorted({str(row[1]) for row in table.rows}), 0)
    for row in table.rows:
        sums[str(row[1])] += int(row[2] or 0)
    query = (
        "Make a sheet Summary with the header Region in A1 and Pieces in B1, and below it one row "
        "for each region (column B) of the sheet Sales, in alphabetical order, with the sum of its "
        "pieces (column C)."
    )
    if level == 3:
        table = _with_cell(table, 2, 1, f" {table.rows[2][1]} ")
        query += " Blanks around the name of a region do not matter."
    cells: dict[str, Value] = {"A1": "Region", "B1": "Pieces", f"A{len(sums) + 2}": None}
    for n, (region, pieces) in enumerate(sums.items(), 2):
        cells |= {f"A{n}": region, f"B{n}": pieces}
    return table.task("group-sums", query, {"Summary": cells})


def text_numbers(random: Random, level: int) -> Task:
    """Turn texts into numbers; untidy: a currency sign and brackets for negative amounts."""
    amounts = [random.randrange(1000, 900000) for _ in range(7)]
    texts = [f"{amount:,}" for amount in amounts]
    if level == 3:
        texts = [f"{amount:,} EUR" for amount in amounts]
        texts[2], amounts[2] = f"({amounts[2]:,}) EUR", -amounts[2]
    rows = tuple((f"K{n}", text) for n, text in enumerate(texts, 1))
    table = Table("Accounts", ("Account", "Balance"), rows, level)
    query = (
        "The balances in column B of the sheet Accounts are texts such as 12,345 with a comma "
        "between the thousands. Turn them into real numbers, in place."
    )
    if level == 3:
        query += " Brackets mean a negative amount, and the currency has to go."
    return table.task("text-numbers", query, table.filled("B", amounts))


def totals_row(random: Random, level: int) -> Task:
    """Append a row of sums; untidy: a remark stands further below."""
    table = _sales(random, level, 8)
    last = table.first + len(table.rows)
    pieces = sum(int(row[2] or 0) for row in table.rows)
    price = round(sum(float(row[3] or 0) for row in table.rows), 2)
    query = (
        "Directly below the last seller on the sheet Sales add a row with the word Total in "
        "column A, the sum of the pieces in column C and the sum of the prices in column D."
    )
    expected: dict[str, Value] = {f"A{last}": "Total", f"C{last}": pieces, f"D{last}": price}
    if level == 3:
        remark = f"A{last + 3}"
        remarked = (*table.rows, (), (), (), ("checked by the office",))
        table = Table(table.sheet, table.header, remarked, level)
        expected[remark] = "checked by the office"
        query += " The remark further below stays where it is."
    return table.task("totals-row", query, {"Sales": expected})


def raise_prices(random: Random, level: int) -> Task:
    """Change a column in place; untidy: some prices are texts."""
    table = _sales(random, level)
    prices = [float(row[3] or 0) for row in table.rows]
    query = (
        "Raise every price in column D of the sheet Sales by ten per cent, in place, rounded to "
        "two decimals."
    )
    if level == 3:
        for row in (1, 4):
            table = _with_cell(table, row, 3, f"{prices[row]:.2f}")
        query += " Some prices are stored as text: store all of them as numbers."
    return table.task("raise-prices", query, table.filled("D", [round(p * 1.1, 2) for p in prices]))


KINDS: tuple[Callable[[Random, int], Task], ...] = (
    total_cell,
    computed_column,
    lookup,
    delete_rows,
    real_dates,
    labels,
    group_sums,
    text_numbers,
    totals_row,
    raise_prices,
)


def all_tasks() -> list[Task]:
    """Every kind on every level."""
    return [kind(Random(f"{kind.__name__} {level}"), level) for kind in KINDS for level in LEVELS]


def workbook(task: Task) -> Workbook:
    """The input of a task."""
    book = Workbook()
    book.remove(book.active)
    for title, rows in task.sheets.items():
        sheet = book.create_sheet(title)
        for number, row in enumerate(rows, 1):
            for column, value in enumerate(row, 1):
                sheet.cell(row=number, column=column).value = value
    book.active = list(task.sheets).index(task.active)
    book.properties.created = book.properties.modified = datetime(2024, 1, 1)  # noqa: DTZ001 - the file format has no time zones
    return book


def main() -> None:
    """Write all tasks into the folder that the command line names."""
    folder = Path(sys.argv[1])
    for task in all_tasks():
        place = folder / task.name
        place.mkdir(parents=True, exist_ok=True)
        workbook(task).save(place / "input.xlsx")
        (place / "task.json").write_text(json.dumps(asdict(task), indent=1) + "\n")


if __name__ == "__main__":
    main()
