"""Merged lessons are taken out again on a branch of its own."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest
from repositories import Repository
from rounds import ROUND, SKILL, edit, insert, recorded

from skillgit.adapters.git import GitRepository
from skillgit.errors import FindingsError, UsageError
from skillgit.review.catalogue import FoundLesson, read_catalogue
from skillgit.review.lessons import LessonState
from skillgit.review.refusals import read_refusals
from skillgit.review.reverting import Reverted, revert
from skillgit.review.states import standing_of
from skillgit.review.verify import verify_range
from skillgit.skill.hunks import apply_changes
from skillgit.types import MANIFEST, Branch, LineRange, Replace

Make = Callable[..., Repository]

TEXT = (
    "---\nname: xlsx\ndescription: Work with sheets.\n---\n\n# Sheets\n\n"
    + "\n\n".join(f"Line number {number} of the text." for number in range(1, 13))
    + "\n"
)
EDITS = (
    insert(1, 9, "Two is after one.\n", (0, 1, 2, 3, 4, 5, 6)),
    edit(2, Replace(MANIFEST, LineRange(12, 12), "Line three, in other words."), (1, 2, 3, 4, 5)),
    edit(3, Replace(MANIFEST, LineRange(16, 17), ""), (1, 2, 3, 4)),
    insert(4, 20, "Seven and a half.\n", (4, 5, 6)),
    insert(5, 24, "\nNine is rare.", (2, 3)),
    edit(6, Replace(MANIFEST, LineRange(28, 28), "Eleven."), (7, 8)),
    insert(7, 30, "\nThe end.", (5,)),
)


class Scene:
    """Seven lessons, merged into `main`, and later work of people."""

    def __init__(self, made: Repository, branch: Branch) -> None:
        self.made, self.branch = made, branch
        with GitRepository.open(made.path) as repo:
            self.skill = repo.read_skill(SKILL, "HEAD")

    def merge(self, *how: str) -> None:
        self.made.git("merge", "--quiet", *how, self.branch.name)

    def lessons(self, *numbers: int) -> list[FoundLesson]:
        with GitRepository.open(self.made.path) as repo:
            [known] = read_catalogue(repo).rounds
        return [known.lessons[n] for n in numbers]

    def revert(self, *numbers: int, reason: str = "") -> Reverted:
        lessons = self.lessons(*numbers)
        with GitRepository.open(self.made.path) as repo:
            return revert(repo, lessons, reason, repo.author(9))

    def expected(self, gone: list[int]) -> str:
        kept = [one for n, one in enumerate(self.branch.lessons) if n not in gone]
        changes = [change.change for one in kept for change in one.edits]
        return apply_changes(self.skill, changes)[MANIFEST].decode()

    def says(self, at: str) -> str:
        return self.made.git("show", f"{at}:{SKILL}/SKILL.md") + "\n"


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


def later(text: str) -> str:
    """What people do to the skill after the merge, away from the lessons."""
    return text.replace("# Sheets", "# Spreadsheets").replace("number 4", "number four")


def test_whatever_is_reverted_the_other_lessons_and_later_work_stay(scene: Scene) -> None:
    scene.merge("--no-ff", "-m", "merge")
    scene.made.commit({f"{SKILL}/SKILL.md": later(scene.expected([])), "x.txt": "x\n"}, "by hand")
    lessons = scene.lessons(*range(7))
    draw = random.Random(5)
    everything = [those for size in range(1, 8) for those in combinations(range(7), size)]
    chosen = [draw.sample(those, len(those)) for those in draw.sample(everything, 102)]
    with GitRepository.open(scene.made.path) as repo, repo.scratch() as scratch:
        who = repo.author(0)
        for gone in chosen:
            done = revert(scratch, [lessons[n] for n in gone], "", who, dry_run=True)
            found = scratch.read_skill(SKILL, done.commits[-1].commit)
            assert found.files[MANIFEST].decode() == later(scene.expected(gone)), gone
            assert scratch.changed_paths(done.head, found.commit) == (f"{SKILL}/SKILL.md",)


def test_a_revert_commit_reads_as_git_writes_it(scene: Scene) -> None:
    scene.merge("--ff-only")
    state = scene.made.git("status", "--porcelain", "--branch")
    done = scene.revert(3, 0, reason="Skillgit-Round: no.\n\n" + "A long story. " * 9)
    assert scene.made.git("status", "--porcelain", "--branch") == state
    assert done.head == scene.branch.tip
    message = scene.made.git("log", "-1", "--format=%B", done.branch)
    lesson = scene.branch.lessons[0]
    subject, _, said, _, first, *rest = message.rstrip("\n").split("\n")
    assert subject == f'Revert "{scene.made.git("log", "-1", "--format=%s", lesson.commit)}"'
    assert said == f"This reverts commit {lesson.commit}."
    assert first.startswith("Reason: Skillgit-Round: no. A long story.")
    assert rest
    assert all(line.startswith("  ") for line in rest)
    assert scene.says(done.branch) == scene.expected([0, 3])
    with GitRepository.open(scene.made.path) as repo:
        assert verify_range(repo, f"{scene.skill.commit}..{done.branch}") == ()
        assert len(read_refusals(repo)) == 2


def test_git_itself_makes_the_same_of_it(scene: Scene) -> None:
    scene.merge("--ff-only")
    done = scene.revert(2, 5)
    for number in (2, 5):
        scene.made.git("revert", "--no-edit", scene.branch.lessons[number].commit)
    assert scene.made.git("rev-parse", "HEAD^{tree}") == scene.made.git(
        "rev-parse", f"{done.branch}^{{tree}}"
    )
    with GitRepository.open(scene.made.path) as repo:
        lesson = scene.lessons(2)[0]
        assert standing_of(repo, lesson).state is LessonState.REVERTED
    with pytest.raises(UsageError, match="reverted already"):
        scene.revert(2)


def test_a_squash_gives_a_lesson_back(scene: Scene) -> None:
    scene.merge("--squash")
    scene.made.git("commit", "--quiet", "-m", "squashed")
    done = scene.revert(4, 1)
    assert [one.reverted for one in done.commits] == [None, None]
    assert scene.says(done.branch) == scene.expected([1, 4])
    assert "which was squashed" in scene.made.git("log", "-1", "--format=%B", done.branch)


def test_a_skill_that_moved_meanwhile_is_found(scene: Scene) -> None:
    scene.merge("--ff-only")
    scene.made.git("mv", SKILL, "skills/sheets")
    scene.made.git("commit", "--quiet", "-m", "move")
    done = scene.revert(0)
    told = scene.made.git("show", f"{done.branch}:skills/sheets/SKILL.md") + "\n"
    assert told == scene.expected([0])


def test_later_work_on_the_lines_is_told_by_path_and_nothing_is_written(scene: Scene) -> None:
    scene.merge("--ff-only")
    text = scene.expected([]).replace("Two is after one", "2 is after 1")
    scene.made.commit({f"{SKILL}/SKILL.md": text}, "by hand")
    refs = scene.made.git("for-each-ref")
    with pytest.raises(FindingsError, match=f"same lines of {SKILL}/SKILL.md"):
        scene.revert(3, 0)
    assert scene.made.git("for-each-ref") == refs
    assert scene.revert(3).commits


def test_what_is_not_merged_is_not_reverted(scene: Scene) -> None:
    with pytest.raises(UsageError, match="HEAD has not got it") as refused:
        scene.revert(1)
    assert f"skillgit drop {ROUND}/2" in refused.value.hint
    assert "revert" not in scene.made.git("for-each-ref")


def test_a_second_request_gets_a_branch_of_its_own(scene: Scene) -> None:
    scene.merge("--ff-only")
    one, two = scene.revert(1), scene.revert(1)
    assert two.branch == f"{one.branch}-2"
    assert one.branch.startswith("skillgit/revert-")


def test_without_evidence_a_merged_commit_can_be_reverted(scene: Scene, tmp_path: Path) -> None:
    scene.merge("--ff-only")
    scene.made.git("clone", "--quiet", "--no-local", ".", str(tmp_path / "clone"))
    with GitRepository.open(tmp_path / "clone") as repo:
        [known] = read_catalogue(repo).rounds
        done = revert(repo, [known.lessons[0]], "", repo.author(0))
        assert done.commits[0].reverted == scene.branch.lessons[0].commit
