"""A branch of what is not used, and of lessons that hurt: what it is made from, and its commits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from skillgit.adapters.settings import load_settings
from skillgit.pipeline import readable
from skillgit.pipeline.pruning import Judged, Pruning, prune, recorded
from skillgit.pipeline.safeguards import changeable
from skillgit.review.harm import measured_harm, without
from skillgit.review.lessons import find_lesson
from skillgit.usage.cuts import Aim
from skillgit.wiring.places import open_repository
from skillgit.wiring.rebasing import first_asked
from skillgit.wiring.refusing import refused_cuts
from skillgit.wiring.usage import UsageErrand, UsageFound, find_usage_in

if TYPE_CHECKING:
    from skillgit.adapters.git import GitRepository

_BY_HAND = "A person called it harmful"


@dataclass(frozen=True, slots=True)
class PruneErrand:
    """What a person asked `skillgit prune` for, as they said it."""

    usage: UsageErrand
    aim: Aim = field(default_factory=Aim)
    harmful: tuple[str, ...] = ()
    """Lessons that go whatever was measured."""
    no_branch: bool = False
    rights_held: bool = False


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was proposed, and the use of the skill that it rests on."""

    pruning: Pruning
    found: UsageFound


def run_prune(errand: PruneErrand) -> Pruned:
    """Find what can go, and leave it as a branch."""
    start = errand.usage.start
    with open_repository(start) as repository:
        found = find_usage_in(errand.usage, repository)
        judged = _judged(errand, found, repository)
        pruning = prune(judged, errand.aim)
        if not errand.no_branch:
            options = load_settings(start, errand.usage.options).config.record
            pruning = recorded(
                repository, judged, errand.aim, pruning, (options, first_asked(repository))
            )
    return Pruned(pruning, found)


def _judged(errand: PruneErrand, found: UsageFound, repository: GitRepository) -> Judged:
    skill = changeable(readable(found.skill), rights_held=errand.rights_held)
    by_hand = [(find_lesson(repository, name), _BY_HAND) for name in errand.harmful]
    harmful = (*by_hand, *measured_harm(repository, skill.root))
    return Judged(
        skill,
        found.use,
        found.pool,
        without(repository, skill, harmful),
        refused_cuts(repository, skill.root),
        any_version=errand.usage.any_version,
    )
