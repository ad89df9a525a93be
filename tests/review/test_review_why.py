from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository
from rounds import SKILL, TEXT, recorded_once, trajectory

from skillgit.adapters.git import GitRepository
from skillgit.errors import UsageError
from skillgit.review.why import Answer, why
from skillgit.types import Branch

Make = Callable[..., Repository]
FILE = f"{SKILL}/SKILL.md"
Scene = tuple[Repository, Branch]


@pytest.fixture
def scene(repository: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    first = repository({FILE: TEXT, "README.md": "hi\n"}, name="first")
    return recorded_once(first, tmp_path_factory.mktemp("recorded"), tmp_path / "repo")


def ask(made: Repository, text: str, at: str = "HEAD") -> Answer:
    lines = made.git("show", f"{at}:{FILE}").split("\n")
    with GitRepository.open(made.path) as repo:
        return why(repo, FILE, lines.index(text) + 1, at)


def test_a_line_of_a_lesson_names_it_and_its_teachers(scene: Scene) -> None:
    made, branch = scene
    answer = ask(made, "After two.")
    assert answer.commit.id == branch.lessons[0].commit
    assert answer.subject == "xlsx: Mind the case 2"
    assert answer.record is not None
    assert answer.trailers is not None
    assert {source.trajectory for source in answer.record.sources} == branch.lessons[0].sources
    assert [quote.text for edit in answer.record.edits for quote in edit.quotes] == [
        "said 2",
        "said 3",
    ]
    assert answer.remark == ""


def test_a_line_of_a_person_has_no_lesson(scene: Scene) -> None:
    made, _ = scene
    answer = ask(made, "One.")
    assert (answer.trailers, answer.record, answer.remark) == (None, None, "no lesson")
    assert answer.commit.author == "Test Person <test@example.invalid>"
    assert ask(made, "One.", "main").commit == answer.commit


def test_evidence_that_is_not_here_is_said(scene: Scene, tmp_path: Path) -> None:
    made, _ = scene
    made.git("clone", "--quiet", "--no-local", ".", str(tmp_path / "clone"))
    answer = ask(Repository(tmp_path / "clone"), "Vier.")
    assert answer.record is None
    assert answer.trailers is not None
    assert answer.trailers.sources[0].trajectory == trajectory(5).id
    assert "git fetch" in answer.remark


def test_evidence_that_is_none_is_said(scene: Scene) -> None:
    made, branch = scene
    text = made.git("log", "-1", "--format=%B").replace(
        branch.lessons[-1].evidence, made.git("rev-parse", f"HEAD:{FILE}")
    )
    made.git("commit", "--quiet", "--amend", "--cleanup=verbatim", "-m", text)
    answer = ask(made, "Vier.")
    assert answer.record is None
    assert "its evidence is no use" in answer.remark


def test_a_lesson_that_lost_its_trailers_is_known_by_its_change(scene: Scene) -> None:
    made, branch = scene
    made.git("commit", "--quiet", "--amend", "-m", "squashed")
    answer = ask(made, "Vier.")
    assert answer.trailers is None
    assert answer.record is not None
    assert answer.record.title == "Mind the case 3"
    assert branch.evidence_ref in answer.remark


def test_trailers_that_are_broken_are_said(scene: Scene) -> None:
    made, _ = scene
    made.git("commit", "--quiet", "--amend", "-m", "s", "-m", "Skillgit-Round: nonsense")
    assert "no use" in ask(made, "Vier.").remark


def test_a_merge_that_wrote_a_line_itself_has_no_lesson(scene: Scene) -> None:
    made, _ = scene
    made.git("checkout", "--quiet", "-b", "side", "main")
    made.commit({"x": "y"})
    made.git("merge", "--quiet", "--no-commit", "--no-ff", "review")
    text = (made.path / FILE).read_text().replace("Three.", "Drei.")
    made.commit({FILE: text}, "an evil merge")
    answer = ask(made, "Drei.")
    assert len(answer.commit.parents) == 2
    assert answer.remark == "no lesson"


@pytest.mark.parametrize(
    ("path", "line", "at"), [(FILE, 99, "HEAD"), ("no", 1, "HEAD"), (FILE, 1, "no")]
)
def test_what_is_not_there_is_a_usage_error(scene: Scene, path: str, line: int, at: str) -> None:
    with GitRepository.open(scene[0].path) as repo, pytest.raises(UsageError):
        why(repo, path, line, at)
