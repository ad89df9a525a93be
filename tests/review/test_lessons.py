from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from repositories import Repository
from rounds import EDITS, ROUND, SKILL, TEXT, recorded, recorded_once

from skillgit.adapters.git import GitRepository
from skillgit.errors import UsageError
from skillgit.names import RoundId
from skillgit.review.lessons import FoundLesson, find_lesson, find_round
from skillgit.types import Branch, Lesson

Make = Callable[..., Repository]
Scene = tuple[Repository, Branch]
LATER = RoundId("20261122T000000Z-000000")


@pytest.fixture
def scene(repository: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    first = repository({f"{SKILL}/SKILL.md": TEXT, "README.md": "hi\n"}, name="first")
    made, branch = recorded_once(first, tmp_path_factory.mktemp("recorded"), tmp_path / "repo")
    made.git("checkout", "--quiet", "main")
    return made, branch


def found(made: Repository, name: str) -> FoundLesson:
    with GitRepository.open(made.path) as repo:
        return find_lesson(repo, name)


def refused(made: Repository, name: str) -> UsageError:
    with GitRepository.open(made.path) as repo, pytest.raises(UsageError) as failure:
        find_lesson(repo, name)
    return failure.value


def test_every_name_of_a_lesson_finds_it(scene: Scene) -> None:
    made, branch = scene
    second = branch.lessons[1]
    names = (
        second.commit,
        second.commit[:7],
        second.commit.upper()[:9],
        second.evidence[:8],
        f"{branch.name}~1",
        f"{ROUND}/2",
        "20261121/2",
        "latest/2",
        "case 1",
        "MIND THE CASE 1",
    )
    lessons = [found(made, name) for name in names]
    assert {(one.commit, one.evidence, one.number) for one in lessons} == {
        (second.commit, second.evidence, 2)
    }
    lesson = lessons[0]
    assert (lesson.round, lesson.title, lesson.name) == (ROUND, "Mind the case 1", f"{ROUND}/2")
    assert lesson.record is not None


def test_the_copy_that_was_named_or_else_the_one_in_head_is_meant(scene: Scene) -> None:
    made, branch = scene
    made.git("cherry-pick", branch.lessons[2].commit)
    copy = made.git("rev-parse", "HEAD")
    assert found(made, f"{ROUND}/3").commit == copy
    assert found(made, branch.lessons[2].commit).commit == branch.lessons[2].commit
    assert set(found(made, copy).copies) == {copy, branch.lessons[2].commit}


def test_a_whole_title_wins_over_a_part_of_one(repository: Make) -> None:
    made = repository({f"{SKILL}/SKILL.md": TEXT})
    with GitRepository.open(made.path) as repo:
        skill = repo.read_skill(SKILL, "HEAD")
        titles = ("Recalculate", "Recalculate twice")
        titled = [
            replace(one, lesson=Lesson(title, "Because."))
            for one, title in zip(EDITS[:2], titles, strict=True)
        ]
        recorded(repo, skill, titled)
    assert found(made, "recalculate").title == "Recalculate"
    assert found(made, "twice").title == "Recalculate twice"
    assert "2 lessons have that" in refused(made, "recalc").message


def test_a_lesson_without_a_commit_is_found_in_the_evidence(scene: Scene) -> None:
    made, branch = scene
    made.git("branch", "-D", branch.name, "review")
    lesson = found(made, "latest/1")
    assert (lesson.commit, lesson.copies, lesson.title) == (None, (), "Mind the case 2")
    assert lesson.evidence == branch.lessons[0].evidence


def test_a_commit_that_no_branch_reaches_is_still_a_lesson(scene: Scene) -> None:
    made, branch = scene
    made.git("branch", "-D", branch.name, "review")
    assert found(made, branch.lessons[0].commit).number == 1
    made.git("update-ref", "-d", branch.evidence_ref)
    lost = found(made, branch.lessons[0].commit)
    assert (lost.number, lost.title, lost.round) == (0, "Mind the case 2", ROUND)
    assert lost.record is not None


def test_a_clone_without_evidence_counts_the_commits(scene: Scene, tmp_path: Path) -> None:
    made, branch = scene
    made.git("clone", "--quiet", "--no-local", ".", str(tmp_path / "clone"))
    lesson = found(Repository(tmp_path / "clone"), "latest/2")
    assert (lesson.commit, lesson.record) == (branch.lessons[1].commit, None)
    assert lesson.title == "Mind the case 1"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("latest/4", "it has 3"),
        ("latest/0", "it has 3"),
        ("nowhere", "none of that name"),
        ("", "none of that name"),
        ("case", "3 lessons have that"),
        ("main", "has no lesson's trailers"),
        ("dead", "none of that name"),
        ("--all", "none of that name"),
    ],
)
def test_what_no_lesson_is_called_is_said_with_candidates(
    scene: Scene, name: str, said: str
) -> None:
    failure = refused(scene[0], name)
    assert said in failure.message
    assert f"{ROUND}/1" in failure.hint or "skillgit log" in failure.hint


def test_a_repository_without_lessons_says_so(repository: Make) -> None:
    assert "has none yet" in refused(repository({"a": "b"}), "x").hint
    assert "has none yet" in refused(repository(name="empty"), "HEAD").hint


def test_rounds_have_names_too(scene: Scene) -> None:
    made, _ = scene
    with GitRepository.open(made.path) as repo:
        recorded(repo, repo.read_skill(SKILL, "HEAD"), EDITS[:1], LATER)
        assert find_round(repo, "latest") == LATER
        assert find_round(repo, ROUND) == find_round(repo, "20261121") == ROUND
        with pytest.raises(UsageError, match="2 rounds begin so"):
            find_round(repo, "2026")
        with pytest.raises(UsageError, match="none of that name") as failure:
            find_round(repo, "2025")
    assert LATER in failure.value.hint


def test_refs_of_others_below_ours_are_no_rounds(scene: Scene) -> None:
    made, _ = scene
    made.git("update-ref", "refs/skillgit/rounds/nonsense", "HEAD")
    made.git("update-ref", f"refs/skillgit/rounds/{LATER}", "HEAD")
    with GitRepository.open(made.path) as repo:
        assert find_round(repo, "latest") == ROUND
