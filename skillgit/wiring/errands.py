"""What a person asked `skillgit evolve` for, as they said it; light, so that help is fast."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from skillgit.endpoint.caps import Caps

if TYPE_CHECKING:  # --help has no time
    from skillgit.wiring.asking import Purse


@dataclass(frozen=True, slots=True)
class GateErrand:
    """How the result is replayed: on which tasks, with which seeds, and what may be chosen."""

    tasks: Path
    seeds: tuple[int, ...]
    lessons: bool = False
    """Drop those that hurt."""
    evolutions: int = 1


@dataclass(frozen=True, slots=True)
class Errand:
    """What a person asked `skillgit evolve` for, as they said it."""

    skill: str
    trajectories: tuple[Path, ...] = ()
    """Empty: the tasks are run first."""
    options: dict[str, object] = field(default_factory=dict)
    outcomes: Path | None = None
    tasks: Path | None = None
    gate: GateErrand | None = None
    start: Path = Path()
    base: str = "HEAD"
    replay: Path | bool = False
    """True: only what was answered before; a file: recorded replies, taken in first."""
    no_branch: bool = False
    """Do everything but write to the repository."""
    caps: Purse = field(default_factory=Caps)
    """What may be spent; a round that is stopped by it goes on with another one."""
    rights_held: bool = False
    """The user says that they may change the skill, whatever its licence says."""
    unsafe: bool = False
    """Run what the model writes without a sandbox."""
