from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository
from rounds import EDITS, ROUND, SKILL, TEXT, insert, recorded, recorded_once

from skillgit.adapters.git import GitRepository
from skillgit.names import Oid, RoundId
from skillgit.provenance.squash import Squash, SquashedLesson, render_squash
from skillgit.review.catalogue import read_catalogue
from skillgit.review.lessons import find_lesson
from skillgit.review.states import standing_of, standings
from skillgit.types import Branch

Make = Callable[..., Repository]
Scene = tuple[Repository, Branch]
FILE = f"{SKILL}/SKILL.md"


@pytest.fixture
def scene(repository: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    first = repository({FILE: TEXT, "README.md": "hi\n"}, name="first")
    made, branch = recorded_once(first, tmp_path_factory.mktemp("recorded"), tmp_path / "repo")
    made.git("checkout", "--quiet", "main")
    return made, branch


def states(made: Repository) -> list[tuple[str, str]]:
    """The state of each lesson of the round, and how it is known, without commit ids."""
    with GitRepository.open(made.path) as repo:
        catalogue = read_catalogue(repo)
        known = standings(repo, catalogue)
        for lesson in catalogue.lessons:
            assert standing_of(repo, lesson) == known[lesson.evidence]
    told = [known[lesson.evidence] for lesson in catalogue.rounds[-1].lessons]
    return [(str(one.state), one.how.replace((one.commit or "?")[:12], "C")) for one in told]


def bare(made: Repository) -> list[str]:
    return [state for state, _ in states(made)]


def test_lessons_on_a_branch_alone_are_open(scene: Scene) -> None:
    assert states(scene[0]) == [("open", "")] * 3


def test_a_commit_or_a_copy_of_it_in_head_is_merged(scene: Scene) -> None:
    made, branch = scene
    made.git("merge", "--quiet", "--ff-only", branch.lessons[0].commit)
    made.git("cherry-pick", branch.lessons[2].commit)
    assert states(made) == [("merged", ""), ("open", ""), ("merged", "")]


def test_a_commit_that_lost_its_message_is_merged_by_its_change(scene: Scene) -> None:
    made, branch = scene
    made.git("cherry-pick", branch.lessons[1].commit)
    made.git("commit", "--quiet", "--amend", "-m", "mine")
    assert states(made) == [("open", ""), ("merged", "by its change, in C"), ("open", "")]


def test_a_squash_is_merged_by_its_lines(scene: Scene) -> None:
    made, branch = scene
    made.git("merge", "--quiet", "--squash", branch.name)
    made.git("commit", "--quiet", "-m", "squashed")
    assert states(made) == [("merged", "by its lines, in C")] * 3
    made.git("branch", "-D", branch.name, "review")
    assert states(made) == [("merged", "by its lines, in C")] * 3
    text = (made.path / FILE).read_text()
    made.commit({FILE: text.replace("After two.", "After three.")}, "better")
    assert bare(made) == ["merged"] * 3


def test_a_squash_is_known_after_the_skill_was_moved_and_reformatted(scene: Scene) -> None:
    made, branch = scene
    made.git("merge", "--quiet", "--squash", branch.name)
    made.git("commit", "--quiet", "-m", "squashed")
    made.git("mv", "skills", "tools")
    text = (made.path / "tools/xlsx/SKILL.md").read_text().replace("\n", "\r\n")
    made.commit({"tools/xlsx/SKILL.md": text.replace("After", "  After ")}, "moved")
    assert bare(made) == ["merged"] * 3


def test_a_part_of_a_squash_is_that_part(scene: Scene) -> None:
    made, branch = scene
    made.git("merge", "--quiet", "--squash", branch.lessons[1].commit)
    made.git("commit", "--quiet", "-m", "squashed")
    assert bare(made) == ["merged", "merged", "open"]


def test_lines_that_a_person_wrote_before_are_not_the_lessons(repository: Make) -> None:
    made = repository({FILE: TEXT.replace("Four.", "Same words.")})
    with GitRepository.open(made.path) as repo:
        skill = repo.read_skill(SKILL, "HEAD")
        recorded(repo, skill, [insert(1, 8, "\nSame words.", (0,))])
    assert states(made) == [("open", "")]


def test_a_revert_and_its_revert(scene: Scene) -> None:
    made, branch = scene
    made.git("merge", "--quiet", "--ff-only", branch.name)
    made.git("revert", "--no-edit", branch.lessons[0].commit)
    assert states(made) == [("reverted", "in C"), ("merged", ""), ("merged", "")]
    made.git("revert", "--no-edit", "HEAD")
    assert states(made) == [("merged", "")] * 3


def test_a_revert_that_does_not_say_so_is_one(scene: Scene) -> None:
    made, branch = scene
    made.git("merge", "--quiet", "--ff-only", branch.name)
    made.git("revert", "--no-commit", branch.lessons[0].commit)
    made.git("commit", "--quiet", "-m", "tidy up")
    assert states(made) == [("reverted", "in C"), ("merged", ""), ("merged", "")]
    made.git("revert", "--no-commit", "HEAD")
    made.git("commit", "--quiet", "-m", "untidy")
    assert bare(made) == ["merged"] * 3


def test_a_reverted_merge_takes_its_lessons_along(scene: Scene) -> None:
    made, branch = scene
    made.git("merge", "--quiet", "--ff-only", branch.lessons[0].commit)
    made.git("merge", "--quiet", "--no-ff", "-m", "the rest", branch.name)
    made.git("revert", "--no-edit", "-m", "1", "HEAD")
    assert bare(made) == ["merged", "reverted", "reverted"]


def test_a_reverted_squash_takes_its_lessons_along(scene: Scene) -> None:
    made, branch = scene
    made.git("merge", "--quiet", "--squash", branch.name)
    made.git("commit", "--quiet", "-m", "squashed")
    made.git("revert", "--no-edit", "HEAD")
    assert states(made) == [("reverted", "in C, by its lines")] * 3


def test_a_revert_of_another_copy_counts(scene: Scene) -> None:
    made, branch = scene
    made.git("cherry-pick", branch.lessons[0].commit)
    made.git("revert", "--no-edit", "HEAD")
    text = made.git("log", "-1", "--format=%B").replace(
        made.git("rev-parse", "HEAD^"), branch.lessons[0].commit
    )
    made.git("commit", "--quiet", "--amend", "-m", text)
    assert bare(made)[0] == "reverted"


def test_a_message_that_names_nothing_reverts_nothing(scene: Scene) -> None:
    made, branch = scene
    made.git("merge", "--quiet", "--ff-only", branch.name)
    made.commit({"x": "y"}, "s\n\nThis reverts commit 0123456789abcdef.")
    made.commit({"x": "z"}, "s\n\nThis reverts commit 0123456, reversing\nchanges made to 0123457.")
    assert bare(made) == ["merged"] * 3


def test_what_only_the_evidence_knows_was_dropped(scene: Scene) -> None:
    made, branch = scene
    made.git("branch", "-D", "review")
    made.git("branch", "--force", branch.name, branch.lessons[0].commit)
    assert bare(made) == ["open", "dropped", "dropped"]
    made.git("branch", "-D", branch.name)
    assert bare(made) == ["dropped"] * 3


def test_the_branch_here_wins_over_the_one_of_a_remote(scene: Scene) -> None:
    made, branch = scene
    made.git("branch", "-D", "review")
    made.git("update-ref", f"refs/remotes/origin/{branch.name}", branch.tip)
    made.git("branch", "--force", branch.name, branch.lessons[0].commit)
    assert bare(made) == ["open", "dropped", "dropped"]
    made.git("branch", "topic", branch.lessons[1].commit)
    assert bare(made) == ["open", "open", "dropped"]


def test_a_refusal_says_why(scene: Scene) -> None:
    from skillgit.review.dropping import drop  # noqa: PLC0415 - only here

    made, _ = scene
    made.git("branch", "-D", "review")
    with GitRepository.open(made.path) as repo:
        drop(repo, [find_lesson(repo, "latest/2")], "true for one customer only", repo.author(1))
    assert states(made)[1] == ("dropped", "true for one customer only")


def test_two_rounds_with_the_same_lines_do_not_speak_for_each_other(repository: Make) -> None:
    """Only one was merged: blame gives its lines to its commit, not to the other lesson."""
    made = repository({FILE: TEXT})
    with GitRepository.open(made.path) as repo:
        skill = repo.read_skill(SKILL, "HEAD")
        recorded(repo, skill, EDITS[:2])
        other = RoundId("20261122T000000Z-000000")
        second = recorded(repo, skill, [*EDITS[:1], insert(4, 6, "\nMore.", (0,))], other)
    made.git("merge", "--quiet", "--ff-only", second.tip)
    assert states(made) == [("open", ""), ("open", "")]
    assert other > ROUND


def test_a_repository_without_a_commit_has_no_states(repository: Make) -> None:
    made = repository()
    with GitRepository.open(made.path) as repo:
        assert standings(repo, read_catalogue(repo)) == {}


def test_a_squash_that_names_its_lessons_is_believed_as_far_as_it_can_be_compared(
    scene: Scene, tmp_path: Path
) -> None:
    made, branch = scene
    held = Squash(
        ROUND,
        SKILL,
        Oid(made.git("rev-parse", "main")),
        Oid(made.git("rev-parse", branch.evidence_ref)),
        tuple(SquashedLesson(one.evidence, one.patch) for one in branch.lessons),
        "tiny",
    )
    made.git("merge", "--quiet", "--squash", branch.lessons[1].commit)
    made.git("commit", "--quiet", "-m", f"squashed\n\n{render_squash(held)}")
    assert bare(made) == ["merged", "merged", "open"]
    made.git("clone", "--quiet", "--no-local", ".", str(tmp_path / "clone"))
    clone = Repository(tmp_path / "clone")
    clone.git("branch", "review", "origin/review")
    assert bare(clone) == ["merged"] * 3
    clone.git("revert", "--no-edit", "HEAD")
    assert bare(clone) == ["reverted"] * 3
