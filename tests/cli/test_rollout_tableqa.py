"""A rollout on questions about tables: the agent reads a workbook, and what it writes is graded."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from scripted import ScriptedEndpoint
from sums import agent

from skillgit.adapters.runs import RunFolder
from skillgit.cli import run
from skillgit.config import Sandbox
from skillgit.sandbox import examine

pytestmark = pytest.mark.skipif(
    examine(Sandbox()) is not None, reason="bubblewrap cannot be used on this machine"
)

PROGRAMS = {
    "honest": """
import pandas
table = pandas.read_excel("input.xlsx", sheet_name="table")
answer = pandas.DataFrame([table["Size"].sum()])
answer.to_excel("output.xlsx", sheet_name="Answer", header=False, index=False)
""",
    "nearly": """
from openpyxl import load_workbook
book = load_workbook("input.xlsx")
sheet = book.create_sheet("Answer")
sheet.append(["Total"])
sheet.append([1290])
book.save("output.xlsx")
""",
}


def write_questions(folder: Path) -> None:
    (folder / "csv").mkdir(parents=True)
    (folder / "csv/1.csv").write_text('"City","Size"\n"The \\"Oslo\\"","700"\n"Bergen","590"\n')
    with (folder / "questions.jsonl").open("w", encoding="utf-8") as file:
        for name, program in PROGRAMS.items():
            hidden = base64.b64encode(program.encode()).decode()
            question = {"id": name, "utterance": f"Add the numbers. <{hidden}>"}
            told = {"context": "csv/1.csv", "targetValue": ["1,290"], "targetCanon": ["1290.0"]}
            file.write(f"{json.dumps({**question, **told})}\n")


def test_what_agents_do_with_a_table_is_graded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILLGIT_AGENT_PROTOCOL", "text")
    write_questions(tmp_path / "tasks")
    with ScriptedEndpoint(agent) as endpoint:
        options = ["--no-skill", "--seed", "41", "-q", "--base-url", endpoint.url]
        place = ["--tasks", str(tmp_path / "tasks"), "-o", str(tmp_path / "runs")]
        assert run(["rollout", *place, *options]) == 0
        first = endpoint.requests[0]["messages"]

    told = {each.result.task: each.result for each in RunFolder(tmp_path / "runs").read().runs}
    assert {name: result.passed for name, result in told.items()} == {
        "honest": True,
        "nearly": False,
    }
    assert "2 different values, where one value should be" in told["nearly"].detail
    assert "1290" not in told["nearly"].detail
    assert "row 2: ['The \"Oslo\"', 700]" in first[-1]["content"]
