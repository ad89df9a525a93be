"""Let a small agent work on the tasks of make_tasks.py, grade it, and write its trajectories.

    PYTHONPATH=tests python -m recording.make_tasks /tmp/tasks
    PYTHONPATH=tests python -m recording.run_agent /tmp/tasks OUT --base-url http://127.0.0.1:8000/v1

writes `<task>.trajectory.json` (ATIF 1.7) and `<task>.result.json` for each task. The agent sees
SKILL.md in its system prompt and answers with one block of Python a turn. The program runs the
code in a sandbox and grades the workbook that is left (grade.py), whatever the agent says.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from openpyxl import load_workbook  # type: ignore[import-untyped]  # openpyxl ships no types
from recording.grade import Grade, grade
from recording.sandbox import Sandbox, find_bubblewrap

Json: TypeAlias = dict[str, Any]  # what goes over the wire and into the files

TURNS = 5
PREVIEW_ROWS = 6
SAMPLING = {"temperature": 0.5, "top_p": 0.9, "max_tokens": 500}
SKILL = Path(__file__).parents[2] / "templates/demo/skills/xlsx"
AGENT = {"name": "skillgit-demo-agent", "version": "1"}

PROTOCOL = """\
You change Excel workbooks by running Python 3 with openpyxl.

Each turn, write one short sentence of thought and then one whole program between ```python and
```. It runs in the folder that holds input.xlsx, and you are shown what it prints. Every turn is
a new process: import and load again. There is no pandas, no network, and nobody to ask.
When output.xlsx is saved, answer with the single word DONE. You have 5 turns."""

EXAMPLE_REPLY = """\
I open the sheet Plan, write the cell and save.

```python
from openpyxl import load_workbook

wb = load_workbook("input.xlsx")
ws = wb["Plan"]
ws["B1"] = "ready"
wb.save("output.xlsx")
print("saved")
```"""

EXAMPLE = (
    ("user", "Put the word ready into B1 of the sheet Plan. Save the workbook as output.xlsx."),
    ("assistant", EXAMPLE_REPLY),
    ("user", "Output:\nsaved\n(exit status 0)"),
    ("assistant", "DONE"),
)

NUDGE = "Write the whole program of this turn between ```python and ```."


@dataclass(frozen=True, slots=True)
class Setup:
    """What all tasks of a run share."""

    base_url: str
    model: str
    seed: int
    bubblewrap: str | None
    out: Path


def ask(setup: Setup, messages: list[Json]) -> tuple[str, Json]:
    """One chat completion: its text and its usage."""
    url = urlsplit(setup.base_url)
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    body = {"model": setup.model, "messages": messages, "seed": setup.seed, **SAMPLING}
    link = kind(url.netloc, timeout=900)
    link.request(
        "POST",
        f"{url.path}/chat/completions",
        json.dumps(body),
        {"Content-Type": "application/json"},
    )
    reply = link.getresponse()
    data = json.loads(reply.read())
    link.close()
    if reply.status != 200:
        raise SystemExit(f"the endpoint answers {reply.status}: {data}")
    return str(data["choices"][0]["message"]["content"]), dict(data["usage"])


def split_reply(text: str) -> tuple[str, str]:
    """The words and the code of a reply; code may be empty."""
    found = re.search(r"```(?:python|py)?\n(.*?)(?:```|\Z)", text, re.DOTALL)
    if not found:
        return text.strip(), ""
    return text[: found.start()].strip(), found[1].strip()


def system_prompt() -> str:
    """The protocol and the whole SKILL.md."""
    skill = (SKILL / "SKILL.md").read_text()
    return f"{PROTOCOL}\n\nThis skill is installed in /skills/xlsx:\n\n{skill}"


def preview(book: Path) -> str:
    """The first rows of each sheet, as the agent is shown them."""
    lines = []
    for sheet in load_workbook(book).worksheets:
        lines.append(f"Sheet {sheet.title}, used cells {sheet.dimensions}:")
        rows = sheet.iter_rows(max_row=PREVIEW_ROWS, values_only=True)
        lines += [f"row {number}: {list(row)}" for number, row in enumerate(rows, 1)]
    return "\n".join(lines)


def work(setup: Setup, sandbox: Sandbox, query: str) -> list[Json]:
    """The steps of the agent from the query to DONE, or to the last turn."""
    messages: list[Json] = [
        {"role": "system", "content": system_prompt()},
        *({"role": role, "content": content} for role, content in EXAMPLE),
        {"role": "user", "content": query},
    ]
    digest = hashlib.sha256((SKILL / "SKILL.md").read_bytes()).hexdigest()
    steps: list[Json] = [
        {
            "source": "system",
            "message": f"{PROTOCOL}\n\n[here stood skills/xlsx/SKILL.md, sha256:{digest}]",
        },
        {"source": "user", "message": query},
    ]
    codes: set[str] = set()
    for turn in range(1, TURNS + 1):
        text, usage = ask(setup, messages)
        words, code = split_reply(text)
        step: Json = {"source": "agent", "message": words}
        steps.append(step)
        messages.append({"role": "assistant", "content": text})
        if code:
            seen = sandbox.run(code)
            call = {"tool_call_id": f"turn-{turn}", "function_name": "python"}
            step["tool_calls"] = [{**call, "arguments": {"code": code}}]
            step["observation"] = {"results": [{"source_call_id": f"turn-{turn}", "content": seen}]}
            messages.append({"role": "user", "content": f"Output:\n{seen}"})
        step["metrics"] = {key: usage[key] for key in ("prompt_tokens", "completion_tokens")}
        if (not code and "DONE" in words) or code in codes:
            break
        codes |= {code} - {""}
        if not code:
            messages.append({"role": "user", "content": NUDGE})
            steps.append({"source": "user", "message": NUDGE})
    return [{"step_id": number, **step} for number, step in enumerate(steps, 1)]


def trajectory(setup: Setup, name: str, steps: list[Json]) -> Json:
    """The steps as an ATIF document."""
    metrics = [step["metrics"] for step in steps if "metrics" in step]
    return {
        "schema_version": "ATIF-v1.7",
        "session_id": name,
        "agent": {**AGENT, "model_name": setup.model},
        "steps": steps,
        "final_metrics": {
            "total_prompt_tokens": sum(m["prompt_tokens"] for m in metrics),
            "total_completion_tokens": sum(m["completion_tokens"] for m in metrics),
            "total_steps": len(steps),
        },
    }


def result(setup: Setup, name: str, verdict: Grade) -> Json:
    """What the grader says, beside the trajectory."""
    return {
        "task_name": name,
        "rewards": {"reward": 1.0 if verdict.passed else 0.0},
        "agent": AGENT["name"],
        "model": setup.model,
        "verifier": "cell values compared by tests/recording/grade.py",
        "detail": verdict.detail,
    }


def run_task(setup: Setup, folder: Path) -> Grade:
    """One task from its folder to its two files."""
    task: Mapping[str, Any] = json.loads((folder / "task.json").read_text())
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch, "work")
        place.mkdir()
        shutil.copy(folder / "input.xlsx", place)
        query = f"{task['query']}\n\nThe first rows of input.xlsx:\n{preview(place / 'input.xlsx')}"
        steps = work(setup, Sandbox(place, SKILL, setup.bubblewrap), query)
        verdict = grade(place / "output.xlsx", task["expected"])
    name = str(task["name"])
    for kind, data in (
        ("trajectory", trajectory(setup, name, steps)),
        ("result", result(setup, name, verdict)),
    ):
        path = setup.out / f"{name}.{kind}.json"
        path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n")
    print(f"{name}: {'pass' if verdict.passed else 'FAIL'}: {verdict.detail}", flush=True)  # noqa: T201 - a script
    return verdict


def main() -> None:
    """Run every task of a folder, several at once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--base-url", default="http://127.0.0.1:8000/v1")
    parser.add_argument("--model", default="qwen2.5-coder-1.5b")
    parser.add_argument("--seed", type=int, default=41)
    parser.add_argument("--parallel", type=int, default=8)
    parser.add_argument("--only", default="", help="only tasks whose name contains this")
    parser.add_argument("--unsafe-no-sandbox", action="store_true", help="run code unconfined")
    options = parser.parse_args()
    bubblewrap = find_bubblewrap()
    if not bubblewrap and not options.unsafe_no_sandbox:
        parser.exit(3, "no bubblewrap (apt-get install bubblewrap); or --unsafe-no-sandbox\n")
    options.out.mkdir(parents=True, exist_ok=True)
    setup = Setup(options.base_url, options.model, options.seed, bubblewrap, options.out)
    folders = sorted(p.parent for p in options.tasks.glob("*/task.json") if options.only in str(p))
    with ThreadPoolExecutor(options.parallel) as pool:
        verdicts = list(pool.map(lambda folder: run_task(setup, folder), folders))
    passed = sum(verdict.passed for verdict in verdicts)
    print(f"{passed} of {len(verdicts)} tasks passed")  # noqa: T201 - a script


if __name__ == "__main__":
    main()
