from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from repositories import Repository
from rounds import ROUND, SKILL, TEXT, recorded_once

from skillgit.adapters.git import GitRepository
from skillgit.names import Oid
from skillgit.provenance.evidence import round_ref
from skillgit.review.pushing import Push, PushedRef, read_lines, read_push
from skillgit.types import Branch

Make = Callable[..., Repository]
ZEROS = "0" * 40
REF = round_ref(ROUND)


class Scene:
    """A recorded round, and what a push of it to the remote `origin` would bring."""

    def __init__(self, made: Repository, branch: Branch) -> None:
        self.made, self.branch = made, branch

    def at(self, revision: str) -> str:
        return self.made.git("rev-parse", revision)

    def remote_has(self, revision: str, name: str = "main") -> None:
        self.made.git("update-ref", f"refs/remotes/origin/{name}", self.at(revision))

    def push(self, *refs: PushedRef, remote: str = "origin") -> Push:
        with GitRepository.open(self.made.path) as repo:
            return read_push(repo, refs, remote)

    def spoil(self) -> None:
        """Change what the last lesson does, and keep what it says."""
        self.made.write({"README.md": "more\n"})
        self.made.git("commit", "--quiet", "--all", "--amend", "--no-edit")


@pytest.fixture
def scene(repository: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    first = repository({f"{SKILL}/SKILL.md": TEXT, "README.md": "hi\n"}, name="first")
    keep = tmp_path_factory.mktemp("recorded")
    return Scene(*recorded_once(first, keep, tmp_path / "repo"))


# ------------------------------------------------------------------ the lines


def test_the_lines_of_git() -> None:
    a, b = "a" * 40, "b" * 40
    text = (
        f"refs/heads/x {a} refs/heads/x {b}\nrefs/heads/y {a} refs/heads/y {ZEROS}\n"
        f"(delete) {ZEROS} refs/heads/z {b}\nHEAD~1 {a} refs/heads/w {b}\n"
    )

    assert read_lines(text) == (
        PushedRef("refs/heads/x", a, b),
        PushedRef("refs/heads/y", a, ""),
        PushedRef("refs/heads/z", "", b),
        PushedRef("refs/heads/w", a, b),
    )
    assert read_lines("") == read_lines("\n") == read_lines("a line\n") == ()


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    assert all(" " not in ref.ref for ref in read_lines(text))


# ------------------------------------------------------------------ what is new there


def test_a_branch_of_lessons(scene: Scene) -> None:
    scene.remote_has("main")

    found = scene.push(PushedRef("refs/heads/review", scene.at("review"), ""))

    assert (found.lessons, found.findings) == (3, ())
    assert found.evidence == {REF: Oid(scene.at(REF))}


def test_what_the_remote_has_is_not_looked_at(scene: Scene) -> None:
    scene.spoil()
    tip, base = scene.at("review"), scene.at("main")

    scene.remote_has("review", "elsewhere")
    assert scene.push(PushedRef("refs/heads/review", tip, base)) == Push(0, (), {})
    # By address there is no remote branch: what Git says of this push is all that is known.
    assert scene.push(PushedRef("refs/heads/review", tip, tip), remote="../x") == Push(0, (), {})
    assert scene.push(PushedRef("refs/heads/review", tip, base), remote="../x").lessons == 3


def test_a_lesson_that_was_edited_is_found(scene: Scene) -> None:
    scene.remote_has("main")
    scene.spoil()

    found = scene.push(PushedRef("refs/heads/review", scene.at("review"), ""))

    assert {finding.rule for finding in found.findings} >= {"SG304", "SG306"}


def test_a_push_by_force(scene: Scene) -> None:
    """What the remote loses may be unknown here, or known and no ancestor."""
    scene.remote_has("main")
    old = scene.at("review")
    scene.made.git("reset", "--quiet", "--hard", "HEAD~1")
    for lost in (old, "f" * 40):
        found = scene.push(PushedRef("refs/heads/review", scene.at("review"), lost))
        assert found.findings == ()
    assert found.lessons == 2


def test_deletions_tags_and_refs_that_are_no_commits(scene: Scene) -> None:
    scene.remote_has("main")
    made = scene.made
    made.git("tag", "-a", "-m", "a tag", "v1", "review")
    made.git("tag", "blob", scene.at(f"main:{SKILL}/SKILL.md"))
    gone = PushedRef("refs/heads/old", "", scene.at("main"))

    assert scene.push(gone) == Push(0, (), {})
    assert scene.push(PushedRef("refs/tags/blob", scene.at("blob"), "")) == Push(0, (), {})
    assert scene.push(PushedRef("refs/tags/v1", scene.at("v1"), "")).lessons == 3


def test_lessons_on_two_branches_are_checked_once(scene: Scene) -> None:
    scene.remote_has("main")
    tip = scene.at("review")

    found = scene.push(
        PushedRef("refs/heads/review", tip, ""), PushedRef("refs/heads/copy", tip, "")
    )

    assert found.lessons == 3


# ------------------------------------------------------------------ its evidence


def test_evidence_that_is_pushed_along_is_not_missed(scene: Scene) -> None:
    scene.remote_has("main")
    evidence = PushedRef(REF, scene.at(REF), "")

    found = scene.push(PushedRef("refs/heads/review", scene.at("review"), ""), evidence)

    assert (found.lessons, found.evidence) == (3, {})
    assert scene.push(evidence) == Push(0, (), {})


def test_what_a_remote_lacks() -> None:
    here, other = Oid("a" * 40), Oid("b" * 40)

    assert Push(1, (), {REF: here}).lacking({}) == (REF,)
    assert Push(1, (), {REF: here}).lacking({REF: here}) == ()
    assert Push(1, (), {REF: here}).lacking({REF: other}) == (REF,)
    # It is not here: then there is nothing to compare, and nothing to push.
    assert Push(1, (), {REF: None}).lacking({REF: other}) == ()
    assert Push(1, (), {REF: None}).lacking({}) == (REF,)


def test_a_squash_of_lessons_needs_their_evidence(scene: Scene) -> None:
    scene.made.git("checkout", "--quiet", "main")
    scene.remote_has("main")
    lesson = scene.branch.lessons[0]
    told = "\n".join(
        [
            f"Skillgit-Squash-Round: {ROUND}",
            f"Skillgit-Squash-Skill: {SKILL}",
            f"Skillgit-Squash-Base: {scene.at('main')}",
            f"Skillgit-Squash-Evidence: {scene.at(REF)}",
            f"Skillgit-Squash-Lesson: {lesson.evidence} sha256:{'0' * 64}",
            "Assisted-by: skillgit:tiny",
        ]
    )
    scene.made.commit({"README.md": "all of it\n"}, f"all of it\n\n{told}")

    found = scene.push(PushedRef("refs/heads/main", scene.at("HEAD"), scene.at("HEAD~1")))

    assert (found.lessons, found.findings) == (0, ())
    assert list(found.evidence) == [REF]
