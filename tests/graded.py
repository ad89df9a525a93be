"""Runs as a rollout would grade them, from a table of passes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from skillgit.evaluation.runs import Ended, RunResult, SkillVersion
from skillgit.names import Digest, Oid
from skillgit.types import Usage

SEEDS = (41, 42, 43)


def digest(of: str) -> Digest:
    return Digest(f"sha256:{hashlib.sha256(of.encode()).hexdigest()}")


def skill(letter: str) -> SkillVersion:
    return SkillVersion("skills/xlsx", Oid(letter * 40), digest(letter))


def run(task: str, seed: int, *, passed: bool, **changed: object) -> RunResult:
    values: dict[str, object] = {
        "task": task,
        "task_digest": digest(task),
        "domain": "spreadsheet",
        "seed": seed,
        "skill": skill("a"),
        "model": "coder",
        "harness": digest("harness"),
        "passed": passed,
        "score": float(passed),
        "cases_passed": int(passed),
        "cases": 1,
        "ended": Ended.ANSWERED,
        "detail": "",
        "turns": 4,
        "usage": Usage(calls=4, prompt_tokens=1000, output_tokens=200),
        "seconds": 3.0,
        "trajectory": digest(f"{task} {seed}"),
        **changed,
    }
    return RunResult(**values)  # type: ignore[arg-type] # the values are checked by those who read


def runs(
    passes: Mapping[str, Sequence[bool]] | Sequence[Sequence[bool]], **changed: object
) -> list[RunResult]:
    """One row of passes for each task, one place for each seed from 41."""
    rows = passes if isinstance(passes, Mapping) else _named(passes)
    return [
        run(task, seed, passed=passed, **changed)
        for task, row in rows.items()
        for seed, passed in enumerate(row, start=SEEDS[0])
    ]


def _named(rows: Sequence[Sequence[bool]]) -> dict[str, Sequence[bool]]:
    return {f"task-{number:03}": row for number, row in enumerate(rows)}
