"""A lesson that brings in a command waits for a person, and their word stands in its commit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository
from rounds import ROUND, SKILL, TEXT, insert, recorded

from skillgit import cli
from skillgit.adapters.git import GitRepository
from skillgit.errors import UsageError
from skillgit.ports import Signature
from skillgit.provenance.trailers import Approval, Malformed, Trailers, approved, parse
from skillgit.publish.body import body
from skillgit.publish.report import report
from skillgit.publish.story import read_story
from skillgit.review.approving import approve
from skillgit.review.catalogue import read_catalogue
from skillgit.review.pushing import PushedRef, read_push
from skillgit.review.verify import verify_range
from skillgit.types import Branch

Make = Callable[..., Repository]
EDITS = (
    insert(1, 8, "\nRun `pip install openpyxl`.", (0, 1, 2, 3)),
    insert(2, 10, "\nAfter two.", (2, 3, 4)),
    insert(3, 12, "\nThen `cat a | sh`.", (5,)),
)
WHO = Signature("Jane Doe", "jane@example.org", 7)
TRAILER = "Skillgit-Approved-By: Jane Doe <jane@example.org>"


@pytest.fixture
def scene(repository: Make) -> tuple[Repository, Branch]:
    made = repository({f"{SKILL}/SKILL.md": TEXT})
    with GitRepository.open(made.path) as repo:
        branch = recorded(repo, repo.read_skill(SKILL, "HEAD"), EDITS)
    return made, branch


def unapproved(made: Repository, branch: Branch) -> list[str]:
    with GitRepository.open(made.path) as repo:
        found = verify_range(repo, f"main..{branch.name}")
    assert {one.rule for one in found} <= {"SG403"}
    return [one.message for one in found]


def say_yes(made: Repository, *numbers: int, who: Signature = WHO, reason: str = "") -> None:
    with GitRepository.open(made.path) as repo:
        [known] = read_catalogue(repo).rounds
        approve(repo, [known.lessons[n - 1] for n in numbers], reason, who)


def test_a_range_fails_until_each_such_lesson_is_approved(
    scene: tuple[Repository, Branch],
) -> None:
    made, branch = scene
    first, last = unapproved(made, branch)
    assert "it brings in a package install (pip install openpyxl`.), and no person" in first
    assert "a shell pipe (Then `cat a | sh`.)" in last
    say_yes(made, 1)
    assert len(unapproved(made, branch)) == 1
    say_yes(made, 3, reason="it is ours\nSkillgit-Support: 9/9 (9 fail, 0 pass)")
    assert unapproved(made, branch) == []
    message = made.git("log", "-1", "--format=%B", branch.name)
    assert message.rstrip().endswith(
        f"{TRAILER}\nSkillgit-Approved-Because: it is ours Skillgit-Support: 9/9 (9 fail, 0 pass)"
    )
    trailers = made.git("log", "-1", "--format=%(trailers:only)", branch.name)
    assert TRAILER in trailers


def test_only_messages_change(scene: tuple[Repository, Branch]) -> None:
    made, branch = scene
    shown = ("log", "--reverse", "--format=%T %an %ae %at %cn %ct", f"main..{branch.name}")
    before, head = made.git(*shown), made.git("rev-parse", "HEAD")
    say_yes(made, 1)
    assert made.git(*shown) == before
    assert made.git("rev-parse", branch.name) != branch.tip
    assert made.git("rev-parse", "HEAD") == head
    assert made.git("status", "--porcelain") == ""


def test_the_same_person_is_written_once_and_another_besides(
    scene: tuple[Repository, Branch],
) -> None:
    made, branch = scene
    say_yes(made, 1)
    once = made.git("rev-parse", branch.name)
    say_yes(made, 1)
    assert made.git("rev-parse", branch.name) == once
    say_yes(made, 1, who=Signature("<Jo>\n", "jo@example.org", 7), reason="me too")
    with GitRepository.open(made.path) as repo:
        lesson = read_catalogue(repo).rounds[0].lessons[0]
    assert lesson.trailers is not None
    assert lesson.trailers.approvals == (
        Approval("Jane Doe <jane@example.org>"),
        Approval("Jo <jo@example.org>", "me too"),
    )


@pytest.mark.parametrize(
    ("number", "prepare", "what"),
    [
        (2, (), "it needs no approval"),
        (1, ("drop", "latest/1"), "does not have it"),
        (1, ("git", "checkout"), "it is checked out in"),
        (1, ("git", "merge"), "HEAD has it already"),
    ],
)
def test_what_cannot_be_approved(
    scene: tuple[Repository, Branch], number: int, prepare: tuple[str, ...], what: str
) -> None:
    made, branch = scene
    if prepare[:1] == ("git",):
        made.git(*prepare[1:], "--quiet", branch.name)
    elif prepare:
        assert cli.run(["-C", str(made.path), *prepare]) == 0
    if what == "HEAD has it already":
        made.git("branch", "--quiet", "-D", branch.name)
    with pytest.raises(UsageError, match=what):
        say_yes(made, number)


def test_nobody_approves_without_a_name(scene: tuple[Repository, Branch]) -> None:
    with pytest.raises(UsageError, match="does not know who you are"):
        say_yes(scene[0], 1, who=Signature("", "", 7))


def test_a_dropped_lesson_that_is_kept_asks_again(scene: tuple[Repository, Branch]) -> None:
    made, branch = scene
    say_yes(made, 1, 3)
    for verb in ("drop", "keep"):
        assert cli.run(["-C", str(made.path), verb, "latest/1"]) == 0
    assert len(unapproved(made, branch)) == 1


def test_an_amended_lesson_loses_its_approval(scene: tuple[Repository, Branch]) -> None:
    made, branch = scene
    say_yes(made, 1, 3)
    made.git("checkout", "--quiet", branch.name)
    made.write({f"{SKILL}/SKILL.md": TEXT + "\nThen `cat b | sh`.\n"})
    made.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    with GitRepository.open(made.path) as repo:
        assert "SG304" in {one.rule for one in verify_range(repo, f"main..{branch.name}")}


def test_the_round_s_own_branch_can_be_pushed_for_review_and_no_other(
    scene: tuple[Repository, Branch],
) -> None:
    made, branch = scene
    main = made.git("rev-parse", "main")
    with GitRepository.open(made.path) as repo:
        for ref, wrong in ((branch.name, 0), ("main", 2)):
            push = PushedRef(f"refs/heads/{ref}", branch.tip, main)
            assert len(read_push(repo, [push], "origin").findings) == wrong


def test_every_view_says_so(
    scene: tuple[Repository, Branch], capsys: pytest.CaptureFixture[str]
) -> None:
    made, branch = scene

    def told(*words: str) -> str:
        assert cli.run(["-C", str(made.path), *words]) == 0
        return capsys.readouterr().out

    assert "needs approval: a package install (pip install openpyxl`.)" in told("log")
    assert f"not approved yet: skillgit approve {ROUND}/1" in told("show", "latest/1")
    with GitRepository.open(made.path) as repo:
        story = read_story(repo, ROUND)
    assert "**2 lessons must not be merged before a person approves" in body(story)
    assert f"`skillgit approve {ROUND}/1`" in body(story)
    assert "approval: it brings in a package install" in report(story)

    would = told("approve", "latest/1", "latest/3", "--dry-run")
    assert f"{branch.name}: 2 would be approved" in would
    assert made.git("rev-parse", branch.name) == branch.tip
    document = json.loads(told("approve", "latest/1", "latest/3", "--reason", "seen", "--json"))
    assert document["schema"] == "skillgit.approve/1"
    assert made.git("rev-parse", branch.name) == document["rounds"][0]["tip"]
    assert [one["lesson"] for one in document["rounds"][0]["lessons"]] == [
        f"{ROUND}/1",
        f"{ROUND}/3",
    ]
    assert "you have approved of this before" in told("approve", "latest/1")
    assert "approved by" in told("log")
    assert ": seen" in told("show", "latest/1")
    entry = json.loads(told("log", "--json"))["rounds"][0]["lessons"][0]
    assert entry["gains"][0]["capability"] == "a package install"
    assert entry["approvals"][0]["reason"] == "seen"
    with GitRepository.open(made.path) as repo:
        story = read_story(repo, ROUND)
    assert "must not be merged before" not in body(story)
    assert "Approved by" in report(story)


def test_an_approval_without_a_person_is_none() -> None:
    made = approved("subject\n\nSkillgit-Round: x\n", Approval("nobody"))
    assert made == "subject\n\nSkillgit-Round: x\nSkillgit-Approved-By: nobody\n"
    assert isinstance(parse(made), Malformed)
    assert not isinstance(parse(made), Trailers)


def test_text_above_the_trailers_approves_of_nothing(scene: tuple[Repository, Branch]) -> None:
    made, branch = scene
    say_yes(made, 3)
    made.git("checkout", "--quiet", branch.name)
    message = made.git("log", "-1", "--format=%B").replace(f"\n{TRAILER}", "")
    path = Path(made.path) / ".git" / "MESSAGE"
    path.write_text(message.replace("\n\n", f"\n\n{TRAILER}\n\n", 1), encoding="utf-8")
    made.git("commit", "--quiet", "--amend", "--file", str(path))
    assert len(unapproved(made, branch)) == 2
