from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository
from rounds import EDITS, ROUND, SKILL, TEXT, insert, recorded, recorded_once

from skillgit.adapters.git import GitRepository
from skillgit.names import RoundId
from skillgit.review.history import Lore, read_lore
from skillgit.types import Branch

Make = Callable[..., Repository]
LATER = RoundId("20261122T000000Z-000000")


@pytest.fixture
def scene(
    repository: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Repository, Branch]:
    first = repository({f"{SKILL}/SKILL.md": TEXT, "README.md": "hi\n"}, name="first")
    made, branch = recorded_once(first, tmp_path_factory.mktemp("recorded"), tmp_path / "repo")
    made.git("checkout", "--quiet", "main")
    return made, branch


def lore(made: Repository, skill: str | None = None) -> Lore:
    with GitRepository.open(made.path) as repo:
        return read_lore(repo, skill)


def test_an_open_round_is_told_in_commit_order(scene: tuple[Repository, Branch]) -> None:
    made, branch = scene
    [entry] = lore(made).rounds
    assert (entry.id, entry.skill, entry.model) == (ROUND, SKILL, "Qwen 3.5")
    assert entry.branch == f"refs/heads/{branch.name}"
    assert [lesson.commit for lesson in entry.lessons] == [one.commit for one in branch.lessons]
    assert [str(lesson.support) for lesson in entry.lessons] == [
        "3/9 (2 fail, 1 pass)",
        "2/9 (1 fail, 1 pass)",
        "1/9 (0 fail, 1 pass)",
    ]
    assert not any(lesson.merged for lesson in entry.lessons)


def test_lessons_that_head_has_are_merged_also_as_copies(scene: tuple[Repository, Branch]) -> None:
    made, branch = scene
    made.git("cherry-pick", branch.lessons[2].commit)
    made.git("merge", "--quiet", "-m", "merge", branch.lessons[0].commit)
    [entry] = lore(made).rounds
    assert [lesson.merged for lesson in entry.lessons] == [True, False, True]
    assert entry.lessons[0].commit == branch.lessons[0].commit
    assert entry.lessons[2].commit == made.git("rev-parse", "HEAD^1")


def test_newest_rounds_come_first_and_skills_can_be_chosen(
    scene: tuple[Repository, Branch],
) -> None:
    made, _ = scene
    made.commit({"skills/docx/SKILL.md": TEXT.replace("xlsx", "docx")})
    with GitRepository.open(made.path) as repo:
        recorded(repo, repo.read_skill("skills/docx", "HEAD"), EDITS[:1], LATER)
    assert [(one.id, one.skill) for one in lore(made).rounds] == [
        (LATER, "skills/docx"),
        (ROUND, SKILL),
    ]
    assert [one.id for one in lore(made, "skills/docx").rounds] == [LATER]
    assert lore(made, "").rounds == ()


def test_a_branch_that_only_a_remote_has_is_told(
    scene: tuple[Repository, Branch], tmp_path: Path
) -> None:
    made, branch = scene
    made.git("clone", "--quiet", ".", str(tmp_path / "clone"))
    [entry] = lore(Repository(tmp_path / "clone")).rounds
    assert entry.branch == f"refs/remotes/origin/{branch.name}"


def test_a_round_whose_branch_is_gone_is_told_if_it_was_merged(
    scene: tuple[Repository, Branch],
) -> None:
    made, branch = scene
    made.git("merge", "--quiet", "--ff-only", branch.name)
    made.git("branch", "-D", branch.name, "review")
    [entry] = lore(made).rounds
    assert entry.branch == ""
    assert all(lesson.merged for lesson in entry.lessons)


def test_unreadable_trailers_are_counted(scene: tuple[Repository, Branch]) -> None:
    made, _ = scene
    bad = made.commit({"x": "y"}, "s\n\nSkillgit-Round: nonsense")
    assert lore(made).unreadable == (bad,)


def test_a_repository_without_a_commit_has_no_lore(repository: Make) -> None:
    assert lore(repository()) == Lore((), ())


def test_a_detached_head_counts_too(repository: Make) -> None:
    made = repository({"SKILL.md": TEXT})
    with GitRepository.open(made.path) as repo:
        branch = recorded(repo, repo.read_skill("", "HEAD"), [insert(1, 8, "\nx", (0,))])
    made.git("checkout", "--quiet", "--detach", branch.tip)
    made.git("branch", "-D", branch.name)
    [entry] = lore(made).rounds
    assert [lesson.merged for lesson in entry.lessons] == [True]
