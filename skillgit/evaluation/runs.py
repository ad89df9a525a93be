"""One graded run of an agent on a task: what evaluation counts, and what `result.json` holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from skillgit.names import Digest, Oid
from skillgit.types import Usage


class Ended(StrEnum):
    """How a run came to its end."""

    ANSWERED = "answered"
    TURNS = "turn budget"
    SECONDS = "time budget"
    TOKENS = "token budget"
    REPEATED = "repeated itself"
    """The same turn again and again, also after a hint."""
    NO_REPLY = "no reply"
    """The model gave nothing usable for a turn, or could not be asked any more."""
    ENDPOINT = "endpoint failed"
    """On the way to the model something broke; that says nothing about agent or skill."""
    CRASHED = "crashed"
    """The run itself failed; recorded, not lost."""


MISHAPS = (Ended.CRASHED, Ended.ENDPOINT)
"""Such runs count as failures, and are made again where they are asked for again."""


@dataclass(frozen=True, slots=True)
class SkillVersion:
    """Which skill an agent was given. `digest` is Harbor's (sorted paths and file digests)."""

    root: str
    commit: Oid | None
    digest: Digest


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """What a run depends on: two runs with the same identity are the same run."""

    task: str
    task_digest: Digest
    seed: int
    skill: Digest | None
    model: str
    harness: Digest


@dataclass(frozen=True, slots=True)
class RunResult:
    """How one run ended and what the grader says of it.

    `score` is the share of cases that passed (soft), `passed` means all of them (hard). `detail`
    may be shown to a model: it holds no expected value. `work` files lie beside the result.
    """

    task: str
    task_digest: Digest
    domain: str
    seed: int
    skill: SkillVersion | None
    model: str
    harness: Digest
    """Everything else that a run depends on: prompts, sampling, budgets, protocol, grading."""
    passed: bool
    score: float
    cases_passed: int
    cases: int
    ended: Ended
    detail: str
    turns: int
    usage: Usage
    seconds: float
    trajectory: Digest
    """SHA-256 of the bytes of trajectory.json."""
    recalc: str = "none"
    group: str = ""
    problem: str = ""
    """What crashed, where something did."""
    used: tuple[str, ...] = ()
    """What of the skill left a trace: files that were opened or run, lines as `SKILL.md:12`."""
    official: Mapping[str, bool] = field(default_factory=dict)
    """What the scorers of benchmarks say of all cases, by name; never mixed with `passed`."""

    @property
    def identity(self) -> RunIdentity:
        """What this run depended on; the commit of the skill is not part of it."""
        skill = self.skill.digest if self.skill else None
        return RunIdentity(self.task, self.task_digest, self.seed, skill, self.model, self.harness)
