"""Notes on lesson commits in real repositories: Git's own tools read, spread and merge them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from repositories import Repository
from rounds import ROUND, SKILL, TEXT, recorded_once

from skillgit.adapters.git import GitRepository
from skillgit.adapters.git_remote import GitRemote
from skillgit.errors import FindingsError
from skillgit.names import Digest, Oid
from skillgit.ports import Signature
from skillgit.provenance.effects import EffectRecord
from skillgit.review.catalogue import FoundLesson
from skillgit.review.history import read_lore
from skillgit.review.lessons import find_lesson
from skillgit.review.noting import NOTES, Noted, note_effects, read_noted
from skillgit.review.sharing import fetch, push
from skillgit.types import Effect, Method, Worth

Make = Callable[..., Repository]


@pytest.fixture
def made(repository: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    first = repository({f"{SKILL}/SKILL.md": TEXT, "README.md": "hi\n"}, name="first")
    copy, _ = recorded_once(first, tmp_path_factory.mktemp("recorded"), tmp_path / "repo")
    return copy


@contextmanager
def opened(made: Repository) -> Iterator[GitRepository]:
    with GitRepository.open(made.path) as repo:
        yield repo


def lesson(repo: GitRepository, number: int = 1) -> FoundLesson:
    return find_lesson(repo, f"{ROUND}/{number}")


def record(of: FoundLesson, estimate: float = 0.1, when: int = 1, by: str = "me") -> EffectRecord:
    assert of.record is not None
    some = Digest(f"sha256:{'d' * 64}")
    effect = Effect(
        Method.SHAPLEY, estimate, -0.5, 0.9, Worth.UNCLEAR, "all is used", 9, 9, 0.95, 4
    )
    return EffectRecord(
        of.record.patch, ROUND, of.record.base, some, 3, some, (41,), "tiny", some, effect, by, when
    )


def noted(made: Repository, number: int = 1, **more: object) -> str:
    """Note an effect on a lesson; the commit that it is on."""
    with opened(made) as repo:
        of = lesson(repo, number)
        assert of.commit is not None
        values = {"estimate": 0.1, "when": 1, "by": "me"} | more
        note_effects(repo, {of.commit: [record(of, **values)]}, repo.author(5))  # type: ignore[arg-type] # as given
        return of.commit


def estimates(made: Repository, number: int = 1) -> list[float]:
    with opened(made) as repo:
        return sorted(one.effect.estimate for one in read_noted(repo).of(lesson(repo, number)))


def test_git_shows_what_was_noted_and_a_note_of_git_stays(made: Repository) -> None:
    with opened(made) as repo:
        assert read_noted(repo) == Noted()
    head = made.git("rev-parse", "HEAD")
    made.git("notes", "--ref=skillgit", "add", "-m", "I like it.", head)
    commit = noted(made, 3)
    assert commit == head

    shown = made.git("notes", "--ref=skillgit", "show", head).split("\n")
    assert json.loads(shown[0])["schema"] == "skillgit.note/1"
    assert shown[1:] == ["I like it."]
    assert made.git("log", "-1", "--format=%an", NOTES) == made.git("config", "user.name")
    assert len(made.git("notes", "--ref=skillgit", "list").split("\n")) == 1


def test_a_later_measurement_takes_the_place_of_ones_own_and_of_nobody_elses(
    made: Repository,
) -> None:
    noted(made, estimate=0.1, when=1)
    noted(made, estimate=0.2, when=2)
    assert estimates(made) == [0.2]
    noted(made, estimate=0.3, when=3, by="you")
    assert estimates(made) == [0.2, 0.3]
    assert estimates(made, 2) == []
    tip = made.git("rev-parse", NOTES)
    noted(made, estimate=0.3, when=3, by="you")
    assert made.git("rev-parse", NOTES) == tip, "what is known already moves nothing"


def test_a_note_that_git_has_put_into_folders_is_found_and_replaced_there(
    made: Repository,
) -> None:
    commit = noted(made, estimate=0.1)
    blob = made.git("rev-parse", f"{NOTES}:{commit}")
    spread = f"{commit[:2]}/{commit[2:4]}/{commit[4:]}"
    made.git("read-tree", "--empty")
    made.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{spread}")
    tree = made.git("write-tree")
    made.git("update-ref", NOTES, made.git("commit-tree", tree, "-m", "spread"))
    assert estimates(made) == [0.1]

    noted(made, estimate=0.2, when=2)
    assert estimates(made) == [0.2]
    assert made.git("ls-tree", "-r", "--name-only", NOTES) == spread


def test_a_lesson_that_was_picked_or_rebased_keeps_what_was_noted(made: Repository) -> None:
    noted(made, 2)
    made.git("checkout", "--quiet", "-b", "elsewhere", "main")
    made.commit({"README.md": "moved on\n"})
    with opened(made) as repo:
        commit = lesson(repo, 2).commit
    made.git("cherry-pick", str(commit))
    made.git("branch", "-D", "review")

    with opened(made) as repo:
        found = [one.worth for entry in read_lore(repo).rounds for one in entry.lessons]
    assert [len(each) for each in found] == [0, 1, 0]


def test_notes_of_two_people_are_brought_together_by_gits_own_merge(made: Repository) -> None:
    noted(made, estimate=0.1)
    mine = made.git("rev-parse", NOTES)
    made.git("update-ref", "-d", NOTES)
    noted(made, estimate=0.2, by="you")
    made.git("update-ref", "refs/notes/theirs", made.git("rev-parse", NOTES))
    made.git("update-ref", NOTES, mine)
    made.git("notes", "--ref=skillgit", "merge", "--quiet", "-s", "cat_sort_uniq", "theirs")

    assert estimates(made) == [0.1, 0.2]
    noted(made, estimate=0.3, when=7, by="a third")
    assert estimates(made) == [0.1, 0.2, 0.3]


def test_a_stranger_s_note_is_told_where_it_is_no_use_and_hides_no_other(
    made: Repository,
) -> None:
    noted(made, 1)
    head, before = made.git("rev-parse", "HEAD"), made.git("rev-parse", "HEAD~1")
    unfit = '{"schema": "skillgit.note/1", "effects": [{"low": 7}]}'
    made.git("notes", "--ref=skillgit", "add", "-m", unfit, head)
    made.git("notes", "--ref=skillgit", "add", "-m", "{", before)

    with opened(made) as repo:
        assert list(read_noted(repo).unreadable) == [head]
    assert estimates(made) == [0.1]


def test_a_ref_of_notes_may_hold_anything(made: Repository) -> None:
    made.write({"odd": "x"})
    tree = made.git("rev-parse", "HEAD^{tree}")
    made.git("update-ref", NOTES, made.git("commit-tree", tree, "-m", "no notes"))
    assert estimates(made) == []
    noted(made)
    assert estimates(made) == [0.1]
    assert made.git("show", f"{NOTES}:README.md") == "hi", "what is not ours stays"


class Overtaken(GitRepository):
    """A repository in which somebody else notes something just before the first commit is made."""

    faster: EffectRecord | None = None

    def write_commit(
        self, tree: Oid, parents: Sequence[Oid], message: str, signature: Signature
    ) -> Oid:
        if self.faster is not None:
            told, self.faster = {parents[0] if parents else tree: [self.faster]}, None
            note_effects(self, told, signature)
        return super().write_commit(tree, parents, message, signature)


def test_two_who_note_at_the_same_moment_both_get_through(made: Repository) -> None:
    with Overtaken.open(made.path) as repo:
        of = lesson(repo)
        assert of.commit is not None
        repo.faster = record(of, 0.7, by="the faster one")
        note_effects(repo, {of.commit: [record(of, 0.1)]}, repo.author(6))
    assert estimates(made) == [0.1, 0.7]


# ------------------------------------------------------------------ from one repository to another


@pytest.fixture
def both(made: Repository, tmp_path: Path) -> tuple[Repository, Repository]:
    made.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    made.git("remote", "add", "origin", str(tmp_path / "bare.git"))
    made.git("clone", "--quiet", "--no-local", str(tmp_path / "bare.git"), str(tmp_path / "clone"))
    other = Repository(tmp_path / "clone")
    other.git("checkout", "--quiet", "review")
    send(made)
    get(other)
    return made, other


def send(made: Repository) -> list[str]:
    with opened(made) as repo:
        return [one.ref for one in push(repo, GitRemote.of(made.path, None))]


def get(made: Repository) -> list[str]:
    with opened(made) as repo:
        return [
            one.ref for one in fetch(repo, GitRemote.of(made.path, None), lambda: repo.author(9))
        ]


def test_notes_of_both_sides_are_joined_and_none_is_lost(
    both: tuple[Repository, Repository],
) -> None:
    made, other = both
    noted(made, 1, estimate=0.1)
    noted(made, 2, estimate=0.2)
    noted(other, 1, estimate=0.3, by="you")
    noted(other, 3, estimate=0.4, by="you")
    assert send(made) == [NOTES]
    assert send(made) == []
    with pytest.raises(FindingsError, match="not the same on both sides"):
        send(other)

    assert get(other) == [NOTES]
    assert [estimates(other, number) for number in (1, 2, 3)] == [[0.1, 0.3], [0.2], [0.4]]
    assert send(other) == [NOTES]
    assert get(made) == [NOTES]
    assert get(made) == []
    assert estimates(made) == [0.1, 0.3]
    assert made.git("rev-parse", NOTES) == other.git("rev-parse", NOTES)


def test_other_notes_stay_at_home(both: tuple[Repository, Repository]) -> None:
    made, other = both
    for name in ("skillgit-drafts", "commits"):
        made.git("notes", f"--ref={name}", "add", "-m", "mine", "HEAD")
    assert send(made) == []
    assert get(other) == []


def test_a_note_on_a_commit_that_is_not_here_is_read_by_its_lesson(made: Repository) -> None:
    with opened(made) as repo:
        told = {Oid("e" * 40): [record(lesson(repo))]}
        note_effects(repo, told, repo.author(5))
    assert estimates(made) == [0.1]
