"""What reviewers did not want is found from Git alone, however they said it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from repositories import Repository
from rounds import (
    ROUND,
    SKILL,
    TEXT,
    account_of,
    edit,
    recorded_once,
    round_of,
    trajectory,
)

from skillgit import config
from skillgit.adapters.git import GitRepository
from skillgit.names import Digest, RoundId, TrajectoryId
from skillgit.provenance.evidence import Returned
from skillgit.review.catalogue import read_catalogue
from skillgit.review.dropping import drop, keep
from skillgit.review.memory import LEFT_OUT, TAKEN_OFF, Memory, Unwanted, read_unwanted
from skillgit.review.reverting import revert
from skillgit.stages.record import record
from skillgit.types import MANIFEST, Branch, Insert

Make = Callable[..., Repository]
Scene = tuple[Repository, Branch]
FILE = f"{SKILL}/SKILL.md"
READ = frozenset(trajectory(number).id for number in range(9))
LATER = RoundId("20261201T000000Z-0a0b0c")


@pytest.fixture
def scene(repository: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    first = repository({FILE: TEXT, "README.md": "hi\n"}, name="first")
    made, branch = recorded_once(first, tmp_path_factory.mktemp("recorded"), tmp_path / "repo")
    made.git("checkout", "--quiet", "main")
    return made, branch


def unwanted(made: Repository, skill: str = SKILL) -> tuple[Unwanted, ...]:
    with GitRepository.open(made.path) as repo:
        return read_unwanted(repo, skill)


def said(made: Repository) -> dict[str, str]:
    return {one.refusal.title: one.refusal.reason for one in unwanted(made)}


def rewrite(made: Repository, branch: Branch, kept: Sequence[int]) -> None:
    """The round's branch with some of its lessons only, as `git rebase -i` leaves it."""
    made.git("checkout", "--quiet", "-B", branch.name, "main")
    if kept:
        made.git("cherry-pick", *(branch.lessons[n].commit for n in kept))
    made.git("checkout", "--quiet", "main")


def titles(branch: Branch, *numbers: int) -> list[str]:
    return [branch.lessons[number].title for number in numbers]


def test_what_is_under_review_is_not_unwanted(scene: Scene) -> None:
    made, branch = scene
    assert unwanted(made) == ()
    made.git("merge", "--quiet", "--ff-only", branch.lessons[0].commit)
    assert unwanted(made) == ()


def test_a_branch_that_is_gone_says_nothing_while_nothing_of_it_is_merged(scene: Scene) -> None:
    made, branch = scene
    made.git("branch", "--quiet", "-D", branch.name, "review")
    assert unwanted(made) == ()


@pytest.mark.parametrize("gone", [True, False], ids=["deleted", "kept"])
def test_a_round_that_was_merged_without_a_lesson(scene: Scene, *, gone: bool) -> None:
    made, branch = scene
    made.git("branch", "--quiet", "-D", "review")
    rewrite(made, branch, [0, 2])
    made.git("merge", "--quiet", "--no-ff", "-m", "reviewed", branch.name)
    if gone:
        made.git("branch", "--quiet", "-D", branch.name)
    [one] = unwanted(made)
    assert (one.refusal.title, one.refusal.reason) == (branch.lessons[1].title, LEFT_OUT)
    assert one.patch == branch.lessons[1].patch
    assert one.refusal.words == ("After one.",)
    assert one.seen == READ


def test_a_squash_of_some_lessons_leaves_out_the_others(scene: Scene) -> None:
    made, branch = scene
    made.git("branch", "--quiet", "-D", "review")
    rewrite(made, branch, [0])
    made.git("merge", "--quiet", "--squash", branch.name)
    made.git("commit", "--quiet", "-m", "a squash")
    made.git("branch", "--quiet", "-D", branch.name)
    assert said(made) == dict.fromkeys(titles(branch, 1, 2), LEFT_OUT)


def test_a_lesson_that_was_taken_off_the_branch_before_it_is_merged(scene: Scene) -> None:
    made, branch = scene
    made.git("branch", "--quiet", "-D", "review")
    rewrite(made, branch, [1])
    assert said(made) == dict.fromkeys(titles(branch, 0, 2), TAKEN_OFF)
    for kept in ([0, 1, 2], []):  # a branch without any lesson may be anybody's
        rewrite(made, branch, kept)
        assert said(made) == {}


def test_a_lesson_that_lost_its_message_on_the_branch_is_still_there(scene: Scene) -> None:
    made, branch = scene
    made.git("branch", "--quiet", "-D", "review")
    made.git("checkout", "--quiet", "-B", branch.name, "main")
    made.git("cherry-pick", branch.lessons[0].commit)
    made.git("commit", "--quiet", "--amend", "-m", "my own words")
    made.git("cherry-pick", branch.lessons[2].commit)
    made.git("checkout", "--quiet", "main")
    assert said(made) == dict.fromkeys(titles(branch, 1), TAKEN_OFF)


def test_a_lesson_that_head_took_out_again(scene: Scene) -> None:
    made, branch = scene
    made.git("merge", "--quiet", "--ff-only", branch.name)
    made.git("revert", "--no-edit", branch.lessons[1].commit)
    commit = made.git("rev-parse", "HEAD")
    assert said(made) == {branch.lessons[1].title: f"reverted in {commit[:12]}"}
    made.git("revert", "--no-edit", "HEAD")
    assert said(made) == {}


def test_what_is_said_outright_counts_with_its_reason_and_can_be_taken_back(scene: Scene) -> None:
    made, _ = scene
    made.git("branch", "--quiet", "-D", "review")
    with GitRepository.open(made.path) as repo:
        [known] = read_catalogue(repo).rounds
        drop(repo, [known.lessons[1]], "not ours", repo.author(7))
    [one] = unwanted(made)
    assert (one.refusal.reason, one.refusal.when, one.seen) == ("not ours", 7, READ)
    assert unwanted(made, "skills/other") == ()
    with GitRepository.open(made.path) as repo:
        keep(repo, [known.lessons[1]], repo.author(8))
    assert unwanted(made) == ()


def test_a_revert_that_is_asked_for_counts_before_it_is_merged(scene: Scene) -> None:
    made, branch = scene
    made.git("merge", "--quiet", "--ff-only", branch.name)
    with GitRepository.open(made.path) as repo:
        [known] = read_catalogue(repo).rounds
        revert(repo, [known.lessons[0]], "mended", repo.author(7))
    assert said(made) == {branch.lessons[0].title: "mended"}


def test_without_the_evidence_nobody_can_tell_what_a_refused_lesson_had_read(scene: Scene) -> None:
    made, _ = scene
    made.git("branch", "--quiet", "-D", "review")
    with GitRepository.open(made.path) as repo:
        [known] = read_catalogue(repo).rounds
        drop(repo, [known.lessons[1]], "", repo.author(7))
    made.git("update-ref", "-d", f"refs/skillgit/rounds/{ROUND}")
    [one] = unwanted(made)
    assert one.seen is None
    assert not Memory((one,), 1).returns(one, [TrajectoryId(f"t-{7:012x}")])


def _later_round(made: Repository, words: str, returned: Sequence[Returned] = ()) -> Branch:
    """A second round on HEAD, of one lesson, which is merged."""
    with GitRepository.open(made.path) as repo:
        skill = repo.read_skill(SKILL, "HEAD")
        one = edit(9, Insert(MANIFEST, 7, words), (6, 7, 8), "Said again")
        account = replace(account_of([one]), returned={one.id: tuple(returned)})
        branch = record(repo, skill, [one], round_of(skill, LATER), account, config.Record())
    made.git("merge", "--quiet", "--ff-only", branch.name)
    return branch


def _left_out(made: Repository, branch: Branch) -> Unwanted:
    made.git("branch", "--quiet", "-D", "review")
    rewrite(made, branch, [0, 2])
    made.git("merge", "--quiet", "--ff-only", branch.name)
    [one] = unwanted(made)
    return one


@pytest.mark.parametrize(
    ("words", "is_named", "left"),
    [
        ("\nAfter one.", False, 0),
        ("\nOther words.", True, 0),
        ("\nOther words.", False, 1),
    ],
    ids=["the same words", "it says so", "another lesson"],
)
def test_what_a_later_round_brings_back_and_people_merge_is_wanted(
    scene: Scene, words: str, left: int, *, is_named: bool
) -> None:
    made, branch = scene
    one = _left_out(made, branch)
    back = Returned(ROUND, one.patch, one.refusal.title, one.refusal.reason, 3, 2)
    _later_round(made, words, [back] if is_named else [])
    assert len(unwanted(made)) == left


def test_what_was_brought_back_and_is_reverted_is_unwanted_with_all_that_taught_it(
    scene: Scene,
) -> None:
    made, branch = scene
    _left_out(made, branch)
    later = _later_round(made, "\nAfter one.")
    made.git("revert", "--no-edit", later.tip)
    found = {one.patch: one for one in unwanted(made)}
    assert set(found) == {branch.lessons[1].patch, later.lessons[0].patch}
    assert all(one.seen == READ for one in found.values())


def test_the_commit_of_a_returning_lesson_says_so_and_is_checked(scene: Scene) -> None:
    made, branch = scene
    one = _left_out(made, branch)
    reason = "no:\n---\nSkillgit-Support: 9/9 (9 fail, 0 pass)"
    back = Returned(ROUND, one.patch, one.refusal.title, reason, 3, 2)
    later = _later_round(made, "\nAfter one.", [back])
    text = made.git("show", "-s", "--format=%B", later.tip)
    assert f"Dropped before, in round {ROUND}, because: no:" in text
    assert "Taught again by 3 runs of 2 tasks that were not read then." in " ".join(text.split())
    assert made.git("interpret-trailers", "--parse", _file(made, text)).count("Skillgit-Supp") == 1
    with GitRepository.open(made.path) as repo:
        [lesson] = read_catalogue(repo).rounds[0].lessons
    assert lesson.record is not None
    assert lesson.record.returned == (back,)
    assert b'"returned"' not in made.git("cat-file", "blob", branch.lessons[0].evidence).encode()


def _file(made: Repository, text: str) -> str:
    path = made.path.parent / "message"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_new_support_is_counted_by_runs_and_tasks() -> None:
    names = [TrajectoryId(f"t-{n:012x}") for n in range(6)]
    told = Unwanted(Digest(f"sha256:{0:064x}"), None, frozenset(names[:2]))  # type: ignore[arg-type] # its words do not count here
    memory = Memory((told,), 2, {names[2]: "a", names[3]: "a", names[4]: "", names[1]: "b"})
    assert memory.anew(told, names[:4]).runs == 2
    assert memory.anew(told, names[:4]).tasks == 1
    assert not memory.returns(told, names[:4])
    assert memory.returns(told, names[:5])
    assert not replace(memory, need=0).returns(told, names)
    assert memory.without([told]).unwanted == ()
