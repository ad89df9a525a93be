from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository
from rounds import ROUND, SKILL, TEXT, insert, recorded, recorded_once

from skillgit import cli
from skillgit.adapters.git import GitRepository
from skillgit.errors import UsageError
from skillgit.names import RoundId
from skillgit.provenance.squash import Squash, parse_squash
from skillgit.publish.body import body
from skillgit.publish.report import report
from skillgit.publish.reproduction import reproduction
from skillgit.publish.story import read_story
from skillgit.types import Branch, State

Make = Callable[..., Repository]
Scene = tuple[Repository, Branch]


@pytest.fixture
def scene(repository: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    first = repository({f"{SKILL}/SKILL.md": TEXT, "README.md": "hi\n"}, name="first")
    return recorded_once(first, tmp_path_factory.mktemp("recorded"), tmp_path / "repo")


def test_a_round_is_told_as_git_and_its_evidence_have_it(scene: Scene) -> None:
    made, branch = scene

    with GitRepository.open(made.path) as repo:
        told = read_story(repo, ROUND)

    assert (told.branch, told.tip) == (branch.name, branch.tip)
    assert [one.commit for one in told.kept] == [one.commit for one in branch.lessons]
    assert [one.evidence for one in told.kept] == [one.evidence for one in branch.lessons]
    assert [one.number for one in told.kept] == [1, 2, 3]
    assert told.dropped == ()
    assert told.evidence == made.git("rev-parse", f"refs/skillgit/rounds/{ROUND}")
    text = made.git("show", f"{branch.name}:{SKILL}/SKILL.md")
    assert told.after.lines == len(text.split("\n"))
    assert told.before.lines == len(TEXT.rstrip("\n").split("\n"))
    assert (told.before.other_tokens, told.after.other_tokens) == (0, 0)


def test_the_accounts_add_up(scene: Scene) -> None:
    with GitRepository.open(scene[0].path) as repo:
        told = read_story(repo, ROUND)

    assert sum(told.trajectories.values()) == 9
    assert told.trajectories["taught a lesson"] == 6
    assert set(told.edits) == set(State)


def test_lessons_that_the_branch_lost_are_dropped_ones(scene: Scene) -> None:
    made, branch = scene
    made.git("checkout", "--quiet", "--detach", branch.lessons[0].commit)
    made.git("branch", "--force", branch.name)

    with GitRepository.open(made.path) as repo:
        told = read_story(repo, ROUND)

    assert [one.number for one in told.kept] == [1]
    assert [one.number for one in told.dropped] == [2, 3]
    assert told.after.lines - told.before.lines == 2
    assert "### Dropped from this branch" in body(told)


def test_of_a_branch_that_is_gone_all_lessons_are_told(scene: Scene) -> None:
    made, branch = scene
    made.git("checkout", "--quiet", "main")
    made.git("branch", "-D", branch.name)
    made.git("branch", "-D", "review")

    with GitRepository.open(made.path) as repo:
        told = read_story(repo, ROUND)

    assert (told.branch, told.tip, told.dropped) == ("", None, ())
    assert [one.commit for one in told.kept] == [None] * 3
    assert told.after.lines == told.before.lines + 4
    assert "whose branch is gone" in report(told)


def test_without_evidence_there_is_nothing_to_tell(scene: Scene) -> None:
    made, _ = scene
    made.git("update-ref", "-d", f"refs/skillgit/rounds/{ROUND}")

    with (
        GitRepository.open(made.path) as repo,
        pytest.raises(UsageError, match="is not here") as caught,
    ):
        read_story(repo, ROUND)
    assert "skillgit evidence fetch" in caught.value.hint


def test_a_squash_of_the_branch_keeps_its_trailers_and_breaks_no_check(scene: Scene) -> None:
    made, branch = scene
    with GitRepository.open(made.path) as repo:
        message = f"xlsx: 3 lessons (#7)\n\n{body(read_story(repo, ROUND))}"
    made.git("checkout", "--quiet", "main")
    made.git("merge", "--quiet", "--squash", branch.name)
    (made.path / "message").write_text(message, encoding="utf-8")
    made.git("commit", "--quiet", "--cleanup=verbatim", "-F", "message")

    kept = made.git("log", "-1", "--format=%B")
    found = parse_squash(kept)
    assert isinstance(found, Squash)
    assert [one.evidence for one in found.lessons] == [one.evidence for one in branch.lessons]
    assert made.git("log", "-1", "--format=%(trailers:key=Skillgit-Squash-Round,valueonly)") == (
        f"{ROUND}\n"
    )


def test_what_a_person_refused_is_told_with_the_reason(scene: Scene) -> None:
    made, _ = scene
    made.git("checkout", "--quiet", "main")
    assert cli.run(["-C", str(made.path), "drop", f"{ROUND}/2", "--reason", "it is not so"]) == 0
    with GitRepository.open(made.path) as repo:
        told = read_story(repo, ROUND)

    assert [one.number for one in told.dropped] == [2]
    assert told.dropped[0].refusal is not None
    assert "it is not so" in body(told)
    assert "it is not so" in report(told)


def test_the_command_tells_what_is_none_of_the_defaults(repository: Make) -> None:
    made = repository({f"{SKILL}/SKILL.md": TEXT})
    with GitRepository.open(made.path) as repo:
        skill = repo.read_skill(SKILL, "HEAD")
        recorded(repo, skill, [insert(1, 8, "\nMore.", [1])], RoundId("20260101T000000Z-000000"))
        told = read_story(repo, RoundId("20260101T000000Z-000000"))

    assert reproduction(told) == (
        f"skillgit evolve {SKILL} --base {skill.commit[:12]} \\\n    --trajectories PATH"
    )
