"""When two cell values are the same: SpreadsheetBench's rules, reproduced verdict for verdict."""

from __future__ import annotations

from datetime import datetime, time

_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - workbooks know no time zone
_SECONDS_OF_A_DAY = 86400.0


def same(gold: object, found: object) -> bool:
    """Would the official scorer let `found` pass for `gold`? OverflowError where it breaks.

    Numbers count to two decimals, and so does text that reads as a number; TRUE is 1; times lose
    their seconds; a date is its whole day's number, rounded; empty text is no value. Everything
    else must be of one type and equal: case and blanks count.
    """
    one, other = _reduced(gold), _reduced(found)
    if _is_nothing(one) and _is_nothing(other):
        return True
    return type(one) is type(other) and one == other


def as_number(text: str) -> float | None:
    """The number that a text counts as, `1e3`, ` 12 ` and `1_000` too; `1,234` and `50%` do not."""
    try:
        return float(text)
    except ValueError:
        return None


def serial(moment: datetime) -> float:
    """The number that a workbook stores for a moment, in days."""
    passed = moment - _DAY_ZERO
    return passed.days + passed.seconds / _SECONDS_OF_A_DAY


def _reduced(value: object) -> object:
    match value:
        case int() | float():
            return round(float(value), 2)
        case time():
            # Three characters go, whatever they are: `:45`, or the last digits of a fraction.
            return str(value)[:-3]
        case datetime():
            return round(serial(value), 0)
        case str():
            number = as_number(value)
            return value if number is None else round(number, 2)
        case _:
            return value


def _is_nothing(value: object) -> bool:
    return value is None or value == ""
