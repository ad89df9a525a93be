"""Make a family of short office tasks whose answers must keep to conventions nobody states.

    PYTHONPATH=tests python -m experiments.ledger_tasks FOLDER [--tasks 72]

writes two task sets, `FOLDER/train` and `FOLDER/test`, half of the tasks each: a `tasks.toml` and
the ledgers beside it, a small CSV file for each case, two cases for each task. Six kinds of
question; the answer is one line in answer.txt. An office has its ways of writing an amount, a date,
a share, a name and a list, which an agent cannot know but can learn from what graders refused. One
kind (a count) has no convention. Nothing is random: the same call always makes the same tasks.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

FIRST = ("Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gina", "Hugo", "Iris", "Jon", "Kim", "Leo")
LAST = ("Berg", "Costa", "Dahl", "Egger", "Fuchs", "Gomez", "Hale", "Ito", "Jansen", "Klein")
REGIONS = ("North", "South", "East", "West")
ITEMS = ("Lamp", "Desk", "Chair", "Shelf", "Clock", "Rug")
HALVES = ("train", "test")
HEADER = ("day", "seller", "region", "item", "pieces", "price")


@dataclass(frozen=True, slots=True)
class Sale:
    """One row of a ledger; `price` is in cents, for the whole row."""

    day: date
    seller: str
    region: str
    item: str
    pieces: int
    price: int

    def cells(self) -> tuple[str, ...]:
        """The row as it stands in the file: days as in Germany, prices without the last zeros."""
        shown = f"{self.day.day}.{self.day.month}.{self.day.year}"
        price = f"{self.price / 100:.2f}".rstrip("0").rstrip(".")
        return (shown, self.seller, self.region, self.item, str(self.pieces), price)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a question is about."""

    region: str
    item: str


def amount(sales: list[Sale], choice: Choice) -> str:
    """Two decimals and the currency after the number."""
    cents = sum(sale.price for sale in sales if sale.region == choice.region)
    return f"{cents / 100:.2f} EUR"


def day(sales: list[Sale], choice: Choice) -> str:
    """The day as ISO 8601 writes it."""
    mine = [sale for sale in sales if sale.region == choice.region]
    return max(mine, key=lambda sale: sale.price).day.isoformat()


def share(sales: list[Sale], choice: Choice) -> str:
    """One decimal, a blank, a percent sign."""
    mine = sum(sale.pieces for sale in sales if sale.item == choice.item)
    return f"{100 * mine / sum(sale.pieces for sale in sales):.1f} %"


def person(sales: list[Sale], choice: Choice) -> str:
    """The family name first, in capitals."""
    mine = [sale for sale in sales if sale.region == choice.region]
    first, last = max(mine, key=lambda sale: sale.price).seller.split()
    return f"{last.upper()}, {first}"


def items(sales: list[Sale], choice: Choice) -> str:
    """Every item once, in the order of the alphabet, with semicolons between them."""
    return "; ".join(sorted({sale.item for sale in sales if sale.region == choice.region}))


def count(sales: list[Sale], choice: Choice) -> str:
    """A plain number: here is no convention to learn."""
    return str(sum(sale.item == choice.item for sale in sales))


KINDS: dict[str, tuple[Callable[[list[Sale], Choice], str], str]] = {
    "amount": (amount, "What do the rows of the region {region} add up to, in EUR (column price)?"),
    "day": (day, "On which day was the row with the highest price of the region {region}?"),
    "share": (share, "What share of all pieces, in percent, are pieces of the item {item}?"),
    "person": (person, "Who is the seller of the row with the highest price of {region}?"),
    "items": (items, "Which items were sold in the region {region}?"),
    "count": (count, "How many rows have the item {item}?"),
}


def ledger(random: Random) -> list[Sale]:
    """Ten to fourteen rows with different prices, every region and item at least once."""
    prices = random.sample(range(500, 90_000, 10), 14)
    start = date(2024, 1, 1)
    rows = [
        Sale(
            start + timedelta(days=random.randrange(360)),
            f"{random.choice(FIRST)} {random.choice(LAST)}",
            REGIONS[n] if n < len(REGIONS) else random.choice(REGIONS),
            ITEMS[n] if n < len(ITEMS) else random.choice(ITEMS),
            random.randrange(1, 40),
            prices[n],
        )
        for n in range(random.randrange(10, 15))
    ]
    random.shuffle(rows)
    return rows


def as_csv(sales: list[Sale]) -> str:
    """The ledger as the agent finds it."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([HEADER, *(sale.cells() for sale in sales)])
    return text.getvalue()


def write(folder: Path, wanted: int) -> None:
    """All tasks; of each kind every other one goes into the set to measure on."""
    lines = {half: ['schema = "skillgit.tasks/1"', 'domain = "text"'] for half in HALVES}
    for number in range(wanted):
        kind, turn = list(KINDS)[number % len(KINDS)], number // len(KINDS)
        half = HALVES[turn % 2]
        lines[half] += _task(folder / half, kind, turn)
    for half, told in lines.items():
        (folder / half / "tasks.toml").write_text("\n".join(told) + "\n", encoding="utf-8")


def _task(folder: Path, kind: str, turn: int) -> list[str]:
    """Write the ledgers of one task; its lines of the manifest."""
    answer, question = KINDS[kind]
    random = Random(f"{kind} {turn}")
    choice = Choice(random.choice(REGIONS), random.choice(ITEMS))
    query = (
        f"The file ledger.csv has the columns {', '.join(HEADER)}. "
        f"{question.format(region=choice.region, item=choice.item)} "
        "Write the answer, and nothing else, into answer.txt."
    )
    name = f"{kind}-{turn:02}"
    lines = ["", "[[task]]"]
    lines += [
        f"{key} = {json.dumps(value)}"
        for key, value in (("id", name), ("group", kind), ("query", query))
    ]
    for case in (1, 2):
        sales = ledger(random)
        path = Path(name, f"case-{case}", "ledger.csv")
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(as_csv(sales), encoding="utf-8")
        lines += ["[[task.case]]"] * (case > 1)
        lines += [f"inputs = [{json.dumps(path.as_posix())}]"]
        lines += [f"expected = {json.dumps(answer(sales, choice))}"]
    return lines


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tasks", type=int, default=72)
    options = parser.parse_args()
    write(options.folder, options.tasks)


if __name__ == "__main__":
    main()
