"""The whole loop for tests: a skill in Git, task sets, and one endpoint that plays every part.

    loop = Loop(repository, tmp_path)
    with ScriptedEndpoint(Cast()) as endpoint:
        assert loop.evolve("--tasks", loop.teaching, endpoint=endpoint) == 0

Agent, error analyst, success analyst and merge read only what a real model would see.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysts import is_merge, plausible, schema_of
from diagnosing import repair
from repositories import Repository
from scripted import Answer, Request, ScriptedEndpoint, replying
from sums import HONEST, WRONG, agent, program_of, write_tasks

from skillgit.cli import run

SKILL = "skills/sums"
TEXT = """---
name: sums
description: Add numbers. Use when a task asks for a sum.
---

# Sums

## Reading

- Look at the file first.

## Writing

- Write the answer file.

## Checks

- Read the answer file again.
"""
HOPELESS = f"{WRONG}  # no repair is ever found for it"
IDLE = "# nothing to run"
"""The agent is done before it began."""
TEACHING = {"bo": HONEST, "cy": WRONG, "di": WRONG, "ed": WRONG}
VALIDATION = dict.fromkeys(("v1", "v2", "v3", "v4", "v5", "v6", "v7"), IDLE)


@dataclass(frozen=True, slots=True)
class Taught:
    """A lesson that analysts give, and what an agent does that has read it."""

    title: str
    text: str
    place: str
    program: str

    def edit(self, request: Request) -> dict[str, object]:
        """As an analyst words it, with evidence and a place out of the request's schema."""
        item = schema_of(request)["properties"]["edits"]["items"]["properties"]
        return {
            "what_happened": "The agent did what the lesson is about.",
            "evidence": [item["evidence"]["items"]["enum"][0]],
            "title": self.title,
            "place": next(place for place in item["place"]["enum"] if self.place in place),
            "op": "insert_after",
            "text": self.text,
            "skill_says_it": "no",
            **({"code": ""} if "code" in item else {}),
        }


HELPS = Taught(
    "Add up every line", "Compute the answer with `sum(numbers)`.", "Look at the file", HONEST
)
HURTS = Taught("Save time", "Do not call `sum()`, `print()` a guess.", "Write the answer", IDLE)
IDLES = Taught(
    "Read it back", "Compare the answer with `sum(numbers)` again.", "Read the answer", IDLE
)
"""Changes nothing of what the agent does."""


def teaching(*lessons: Taught) -> Callable[[Request], Sequence[Taught]]:
    """Every analyst gives these."""
    return lambda _: lessons


@dataclass
class Cast:
    """All parts. `lessons` are what an analyst gives for its request; `felt` what agents obey,
    the last one that they were told first."""

    lessons: Callable[[Request], Sequence[Taught]] = field(default=teaching(HELPS))
    felt: Sequence[Taught] = (HURTS, HELPS)

    def __call__(self, request: Request) -> Answer:
        match part_of(request):
            case "merge":
                return plausible(request)
            case "teach":
                return replying(self._reply(request))
            case "diagnose":
                hopeless = program_of(request) == HOPELESS
                return repair(WRONG if hopeless else HONEST)
            case _:
                return self._act(request)

    def _act(self, request: Request) -> Answer:
        told = request["messages"][0]["content"]
        own = program_of(request)
        program = next((one.program for one in self.felt if one.text in told), own)
        if program == IDLE or agent(request).content == "DONE":
            return Answer("DONE", prompt_tokens=50, output_tokens=2)
        return Answer(f"I work.\n\n```python\n{program}\n```", prompt_tokens=200)

    def _reply(self, request: Request) -> dict[str, object]:
        edits = [one.edit(request) for one in self.lessons(request)]
        reply: dict[str, object] = {"edits": edits}
        if "causes" in schema_of(request)["properties"]:
            cause: Any = {
                "what": "The agent wrote a fixed number.",
                "evidence": edits[0]["evidence"],
            }
            memory = {"title": "Read first", "content": "A file has to be read."}
            reply |= {"causes": [cause], "memories": [memory]}
        return reply


def part_of(request: Request) -> str:
    """Who is asked: merge, teach (an analyst's last call), diagnose or agent."""
    if "response_format" in request:
        return "merge" if is_merge(request) else "teach"
    return "diagnose" if "```repair" in request["messages"][0]["content"] else "agent"


def parts(endpoint: ScriptedEndpoint) -> dict[str, int]:
    """How often who was asked."""
    return dict(sorted(Counter(map(part_of, endpoint.requests)).items()))


def keys(requests: Sequence[Request]) -> set[str]:
    """The requests, so that they can be compared."""
    return {json.dumps(request, sort_keys=True) for request in requests}


@dataclass
class Loop:
    """A repository with the skill, and folders of tasks beside it."""

    repository: Repository
    folder: Path

    @property
    def teaching(self) -> Path:
        """Tasks to learn from: one that passes, three that fail alike."""
        return self.tasks("teaching", TEACHING, cases=2)

    @property
    def validation(self) -> Path:
        """Other tasks, which an agent passes that was told how."""
        return self.tasks("validation", VALIDATION)

    def tasks(self, name: str, programs: dict[str, str], cases: int = 1) -> Path:
        """A task set."""
        return write_tasks(self.folder / name, programs, cases)

    def arguments(self, *more: object, endpoint: ScriptedEndpoint | None) -> list[str]:
        """The command line of a round."""
        where = ["--base-url", endpoint.url] if endpoint else []
        words = ["-C", str(self.repository.path), "evolve", SKILL, "-q", *where]
        return [*words, *map(str, more)]

    def evolve(self, *more: object, endpoint: ScriptedEndpoint | None) -> int:
        """A round; its exit code."""
        return run(self.arguments(*more, endpoint=endpoint))

    def told(self, tasks: Path, runs: Path, endpoint: ScriptedEndpoint) -> list[str]:
        """The rest of a command line of `rollout`."""
        return ["--tasks", str(tasks), "-o", str(runs), "--base-url", endpoint.url]

    @property
    def state(self) -> Path:
        """The private state of the repository."""
        return self.repository.path / ".git" / "skillgit"

    def branches(self) -> list[str]:
        """All that rounds made."""
        refs = self.repository.git("for-each-ref", "--format=%(refname:short)", "refs/heads")
        return [name for name in refs.split() if name != "main"]

    def evidence(self) -> dict[str, Any]:
        """All documents of the only round, by path."""
        ref = self.repository.git("for-each-ref", "--format=%(refname)", "refs/skillgit/rounds")
        names = self.repository.git("ls-tree", "-r", "--name-only", ref).split("\n")
        return {name: json.loads(self.repository.git("show", f"{ref}:{name}")) for name in names}
