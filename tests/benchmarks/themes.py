"""The lessons that simulated runs teach: fourteen themes, each worded in several ways.

A theme is told by its `key`, a name that stands in each of its wordings and in the code of the
runs that teach it, and in nothing else. So whoever reads a lesson knows its theme without being
told: the simulated merge operator, and the check that no lesson was corrupted.

The wordings of a theme are paraphrases, most with a remark when they hold and why: too different
for the program to join. Each is spelled in a few ways that the program does join. There are some
2,500 wordings that are no spelling of each other, so the more runs, the more merges.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple


class Wording(NamedTuple):
    """A lesson as an analyst words it."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Theme:
    """What is to be learnt, in several words; `code` is what a run that teaches it does."""

    key: str
    code: str
    paraphrases: tuple[Wording, ...]

    def wording(self, draw: random.Random) -> Wording:
        """One of the many ways to say it."""
        title, text = draw.choice(self.paraphrases)
        return Wording(title, draw.choice(spellings(draw.choice(long_forms(text)))))


@cache
def long_forms(text: str) -> tuple[str, ...]:
    """The words alone, and with when they hold and what happens otherwise: each another edit."""
    return (text, *(f"{text} {when} {why}" for when in _WHEN for why in _OTHERWISE))


def spellings(text: str) -> tuple[str, ...]:
    """The same words for the program: as they are, in other case, with a word more."""
    plain = text.rstrip(".")
    return (text, f"{plain}!", f"Remember: {text}", f"{plain}, every time.")


_WHEN = tuple(
    f"This matters for every workbook {rest}."
    for rest in (
        "with formulas that point to other places",
        "that somebody keeps by hand and prints",
        "whose tables do not begin at the top",
        "with several thousand lines of orders",
        "that was exported by another program",
        "in which months stand side by side",
        "that has notes between its numbers",
        "with more than one currency in it",
        "that goes on to a colleague at once",
        "whose first lines are only decoration",
    )
)
_OTHERWISE = tuple(
    f"Otherwise the result looks right and {rest}."
    for rest in (
        "breaks as soon as someone sorts it",
        "is short of the lines at its very end",
        "holds text in the place of numbers",
        "cannot be opened by an older program",
        "differs from what the request asked",
        "hides what went wrong on the way there",
        "loses what people had added by hand",
        "adds up to a little more than before",
    )
)
THEMES = (
    Theme(
        "data_only",
        "values = load_workbook(path, data_only=True)\nbook = load_workbook(path)",
        (
            Wording(
                "Load the workbook twice when formulas matter",
                "Open the workbook once with `data_only=True` to read what formulas gave, and "
                "once without it to write, so that no formula turns into a bare value.",
            ),
            Wording(
                "Never write the workbook that was read for its values",
                "Open one workbook with `data_only=True` and read from it what its formulas "
                "gave; write to another that was loaded without it, else each formula is "
                "lost.",
            ),
            Wording(
                "Use two workbooks where formulas must stay",
                "When formulas matter, `load_workbook` is called twice: a workbook with "
                "`data_only=True` is only read, and the one loaded without it takes what you "
                "write.",
            ),
        ),
    ),
    Theme(
        "delete_rows",
        "for index in sorted(doomed, reverse=True):\n    sheet.delete_rows(index)",
        (
            Wording(
                "Delete rows from the bottom up",
                "Collect the row numbers first and call `delete_rows` in descending order; "
                "each call moves the rows below it up and makes later numbers wrong.",
            ),
            Wording(
                "Sort row numbers downwards before you delete rows",
                "Since each `delete_rows` moves the rows below, collect all row numbers and "
                "go through them `sorted` with `reverse`, from the bottom.",
            ),
            Wording(
                "Delete many rows without skipping any",
                "A forward loop that calls `delete_rows` skips rows, as those below move up: "
                "take the row numbers from the bottom of the sheet, the last one first.",
            ),
        ),
    ),
    Theme(
        "number_format",
        "cell.number_format = source.number_format\ncell.value = amount",
        (
            Wording(
                "Carry the number format along with the value",
                "When you write a computed amount, set `number_format` to that of a "
                "neighbouring cell, else a percentage or a date shows as a plain number.",
            ),
            Wording(
                "Set the format of a cell along with its value",
                "A computed value shows as a plain number, whatever it means: set "
                "`number_format` from a neighbouring cell for each amount, percentage or "
                "date.",
            ),
        ),
    ),
    Theme(
        "merged_cells",
        "for area in list(sheet.merged_cells.ranges):\n    sheet.unmerge_cells(str(area))",
        (
            Wording(
                "Look for merged areas before you write",
                "Read `merged_cells.ranges` before writing into a table; only the upper left "
                "cell of such an area takes a value and the others are read-only.",
            ),
            Wording(
                "Write to the upper left cell of a merged area",
                "Only one cell of an area in `merged_cells` takes a value: before writing "
                "look whether the table has such areas, and use the upper left one.",
            ),
            Wording(
                "Unmerge areas before writing a table",
                "A cell inside an area of `merged_cells` is read-only unless it is the upper "
                "left one; call `unmerge_cells` before writing into such a table.",
            ),
        ),
    ),
    Theme(
        "values_only",
        "rows = list(sheet.iter_rows(min_row=2, values_only=True))",
        (
            Wording(
                "Read tables with values_only",
                "Read a table by `iter_rows` with `values_only=True`: tuples of plain values "
                "are faster to handle than cells and compare as you expect.",
            ),
            Wording(
                "Ask for plain values when you compare tables",
                "To compare or to read many cells, ask `iter_rows` for `values_only=True`; "
                "plain tuples of values are equal where cells of two tables never are.",
            ),
        ),
    ),
    Theme(
        "to_datetime",
        'frame["when"] = pandas.to_datetime(frame["when"], errors="coerce")',
        (
            Wording(
                "Parse dates once and count what fails",
                "Convert a date column with `to_datetime` and errors set to coerce, then "
                "count the missing results before you filter by date.",
            ),
            Wording(
                "Do not filter dates as text",
                "A date column of text filters wrongly: convert it once with `to_datetime`, "
                "let it coerce errors, and count the missing dates before anything else.",
            ),
            Wording(
                "Check which dates fail before you filter",
                "Let `to_datetime` coerce errors when you convert a column, and count how "
                "many dates it fails to parse; a missing date must not be filtered away.",
            ),
        ),
    ),
    Theme(
        "dropna",
        'frame = frame.dropna(subset=["amount"])\nprint(len(frame))',
        (
            Wording(
                "Drop empty rows by the column that counts",
                "Call `dropna` with `subset` for the column you compute with, and print how "
                "many rows went; a bare call throws away rows with any empty cell.",
            ),
            Wording(
                "Say which column must not be empty",
                "Name the column that you compute with in `subset` of `dropna`: without it "
                "rows are gone for any empty cell, so print how many rows you drop.",
            ),
        ),
    ),
    Theme(
        "conditional_formatting",
        "rules = sheet.conditional_formatting\nprint(len(rules))",
        (
            Wording(
                "Keep the rules that colour cells",
                "Colours may come from `conditional_formatting` and not from the cells; keep "
                "these rules when you copy a sheet and extend their range to new rows.",
            ),
            Wording(
                "Extend colour rules to new rows",
                "After adding new rows, look at `conditional_formatting` of the sheet: rules "
                "whose range ends above the new rows leave their cells without colours.",
            ),
        ),
    ),
    Theme(
        "column_dimensions",
        "sheet.column_dimensions[letter].width = longest + 2",
        (
            Wording(
                "Widen columns that hold new text",
                "Set `column_dimensions` to the longest new value plus two; a number that "
                "does not fit its column is shown as a row of hash marks.",
            ),
            Wording(
                "Set the width of each new column",
                "A new value that does not fit is shown as hash marks, so set the width in "
                "`column_dimensions` to the longest value of the column plus two.",
            ),
        ),
    ),
    Theme(
        "freeze_panes",
        'sheet.freeze_panes = "A2"',
        (
            Wording(
                "Freeze the header of long results",
                "A result of more than one screen needs `freeze_panes` below its header, so "
                "that the names of the columns stay in sight while scrolling.",
            ),
            Wording(
                "Keep the header in sight in long results",
                "Whoever is scrolling through a long result loses the names of its columns; "
                "put `freeze_panes` below the header so that they stay in sight.",
            ),
        ),
    ),
    Theme(
        "defined_names",
        "names = list(book.defined_names)\nprint(names)",
        (
            Wording(
                "Resolve named ranges before guessing",
                "List `defined_names` of the workbook when a formula mentions a word that is "
                "no function: it names a range, and the range tells where to look.",
            ),
            Wording(
                "Look up the word that names a range",
                "A word in a formula that is no function names a range of the workbook; look "
                "into `defined_names`, which tells where the range is, before guessing.",
            ),
        ),
    ),
    Theme(
        "sheet_state",
        'visible = [one for one in book if one.sheet_state == "visible"]',
        (
            Wording(
                "Skip hidden sheets unless asked",
                "Filter sheets by `sheet_state` before you search for a table; hidden ones "
                "often hold old copies with the same headers and other numbers.",
            ),
            Wording(
                "Search only the sheets that are not hidden",
                "Unless the request asks for hidden sheets, search the others: `sheet_state` "
                "tells them apart, and old copies of a table have the same headers.",
            ),
        ),
    ),
    Theme(
        "data_validations",
        "choices = sheet.data_validations.dataValidation\nprint(len(choices))",
        (
            Wording(
                "Write only what a drop-down allows",
                "Read `data_validations` of the sheet before filling a column with choices; a "
                "value outside of the list is flagged when the book is opened.",
            ),
            Wording(
                "Fill columns from their drop-down lists",
                "A column with choices takes no other value: read its list in "
                "`data_validations` of the sheet before filling it, else each value is "
                "flagged.",
            ),
        ),
    ),
    Theme(
        "keep_vba",
        "book = openpyxl.load_workbook(path, keep_vba=True)",
        (
            Wording(
                "Keep macros alive when saving",
                "Load a book with macros by `keep_vba=True` and save it under its own ending; "
                "without the option its buttons are still there but do nothing.",
            ),
            Wording(
                "Do not strip macros from a book",
                "Whoever saves a book with macros that was opened without `keep_vba=True` "
                "strips them and its buttons do nothing: load it with the option.",
            ),
        ),
    ),
)
"""The commonest first."""

BY_KEY = {theme.key: theme for theme in THEMES}
_SKEW = 1.1


def frequencies() -> list[float]:
    """How often each theme is taught, in proportion: a few often, many rarely (Zipf)."""
    return [1 / rank**_SKEW for rank in range(1, len(THEMES) + 1)]


def drawn_themes(draw: random.Random, count: int) -> list[Theme]:
    """So many themes, none twice."""
    found: list[Theme] = []
    while len(found) < count:
        (theme,) = draw.choices(THEMES, frequencies())
        if theme not in found:
            found.append(theme)
    return found


def themes_in(text: str) -> list[Theme]:
    """The themes that a text speaks of, the commonest first."""
    return [theme for theme in THEMES if theme.key in text]


def theme_of(text: str) -> str:
    """The key of the theme of one lesson; "" where it has none or more than one."""
    found = themes_in(text)
    return found[0].key if len(found) == 1 else ""


@cache
def pool() -> dict[str, str]:
    """Every text that a lesson of a simulated run can have, with the key of its theme."""
    return {
        spelled: theme.key
        for theme in THEMES
        for _, text in theme.paraphrases
        for form in long_forms(text)
        for spelled in spellings(form)
    }


def titles() -> Sequence[str]:
    """Every title that such a lesson can have."""
    return [title for theme in THEMES for title, _ in theme.paraphrases]
