"""Whole rounds in processes of their own, which may be disturbed: killed, doubled, starved.

site = Site.make(tmp_path)
with ScriptedEndpoint(varied) as endpoint:
    told = site.start(endpoint.url).ended()
assert told.code == 0, told.err
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from analysts import chat_trajectory, ids_of, is_merge, schema_of
from repositories import Repository
from scripted import Answer, Request, replying

from skillgit.endpoint.completions import request_key
from skillgit.endpoint.store import STATE_FOLDER, STORE_FILE, ReplyStore

SKILL = "skills/xlsx"
TEXT = """---
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
- The values stand in the cells that the task names.
"""
_LESSONS = (
    ("Write real dates", "Write dates as datetime values and never as text."),
    ("Delete rows from the bottom up", "Delete rows in descending order, since indexes shift."),
    ("Keep the formulas", "Copy the workbook first, then change only what is asked for."),
)
_ENDINGS = (
    "",
    "What is read back from the saved workbook is then what was meant to be in it.",
    "It is enough to do so once, in the last step before the answer is given.",
    "An agent that forgets it sees no message at all, and fails in silence.",
)
PATIENCE = 60.0
"""Seconds after which a round of a few trajectories has surely gone wrong."""


def varied(request: Request) -> Answer:
    """Lessons of few themes in many wordings; a merge joins what has the same title."""
    if is_merge(request):
        return replying(_by_title(request))
    item = schema_of(request)["properties"]["edits"]["items"]["properties"]
    draw = random.Random(request["messages"][1]["content"])
    return replying({"edits": [_edit(item, draw)]})


def _edit(item: Mapping[str, Any], draw: random.Random) -> dict[str, str | list[str]]:
    number = draw.randrange(len(_LESSONS))
    title, text = _LESSONS[number]
    places: list[str] = item["place"]["enum"]
    return {
        "what_happened": "In step 2 the agent did what decided the outcome.",
        "evidence": [item["evidence"]["items"]["enum"][0]],
        "title": title,
        "place": places[number % len(places)],
        "op": "insert_after",
        "text": f"{text} {draw.choice(_ENDINGS)}".strip(),
        "skill_says_it": "no",
    }


def _by_title(request: Request) -> dict[str, object]:
    lines = request["messages"][-1]["content"].splitlines()
    words = dict(line.split(" ", 1) for line in lines if line.startswith("e"))
    first: dict[str, str] = {}
    verdicts = {}
    for name in ids_of(request):
        title = words[name].partition(") ")[2].partition(":")[0]
        head = first.setdefault(title, name)
        verdicts[name] = "own" if head == name else head
    return {"verdicts": verdicts, "words": []}


@dataclass(frozen=True, slots=True)
class Told:
    """What a command that ended said."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command that runs in a session of its own."""

    process: subprocess.Popen[str]

    def ended(self, seconds: float = PATIENCE) -> Told:
        """Wait for its end; a command that hangs fails the test."""
        try:
            out, err = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        return Told(self.process.returncode, out, err)

    def kill(self, *, alone: bool = False) -> None:
        """SIGKILL, for it and what it started in its session, or for it `alone`."""
        with suppress(ProcessLookupError):
            if alone:
                self.process.kill()
            else:
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


@dataclass(frozen=True, slots=True)
class Site:
    """A repository with a skill, and a folder of trajectories."""

    repository: Repository
    runs: Path

    @classmethod
    def make(cls, folder: Path, count: int = 12) -> Self:
        repository = Repository(folder / "repo")
        repository.path.mkdir()
        repository.git("init", "--quiet", "-b", "main")
        repository.commit({f"{SKILL}/SKILL.md": TEXT, "README.md": "skills\n"})
        repository.write(
            {"README.md": "changed\n", "staged.txt": "one\n", "new.txt": "untracked\n"}
        )
        repository.git("add", "staged.txt")
        runs = folder / "runs"
        runs.mkdir()
        for number in range(count):
            result = "fail" if number % 3 else "pass"
            text = chat_trajectory(f"task {number}", f"import openpyxl  # {number}", result)
            (runs / f"run-{number:03}.json").write_text(text, encoding="utf-8")
        return cls(repository, runs)

    def copy(self, folder: Path) -> Self:
        """The same repository, with its memory, in another place."""
        made = folder / "repo"
        shutil.copytree(self.repository.path, made, symlinks=True)
        return type(self)(Repository(made), self.runs)

    @property
    def store(self) -> Path:
        return self.repository.path / ".git" / STATE_FOLDER / STORE_FILE

    def arguments(self, url: str, *more: str) -> list[str]:
        """The command line of a round; merges of few, so that there are several levels."""
        program = [sys.executable, "-m", "skillgit", "-C", str(self.repository.path)]
        asked = ["evolve", SKILL, "-t", str(self.runs), "--error-analyst", "single-call"]
        return [*program, *asked, "--base-url", url, "--merge-batch", "4", *more]

    def start(self, url: str, *more: str, env: Mapping[str, str] | None = None) -> Command:
        return Command(
            subprocess.Popen(
                self.arguments(url, *more),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
                env={**os.environ, **(env or {})},
            )
        )

    def ids(self) -> dict[str, str]:
        """The refs that rounds made, and where they point."""
        told = self.repository.git(
            "for-each-ref",
            "--format=%(refname) %(objectname)",
            "refs/heads/skillgit",
            "refs/skillgit",
        )
        return dict(line.split(" ") for line in told.splitlines())

    def forget(self) -> None:
        """Delete the refs that rounds made; the memory of replies stays."""
        for ref in self.ids():
            self.repository.git("update-ref", "-d", ref)

    def kept(self) -> frozenset[str]:
        """The keys of the requests whose replies have arrived: they are in the memory."""
        if not self.store.exists():
            return frozenset()
        listed = self.repository.path.parent / "kept.jsonl"
        with ReplyStore(self.store) as store:
            store.export(listed)
        return frozenset(json.loads(line)["key"] for line in listed.read_text("utf-8").splitlines())

    def untouched(self) -> tuple[object, ...]:
        """All that a round must leave alone: work tree, index, HEAD, stash and foreign refs."""
        path = self.repository.path
        files = {
            file.relative_to(path).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in path.rglob("*")
            if file.is_file() and ".git" not in file.parts
        }
        inside = [(path / ".git" / name).read_bytes() for name in ("HEAD", "index", "config")]
        told = self.repository.git("for-each-ref", "--format=%(refname) %(objectname)")
        foreign = [line for line in told.splitlines() if "skillgit/" not in line]
        return files, inside, foreign

    def sound(self) -> None:
        """`git fsck` finds nothing but what nobody needs."""
        said = self.repository.git("fsck", "--full", "--strict", "--no-progress", "--no-dangling")
        assert said == "", said

    def locks(self) -> list[str]:
        """Lock files of Git that stand in the way."""
        inside = self.repository.path / ".git"
        return [file.relative_to(inside).as_posix() for file in inside.rglob("*.lock")]


def keys(requests: Sequence[Request]) -> list[str]:
    """Under which keys the memory would hold the replies to these requests."""
    return [request_key(request) for request in requests]
