"""Math problems, whole: a scripted model, the real sandbox, runs that are measured afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from scripted import Answer, Request, ScriptedEndpoint

from skillgit.adapters.runs import RunFolder
from skillgit.cli import run
from skillgit.config import Sandbox
from skillgit.evaluation.comparison import measure
from skillgit.evaluation.report import text
from skillgit.sandbox import examine

pytestmark = pytest.mark.skipif(
    examine(Sandbox()) is not None, reason="bubblewrap cannot be used on this machine"
)

PROBLEMS = [
    {"id": "half", "problem": "What is half of one?", "answer": "\\frac{1}{2}"},
    {"id": "six", "problem": "What is two times three?", "answer": "6"},
]
ANSWERS = {"half": "Answer: 0.5", "two": "**Answer:** 6."}


def solves(request: Request) -> Answer:
    """Right in both, but not in the form that DAPO's scorer takes; the second seed gives up."""
    said = request["messages"][-1]["content"]
    if "Output:" in said:
        return Answer("DONE")
    answer = next(answer for word, answer in ANSWERS.items() if f"{word} " in said)
    if request["seed"] == 42 and "half" in said:
        answer = "Answer: no idea"
    return Answer(f'So.\n\n```python\nopen("answer.txt", "w").write("{answer}")\n```')


def test_runs_of_problems_are_graded_and_counted_by_both_scorers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILLGIT_AGENT_PROTOCOL", "text")
    tasks, runs = tmp_path / "problems.jsonl", tmp_path / "runs"
    tasks.write_text("".join(f"{json.dumps(row)}\n" for row in PROBLEMS))

    with ScriptedEndpoint(solves) as endpoint:
        where = ["--base-url", endpoint.url, "--no-skill", "--seed", "41", "--seed", "42"]
        assert run(["rollout", "--tasks", str(tasks), "-o", str(runs), "-q", *where]) == 0

    results = RunFolder(runs).results()
    found = measure(results)
    assert found.repeats == 2
    assert found.success.estimate == 0.75
    assert found.official == {"dapo": 0.0}
    assert "success (all cases), avg@2 75.0 %" in " ".join(text(found).split())
    assert all("1/2" not in one.detail and "\\frac" not in one.detail for one in results)
    kept = json.loads((runs / "six/41/result.json").read_text())
    assert (kept["passed"], kept["official"]) == (True, {"dapo": False})
