"""What an error analyst needs beside the trajectory: what the run left, and where to try things.

Exhibit    a run's task and the files that the agent left
Bench      all exhibits, and the outside world of those who work on them
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from skillgit.agent.episode import Budget, Mind
from skillgit.config import Speech
from skillgit.domains.task import Domain, Task
from skillgit.evaluation.runs import RunResult
from skillgit.names import Digest
from skillgit.ports import Sandbox
from skillgit.trajectories.redaction import Redactor


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A run on disk. `work` holds what the agent left, so nothing in it is trusted."""

    task: Task
    work: Path
    result: RunResult


@dataclass(frozen=True, slots=True)
class Bench:
    """Where causes are proven. Exhibits are found by the digest of their trajectory."""

    exhibits: Mapping[Digest, Exhibit]
    domains: Mapping[str, Domain]
    sandbox: Sandbox
    mind: Mind
    speech: Speech
    budget: Budget = field(default_factory=Budget)
    """Of one analyst; its turns are those of `config.Analyze`."""
    seed: int = 41
    """Of the first conversation; each further one takes the next."""
    parallel: int = 16
    answer_bytes: int = 256 << 20
    """The most that an answer file may hold."""
    clean: Callable[[str], str] = field(default_factory=lambda: Redactor(names=False).text)
    """Done to what analysts are shown of files: nothing that opens something is in it."""

    def __post_init__(self) -> None:
        if self.speech is Speech.AUTO:
            raise ValueError("the way to speak is chosen before the work begins")
