"""Any lessons leave the branch of a round, and come back; nothing else is touched."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from repositories import Repository
from rounds import ROUND, SKILL, edit, insert, recorded

from skillgit.adapters.git import GitRepository
from skillgit.errors import FindingsError, SkillgitError, UsageError
from skillgit.names import Oid, SkillPath
from skillgit.review.catalogue import FoundLesson, read_catalogue
from skillgit.review.dropping import Rebuilt, drop, keep
from skillgit.review.lessons import LessonState
from skillgit.review.refusals import REFUSALS, read_refusals
from skillgit.review.states import standing_of
from skillgit.review.verify import verify_range
from skillgit.skill.hunks import apply_changes
from skillgit.types import MANIFEST, Branch, CreateFile, Insert, LineRange, Replace, Skill

Make = Callable[..., Repository]

TEXT = (
    "---\nname: xlsx\ndescription: Work with sheets.\n---\n\n# Sheets\n\n"
    + "\n\n".join(f"Line number {number} of the text." for number in range(1, 13))
    + "\n"
)
NOTES = SkillPath("references/notes.md")
EDITS = (
    insert(1, 9, "Two is after one.\n", (0, 1, 2, 3, 4, 5, 6)),
    edit(2, Replace(MANIFEST, LineRange(12, 12), "Line three, in other words."), (1, 2, 3, 4, 5)),
    edit(3, Replace(MANIFEST, LineRange(16, 17), ""), (1, 2, 3, 4)),
    edit(
        4,
        CreateFile(NOTES, "# Notes\n\nMany.", Insert(MANIFEST, 20, f"See [{NOTES}]({NOTES}).\n")),
        (4, 5, 6),
    ),
    insert(5, 24, "\nNine is rare.", (2, 3)),
    edit(6, Replace(MANIFEST, LineRange(28, 28), "Eleven."), (7, 8)),
    insert(7, 30, "\nThe end.", (5,)),
)


class Scene:
    """A round of seven lessons, on its branch alone; `main` is checked out."""

    def __init__(self, made: Repository, branch: Branch) -> None:
        self.made, self.branch = made, branch
        with GitRepository.open(made.path) as repo:
            self.skill = repo.read_skill(SKILL, "HEAD")
            self.lessons = _lessons(repo)

    @property
    def ref(self) -> str:
        return f"refs/heads/{self.branch.name}"

    def tip(self) -> str:
        return self.made.git("rev-parse", self.branch.name)

    def drop(self, *numbers: int, reason: str = "") -> Rebuilt:
        with GitRepository.open(self.made.path) as repo:
            [done] = drop(repo, [self.lessons[n] for n in numbers], reason, repo.author(7))
            return done

    def keep(self, *numbers: int) -> Rebuilt:
        with GitRepository.open(self.made.path) as repo:
            [done] = keep(repo, [self.lessons[n] for n in numbers], repo.author(8))
            return done

    def refused(self) -> dict[str, str]:
        with GitRepository.open(self.made.path) as repo:
            return {one.title: one.reason for one in read_refusals(repo).values()}

    def says(self, at: str = "") -> str:
        return self.made.git("show", f"{at or self.branch.name}:{SKILL}/SKILL.md") + "\n"


def _lessons(repo: GitRepository) -> tuple[FoundLesson, ...]:
    [known] = read_catalogue(repo).rounds
    return known.lessons


def without(skill: Skill, branch: Branch, gone: Sequence[int]) -> dict[SkillPath, bytes]:
    """The skill with the edits of the other lessons."""
    kept = [one for number, one in enumerate(branch.lessons) if number not in gone]
    return apply_changes(skill, [edit.change for one in kept for edit in one.edits])


_RECORDED: list[tuple[Path, Branch]] = []


@pytest.fixture
def scene(repository: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Recorded once and copied: recording takes hundreds of processes."""
    if not _RECORDED:
        made = repository({f"{SKILL}/SKILL.md": TEXT, "README.md": "hi\n"}, name="first")
        with GitRepository.open(made.path) as repo:
            branch = recorded(repo, repo.read_skill(SKILL, "HEAD"), EDITS)
        keep = tmp_path_factory.mktemp("recorded")
        shutil.copytree(made.path, keep, symlinks=True, dirs_exist_ok=True)
        _RECORDED.append((keep, branch))
    kept, branch = _RECORDED[0]
    shutil.copytree(kept, tmp_path / "repo", symlinks=True)
    return Scene(Repository(tmp_path / "repo"), branch)


def subsets(count: int, most: int) -> list[list[int]]:
    """`most` different subsets of `count` numbers, each in an order of its own."""
    everything = [
        list(those) for size in range(1, count + 1) for those in combinations(range(count), size)
    ]
    draw = random.Random(4)
    chosen = draw.sample(everything, most)
    for those in chosen:
        draw.shuffle(those)
    return chosen


# ------------------------------------------------------------------ laws


def test_whatever_is_dropped_the_other_lessons_stay_as_they_were(scene: Scene) -> None:
    assert len(scene.branch.lessons) == 7
    chosen = subsets(7, 105)
    assert len({frozenset(gone) for gone in chosen}) == 105
    with GitRepository.open(scene.made.path) as repo, repo.scratch() as scratch:
        for gone in chosen:
            [done] = drop(
                scratch, [scene.lessons[n] for n in gone], "", repo.author(0), dry_run=True
            )
            assert done.tip is not None
            found = scratch.read_skill(SKILL, done.tip)
            assert dict(found.files) == without(scene.skill, scene.branch, gone), gone
            changed = scratch.changed_paths(scene.skill.commit, done.tip)
            assert all(path.startswith(f"{SKILL}/") for path in changed)
            assert done.left == 7 - len(gone)
    assert scene.tip() == scene.branch.tip


@pytest.mark.parametrize("seed", range(4))
def test_what_was_dropped_comes_back_as_it_was(scene: Scene, seed: int) -> None:
    draw = random.Random(seed)
    gone = draw.sample(range(7), draw.randint(1, 7))
    scene.drop(*gone)
    with GitRepository.open(scene.made.path) as repo:
        assert [f.rule for f in verify_range(repo, f"main..{scene.branch.name}")] == []
    draw.shuffle(gone)
    for number in gone[:-1]:
        scene.keep(number)
        with GitRepository.open(scene.made.path) as repo:
            assert [f.rule for f in verify_range(repo, f"main..{scene.branch.name}")] == []
    scene.keep(gone[-1])
    assert scene.tip() == scene.branch.tip
    assert scene.refused() == {}


def test_the_other_lessons_keep_author_date_and_message(scene: Scene) -> None:
    told = "--format=%an %ae %ad %cn %cd%n%B"
    before = scene.made.git("log", told, f"main..{scene.branch.name}~1")
    scene.drop(6, 0)
    after = scene.made.git("log", told, f"main..{scene.branch.name}")
    assert after.count("Test Person test@example.invalid") == 5
    assert before.startswith(after)


# ------------------------------------------------------------------ refusals


def test_a_refusal_says_what_was_refused_why_and_by_whom(scene: Scene) -> None:
    scene.drop(1, 3, reason="true for one customer\n\x1b[31monly")
    lesson = scene.branch.lessons[3]
    with GitRepository.open(scene.made.path) as repo:
        found = read_refusals(repo)
        assert repo.commits(REFUSALS)[-1].message.startswith("skillgit: drop 2 lessons\n")
    one = found[lesson.patch]
    assert (one.title, one.evidence, one.round) == (lesson.title, lesson.evidence, ROUND)
    assert (one.reason, one.by, one.when) == (
        "true for one customer [31monly",
        "Test Person",
        7,
    )
    assert one.words == ("Many.",)
    assert one.skill == SKILL
    assert len(found) == 2


def test_refusals_only_grow_and_a_new_reason_replaces_the_old_one(scene: Scene) -> None:
    scene.drop(1, reason="first")
    scene.drop(1, reason="second")
    assert list(scene.refused().values()) == ["second"]
    scene.keep(1)
    assert scene.refused() == {}
    said = scene.made.git("log", "--format=%s", REFUSALS).split("\n")
    assert said == ["skillgit: keep 1 lesson", *["skillgit: drop 1 lesson"] * 2]


def test_the_state_of_a_lesson_follows(scene: Scene) -> None:
    scene.drop(2, reason="no")
    with GitRepository.open(scene.made.path) as repo:
        standing = standing_of(repo, _lessons(repo)[2])
        assert (standing.state, standing.how) == (LessonState.DROPPED, "no")
        assert standing_of(repo, _lessons(repo)[1]).state is LessonState.OPEN


def test_without_evidence_a_lesson_can_be_dropped_but_not_kept(
    scene: Scene, tmp_path: Path
) -> None:
    scene.made.git("clone", "--quiet", "--no-local", ".", str(tmp_path / "clone"))
    clone = Repository(tmp_path / "clone")
    clone.git("branch", scene.branch.name, f"origin/{scene.branch.name}")
    with GitRepository.open(clone.path) as repo:
        lesson = _lessons(repo)[1]
        assert lesson.record is None
        [done] = drop(repo, [lesson], "no", repo.author(0))
        assert done.left == 6
        [one] = read_refusals(repo).values()
        assert (one.words, one.title) == ((), lesson.title)
        with pytest.raises(FindingsError, match="evidence is not here"):
            keep(repo, [lesson], repo.author(0))


# ------------------------------------------------------------------ what is left alone


def test_dropping_all_lessons_leaves_the_branch_at_the_base(scene: Scene) -> None:
    done = scene.drop(*range(7))
    assert (done.left, done.tip) == (0, scene.skill.commit)
    assert scene.tip() == scene.skill.commit
    scene.keep(4)
    assert scene.says() == without(scene.skill, scene.branch, [0, 1, 2, 3, 5, 6])[MANIFEST].decode()


def test_the_checkout_stays_as_it_is(scene: Scene) -> None:
    scene.made.write({f"{SKILL}/SKILL.md": "dirty\n", "new": "file\n"})
    scene.made.git("add", "new")
    inside = scene.made.path / ".git"
    status = scene.made.git("status", "--porcelain")
    before = (inside / "index").read_bytes(), (inside / "HEAD").read_bytes()
    scene.drop(0)
    scene.keep(0)
    assert ((inside / "index").read_bytes(), (inside / "HEAD").read_bytes()) == before
    assert scene.made.git("status", "--porcelain") == status


@pytest.mark.parametrize("linked", [False, True])
def test_a_branch_that_is_checked_out_is_not_moved(
    scene: Scene, tmp_path: Path, *, linked: bool
) -> None:
    if linked:
        scene.made.git("worktree", "add", "--quiet", str(tmp_path / "linked"), scene.branch.name)
    else:
        scene.made.git("checkout", "--quiet", scene.branch.name)
    with pytest.raises(UsageError, match="checked out in") as refused:
        scene.drop(1)
    assert "git switch main" in refused.value.hint
    assert scene.tip() == scene.branch.tip
    assert scene.refused() == {}


def test_a_branch_that_is_being_rebased_is_not_moved(scene: Scene) -> None:
    scene.made.git("checkout", "--quiet", scene.branch.name)
    stop = {**os.environ, "GIT_SEQUENCE_EDITOR": "sed -i 1s/pick/edit/"}
    rebase = ["git", "rebase", "--quiet", "-i", "main"]
    subprocess.run(rebase, cwd=scene.made.path, env=stop, check=True, capture_output=True)
    with pytest.raises(UsageError):
        scene.drop(1)


def test_a_merged_lesson_is_reverted_and_not_dropped(scene: Scene) -> None:
    scene.made.git("merge", "--quiet", "--ff-only", scene.branch.lessons[1].commit)
    with pytest.raises(UsageError, match="HEAD has it already") as refused:
        scene.drop(3, 1)
    assert f"skillgit revert {ROUND}/2" in refused.value.hint
    assert scene.tip() == scene.branch.tip
    assert scene.refused() == {}
    assert scene.drop(3).left == 6


# ------------------------------------------------------------------ commits of people


def on_branch(scene: Scene, *, after: int, files: dict[str, str]) -> str:
    """A commit of a person on the branch, behind the n-th lesson; the others are put on it."""
    made = scene.made
    made.git("checkout", "--quiet", "--detach", scene.branch.lessons[after].commit)
    made.write(files)
    made.git("add", "--all")
    date = {**os.environ, "GIT_AUTHOR_DATE": "@86405 +0530", "GIT_COMMITTER_DATE": "@90000 -0230"}
    who = ["-c", "user.name=Änne", "commit", "--quiet", "--author=B <b@example.invalid>"]
    done = ["git", *who, "-m", "by hand\n\n  with body"]
    subprocess.run(done, cwd=made.path, env=date, check=True)
    for lesson in scene.branch.lessons[after + 1 :]:
        made.git("cherry-pick", lesson.commit)
    tip = made.git("rev-parse", "HEAD")
    made.git("checkout", "--quiet", "main")
    made.git("branch", "--force", scene.branch.name, tip)
    return tip


def test_a_persons_commit_between_lessons_is_kept_as_it_was_written(scene: Scene) -> None:
    on_branch(scene, after=3, files={"README.md": "more\n", "new.txt": "x\n"})
    done = scene.drop(0, 5)
    told = "--format=%an %ae %ad|%cn %cd|%B"
    said = scene.made.git("log", told, "--grep=by hand", scene.branch.name)
    assert said.startswith("B b@example.invalid Fri Jan 2 05:30:05 1970 +0530|Änne ")
    assert "|by hand\n\n  with body" in said
    assert scene.made.git("show", f"{scene.branch.name}:README.md") == "more"
    assert scene.says() == without(scene.skill, scene.branch, [0, 5])[MANIFEST].decode()
    assert (done.left, done.emptied) == (5, ())
    scene.keep(5)
    scene.keep(0)
    assert scene.says() == without(scene.skill, scene.branch, [])[MANIFEST].decode()


def test_a_persons_commit_that_builds_on_the_lesson_stops_everything(scene: Scene) -> None:
    text = scene.says(scene.branch.lessons[2].commit).replace("Two is after one", "2 is after 1")
    tip = on_branch(scene, after=2, files={f"{SKILL}/SKILL.md": text})
    with pytest.raises(FindingsError, match=f"by hand.*{SKILL}/SKILL.md"):
        scene.drop(0)
    assert scene.tip() == tip
    assert scene.refused() == {}
    assert scene.drop(3).left == 6


def test_a_persons_revert_goes_with_the_lesson(scene: Scene) -> None:
    scene.made.git("checkout", "--quiet", "--detach", scene.branch.name)
    scene.made.git("revert", "--no-edit", scene.branch.lessons[2].commit)
    tip = scene.made.git("rev-parse", "HEAD")
    scene.made.git("checkout", "--quiet", "main")
    scene.made.git("branch", "--force", scene.branch.name, tip)
    done = scene.drop(2)
    assert [commit.id for commit in done.emptied] == [tip]
    assert scene.says() == without(scene.skill, scene.branch, [2])[MANIFEST].decode()


def test_what_lies_below_a_merge_is_not_rebuilt(scene: Scene) -> None:
    made = scene.made
    made.commit({"README.md": "later\n"})
    made.git("checkout", "--quiet", "--detach", scene.branch.lessons[2].commit)
    made.git("merge", "--quiet", "--no-ff", "-m", "merge", "main")
    for lesson in scene.branch.lessons[3:]:
        made.git("cherry-pick", lesson.commit)
    tip = made.git("rev-parse", "HEAD")
    made.git("checkout", "--quiet", "main")
    made.git("branch", "--force", scene.branch.name, tip)
    with pytest.raises(FindingsError, match="below a merge"):
        scene.drop(1)
    assert scene.drop(4).moved
    scene.keep(4)
    made.git("diff", "--exit-code", tip, scene.branch.name)


def test_a_lesson_that_was_rebased_away_can_be_refused_and_kept(scene: Scene) -> None:
    made = scene.made
    made.git("checkout", "--quiet", "--detach", scene.branch.lessons[1].commit)
    for lesson in scene.branch.lessons[3:]:
        made.git("cherry-pick", lesson.commit)
    tip = made.git("rev-parse", "HEAD")
    made.git("checkout", "--quiet", "main")
    made.git("branch", "--force", scene.branch.name, tip)
    done = scene.drop(2, reason="no")
    assert (done.moved, scene.tip(), len(scene.refused())) == ((), tip, 1)
    assert scene.keep(2).moved
    made.git("diff", "--exit-code", scene.branch.tip, scene.branch.name)


def test_nothing_to_keep_is_said(scene: Scene) -> None:
    with pytest.raises(UsageError, match="neither dropped nor refused"):
        scene.keep(2)
    scene.drop(2)
    scene.made.git("branch", "-D", scene.branch.name)
    with pytest.raises(UsageError, match="branch is not here"):
        scene.keep(2)


def test_two_branches_of_a_round_are_a_question(scene: Scene) -> None:
    scene.made.git("branch", f"mine/{ROUND}", scene.branch.name)
    with pytest.raises(UsageError, match="2 are called so"):
        scene.drop(2)


# ------------------------------------------------------------------ accidents

_DROP = """
from pathlib import Path
from skillgit.adapters.git import GitRepository
from skillgit.review.lessons import find_lesson
from skillgit.review.dropping import drop
with GitRepository.open(Path()) as repo:
    drop(repo, [find_lesson(repo, "latest/3")], "no", repo.author(0))
"""


def _with_git(scene: Scene, folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Drop a lesson with a `git` that does something before it moves refs; REAL is the real one."""
    real = shutil.which("git")
    assert real is not None
    folder.mkdir()
    fake = folder / "git"
    first = script.replace("REAL", f"{real} --git-dir={scene.made.path}/.git")
    fake.write_text(f'#!/bin/sh\ncase "$*" in *update-ref*) {first};; esac\nexec {real} "$@"\n')
    fake.chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", _DROP],
        cwd=scene.made.path,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )


def test_killed_before_the_refs_move_nothing_has_happened(scene: Scene, tmp_path: Path) -> None:
    done = _with_git(scene, tmp_path / "bin", "kill -9 $PPID; exit 1")
    assert done.returncode == -9, done.stderr
    assert scene.tip() == scene.branch.tip
    assert scene.refused() == {}
    scene.made.git("fsck", "--strict")
    assert scene.made.git("status", "--porcelain") == ""
    assert scene.drop(2).left == 6


def test_somebody_elses_refusal_at_the_same_moment_is_kept(scene: Scene, tmp_path: Path) -> None:
    scene.drop(5, reason="other")
    other = scene.made.git("rev-parse", REFUSALS)
    scene.keep(5)
    mark = tmp_path / "once"
    once = f"test -e {mark} || {{ touch {mark}; REAL update-ref {REFUSALS} {other}; }}"
    done = _with_git(scene, tmp_path / "bin", once)
    assert done.returncode == 0, done.stderr
    assert sorted(scene.refused().values()) == ["no", "other"]
    assert scene.made.git("rev-parse", f"{REFUSALS}~1") == other


def test_a_branch_that_someone_moves_meanwhile_is_left_to_them(
    scene: Scene, tmp_path: Path
) -> None:
    theirs = scene.branch.lessons[4].commit
    move = (
        f"PATH=/usr/bin:/bin git --git-dir={scene.made.path}/.git update-ref {scene.ref} {theirs}"
    )
    done = _with_git(scene, tmp_path / "bin", move)
    assert "someone else moved it meanwhile" in done.stderr
    assert scene.tip() == theirs
    assert scene.refused() == {}


def test_a_lesson_of_which_nothing_is_here_cannot_be_refused(scene: Scene) -> None:
    unknown = replace(scene.lessons[0], record=None, trailers=None, evidence=Oid("1" * 40))
    with GitRepository.open(scene.made.path) as repo, pytest.raises(SkillgitError):
        drop(repo, [unknown], "", repo.author(0))
