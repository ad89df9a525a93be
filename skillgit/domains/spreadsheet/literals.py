"""Expected values as a program would have to spell them, were it to hold the answer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time

from skillgit.domains.spreadsheet.cells import as_number, serial

_SHORTEST = 3


def spellings(values: Iterable[object]) -> frozenset[str]:
    """How values may be written in a program; of three characters and more."""
    return frozenset(
        text for value in values for text in _of_value(value) if len(text) >= _SHORTEST
    )


def _of_value(value: object) -> list[str]:  # noqa: PLR0911 - one line for each kind
    match value:
        case bool() | None:
            return []
        case int() | float():
            return _of_number(float(value))
        case datetime():
            day = _of_day(value)
            clock = [value.strftime("%Y-%m-%d %H:%M")] if value.time() != time() else []
            return [*day, *clock, *_of_number(serial(value))]
        case date():
            return _of_day(value)
        case time():
            return [value.strftime("%H:%M")]
        case str():
            number = as_number(value)
            plain = value.strip()
            # A line break is written as an escape, a quotation mark perhaps.
            return [plain, repr(plain)[1:-1], *(_of_number(number) if number is not None else [])]
        case _:
            return [str(value)]


def _of_number(number: float) -> list[str]:
    number = abs(number)  # the sign stands apart
    if not number < float("inf"):
        return []
    # The scorer takes two decimals, so a program need not hold more.
    rounded = round(number, 2)
    whole = int(rounded)
    if rounded == whole:
        exact = [] if number == whole else [repr(number)]
        return [*exact, str(whole), f"{whole:_}", f"{whole:,}"]
    return [repr(number), repr(rounded)]


def _of_day(day: date) -> list[str]:
    return [
        f"{day.year:04}-{day.month:02}-{day.day:02}",
        f"{day.year}, {day.month}, {day.day}",
        f"{day.year:04}/{day.month:02}/{day.day:02}",
    ]
