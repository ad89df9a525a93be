"""What may be said of a difference: kinds and shapes, never the value that is expected."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from skillgit.domains.spreadsheet.cells import as_number

_ERRORS = frozenset(
    [
        "#N/A",
        "#DIV/0!",
        "#VALUE!",
        "#REF!",
        "#NAME?",
        "#NUM!",
        "#NULL!",
        "#SPILL!",
        "#CALC!",
        "#FIELD!",
        "#GETTING_DATA",
    ]
)
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DATE = re.compile(
    rf"(?i)\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{1,4}}|\d{{1,2}}[ -](?:{_MONTHS})[a-z]*[ -]\d{{2,4}}"
    rf"|(?:{_MONTHS})[a-z]* \d{{1,2}},? \d{{2,4}}"
)
_MOST_FOUND = 40
_MOST_SHOWN = 200

# Of these kinds there are so many values that naming the kind tells none of them. That a cell must
# be empty, be TRUE, or hold an error value would tell (nearly) all.
_TOLD = frozenset({"a number", "text", "a date", "a time", "a duration"})


def hint(expected: object, found: object, *, formula: bool = False) -> str:
    """How `found` misses, in kinds and shapes. `formula`: an empty cell that holds a formula."""
    wanted, kind = _kind(expected), _kind(found)
    if wanted not in _TOLD:
        return f"{_seen(found, formula=formula)}, where something else is expected"
    if wanted == kind:
        return f"{kind}, but another one"
    return f"{_seen(found, formula=formula)}, where {wanted} is expected"


def shown(value: object) -> str:
    """A cell value for people."""
    text = "(empty)" if value is None else repr(value)
    if isinstance(value, date | time | timedelta):
        text = str(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def _kind(value: object) -> str:  # noqa: PLR0911 - one line for each kind
    match value:
        case None | "":
            return "empty"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case datetime() | date():
            return "a date"
        case time():
            return "a time"
        case timedelta():
            return "a duration"
        case str() if value in _ERRORS:
            return "an error value"
        case str() if as_number(value) is not None:
            return "a number"
        case _:
            return "text"


def _seen(found: object, *, formula: bool) -> str:
    kind = _kind(found)
    if kind == "empty":
        return "a formula without a stored value" if formula else "empty"
    if kind == "an error value":
        return f"the error value {found}"
    if kind == "text" and isinstance(found, str):
        short = found if len(found) <= _MOST_FOUND else f"{found[:_MOST_FOUND]}…"
        dated = _DATE.fullmatch(found.strip())
        return f"a date as text {short!r}" if dated else f"text {short!r}"
    return kind
