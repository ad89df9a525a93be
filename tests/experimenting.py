"""Experiments for tests: the plans that come along, on tasks about sums, with scripted models.

ground = Ground(tmp_path)
with ScriptedEndpoint(player()) as endpoint:
    assert ground.run("table-1", endpoint) == 0
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysts import schema_of
from closed_loop import HELPS, IDLE, TEXT, Cast, teaching
from scripted import Answer, Request, ScriptedEndpoint, replying
from sums import HONEST, WRONG, write_tasks

from skillgit.cli import run

TEACHING = {"t1": WRONG, "t2": HONEST, "t3": WRONG}
TESTING = {"v1": IDLE, "v2": HONEST}
FULL = {"f1": IDLE, "f2": HONEST}
FOREIGN = {"w1": IDLE, "w2": HONEST}
DRAFT: dict[str, Any] = {
    "title": "Sums",
    "does": "Adds the numbers of a file",
    "use_when": "a task asks for a sum",
    "sections": [
        {"title": "Reading", "points": ["Look at the file with `open(path)`."]},
        {"title": "Writing", "points": ["Write the answer file with `write(text)`."]},
    ],
}


MEMORY = {
    "title": "Numbers are in a file",
    "description": "When a sum is asked for.",
    "content": "Read the file before anything is written.",
}


@dataclass
class Player:
    """One model that plays every part, drafts skills, and remembers."""

    cast: Cast = field(default_factory=lambda: Cast(teaching(HELPS), (HELPS,)))

    def __call__(self, request: Request) -> Answer:
        if "response_format" in request and "sections" in schema_of(request)["properties"]:
            return replying(DRAFT)
        if "response_format" in request and "why" in schema_of(request)["properties"]:
            return replying({"why": "It read the file.", "memories": [MEMORY]})
        return self.cast(request)


@dataclass
class Ground:
    """A folder with a skill and task sets; experiments are made in `results`."""

    folder: Path

    def __post_init__(self) -> None:
        skill = self.folder / "skills" / "sums"
        skill.mkdir(parents=True)
        (skill / "SKILL.md").write_text(TEXT)
        for name, programs in (
            ("teaching", TEACHING),
            ("testing", TESTING),
            ("full", FULL),
            ("foreign", FOREIGN),
        ):
            write_tasks(self.folder / "tasks" / name, programs)

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def replaced(self, plan: str) -> list[str]:
        """The data of a plan that comes along, as this ground has it."""
        tasks = self.folder / "tasks"
        skill = [("skills.human.folder", str(self.folder / "skills" / "sums"))]
        taught = {"table-2": "dapo", "table-3": "docvqa"}.get(plan, "verified")
        values = [
            (f"domains.{taught}.evolve", str(tasks / "teaching")),
            (f"domains.{taught}.test", str(tasks / "testing")),
        ]
        if plan == "table-2":
            values.append(("domains.aime.test", str(tasks / "foreign")))
        elif taught == "verified":
            values += [*skill, ("domains.full.test", str(tasks / "full"))]
        if plan in {"table-1", "table-6"}:
            # The same tasks thrice: a run is made once, and these tables are large.
            values += [
                (f"domains.{name}.test", str(tasks / "testing")) for name in ("full", "wikitq")
            ]
        return [word for key, value in values for word in ("--set", f"{key}={value}")]

    def arguments(self, plan: str, *more: str) -> list[str]:
        return ["experiment", plan, "-o", str(self.results), "-q", *self.replaced(plan), *more]

    def run(self, plan: str, endpoint: ScriptedEndpoint | None, *more: str) -> int:
        where = ["--base-url", endpoint.url] if endpoint else []
        return run([*self.arguments(plan, *more), *where])


def seeds_of(requests: Sequence[Request]) -> set[int]:
    return {request["seed"] for request in requests}
