"""Traces against labels that were set by hand: each (step, kind, file, lines) and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from traced import LEDGER, STEPS, skill, trajectory

from skillgit.config import Collect
from skillgit.stages.collect import collect
from skillgit.trajectories.documents import SourceFile
from skillgit.usage import Having, Reader, Traces

SHARED = Path(__file__).parents[2] / "../shared/data/trajectories/spreadsheet"
Label = tuple[int, str, str, str]


def labels(found: Traces) -> list[Label]:
    return sorted(
        (one.step, str(one.kind), str(one.path), str(one.lines or "")) for one in found.hits
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
