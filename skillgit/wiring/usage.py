"""What trajectories tell of the use of a skill: read here, counted in `skillgit.usage`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from skillgit.adapters.files import read_outcomes_file, read_trajectory_files
from skillgit.adapters.settings import load_settings
from skillgit.stages.collect import collect
from skillgit.trajectories.outcome_table import read_table
from skillgit.types import Diagnostic, Pool, Skill, Trajectory
from skillgit.usage import SkillUse, usage
from skillgit.wiring.evaluating import parted
from skillgit.wiring.places import open_repository, skill_root, uncommitted

if TYPE_CHECKING:
    from skillgit.adapters.git import GitRepository


@dataclass(frozen=True, slots=True)
class UsageErrand:
    """What a person asked for: `skill` may be `FOLDER@REVISION`."""

    start: Path
    skill: str
    trajectories: tuple[Path, ...]
    outcomes: Path | None = None
    any_version: bool = False
    """Count those, too, that had another version of the skill."""
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UsageFound:
    """What was found, the skill that it is about, and the trajectories that were read."""

    use: SkillUse
    skill: Skill
    pool: Pool
    remarks: tuple[Diagnostic, ...]


def find_usage(errand: UsageErrand) -> UsageFound:
    """Read the skill and the trajectories, and count."""
    with open_repository(errand.start) as repository:
        return find_usage_in(errand, repository)


def find_usage_in(errand: UsageErrand, repository: GitRepository) -> UsageFound:
    """The same in a repository that is open already."""
    folder, revision = parted(errand.skill)
    root = skill_root(folder, errand.start, repository)
    skill = repository.read_skill(root, revision)
    pool = read_pool(errand)
    use = usage(skill, everyone(pool), any_version=errand.any_version)
    remarks = (*uncommitted(repository, root, revision), *pool.diagnostics)
    return UsageFound(use, skill, pool, remarks)


def read_pool(errand: UsageErrand) -> Pool:
    """The trajectories, each once, with their outcomes and without their secrets."""
    config = load_settings(errand.start, errand.options).config
    table = read_table(read_outcomes_file(errand.outcomes)) if errand.outcomes else None
    return collect(read_trajectory_files(errand.trajectories), config.collect, table)


def everyone(pool: Pool) -> tuple[Trajectory, ...]:
    """All trajectories of a pool in the order of their ids."""
    found = (*pool.passed, *pool.failed, *pool.unknown)
    return tuple(sorted(found, key=lambda one: one.id))


def use_of(skill: Skill, trajectories: tuple[Path, ...]) -> SkillUse | None:
    """The use of a skill that is read already; None without trajectories."""
    if not trajectories:
        return None
    pool = read_pool(UsageErrand(Path.cwd(), skill.root, trajectories))
    return usage(skill, everyone(pool))
