"""What a simulated round reads: runs of an agent on spreadsheets, and a skill that they had.

    write_runs(folder, 323)        one chat file for each run, 4 to 12 thousand characters
    write_skill(folder)            the files of a skill of about 10 thousand characters

The n-th run is the same in every folder, however many there are: a round with more runs is the
same round with some added.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.themes import Theme, drawn_themes

SKILL = "skills/xlsx"
_SEED = 20
_PASSED = 0.55
_TWO_THEMES = 0.4
_GOODS = ("bolt", "cable", "drill", "filter", "gasket", "hinge", "lamp", "motor", "pump", "valve")
_TOWNS = ("Bergen", "Lyon", "Porto", "Riga", "Turin", "Varna", "Zagreb")
_WISHES = (
    "add up the amounts of each town and put the totals beside the list",
    "remove the lines that were cancelled and keep everything else as it is",
    "find the five largest orders and list them on a sheet of their own",
    "fill the empty prices from the price list on the other sheet",
    "compare this month with the last one and mark what went down",
)
_FILLERS = (
    "book = load_workbook(path)\nprint(book.sheetnames)",
    "sheet = book.active\nprint(sheet.max_row, sheet.max_column)",
    "header = [cell.value for cell in sheet[1]]\nprint(header)",
    "total = sum(row[3] for row in rows if row[3])\nprint(round(total, 2))",
    "frame = read_excel(path)\nprint(frame.head(20).to_string())",
    "grouped = frame.groupby('town')['amount'].sum()\nprint(grouped)",
)


def write_runs(
    folder: Path, count: int, seed: int = _SEED, first: int = 0, *, brief: bool = False
) -> Path:
    """Write the runs `first` to `first + count - 1`, each into a file of its own.

    Brief ones are as long as the records that the released code of the paper merges.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        text = json.dumps(run(number, seed, brief=brief), ensure_ascii=False)
        (folder / f"run-{number:06}.json").write_text(text, encoding="utf-8")
    return folder


def run(number: int, seed: int = _SEED, *, brief: bool = False) -> dict[str, Any]:
    """One run as chat messages, with its outcome; a brief one shows little but what it teaches."""
    draw = random.Random(f"{seed} {number}")
    themes = drawn_themes(draw, 2 if draw.random() < _TWO_THEMES else 1)
    passed = draw.random() < _PASSED
    size = draw.randint(4000, 11500)
    opening: list[dict[str, Any]] = [{"role": "user", "content": _task(number, draw)}]
    ending = [message for theme in themes for message in _taught(theme, draw)]
    ending.append({"role": "assistant", "content": _farewell(draw, passed=passed)})
    room = 0 if brief else size - _length([*opening, *ending])
    turns = _turns(draw)
    while room > 0:
        turn = next(turns)
        room -= _length(turn)
        opening += turn
    return {"messages": [*opening, *ending], "outcome": "pass" if passed else "fail"}


def _length(messages: list[dict[str, Any]]) -> int:
    return len(json.dumps(messages))


def _task(number: int, draw: random.Random) -> str:
    wish = draw.choice(_WISHES)
    return (
        f"Task {number}: the workbook orders_{number}.xlsx holds the orders of "
        f"{draw.choice(_TOWNS)}. Please {wish}. Save the result as result_{number}.xlsx."
    )


def _turns(draw: random.Random) -> Iterator[list[dict[str, Any]]]:
    while True:
        yield [
            {"role": "assistant", "content": _thought(draw), **_call(draw.choice(_FILLERS))},
            {"role": "tool", "tool_call_id": "c", "content": _printed(draw)},
        ]


def _taught(theme: Theme, draw: random.Random) -> list[dict[str, Any]]:
    return [
        {"role": "assistant", "content": _thought(draw), **_call(theme.code)},
        {"role": "tool", "tool_call_id": "c", "content": _printed(draw, lines=6)},
    ]


def _call(code: str) -> dict[str, Any]:
    function = {"name": "python", "arguments": json.dumps({"code": code})}
    return {"tool_calls": [{"id": "c", "type": "function", "function": function}]}


def _thought(draw: random.Random) -> str:
    first = draw.choice(("Next I look at", "Now I go through", "Let me work on", "I turn to"))
    what = draw.choice(("the table", "the second sheet", "the amounts", "the dates", "the header"))
    return f"{first} {what} of the {draw.choice(_GOODS)} orders."


def _printed(draw: random.Random, lines: int = 0) -> str:
    count = lines or draw.randint(4, 30)
    return "\n".join(
        f"{draw.randint(1000, 9999)}  {draw.choice(_GOODS):8}  {draw.choice(_TOWNS):8}"
        f"  {draw.uniform(1, 900):9.2f}"
        for _ in range(count)
    )


def _farewell(draw: random.Random, *, passed: bool) -> str:
    sure = "I read it back and it is complete." if passed else "I did not look at it again."
    return f"The result is saved with {draw.randint(3, 90)} lines. {sure}"


_HEAD = """---
name: xlsx
description: Work with spreadsheets. Use when a task gives a workbook or asks for one.
---

# Spreadsheets

How to read, change and write workbooks without losing what is in them. See
[the glossary](references/glossary.md) for the words.
"""
_SECTIONS = (
    "Before you start",
    "Reading",
    "Finding the table",
    "Cleaning",
    "Computing",
    "Joining tables",
    "Writing",
    "Looks",
    "Several sheets",
    "Large files",
    "Checking",
    "Telling the result",
)
_RULES = (
    "Name the {one} that the request speaks of before you touch any {other}.",
    "Where a {one} is missing, say so and go on with the next {other}.",
    "Keep the order of every {one} unless the request asks for another {other}.",
    "Print the first and the last {one} after each change of a {other}.",
    "A {one} with blanks at its ends is not equal to one without; trim each {other} first.",
    "Do not trust that a {one} starts in the first row; look for the {other} that names it.",
    "Work on a copy of the {one} while you are still unsure about a {other}.",
    "Write each {one} with the type that its {other} has.",
    "When two readings of the {one} are possible, take the one that every {other} agrees with.",
    "Count how often a {one} occurs before you treat its {other} as unique.",
    "Leave the {one} alone that the request does not mention, even if its {other} looks odd.",
    "A {one} that is computed from a {other} changes with it; read it again after writing.",
)
_NOUNS = ("column", "row", "header", "sheet", "total", "range", "cell", "list", "date", "amount")


def skill_files() -> dict[str, str]:
    """The files of a skill as people write them: sections, lists, code, a reference."""
    draw = random.Random(_SEED)
    parts = [_HEAD]
    for title in _SECTIONS:
        parts.append(f"\n## {title}\n\n")
        for rule in draw.sample(_RULES, 10):
            one, other = draw.sample(_NOUNS, 2)
            parts.append(f"- {rule.format(one=one, other=other)}\n")
        if draw.random() < 0.4:
            parts.append(f"\n```python\n# {title.lower()}\nbook = open_book(path)\n```\n")
    words = "".join(f"- {noun}: what a {noun} of a table is called.\n" for noun in _NOUNS)
    return {"SKILL.md": "".join(parts), "references/glossary.md": f"# Glossary\n\n{words}"}


def write_skill(folder: Path) -> Path:
    """Write the skill into a folder; its name should be xlsx."""
    for name, text in skill_files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
