"""What a rollout is told and what it is given: who acts, within which bounds, with which tools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from skillgit.agent.episode import Mind
from skillgit.config import Agent, Speech
from skillgit.domains.task import Domain
from skillgit.evaluation.runs import RunIdentity, RunResult
from skillgit.names import Digest
from skillgit.ports import Executor, Progress, Prompts, Sandbox


class Actor(StrEnum):
    """Who works on the tasks. The last two need no model: the floor and the ceiling of a set."""

    MODEL = "model"
    DO_NOTHING = "do-nothing"
    """Leaves the first input as the answer."""
    GOLD = "gold"
    """Leaves the expected answer: a task that it does not pass is broken."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the tasks are worked on. `model` is its name; `harness` all that runs share otherwise."""

    model: str
    harness: Digest
    actor: Actor = Actor.MODEL
    agent: Agent = field(default_factory=Agent)
    speech: Speech = Speech.TEXT
    answer_bytes: int = 256 << 20
    """The most that an answer file may hold."""
    recalc: str = "none"
    recalled: Mapping[Digest, str] = field(default_factory=dict)
    """What runs are told behind their task, by its digest: memory items. `harness` names them."""


class Stored(Protocol):
    """A run that is kept."""

    @property
    def left_out(self) -> Mapping[str, int]:
        """What of the agent's files was not kept, by kind."""
        ...


class Shelf(Protocol):
    """Where finished runs lie (`adapters.runs.RunFolder`)."""

    def finished(self, identity: RunIdentity) -> RunResult | None:
        """The result of exactly this run; UsageError where another one has its place."""
        ...

    def save(self, result: RunResult, trajectory: bytes, work: Path | None) -> Stored:
        """Keep a run; it is there as a whole or not at all."""
        ...

    def note(self, left_out: Mapping[str, int]) -> None:
        """Hear what was not kept of a run that was saved, perhaps on another machine."""
        ...


@dataclass(frozen=True, slots=True)
class Model:
    """What only an actor that asks a model needs: the model, its words, and a place to work."""

    mind: Mind
    prompts: Prompts
    sandbox: Sandbox


@dataclass(frozen=True, slots=True)
class Bench:
    """What a run is made with; it is built where the run is made.

    Without `model` nothing but floor and ceiling can be run.
    """

    domains: Mapping[str, Domain]
    shelf: Shelf
    model: Model | None = None


@dataclass(frozen=True, slots=True)
class Crew:
    """Where runs are made; the same shelf as seen from here, and somebody who waits."""

    executor: Executor[Bench]
    shelf: Shelf
    progress: Progress
