"""A skill and a run with it, for tests of the traces that skills leave."""

from __future__ import annotations

import json
import random
from dataclasses import replace

from skillgit.names import Digest, Oid, SkillPath
from skillgit.types import Outcome, Result, Skill, Step, ToolCall, Trajectory


def skill(files: dict[str, str], root: str = "skills/ledger") -> Skill:
    data = {SkillPath(path): text.encode() for path, text in files.items()}
    return Skill(root, Oid("0" * 40), data)


def call(name: str, **arguments: object) -> ToolCall:
    return ToolCall(name, json.dumps(arguments))


def trajectory(steps: tuple[Step, ...], result: Result = Result.PASS) -> Trajectory:
    return Trajectory(Digest(f"sha256:{'1' * 64}"), "march", steps, Outcome(result), "run.json")


def numbered(number: int, one: Trajectory) -> Trajectory:
    """The same trajectory as another one."""
    return replace(one, digest=Digest(f"sha256:{number:012x}{'0' * 52}"))


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
            call("bash", command="cat /skills/ledger/references/charts.md /srv/ledger/SKILL.md"),
        ),
        observation="cat: /skills/ledger/references/charts.md: Permission denied\n"
        "cat: /srv/ledger/SKILL.md: No such file or directory",
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


def run_files(steps: tuple[Step, ...], count: int) -> dict[str, str]:
    """So many runs of these steps as ATIF files, each on a task of its own; every other passed."""
    files: dict[str, str] = {}
    for number in range(count):
        dice = random.Random(number)
        # Runs that say nearly the same count as one run.
        task = " ".join(f"{dice.randrange(10**9):x}" for _ in range(400))
        told = [Step(1, "user", task), *(replace(one, number=one.number + 1) for one in steps)]
        document = {
            "schema_version": "ATIF-v1.4",
            "session_id": f"run-{number}",
            "agent": {"name": "agent", "version": "1"},
            "steps": [_atif(one) for one in told],
        }
        files[f"runs/{number}/trajectory.json"] = json.dumps(document)
        rewards = {"verifier_result": {"rewards": {"reward": float(number % 2)}}}
        files[f"runs/{number}/result.json"] = json.dumps({"task_name": f"task {number}", **rewards})
    return files


def _atif(step: Step) -> dict[str, object]:
    calls = [
        {"tool_call_id": str(n), "function_name": one.name, "arguments": json.loads(one.arguments)}
        for n, one in enumerate(step.calls)
    ]
    return {
        "step_id": step.number,
        "source": step.source,
        "message": step.message,
        "reasoning_content": step.reasoning,
        "tool_calls": calls,
        "observation": {"results": [{"content": step.observation}]} if step.observation else {},
    }
