"""Traces against labels that were set by hand: each (step, kind, file, lines) and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skillgit.config import Collect
from skillgit.names import Digest, Oid, SkillPath
from skillgit.stages.collect import collect
from skillgit.trajectories.documents import SourceFile
from skillgit.types import Outcome, Result, Skill, Step, ToolCall, Trajectory
from skillgit.usage import Having, Reader, Traces

SHARED = Path(__file__).parents[2] / "../shared/data/trajectories/spreadsheet"
Label = tuple[int, str, str, str]


def skill(files: dict[str, str], root: str = "skills/ledger") -> Skill:
    data = {SkillPath(path): text.encode() for path, text in files.items()}
    return Skill(root, Oid("0" * 40), data)


def labels(found: Traces) -> list[Label]:
    return sorted(
        (one.step, str(one.kind), str(one.path), str(one.lines or "")) for one in found.hits
    )


def call(name: str, **arguments: object) -> ToolCall:
    return ToolCall(name, json.dumps(arguments))


LEDGER = skill(
    {
        "SKILL.md": """---
name: ledger
description: Answer questions about sales in a CSV file.
---

# Ledger

- Read the file with `csv.DictReader(handle)`; every cell is text.
- Write only the answer into the file that the task names.
- Count the rows before and after each step, and compare both numbers.

## Dates

Days are written as day.month.year.
Turn them round before you compare any of them.

```python
from datetime import datetime
day = datetime.strptime(text, "%d.%m.%Y").date()
```

## Money

Add amounts with `Decimal(row["amount"])`, never with floats.
For other currencies see [rates](references/rates.md).

## Charts

Run `python scripts/chart.py <file>` for a chart; [more](references/charts.md).
""",
        "references/rates.md": """# Rates

One euro is 1.08 dollars on every day of the ledger.
Round half up to two digits at the very end.

## Old rates

Before 2020 the ledger was kept in francs.
""",
        "references/charts.md": "# Charts\n\nBars for counts.\nLines for days.\n",
        "scripts/chart.py": "import sys\nprint(sys.argv)\n",
        "scripts/check.sh": "wc -l answer.txt\n",
    }
)

STEPS = (
    Step(1, "system", "A skill is installed. Its further files lie in /skills/ledger/."),
    Step(
        2,
        "user",
        "What were the sales of March? Write only the answer into the file that the task names:"
        " answer.txt.",
    ),
    # The words of the task are no quotation of the skill, though the skill has them, too.
    Step(
        3,
        "agent",
        "I write only the answer into the file that the task names.",
        calls=(call("bash", command="ls /skills/ledger/references && echo references/rates.md"),),
        observation="charts.md\nrates.md\nreferences/rates.md",
    ),
    # Half of the file is read: its lines 1 to 4.
    Step(
        4,
        "agent",
        reasoning='The "Dates" section says: turn them round before you compare any of them.',
        calls=(call("bash", command="cd /skills/ledger; sed -n '1,4p' references/rates.md"),),
        observation="# Rates\n\nOne euro is 1.08 dollars on every day of the ledger.\n"
        "Round half up to two digits at the very end.\n",
    ),
    # A file that is not there, and one of the same name somewhere else.
    Step(
        5,
        "agent",
        calls=(
            call("bash", command="cat /skills/ledger/references/charts.md /work/ledger/SKILL.md"),
        ),
        observation="cat: /skills/ledger/references/charts.md: Permission denied\n"
        "cat: /work/ledger/SKILL.md: No such file or directory",
    ),
    # Code of the skill with other blanks and other quotation marks; import lines do not count.
    Step(
        6,
        "agent",
        calls=(
            call(
                "python",
                code="from datetime import datetime\n"
                "day = datetime.strptime( text, '%d.%m.%Y' ).date()\n"
                "with open('answer.txt', 'w') as file:\n    file.write(str(day))\n",
            ),
        ),
        observation="(no output, exit status 0)",
    ),
    # A program reads a file by a name that it puts together, and a shell feeds a script.
    Step(
        7,
        "agent",
        "The rates are in references/rates.md, as I saw.",
        calls=(
            call(
                "python",
                code="from pathlib import Path\nHOME = Path('/skills') / 'ledger'\n"
                "print((HOME / 'references/rates.md').read_text()[-48:])",
            ),
            call("bash", command="S=/skills/ledger/scripts\nbash $S/check.sh < answer.txt"),
        ),
        observation="Before 2020 the ledger was kept in francs.\n3 answer.txt",
    ),
    # Writing to a file is not opening it, and naming it in a comment is nothing.
    Step(
        8,
        "agent",
        calls=(
            call("bash", command="echo 'x' > /skills/ledger/scripts/chart.py # cat SKILL.md"),
            call("write_file", path="/skills/ledger/references/charts.md", content="x"),
        ),
        observation="read-only",
    ),
    Step(9, "agent", "DONE"),
)
LABELS: list[Label] = [
    (4, "named", "SKILL.md", "12"),
    (4, "opened", "references/rates.md", ""),
    (4, "quoted", "SKILL.md", "15"),
    (4, "shown", "references/rates.md", "1-4"),
    (6, "followed", "SKILL.md", "19"),
    (7, "named", "references/rates.md", ""),
    (7, "opened", "references/rates.md", ""),
    (7, "ran", "scripts/check.sh", ""),
    (7, "shown", "references/rates.md", "8"),
]


def trajectory(steps: tuple[Step, ...], result: Result = Result.PASS) -> Trajectory:
    return Trajectory(Digest(f"sha256:{'1' * 64}"), "march", steps, Outcome(result), "run.json")


def test_a_trajectory_of_our_own_has_the_traces_that_a_person_found() -> None:
    found = Reader(LEDGER).traces(trajectory(STEPS))

    assert labels(found) == LABELS
    assert found.having is Having.SOME


def test_each_trace_shows_the_words_that_are_its_evidence() -> None:
    found = Reader(LEDGER).traces(trajectory(STEPS))

    words = {(one.step, str(one.kind)): one.words for one in found.hits}
    assert words[4, "quoted"] == "turn them round before you compare any of them"
    assert words[4, "opened"] == "sed -n 1,4p references/rates.md"
    assert words[4, "shown"] == "# Rates"
    assert words[7, "ran"] == "bash /skills/ledger/scripts/check.sh"
    assert words[4, "named"] == '"Dates" section'


# ------------------------------------------------------------------ a run of somebody else

SHEETS = skill(
    {
        "SKILL.md": """---
name: sheets
description: Change workbooks with Python.
---

# Sheets

- Read the instruction, spreadsheet content preview, instruction type, and answer position \
carefully before writing any code.
- Always save your result to the exact output_path given, creating any missing parent directories \
first.
- If code execution returns an error, read the traceback carefully and fix the code — do not \
repeat a failing approach unchanged.

## Opening

Open with `load_workbook(path, data_only=False)` and look at `ws.max_row`.

## Merged cells

Look at `ws.merged_cells.ranges` first.

## Saving

```python
output_path.parent.mkdir(parents=True, exist_ok=True)
wb.save(output_path)
```

## Charts

```python
ws.add_chart(chart, "E5")
```
""",
        "references/dates.md": "# Dates\n\nExcel counts days from 1900.\n",
    },
    "skills/sheets",
)
SHEETS_LABELS: list[Label] = [
    (3, "followed", "SKILL.md", "14"),  # load_workbook(path, data_only=False)
    (3, "followed", "SKILL.md", "14"),  # ws.max_row
    (3, "followed", "SKILL.md", "23"),
    (3, "followed", "SKILL.md", "24"),
    (5, "followed", "SKILL.md", "23"),
    (5, "followed", "SKILL.md", "24"),
]


def test_a_real_run_has_the_traces_that_a_person_found() -> None:
    path = SHARED / "full__10281__seed__t0.json"
    if not path.exists():
        pytest.skip("the shared trajectories are not here")
    pool = collect([SourceFile(path.name, path.read_bytes())], Collect())
    (one,) = (*pool.passed, *pool.failed, *pool.unknown)

    found = Reader(SHEETS).traces(one)

    assert labels(found) == SHEETS_LABELS
    assert found.having is Having.SOME  # its system message holds three lines of this skill
    assert Reader(LEDGER).traces(one).having is Having.NONE
    assert Reader(LEDGER).traces(one).hits == ()
