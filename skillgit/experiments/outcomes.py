"""What came of the steps of an experiment; these values are also what is kept of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from skillgit.names import Digest, Oid


@dataclass(frozen=True, slots=True)
class Gap:
    """Nothing came of a step, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Scored:
    """One graded run."""

    task: str
    task_digest: Digest
    seed: int
    passed: bool
    score: float


@dataclass(frozen=True, slots=True)
class Rates:
    """What an agent without a model gets on the same tasks."""

    hard: float
    soft: float


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of an evaluation."""

    runs: tuple[Scored, ...]
    model: str
    """As its endpoint calls it."""
    crashed: int = 0
    """Runs that crashed, or for which the endpoint failed: failures here, and tried again."""
    floor: Rates | None = None
    """Of an agent that does nothing."""
    ceiling: Rates | None = None
    """Of the gold answers."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Taught:
    """Trajectories to learn from: where they lie, and which tasks gave them."""

    folder: str
    passed: int
    failed: int
    tasks: tuple[Digest, ...]
    names: tuple[str, ...]
    """The ids of these tasks: another edition of a benchmark words them otherwise."""


@dataclass(frozen=True, slots=True)
class Written:
    """A skill that is there: a commit of the experiment's repository, and how it came about."""

    root: str
    commit: Oid
    digest: Digest
    """Of the skill's files."""
    branch: str = ""
    """The branch of a round or a draft; "" where no lesson survived, and for what was given."""
    round: str = ""
    lessons: int = 0
    seconds: float = 0.0
    """What the round took, by its own record."""
    remembered: tuple[int, int] = (0, 0)
    """Replies of that record that were there before, and all: the former took no time."""
    calls: int = 0
    tokens: int = 0
    bank: str = ""
    """A bank of memories that is given with the skill."""
    tasks: tuple[Digest, ...] = ()
    """The tasks that taught."""
    names: tuple[str, ...] = ()
    unanswered: int = 0
    """Analysts that got no usable reply; where nothing came of a round, it is tried again."""
    notes: tuple[str, ...] = ()


def is_final(outcome: Runs | Taught | Written) -> bool:
    """Would the same again come to the same? Not where something failed that may be mended."""
    match outcome:
        case Runs():
            return not outcome.crashed
        case Written():
            return bool(outcome.lessons or not outcome.unanswered)
        case Taught():
            return True


Outcome: TypeAlias = Gap | Runs | Taught | Written
