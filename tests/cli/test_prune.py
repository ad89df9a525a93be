"""`skillgit prune`: a branch that a person reviews like that of any round."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from repositories import Repository
from rounds import insert, recorded
from traced import STEPS, run_files

from skillgit import cli
from skillgit.adapters.git import GitRepository
from skillgit.names import Digest, RoundId
from skillgit.ports import Signature
from skillgit.provenance.effects import EffectRecord
from skillgit.review.catalogue import read_catalogue
from skillgit.review.noting import note_effects
from skillgit.types import Effect, Method, Worth

Make = Callable[..., Repository]
Captured = pytest.CaptureFixture[str]
OLD = "The old importer rounded amounts in another way than the new one does today.\n"
TEXT = f"""---
name: ledger
description: Answer questions about sales.
---

# Ledger

Answer with a number.

## Dates

Turn them round before you compare any of them.

## Old habits

{OLD}
## Colours

Blue is the north, green is the south, red is whatever is overdue since a month.
"""
WHO = Signature("A", "a@example.com", 1_795_000_000)
OPTIONS = ("--min-runs", "4", "--min-tokens", "10", "-t", "runs")


class Shell:
    """The command line in a repository whose skill was used in four runs."""

    def __init__(self, made: Repository, captured: Captured) -> None:
        self.made, self._captured = made, captured
        self.err = ""

    def run(self, *words: str, code: int = 0) -> str:
        found = cli.run(["-C", str(self.made.path), *words])
        written = self._captured.readouterr()
        self.err = written.err
        assert found == code, written.err + written.out
        return written.out

    def prune(self, *words: str, code: int = 0) -> dict[str, Any]:
        out = self.run("prune", "skills/ledger", *OPTIONS, *words, "--json", code=code)
        told: dict[str, Any] = json.loads(out)
        assert told["schema"] == "skillgit.prune/1"
        return told

    def file(self, revision: str, path: str = "SKILL.md") -> str:
        return self.made.git("show", f"{revision}:skills/ledger/{path}")


@pytest.fixture
def shell(repository: Make, capsys: Captured) -> Shell:
    made = repository({"skills/ledger/SKILL.md": TEXT})
    made.write(run_files(STEPS, 4))
    return Shell(made, capsys)


def test_each_cut_is_a_commit_that_is_checked_and_dropped_like_any_lesson(shell: Shell) -> None:
    head = shell.made.git("rev-parse", "HEAD")
    told = shell.prune()
    branch = told["branch"]["name"]

    titles = [
        "Move the unused section Old habits to references/old-habits.md",
        "Move the unused section Colours to references/colours.md",
    ]
    assert sorted(one["title"] for one in told["branch"]["lessons"]) == sorted(titles)
    assert shell.made.git("rev-parse", "HEAD") == head
    shell.run("check", "--range", f"main..{branch}")
    message = shell.made.git("log", "-1", "--format=%B", branch)
    assert "Skillgit-Support: 4/4 (2 fail, 2 pass)" in message
    assert message.endswith("Assisted-by: skillgit:no-model\n")
    assert OLD.strip() in shell.file(branch, "references/old-habits.md")
    assert "Old habits: see [references/old-habits.md]" in shell.file(branch)
    assert "the section Old habits" in shell.run("show", "latest/1", code=0) + shell.run(
        "show", "latest/2"
    )

    number = [one["title"] for one in told["branch"]["lessons"]].index(titles[1]) + 1
    shell.run("drop", f"latest/{number}", "--reason", "we need it in spring")
    assert "Blue is the north" in shell.file(branch)
    again = shell.prune("--no-branch")
    assert [one["title"] for one in again["changes"]] == titles[:1]
    assert "dropped before: we need it in spring" in {one["reason"] for one in again["spared"]}


def test_the_same_again_gives_the_same_branch(shell: Shell) -> None:
    first = shell.prune()["branch"]

    assert shell.prune()["branch"] == first
    assert shell.made.git("branch", "--list", "skillgit/*").count("skillgit/") == 1


def test_without_a_branch_nothing_is_written(shell: Shell) -> None:
    before = shell.made.git("for-each-ref")

    out = shell.run("prune", "skills/ledger", *OPTIONS, "--delete", "--no-branch")

    assert "1 change would be proposed" in out
    assert "Delete the unused sections Old habits, Colours (4 of 4 runs speak for it)" in out
    assert shell.made.git("for-each-ref") == before


def test_deleting_leaves_the_rest_as_it_was(shell: Shell) -> None:
    branch = shell.prune("--delete")["branch"]["name"]

    assert shell.file(branch) + "\n" == TEXT[: TEXT.index("\n## Old habits")]
    shell.run("check", "--range", f"main..{branch}")


def test_too_few_runs_are_told_and_give_nothing(shell: Shell) -> None:
    out = shell.run("prune", "skills/ledger", "-t", "runs", code=1)

    assert "4 trajectories had the skill, and 20 are asked for" in out
    assert shell.made.git("branch", "--list", "skillgit/*") == ""


def test_more_users_than_runs_are_no_use(shell: Shell) -> None:
    shell.run("prune", "skills/ledger", "-t", "runs", "--max-users", "20", code=2)

    assert "--max-users 20" in shell.err


def test_a_licence_that_forbids_changes_forbids_cuts(shell: Shell) -> None:
    shell.made.commit({"skills/ledger/LICENSE.txt": "No derivative works are permitted.\n"})

    shell.run("prune", "skills/ledger", *OPTIONS, code=2)

    assert "SG410" in shell.err
    assert shell.prune("--i-hold-the-rights", "--no-branch")["changes"]


def test_a_dropped_cut_comes_back_as_it_was(shell: Shell) -> None:
    branch = shell.prune()["branch"]
    shell.run("drop", "latest/1")

    shell.run("keep", "latest/1")

    assert shell.made.git("rev-parse", branch["name"]) == branch["tip"]


def test_cuts_are_counted_again_rather_than_put_on_another_base(shell: Shell) -> None:
    shell.prune()
    shell.made.commit({"skills/ledger/SKILL.md": TEXT + "\nMore.\n"})

    shell.run("rebase-round", "latest", code=2)

    assert "skillgit prune skills/ledger" in shell.err


def test_the_report_and_the_pull_request_say_that_no_model_was_asked(shell: Shell) -> None:
    shell.prune("--delete")

    body = shell.run("pr", "--body-only")
    page = shell.run("report", "-o", "-", "-t", "runs")

    assert "each searched for traces of the skill; no model was asked." in body
    assert "skillgit prune skills/ledger@" in body
    assert "--delete" in body
    assert "Which lines are used" in page
    assert "Counted in 4 trajectories" in page


# ------------------------------------------------------------------ what hurts


@pytest.fixture
def taught(shell: Shell) -> Shell:
    """The same with two merged lessons."""
    edits = (
        insert(1, 8, "\nAlways answer in francs.", (0, 1)),
        insert(2, 12, "\nNever before 1900.", (2, 3)),
    )
    with GitRepository.open(shell.made.path) as repo:
        branch = recorded(repo, repo.read_skill("skills/ledger", "HEAD"), edits)
    shell.made.git("merge", "--quiet", "--ff-only", branch.name)
    return shell


def noted(shell: Shell, worth: Worth, low: float, high: float) -> None:
    """A note on the lesson about francs, as `skillgit ablate` writes it."""
    with GitRepository.open(shell.made.path) as repo:
        lesson = next(
            one
            for one in read_catalogue(repo).lessons
            if one.record and "francs" in str(one.record.edits[0].change)
        )
        assert lesson.record
        assert lesson.commit
        record = EffectRecord(
            lesson.record.patch,
            lesson.round,
            lesson.record.base,
            Digest(f"sha256:{'1' * 64}"),
            2,
            Digest(f"sha256:{'2' * 64}"),
            (41,),
            "m",
            Digest(f"sha256:{'3' * 64}"),
            Effect(
                Method.LEAVE_ONE_OUT, (low + high) / 2, low, high, worth, "enough", 9, 18, 0.95, 1
            ),
            "A <a@example.com>",
            1_795_000_000,
        )
        note_effects(repo, {lesson.commit: [record]}, WHO)


def test_a_lesson_that_was_measured_to_hurt_is_taken_out(taught: Shell) -> None:
    noted(taught, Worth.HURTS, -0.3, -0.1)

    told = taught.prune("--min-runs", "99")  # too few runs say nothing against it
    branch = told["branch"]["name"]

    (lesson,) = told["branch"]["lessons"]
    assert lesson["title"].startswith("Take out the harmful lesson: ")
    assert "-20.0 points (95 % interval -30.0 to -10.0" in told["changes"][0]["reason"]
    assert "francs" not in taught.file(branch)
    assert "Never before 1900." in taught.file(branch)
    taught.run("check", "--range", f"main..{branch}")


@pytest.mark.parametrize("worth", [Worth.HELPS, Worth.UNCLEAR, Worth.EQUAL])
def test_a_lesson_that_was_not_shown_to_hurt_stays(taught: Shell, worth: Worth) -> None:
    noted(taught, worth, 0.1 if worth is Worth.HELPS else -0.1, 0.2)

    assert taught.prune("--min-runs", "99", code=1)["changes"] == []


def test_a_person_can_call_a_lesson_harmful(taught: Shell) -> None:
    with GitRepository.open(taught.made.path) as repo:
        names = [one.name for one in read_catalogue(repo).lessons]

    told = taught.prune(
        "--min-runs", "99", *(word for name in names for word in ("--harmful", name))
    )

    branch = told["branch"]["name"]
    assert len(told["branch"]["lessons"]) == 2
    assert taught.file(branch) + "\n" == TEXT
    assert all(one["reason"].startswith("A person called it harmful") for one in told["changes"])


def test_a_lesson_that_is_not_merged_is_spared_with_a_hint(shell: Shell) -> None:
    edits = (insert(1, 8, "\nAlways answer in francs.", (0, 1)),)
    with GitRepository.open(shell.made.path) as repo:
        recorded(
            repo,
            repo.read_skill("skills/ledger", "HEAD"),
            edits,
            RoundId("20261121T231905Z-000000"),
        )

    told = shell.prune("--min-runs", "99", "--harmful", "20261121T231905Z-000000/1", code=1)

    assert told["branch"] is None
    assert any("HEAD has not got it" in one["reason"] for one in told["spared"])
