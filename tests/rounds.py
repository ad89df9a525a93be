"""Rounds for tests: edits with sources, the pool that they come from, and a recorded branch."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from repositories import Repository

from skillgit import config
from skillgit.adapters.git import GitRepository
from skillgit.names import Digest, EditId, RoundId, SkillPath
from skillgit.ports import Workshop
from skillgit.stages.record import Account, record
from skillgit.types import (
    MANIFEST,
    Branch,
    Change,
    Edit,
    Fate,
    Insert,
    Lesson,
    LineRange,
    Outcome,
    Patch,
    Pool,
    Quote,
    Replace,
    Result,
    Round,
    Skill,
    State,
    Step,
    Trajectory,
)

ROUND = RoundId("20261121T231905Z-7f3ac1")


def trajectory(number: int) -> Trajectory:
    """The n-th trajectory of a pool; the odd ones passed."""
    result = Result.PASS if number % 2 else Result.FAIL
    return Trajectory(
        digest=Digest(f"sha256:{number:012x}{'0' * 52}"),
        task=f"task {number}",
        steps=(Step(1, "user", "do it"), Step(2, "agent", f"said {number}\nand more")),
        outcome=Outcome(result, 1.0 if result is Result.PASS else 0.0, "verifier"),
        origin=f"runs/{number}.json",
    )


def pool(size: int) -> Pool:
    found = [trajectory(number) for number in range(size)]
    return Pool(passed=tuple(found[1::2]), failed=tuple(found[0::2]))


def edit(number: int, change: Change, sources: Iterable[int], title: str = "") -> Edit:
    taught = sorted(sources)
    quotes = tuple(Quote(trajectory(n).id, 2, LineRange(1, 1), f"said {n}") for n in taught[:2])
    return Edit(
        EditId(f"m1-0.{number}"),
        change,
        Lesson(title or f"Mind the case {number}", f"Case {number} went wrong without it."),
        frozenset(trajectory(n).id for n in taught),
        quotes,
    )


def insert(
    number: int, after: int, text: str, sources: Iterable[int], path: str = "SKILL.md"
) -> Edit:
    return edit(number, Insert(SkillPath(path), after, text), sources)


def round_of(skill: Skill, round_id: RoundId = ROUND) -> Round:
    return Round(
        round_id, skill.root, skill.commit, 1_795_000_000, "Qwen 3.5", "combined", {"seed": 41}
    )


def account_of(edits: Sequence[Edit] = (), size: int = 9) -> Account:
    """A round in which each source proposed what was merged into the edits."""
    found = pool(size)
    everyone = sorted([*found.passed, *found.failed], key=lambda one: one.id)
    fates = [
        Fate(EditId(f"{source}.{number}"), State.MERGED, "", one.id)
        for number, one in enumerate(sorted(edits, key=lambda one: one.id))
        for source in sorted(one.sources)
    ]
    return Account(
        found,
        tuple(one.id for one in everyone),
        patches=tuple(Patch(one.id, ()) for one in everyone),
        fates=tuple(fates),
    )


def recorded(
    repo: Workshop, skill: Skill, edits: Sequence[Edit], round_id: RoundId = ROUND
) -> Branch:
    return record(repo, skill, edits, round_of(skill, round_id), account_of(edits), config.Record())


SKILL = "skills/xlsx"
TEXT = (
    "---\nname: xlsx\ndescription: Work with sheets.\n---\n\n"
    "# Sheets\n\nOne.\n\nTwo.\n\nThree.\n\nFour.\n"
)
EDITS = (
    insert(1, 8, "\nAfter one.", (0, 1)),
    insert(2, 10, "\nAfter two.", (2, 3, 4)),
    edit(3, Replace(MANIFEST, LineRange(14, 14), "Vier."), (5,)),
)
_RECORDED: list[tuple[Path, Branch]] = []


def recorded_once(first: Repository, keep: Path, copy: Path) -> tuple[Repository, Branch]:
    """A repository with a recorded round and the branch `review` on it, checked out.

    Made once in `first` and copied from `keep`: recording takes a hundred processes.
    """
    if not _RECORDED:
        with GitRepository.open(first.path) as repo:
            branch = recorded(repo, repo.read_skill(SKILL, "HEAD"), EDITS)
        first.git("checkout", "--quiet", "-b", "review", branch.name)
        shutil.copytree(first.path, keep, symlinks=True, dirs_exist_ok=True)
        _RECORDED.append((keep, branch))
    kept, branch = _RECORDED[0]
    shutil.copytree(kept, copy, symlinks=True)
    return Repository(copy), branch
