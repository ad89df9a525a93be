"""A failed run with its task on disk, and an error analyst that a scripted endpoint speaks for.

    lab = Lab(tmp_path, endpoint)
    trajectory = lab.failed_run("notes")
    endpoint.queue(repair(HONEST), replying(LESSON))
    analysis = lab.analyze()

Task, run, store, endpoint and sandbox are real; the sandbox is the one that works here.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from graded import digest, run
from scripted import Answer, Request, ScriptedEndpoint, replying

from skillgit.adapters.files import read_trajectory_files
from skillgit.adapters.prompts import JinjaPrompts
from skillgit.adapters.runs import RunFolder
from skillgit.agent.episode import Budget, Mind
from skillgit.config import Analyze, Collect, Endpoint, Sandbox, Speech
from skillgit.domains.loading import load_tasks
from skillgit.domains.registry import DOMAINS
from skillgit.endpoint.ask import StoredAsk, StoredObservations
from skillgit.endpoint.chat import Chat
from skillgit.endpoint.store import ReplyStore
from skillgit.executors.local import LocalExecutor
from skillgit.names import Digest, Oid
from skillgit.ports import Model
from skillgit.sandbox import examine, open_sandbox
from skillgit.stages.analyze import Analysis, Bench, Crew, Desk, Exhibit, analyze
from skillgit.stages.collect import collect
from skillgit.trajectories.writing import WrittenCall, WrittenRun, WrittenStep, atif_bytes
from skillgit.types import MANIFEST, Pool, Skill
from skillgit.wiring.bench import exhibits

TEXT = """---
name: notes
description: Answer questions about notes.
---

# Notes

- Read the file with csv.DictReader.
"""
SKILL = Skill("skills/notes", Oid("0" * 40), {MANIFEST: TEXT.encode()})
PLACE = "SKILL.md:8| - Read the file with csv.DictReader."

QUERY = "The file notes.csv has the columns name, weight. How heavy are the notes of Bo in all?"
INPUTS = ("name,weight\nBo,4.25\nAl,3\nBo,8.25\n", "name,weight\nAl,7\nBo,61.5\n")
GOLD = ("12,50 kg\n", "61,50 kg\n")
FAILED = """
import csv
rows = list(csv.DictReader(open("notes.csv", newline="")))
total = sum(float(row["weight"]) for row in rows if row["name"] == "Bo")
open("answer.txt", "w").write(str(total))
print(total)
"""
HONEST = FAILED.replace("str(total))", 'f"{total:.2f} kg".replace(".", ","))')
WRONG = FAILED.replace("str(total))", 'f"{total} kg")')


def edit(**changes: object) -> dict[str, object]:
    return {
        "what_happened": "In step 3 the agent wrote the bare sum.",
        "evidence": ["step 3 lines 1-6"],
        "title": "Write weights with two decimals",
        "place": PLACE,
        "op": "insert_after",
        "text": "Write a weight with two decimals: `f'{total:.2f}'`.",
        "skill_says_it": "no",
        "code": "",
        **changes,
    }


def lesson(**changes: object) -> dict[str, object]:
    """A whole reply of an analyst that has proven its cause; `changes` are those of its edit."""
    cause = {"what": "The agent wrote `str(total)`.", "evidence": ["step 3 lines 1-6"]}
    memory = {"title": "Units", "content": "A weight has a unit."}
    return {"causes": [cause], "memories": [memory], "edits": [edit(**changes)]}


def taught(request: Request) -> Answer:
    """The same about any run: its first passage shows it."""
    edits = request["response_format"]["json_schema"]["schema"]["properties"]["edits"]
    passage = edits["items"]["properties"]["evidence"]["items"]["enum"][0]
    reply: Any = lesson(evidence=[passage])
    reply["causes"][0]["evidence"] = [passage]
    return replying(reply)


def repair(program: str, name: str = "repair") -> Answer:
    """A turn in text."""
    return Answer(f"I change it.\n\n```{name}\n{program.strip()}\n```")


def is_diagnosis(request: Request) -> bool:
    return "response_format" not in request


def told(request: Request) -> str:
    """The last message of a request."""
    return str(request["messages"][-1]["content"])


@cache
def _trouble() -> str:
    found = examine(Sandbox())
    return found.what if found else ""


class Silent:
    def start(self, stage: str, total: int) -> None: ...

    def advance(self, stage: str, note: str = "") -> None: ...

    def finish(self, stage: str) -> None: ...


@dataclass
class Lab:
    """Everything lies below `folder`."""

    folder: Path
    endpoint: ScriptedEndpoint
    cases: int = 1
    speech: Speech = Speech.TEXT
    options: Analyze = field(default_factory=lambda: Analyze(turns=6, starts=1))
    budget: Budget = field(default_factory=Budget)
    seconds: float = 20.0
    tasks: list[str] = field(default_factory=list)

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    def gold(self, number: int = 1) -> Path:
        return self.folder / "tasks" / f"expected-{number}-7c1f.txt"

    def report(self, answer: str, case: int = 1) -> str:
        """What the grader says of an answer, as a model may hear it."""
        file = self.folder / "some-answer"
        file.write_text(answer)
        known = load_tasks(self.folder / "tasks").tasks[0].cases[case - 1]
        return DOMAINS["text"].grade(known, file).report()

    def failed_run(
        self,
        task: str = "notes-7",
        programs: Iterable[str] = (FAILED,),
        left: Mapping[str, str] | None = None,
        *,
        passed: bool = False,
    ) -> Digest:
        """A run whose agent ran the programs and left these files; its trajectory's digest."""
        self._write_task(task)
        (known,) = [each for each in load_tasks(self.folder / "tasks").tasks if each.id == task]
        call = [WrittenCall("python", json.dumps({"code": one}), "12.5") for one in programs]
        steps = [
            WrittenStep("system", "You work."),
            WrittenStep("user", QUERY),
            *(WrittenStep("agent", "I add them.", calls=(one,)) for one in call),
        ]
        data = atif_bytes(WrittenRun(f"session {task}", "tiny", tuple(steps)))
        work = self.folder / f"left-{task}"
        work.mkdir()
        for name, text in (left or {"answer.txt": "12.5", "notes.csv": INPUTS[0]}).items():
            (work / name).write_text(text)
        result = run(
            task,
            41,
            passed=passed,
            task_digest=known.digest,
            domain="text",
            detail="failed: 1 of 1 places differ",
            trajectory=digest(""),
        )
        stored = RunFolder(self.runs).save(replace(result, trajectory=_sha(data)), data, work)
        return stored.result.trajectory

    def _write_task(self, task: str) -> None:
        folder = self.folder / "tasks"
        folder.mkdir(exist_ok=True)
        self.tasks.append(task)
        lines = ['schema = "skillgit.tasks/1"', 'domain = "text"']
        for number, (text, gold) in enumerate(zip(INPUTS, GOLD, strict=True), 1):
            (folder / f"notes-{number}.csv").write_text(text)
            self.gold(number).write_text(gold)
        for name in self.tasks:
            lines += ["[[task]]", f'id = "{name}"', f"query = {json.dumps(QUERY)}"]
            lines += ['inputs = {"notes.csv" = "notes-1.csv"}', f'gold = "{self.gold(1).name}"']
            if self.cases == 2:
                lines += ["[[task.case]]", 'inputs = {"notes.csv" = "notes-2.csv"}']
                lines += [f'gold = "{self.gold(2).name}"']
        (folder / "tasks.toml").write_text("\n".join(lines) + "\n")

    def pool(self) -> Pool:
        return collect(read_trajectory_files([self.runs]), Collect())

    def analyze(self, **changed: Any) -> Analysis:  # noqa: ANN401 - fields of a Bench
        """What the analysts make of all runs; skips where no sandbox works."""
        if _trouble():
            pytest.skip(f"no sandbox: {_trouble()}")
        return asyncio.run(self.analyzing(**changed))

    async def analyzing(self, **changed: Any) -> Analysis:  # noqa: ANN401 - the same
        config = Endpoint(base_url=self.endpoint.url, model="tiny", timeout=20.0, retries=0)
        with ReplyStore(self.folder / "replies.db") as store:
            async with Chat(config) as chat:
                ask = StoredAsk(chat, store, config)
                mind = Mind(ask.converse, StoredObservations(store, config, "tiny"))
                bench = self.bench(mind, **changed)
                model = Model(ask, JinjaPrompts(), Silent())
                where = LocalExecutor(Desk(model, bench))
                crew = Crew.of(where, 128, bench)
                return await analyze(SKILL, self.pool(), self.options, model, crew)

    def bench(self, mind: Mind, **changed: Any) -> Bench:  # noqa: ANN401 - the same
        known = changed.pop("exhibits", None)
        bench = Bench(
            exhibits=self.exhibits() if known is None else known,
            domains=DOMAINS,
            sandbox=open_sandbox(Sandbox(seconds=self.seconds, processes=32)),
            mind=mind,
            speech=self.speech,
            budget=self.budget,
        )
        return replace(bench, **changed)

    def exhibits(self) -> Mapping[Digest, Exhibit]:
        return exhibits([self.runs], load_tasks(self.folder / "tasks"))


def _sha(data: bytes) -> Digest:
    return Digest(f"sha256:{hashlib.sha256(data).hexdigest()}")
