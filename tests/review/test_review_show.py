from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from repositories import Repository
from rounds import ROUND, SKILL, TEXT, account_of, edit, recorded_once, round_of, trajectory

from skillgit import config
from skillgit.adapters.git import GitRepository
from skillgit.names import Digest, EditId
from skillgit.review.show import Step, tell
from skillgit.stages.record import Account, record
from skillgit.types import (
    MANIFEST,
    Branch,
    Cause,
    Edit,
    Fate,
    Insert,
    LineRange,
    Memory,
    MergeRecord,
    Patch,
    Proof,
    Quote,
    State,
)

Make = Callable[..., Repository]
Scene = tuple[Repository, Branch]
FILE = f"{SKILL}/SKILL.md"
PROOF = Proof("print(1)\n", Digest(f"sha256:{'a' * 64}"), 3, 2, 4)


@pytest.fixture
def scene(repository: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    first = repository({FILE: TEXT, "README.md": "hi\n"}, name="first")
    return recorded_once(first, tmp_path_factory.mktemp("recorded"), tmp_path / "repo")


def by(number: int, n: int, *, said: str = "said") -> Edit:
    """The edit that an analyst proposed."""
    one = trajectory(number)
    quote = Quote(one.id, 2, LineRange(1, 1), f"{said} {number}")
    whole = edit(0, Insert(MANIFEST, 8, "\nAfter one."), (number,), f"Mind {number}")
    return replace(whole, id=EditId(f"{one.id}.{n}"), quotes=(quote,))


@pytest.fixture
def merged(repository: Make) -> Repository:
    """Four analysts: two agree word for word, a merge joins them with a third, one with that."""
    made = repository({FILE: TEXT})
    last = EditId("m2-0.0")
    whole = replace(
        edit(0, Insert(MANIFEST, 8, "\nAfter one."), (0, 1, 2, 3), "Mind it all"), id=last
    )
    proposed = [by(n, 0) for n in range(4)]
    first, second, third, fourth = (one.id for one in proposed)
    below = EditId("m1-0.0")
    fates = (
        Fate(second, State.MERGED, "the same lesson", first),
        Fate(first, State.MERGED, "both mind it", below),
        Fate(third, State.MERGED, "both mind it", below),
        Fate(below, State.MERGED, "wider", last),
        Fate(fourth, State.MERGED, "wider", last),
    )
    merges = (
        MergeRecord(1, 0, (first, third), (below,), fates[1:3], "model"),
        MergeRecord(1, 1, (fourth,), (fourth,), (), "program"),
        MergeRecord(2, 0, (below, fourth), (last,), fates[3:], "model"),
    )
    plain = account_of([whole])
    patches = [
        Patch(one.trajectory, (), ()) if n > 3 else Patch(one.trajectory, (proposed[n],))
        for n, one in enumerate(sorted(plain.patches, key=lambda one: one.trajectory))
    ]
    patches[0] = replace(
        patches[0],
        causes=(Cause("It forgot one."),),
        memories=(Memory("One", "Comes first."),),
        proof=PROOF,
    )
    account = Account(
        plain.pool, plain.analysed, patches=tuple(patches), merges=merges, fates=fates
    )
    with GitRepository.open(made.path) as repo:
        skill = repo.read_skill(SKILL, "HEAD")
        record(repo, skill, [whole], round_of(skill), account, config.Record())
    return made


def test_a_lesson_is_told_with_all_that_led_to_it(merged: Repository) -> None:
    with GitRepository.open(merged.path) as repo:
        story = tell(repo, "latest/1")
    assert story.remarks == ()
    assert (story.diff_of, story.standing.state) == ("commit", "open")
    assert b"\n+After one.\n" in story.diff
    assert story.cost is not None
    assert (story.cost.skill_lines, story.cost.other_lines) == (2, 0)
    first, second, third, fourth = (trajectory(n).id for n in range(4))
    assert story.steps == (
        Step(
            0,
            0,
            "program",
            (EditId(f"{second}.0"),),
            None,
            "the same lesson, by its proof or its wording",
        ),
        Step(
            1,
            0,
            "model",
            (EditId(f"{first}.0"), EditId(f"{third}.0")),
            EditId("m1-0.0"),
            "both mind it",
        ),
        Step(2, 0, "model", (EditId("m1-0.0"), EditId(f"{fourth}.0")), EditId("m2-0.0"), "wider"),
    )
    teachers = {one.source.trajectory: one for one in story.teachers}
    assert teachers.keys() == {first, second, third, fourth}
    proven = teachers[first]
    assert (proven.proof, proven.memories[0].title) == (PROOF, "One")
    assert proven.causes[0].what == "It forgot one."
    assert proven.record is not None
    assert (proven.record.task, proven.record.outcome.score) == ("task 0", 0.0)
    assert [one.id for one in proven.edits] == [f"{first}.0"]
    assert {n: [q.text for q in one.quotes] for n, one in teachers.items()} == {
        trajectory(n).id: [f"said {n}"] for n in range(4)
    }
    assert teachers[fourth].proof is None


def test_a_dropped_lesson_is_rebuilt_from_its_evidence(scene: Scene) -> None:
    made, branch = scene
    with GitRepository.open(made.path) as repo:
        before = tell(repo, f"{ROUND}/2")
        made.git("checkout", "--quiet", "main")
        made.git("branch", "-D", branch.name, "review")
        made.git("reflog", "expire", "--expire=now", "--all")
        made.git("gc", "--quiet", "--prune=now")
        after = tell(repo, f"{ROUND}/2")
    assert (before.diff_of, after.diff_of) == ("commit", "evidence")
    assert (after.standing.state, after.lesson.commit) == ("dropped", None)
    changed = [line for line in after.diff.split(b"\n") if line[:1] in {b"+", b"-"}]
    assert changed == [line for line in before.diff.split(b"\n") if line[:1] in {b"+", b"-"}]
    assert after.teachers == before.teachers
    assert after.cost == before.cost


def test_a_commit_that_was_changed_does_not_speak_for_the_lesson(scene: Scene) -> None:
    made, branch = scene
    made.git("branch", "-D", branch.name)
    text = (made.path / FILE).read_text()
    made.write({FILE: text.replace("Vier.", "Fünf.")})
    made.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    with GitRepository.open(made.path) as repo:
        story = tell(repo, f"{ROUND}/3")
    assert story.diff_of == "evidence"
    assert b"+Vier." in story.diff
    assert "Fünf".encode() not in story.diff


def test_without_evidence_the_commit_still_speaks(scene: Scene, tmp_path: Path) -> None:
    made, branch = scene
    made.git("clone", "--quiet", "--no-local", ".", str(tmp_path / "clone"))
    with GitRepository.open(tmp_path / "clone") as repo:
        story = tell(repo, branch.lessons[0].commit)
    assert b"+After two." in story.diff
    assert (story.teachers, story.steps, story.cost) == ((), (), None)
    assert "skillgit evidence fetch" in story.remarks[0]


def test_a_blob_alone_tells_what_it_knows(scene: Scene) -> None:
    """The evidence ref is gone, but the commit's own document is still in the object store."""
    made, branch = scene
    made.git("update-ref", "-d", branch.evidence_ref)
    with GitRepository.open(made.path) as repo:
        story = tell(repo, branch.lessons[0].commit)
    assert story.lesson.record is not None
    assert [one.record for one in story.teachers] == [None] * 3
    assert [q.text for one in story.teachers for q in one.quotes] == ["said 2", "said 3"]
    assert "the other evidence of round" in story.remarks[0]
