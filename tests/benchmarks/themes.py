"""The lessons that simulated runs teach: fourteen themes, each worded in several ways.

A theme is told by its `key`, a name that stands in each of its wordings and in the code of the
runs that teach it, and in nothing else. So whoever reads a lesson knows its theme without being
told: the simulated merge operator, and the check that no lesson was corrupted.

The wordings of a theme are paraphrases: too different for the program to join. Each paraphrase is
spelled in a few ways that the program does join.
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

    def wordings(self) -> list[Wording]:
        """All that can be said of it, paraphrase by paraphrase."""
        return [(title, spelled) for title, text in self.paraphrases for spelled in spellings(text)]


def spellings(text: str) -> tuple[str, ...]:
    """The same words for the program: as they are, in other case, with a word more."""
    plain = text.rstrip(".")
    return (text, f"{plain}!", f"Remember: {text}", f"{plain}, every time.")


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
                "Never save a workbook that was read for its values",
                "A book that was loaded with `data_only=True` has lost its formulas: read "
                "numbers from it, but save another copy that was opened without this option.",
            ),
            Wording(
                "Keep formulas by using two handles",
                "Two handles keep formulas alive: one loaded by `load_workbook` with "
                "`data_only=True` only for reading results, the plain one for all changes.",
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
                "Sort row numbers downwards before removing them",
                "Rows shift when one above is gone, so iterate with `sorted` and `reverse` "
                "when you remove several of them by `delete_rows`.",
            ),
            Wording(
                "Remove many rows without skipping any",
                "Never call `delete_rows` inside a loop that walks forward over the sheet; "
                "the row after each removed one is skipped. Walk backwards instead.",
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
                "Copy how a cell is displayed, not only what it holds",
                "A copied value loses its look: copy `number_format` from the source cell as "
                "well, for currencies, percentages and dates above all.",
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
                "Unmerge, write, and merge again",
                "Where a header spans columns, remember the areas of `merged_cells`, call "
                "`unmerge_cells`, change what must change, then restore the same areas.",
            ),
            Wording(
                "Treat spanned headers as one cell",
                "Values of a spanned header stand in its first cell only: resolve the others "
                "through `merged_cells` when you match columns by their names.",
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
                "Ask for values when you only compare",
                "For a comparison of two sheets ask `iter_rows` for `values_only=True` on "
                "both, since cell objects of different sheets are never equal.",
            ),
        ),
    ),
    Theme(
        "to_datetime",
        'frame["when"] = pandas.to_datetime(frame["when"], errors="coerce")',
        (
            Wording(
                "Parse dates once and count what fails",
                "Convert a date column with `to_datetime` and `errors` set to coerce, then "
                "count the missing results before you filter by date.",
            ),
            Wording(
                "Do not compare dates as text",
                "Dates that arrive as text sort wrongly: put the column through `to_datetime` "
                "first and look at the rows which it could not understand.",
            ),
            Wording(
                "Check mixed date spellings early",
                "Columns often mix spellings of a day; `to_datetime` shows it at once when "
                "you coerce errors and print the rows that became empty.",
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
                "Blank trailing lines of a table spoil averages. Remove them through `dropna` "
                "but name the decisive column in `subset`, and compare the counts.",
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
                "Extend colour rules to added lines",
                "After adding lines, look at `conditional_formatting` of the sheet: a rule "
                "whose range ends above the new lines leaves them without any colour.",
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
                "Make results readable without resizing",
                "Readers see hash marks where a column is too narrow, so adjust its width "
                "through `column_dimensions` as the last step before you save.",
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
                "Do not lose a frozen header",
                "When you rebuild a sheet from scratch, set `freeze_panes` to what the old "
                "sheet had; it is gone otherwise and nobody asked for that.",
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
                "Move named ranges along with their tables",
                "A table that grows needs its entry in `defined_names` adjusted, else "
                "formulas that use the name go on summing the old rows only.",
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
                "Check whether a sheet is hidden",
                "Two sheets with equal headers are a warning: look at `sheet_state` and take "
                "the visible one, or say that the request fits both.",
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
                "Copy drop-down lists to new rows",
                "New rows lack the choices of the old ones until you add their cells to the "
                "range in `data_validations`; do it for each list of the sheet.",
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
                "Whoever opens a macro book without `keep_vba=True` and saves it has removed "
                "its macros: pass the option whenever the ending says macros.",
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
        for spelled in spellings(text)
    }


def titles() -> Sequence[str]:
    """Every title that such a lesson can have."""
    return [title for theme in THEMES for title, _ in theme.paraphrases]
