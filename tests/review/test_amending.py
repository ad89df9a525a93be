from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository
from rounds import SKILL, TEXT, recorded_once

from skillgit.adapters.git import GitRepository
from skillgit.names import Oid
from skillgit.review.amending import objections

Make = Callable[..., Repository]
MANIFEST = f"{SKILL}/SKILL.md"
CHANGED = "what is staged is not the change that Skillgit-Patch names"


@pytest.fixture
def made(repository: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A recorded round of three lessons, its branch `review` checked out."""
    first = repository({MANIFEST: TEXT, "README.md": "hi\n"}, name="first")
    keep = tmp_path_factory.mktemp("recorded")
    return recorded_once(first, keep, tmp_path / "repo")[0]


def message(made: Repository, revision: str = "HEAD") -> str:
    return made.git("log", "-1", "--format=%B", revision).rstrip("\n") + "\n"


def said(made: Repository, text: str) -> tuple[str, ...]:
    """What is objected to a commit of the index with that message."""
    tree = Oid(made.git("write-tree"))
    with GitRepository.open(made.path) as repo:
        return objections(repo, text, tree)


def stage(made: Repository, **files: str) -> None:
    made.write({name.replace("__", "/"): text for name, text in files.items()})
    made.git("add", "--all")


def edit(made: Repository, old: str, new: str) -> None:
    path = made.path / MANIFEST
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    made.git("add", "--all")


# ------------------------------------------------------------------ what may be committed


def test_a_lesson_that_is_amended_may_have_another_subject_and_body(made: Repository) -> None:
    text = message(made)
    subject, _, rest = text.partition("\n")
    trailers = rest[rest.index("Skillgit-Round:") :]

    assert said(made, text) == ()
    assert said(made, f"better words\n{rest}") == ()
    assert said(made, f"{subject}\n\nNothing but trailers.\n\n{trailers}") == ()
    assert said(made, f"{text}Reviewed-by: A Person <a@example.invalid>\n") == ()


def test_a_lesson_may_be_picked_onto_another_commit(made: Repository) -> None:
    text = message(made)
    made.git("checkout", "--quiet", "main")
    made.git("cherry-pick", "--no-commit", "review")
    assert said(made, text) == ()
    made.git("commit", "--quiet", "-m", "another commit")
    made.git("checkout", "--quiet", "review")
    assert said(made, text) == ()


def test_commits_of_people_are_theirs(made: Repository) -> None:
    stage(made, README__md="more")
    edit(made, "# Sheets", "# Tables")
    for text in ("by hand\n", "by hand\n\nSigned-off-by: A <a@b.invalid>\n", ""):
        assert said(made, text) == ()
    assert said(made, message(made).partition("Skillgit-Round:")[0]) == ()


def test_the_commit_that_a_squash_merge_makes_is_no_lesson(made: Repository) -> None:
    edit(made, "# Sheets", "# Tables")
    assert said(made, "all of it\n\nSkillgit-Squash-Round: 20261121T231905Z-7f3ac1\n") == ()


# ------------------------------------------------------------------ what may not


def test_a_changed_change_is_no_lesson(made: Repository) -> None:
    text = message(made)
    edit(made, "Vier.", "Fünf.")
    assert said(made, text) == (CHANGED,)


def test_a_lesson_brings_nothing_else_along(made: Repository) -> None:
    text = message(made)
    stage(made, README__md="more")
    assert said(made, text) == (CHANGED,)


def test_a_new_commit_cannot_borrow_the_words_of_a_lesson(made: Repository) -> None:
    text = message(made)
    made.commit({"README.md": "between\n"}, "by hand")
    assert said(made, text) == (CHANGED,)
    edit(made, "# Sheets", "# Tables")
    assert said(made, text) == (CHANGED,)


def test_another_lesson_on_top_is_no_excuse(made: Repository) -> None:
    """HEAD's parent counts only where HEAD is the lesson itself."""
    edit(made, "Vier.", "Vier. ")
    assert said(made, message(made, "HEAD~1")) == (CHANGED,)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("Skillgit-Skill: ", "Skill: ", "there are 0 trailers Skillgit-Skill, not one"),
        ("Assisted-by: ", "Helped-by: ", "there is no trailer 'Assisted-by: skillgit:<model>'"),
        ("Skillgit-Patch: sha256:", "Skillgit-Patch: ", "not a Digest"),
        ("\nSkillgit-Base", "\n\nSkillgit-Base", "there are 0 trailers Skillgit-Round, not one"),
        ("(0 fail, 1 pass)", "(1 fail, 0 pass)", "in the evidence"),
        ("Skillgit-Support: 1/", "Skillgit-Support: 2/", "the results do not add up"),
        (" pass\nAssisted", " fail\nAssisted", "are not the evidence's strongest"),
        ("Skillgit-Skill: skills/xlsx", "Skillgit-Skill: skills", "the skill of the trailers"),
    ],
)
def test_garbled_trailers(made: Repository, old: str, new: str, expected: str) -> None:
    text = message(made)
    assert old in text
    assert any(expected in one for one in said(made, text.replace(old, new)))


def test_a_merge_is_no_lesson(made: Repository) -> None:
    text = message(made)
    made.git("checkout", "--quiet", "--detach", "review~1")
    made.commit({"README.md": "other\n"}, "aside")
    aside = made.git("rev-parse", "HEAD")
    made.git("checkout", "--quiet", "--detach", "review~1")
    made.git("cherry-pick", "--no-commit", "review")
    (made.path / ".git/MERGE_HEAD").write_text(f"{aside}\n", encoding="ascii")
    assert said(made, text) == ("a lesson has one parent, and this commit merges",)


def test_the_first_commit_of_all_is_no_lesson(made: Repository, repository: Make) -> None:
    text = message(made)
    empty = repository(name="empty")
    assert said(empty, text) == (CHANGED,)


def test_a_clone_without_evidence_still_tells_a_changed_change(
    made: Repository, tmp_path: Path
) -> None:
    subprocess.run(
        ["git", "clone", "--quiet", "--no-local", str(made.path), "clone"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    clone = Repository(tmp_path / "clone")
    text = message(clone)
    assert said(clone, text) == ()
    edit(clone, "Vier.", "Fünf.")
    assert said(clone, text) == (CHANGED,)
