from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository
from rounds import ROUND, SKILL, TEXT, recorded_once

from skillgit.adapters.git import GitRepository
from skillgit.review.stale import weigh
from skillgit.types import Branch

Make = Callable[..., Repository]
Scene = tuple[Repository, Branch]
WRITTEN = 1_795_000_000
MONTH = 30 * 86_400


@pytest.fixture
def scene(repository: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    first = repository({f"{SKILL}/SKILL.md": TEXT, "README.md": "hi\n"}, name="first")
    made, branch = recorded_once(first, tmp_path_factory.mktemp("recorded"), tmp_path / "repo")
    made.git("checkout", "--quiet", "main")
    return made, branch


def why_kept(made: Repository, now: int = WRITTEN + MONTH) -> str:
    with GitRepository.open(made.path) as repo:
        [one] = weigh(repo, now)
    assert (one.round, one.ref) == (ROUND, f"refs/skillgit/rounds/{ROUND}")
    return one.why


def forget(made: Repository, branch: Branch) -> None:
    made.git("branch", "-D", branch.name, "review")


def test_what_nothing_speaks_of_may_go_after_a_month(scene: Scene) -> None:
    made, branch = scene
    forget(made, branch)
    assert why_kept(made) == ""
    assert why_kept(made, WRITTEN + MONTH - 1) == "younger than 30 days"


def test_a_branch_of_its_name_keeps_it(scene: Scene) -> None:
    made, branch = scene
    made.git("branch", "-D", "review")
    made.git("branch", "--force", branch.name, "main")  # all its lessons were dropped
    assert why_kept(made) == f"branch {branch.name}"
    made.git("update-ref", f"refs/remotes/origin/{branch.name}", branch.tip)
    made.git("branch", "-D", branch.name)
    assert why_kept(made) == f"branch origin/{branch.name}"


def test_a_commit_that_names_it_keeps_it_wherever_it_is(scene: Scene) -> None:
    made, branch = scene
    forget(made, branch)
    made.git("checkout", "--quiet", "--detach", branch.lessons[0].commit)
    assert why_kept(made) == f"commit {branch.lessons[0].commit[:12]} names it"
    made.git("checkout", "--quiet", "main")
    assert why_kept(made) == ""
    made.git("tag", "-a", "-m", "a release", "v1", branch.lessons[0].commit)
    assert "names it" in why_kept(made)
    made.git("tag", "-d", "v1")
    made.git("worktree", "add", "--quiet", "--detach", "../tree", branch.lessons[0].commit)
    assert "names it" in why_kept(made)


def test_a_squash_that_names_it_in_the_middle_of_its_message_keeps_it(scene: Scene) -> None:
    made, branch = scene
    forget(made, branch)
    made.commit({"x": "y"}, f"squashed\n\n    Skillgit-Round: {ROUND}\n\nSigned-off-by: me <m@e>")
    assert "names it" in why_kept(made)


def test_a_squash_that_names_nothing_keeps_it_by_its_lines(scene: Scene) -> None:
    made, branch = scene
    made.git("checkout", "--quiet", "-b", "release", "main")
    made.git("merge", "--quiet", "--squash", branch.name)
    made.git("commit", "--quiet", "-m", "squashed")
    forget(made, branch)
    assert why_kept(made).startswith("its lesson 1 is merged, by its lines, in ")
    made.git("checkout", "--quiet", "main")
    assert why_kept(made) == "refs/heads/release has its lesson 1, by its lines"
    made.git("tag", "-a", "-m", "a release", "v1", "release")
    made.git("branch", "-D", "release")
    assert why_kept(made) == "refs/tags/v1 has its lesson 1, by its lines"


def test_a_lesson_that_was_reverted_is_still_asked_about(scene: Scene) -> None:
    made, branch = scene
    made.git("merge", "--quiet", "--squash", branch.name)
    made.git("commit", "--quiet", "-m", "squashed")
    made.git("revert", "--no-edit", "HEAD")
    forget(made, branch)
    assert "is reverted" in why_kept(made)
