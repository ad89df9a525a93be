from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository
from rounds import EDITS, ROUND, SKILL, TEXT, recorded, recorded_once

from skillgit.adapters.git import GitRepository
from skillgit.adapters.git_remote import GitRemote
from skillgit.errors import FindingsError
from skillgit.names import RoundId
from skillgit.review.dropping import drop
from skillgit.review.lessons import find_lesson
from skillgit.review.refusals import REFUSALS, read_refusals
from skillgit.review.sharing import Moved, fetch, push
from skillgit.types import Branch

Make = Callable[..., Repository]
LATER = RoundId("20261122T000000Z-000000")


@pytest.fixture
def both(
    repository: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Repository, Repository, Branch]:
    """A repository with a round, and a clone of it with the same bare remote."""
    first = repository({f"{SKILL}/SKILL.md": TEXT, "README.md": "hi\n"}, name="first")
    made, branch = recorded_once(first, tmp_path_factory.mktemp("recorded"), tmp_path / "repo")
    made.git("checkout", "--quiet", "main")
    made.git("branch", "-D", "review")
    made.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    made.git("remote", "add", "origin", str(tmp_path / "bare.git"))
    made.git("clone", "--quiet", "--no-local", str(tmp_path / "bare.git"), str(tmp_path / "clone"))
    other = Repository(tmp_path / "clone")
    other.git("branch", branch.name, f"origin/{branch.name}")
    return made, other, branch


def pushed(made: Repository) -> tuple[Moved, ...]:
    with GitRepository.open(made.path) as repo:
        return push(repo, GitRemote.of(made.path, None))


def fetched(made: Repository) -> tuple[Moved, ...]:
    with GitRepository.open(made.path) as repo:
        return fetch(repo, GitRemote.of(made.path, None), lambda: repo.author(9))


def dropped(made: Repository, number: int, reason: str) -> None:
    with GitRepository.open(made.path) as repo:
        drop(repo, [find_lesson(repo, f"{ROUND}/{number}")], reason, repo.author(number))


def reasons(made: Repository) -> list[str]:
    with GitRepository.open(made.path) as repo:
        return sorted(one.reason for one in read_refusals(repo).values())


def test_rounds_travel_once(both: tuple[Repository, Repository, Branch]) -> None:
    made, other, branch = both
    tip = made.git("rev-parse", branch.evidence_ref)
    moved = Moved(branch.evidence_ref, None, GitRepository.open(made.path).resolve(tip))
    assert pushed(made) == (moved,)
    assert pushed(made) == ()
    assert fetched(other) == (moved,)
    assert fetched(other) == ()
    assert other.git("rev-parse", branch.evidence_ref) == tip


def test_each_side_gets_what_it_lacks(both: tuple[Repository, Repository, Branch]) -> None:
    made, other, branch = both
    pushed(made)
    with GitRepository.open(other.path) as repo:
        recorded(repo, repo.read_skill(SKILL, "HEAD"), EDITS[:1], LATER)
    assert [one.ref for one in pushed(other)] == [f"refs/skillgit/rounds/{LATER}"]
    assert [one.ref for one in fetched(other)] == [branch.evidence_ref]
    assert [one.ref for one in fetched(made)] == [f"refs/skillgit/rounds/{LATER}"]


def test_other_evidence_of_one_name_is_an_error_that_says_so(
    both: tuple[Repository, Repository, Branch],
) -> None:
    made, other, branch = both
    with GitRepository.open(other.path) as repo:
        recorded(repo, repo.read_skill(SKILL, "HEAD"), EDITS[:1], LATER)
    mine = other.git("commit-tree", "-m", "mine", "HEAD^{tree}")
    other.git("update-ref", branch.evidence_ref, mine)
    pushed(made)
    with pytest.raises(FindingsError, match="is not the same on both sides"):
        pushed(other)
    assert GitRemote.of(made.path, None).refs("refs/skillgit/").keys() == {branch.evidence_ref}
    with GitRepository.open(made.path) as repo:
        recorded(repo, repo.read_skill(SKILL, "HEAD"), EDITS[1:], RoundId(f"{LATER[:-1]}1"))
    pushed(made)
    with pytest.raises(FindingsError, match=f"{branch.evidence_ref} is not the same"):
        fetched(other)
    assert other.git("rev-parse", branch.evidence_ref) == mine
    assert other.git("rev-parse", f"refs/skillgit/rounds/{LATER[:-1]}1")


def test_refusals_of_both_sides_are_joined(both: tuple[Repository, Repository, Branch]) -> None:
    made, other, _ = both
    pushed(made)
    fetched(other)
    dropped(made, 1, "mine")
    assert [one.ref for one in pushed(made)] == [REFUSALS]
    assert [one.ref for one in fetched(other)] == [REFUSALS]
    dropped(made, 2, "mine too")
    dropped(other, 3, "yours")
    pushed(made)
    with pytest.raises(FindingsError, match="is not the same on both sides"):
        pushed(other)
    assert [one.ref for one in fetched(other)] == [REFUSALS]
    assert reasons(other) == ["mine", "mine too", "yours"]
    assert fetched(other) == ()
    assert [one.ref for one in pushed(other)] == [REFUSALS]
    assert [one.ref for one in fetched(made)] == [REFUSALS]
    assert reasons(made) == reasons(other)


def test_who_knows_more_is_left_alone(both: tuple[Repository, Repository, Branch]) -> None:
    made, other, _ = both
    pushed(made)
    fetched(other)
    dropped(made, 1, "mine")
    pushed(made)
    dropped(made, 2, "not pushed yet")
    assert fetched(made) == ()
    fetched(other)
    assert reasons(other) == ["mine"]
    pushed(made)
    assert pushed(other) == ()
