"""Which lessons of a round can be taken apart, and what a person must hear of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository
from rounds import EDITS, ROUND, SKILL, TEXT, recorded_once

from skillgit.adapters.git import GitRepository
from skillgit.errors import UsageError
from skillgit.review.worth import StandingLessons, standing_lessons


@pytest.fixture
def made(
    repository: Callable[..., Repository], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Repository:
    first = repository({f"{SKILL}/SKILL.md": TEXT, "README.md": "hi\n"}, name="first")
    copy, _ = recorded_once(first, tmp_path_factory.mktemp("recorded"), tmp_path / "repo")
    return copy


def standing(made: Repository, *tasks: str) -> StandingLessons:
    with GitRepository.open(made.path) as repo:
        return standing_lessons(repo, "latest", tasks)


def test_they_are_taken_as_recorded_on_the_base_of_their_round(made: Repository) -> None:
    found = standing(made, "another task")

    assert found.round == ROUND
    assert found.base.commit == made.git("rev-parse", "main")
    assert [one.number for one in found.lessons] == [1, 2, 3]
    assert [one.title for one in found.records] == [one.title for one in found.lessons]
    assert {edit.change for one in found.records for edit in one.edits} == {
        edit.change for edit in EDITS
    }
    assert found.remarks == ()


def test_a_lesson_that_a_person_changed_is_measured_as_it_was_recorded(made: Repository) -> None:
    made.write({f"{SKILL}/SKILL.md": made.git("show", f"HEAD:{SKILL}/SKILL.md") + "\nMore.\n"})
    made.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    made.git("branch", "--force", f"skillgit/xlsx/{ROUND}", "HEAD")

    told = standing(made).remarks
    assert told == ("changed since it was recorded, measured as recorded: lesson 3",)


def test_tasks_that_taught_the_round_are_told(made: Repository) -> None:
    (told,) = standing(made, "task 1", "task 2", "a new task").remarks
    assert told.startswith("2 of 3 tasks have the name of one that taught this round")


def test_what_was_dropped_is_left_out_and_without_evidence_nothing_can_be_done(
    made: Repository,
) -> None:
    made.git("reset", "--quiet", "--hard", "HEAD~1")
    made.git("branch", "--force", f"skillgit/xlsx/{ROUND}", "HEAD")
    found = standing(made)
    assert [one.number for one in found.lessons] == [1, 2]
    assert found.remarks == ("dropped, and left out: lesson 3",)

    evidence = f"refs/skillgit/rounds/{ROUND}"
    made.git("update-ref", "-d", evidence)
    made.git("reflog", "expire", "--expire=now", "--all")
    made.git("gc", "--quiet", "--prune=now")
    with pytest.raises(UsageError, match="evidence of its lessons is not here"):
        standing(made)
