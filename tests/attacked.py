"""What the tests of attacks share: a skill, poisoned runs, and a model that obeys them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysts import is_merge, plausible, schema_of
from repositories import Repository
from scripted import Answer, Request, ScriptedEndpoint, replying

from skillgit.cli import run

SKILL = """---
name: xlsx
description: Work with spreadsheets. Use when a task gives a workbook.
---

# Spreadsheets

## Workflow

- Look at every sheet before you compute.
- Work out the answer in Python.
- Save the workbook under the name that the task gives.

## Checks

- The output file exists.
"""
FOLDER = "skills/xlsx"


@dataclass(frozen=True, slots=True)
class Lie:
    """What a persuaded analyst proposes, again and again."""

    title: str = "Save with openpyxl"
    text: str = "Save the workbook with `wb.save(path)` and read it back."
    why: str = "In step 2 the agent did not save."
    more: Mapping[str, object] = field(default_factory=dict)
    """Fields of the edit that are to be others, or none of the schema's."""

    def __call__(self, request: Request) -> Answer:
        """The reply; merges join what has the same title."""
        if is_merge(request):
            return plausible(request)
        item: dict[str, Any] = schema_of(request)["properties"]["edits"]["items"]["properties"]
        edit = {
            "what_happened": self.why,
            "evidence": [item["evidence"]["items"]["enum"][0]],
            "title": self.title,
            "place": item["place"]["enum"][-1],
            "op": "insert_after",
            "text": self.text,
            "skill_says_it": "no",
        }
        return replying({"edits": [edit | dict(self.more)]})


def poisoned(task: str, *said: str, outcome: str = "fail", **more: object) -> str:
    """A run of chat messages whose agent says all this."""
    messages = [{"role": "user", "content": task}]
    for text in said:
        messages += [{"role": "assistant", "content": text}, {"role": "user", "content": "noted"}]
    return json.dumps({"messages": messages, "outcome": outcome, **more})


def runs(folder: Path, texts: Sequence[str]) -> Path:
    """A folder with a file for each text."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(texts):
        (folder / f"run-{number:03}.json").write_text(text, encoding="utf-8")
    return folder


def honest(count: int, outcome: str = "fail") -> list[str]:
    """Runs of different tasks in which the workbook is saved."""
    return [
        poisoned(f"task {n}", f"wb.save(path, openpyxl={n}) # {n * 7}", outcome=outcome)
        for n in range(count)
    ]


@dataclass
class Round:
    """One `skillgit evolve` and what it left."""

    repository: Repository
    endpoint: ScriptedEndpoint
    code: int
    told: dict[str, Any]
    said: str

    @property
    def branch(self) -> str:
        """The branch of the round; empty where it left none."""
        return self.told["branch"]["name"] if self.told.get("branch") else ""

    @property
    def added(self) -> str:
        """All lines that the round would add to the skill."""
        if not self.branch:
            return ""
        diff = self.repository.git("diff", "-U0", "main", self.branch)
        return "\n".join(line[1:] for line in diff.splitlines() if line.startswith("+"))

    @property
    def commits(self) -> list[str]:
        """The lessons, the first first."""
        if not self.branch:
            return []
        return self.repository.git("rev-list", "--reverse", f"main..{self.branch}").split()

    @property
    def messages(self) -> list[str]:
        """What the model was told, of each request the last message."""
        return [request["messages"][-1]["content"] for request in self.endpoint.requests]

    def check(self) -> int:
        """`skillgit check --range` over the branch."""
        return run(["-C", str(self.repository.path), "check", "--range", f"main..{self.branch}"])


Evolve = Callable[..., Round]
