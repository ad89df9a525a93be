"""`drop`, `keep`, `revert` and `rebase-round` as a person types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from repositories import Repository
from rounds import ROUND, SKILL, TEXT, recorded_once

from skillgit import cli
from skillgit.types import Branch

Make = Callable[..., Repository]
Captured = pytest.CaptureFixture[str]


class Shell:
    """The command line in a repository with a recorded round of three lessons."""

    def __init__(self, made: Repository, branch: Branch, captured: Captured) -> None:
        self.made, self.branch, self._captured = made, branch, captured
        self.err = ""

    def run(self, *words: str, code: int = 0) -> str:
        found = cli.run(["-C", str(self.made.path), *words])
        written = self._captured.readouterr()
        self.err = written.err
        assert found == code, written.err
        return written.out

    def json(self, *words: str, code: int = 0) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.run(*words, "--json", code=code))
        assert told["schema"] == f"skillgit.{words[0]}/1"
        return told

    def refs(self) -> str:
        return self.made.git("for-each-ref")

    def objects(self) -> list[Path]:
        return sorted((self.made.path / ".git" / "objects").rglob("*"))


@pytest.fixture
def shell(
    repository: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, capsys: Captured
) -> Shell:
    first = repository({f"{SKILL}/SKILL.md": TEXT, "README.md": "hi\n"}, name="first")
    made, branch = recorded_once(first, tmp_path_factory.mktemp("recorded"), tmp_path / "repo")
    made.git("checkout", "--quiet", "main")
    made.git("branch", "--quiet", "-D", "review")
    return Shell(made, branch, capsys)


def test_drop_tells_what_is_left_and_how_to_take_it_back(shell: Shell) -> None:
    told = shell.run("drop", shell.branch.lessons[1].commit[:9], "latest/3", "--reason", "no")
    assert told == (
        f"{shell.branch.name}: 2 dropped, 1 left\n"
        f"  {ROUND}/2  Mind the case 1\n"
        f"  {ROUND}/3  Mind the case 3\n"
    )
    assert f"skillgit keep {ROUND}/2" in shell.err
    told = shell.run("drop", "case 2")
    assert "1 dropped, none is left, it stands at its base" in told
    assert shell.made.git("rev-parse", shell.branch.name) == shell.made.git("rev-parse", "main")
    assert "1 refused; its branch has them not" in shell.run("drop", "latest/1")


def test_keep_puts_them_back(shell: Shell) -> None:
    shell.run("drop", "latest/1", "latest/2")
    told = shell.run("keep", "latest/2", "latest/1")
    assert told.startswith(f"{shell.branch.name}: 2 put back, 3 on it now\n")
    assert shell.made.git("rev-parse", shell.branch.name) == shell.branch.tip
    shell.run("keep", "latest/2", code=2)
    assert "neither dropped nor refused" in shell.err


def test_revert_names_the_next_commands_and_they_work(shell: Shell) -> None:
    shell.made.git("merge", "--quiet", "--ff-only", shell.branch.name)
    told = shell.run("revert", "latest/1", "latest/3", "--reason", "the library was mended")
    name = told.partition(":")[0]
    first, third = shell.branch.lessons[0].commit[:12], shell.branch.lessons[2].commit[:12]
    assert told == (
        f"{name}: 2 lessons reverted\n"
        f"  {ROUND}/1  Mind the case 2 (reverts {first})\n"
        f"  {ROUND}/3  Mind the case 3 (reverts {third})\n"
    )
    commands = [line.split()[1:] for line in shell.err.split("\n") if line.startswith("  git ")]
    assert len(commands) == 2
    for command in commands:
        shell.made.git(*command)
    assert shell.made.git("rev-parse", "HEAD") == shell.made.git("rev-parse", name)
    shell.run("drop", "latest/2", code=2)
    assert f"skillgit revert {ROUND}/2" in shell.err


def test_the_branch_of_a_revert_has_the_configured_prefix(shell: Shell) -> None:
    shell.made.git("merge", "--quiet", "--ff-only", shell.branch.name)
    shell.made.write({".skillgit.toml": '[record]\nbranch_prefix = "bots/skills"\n'})
    assert shell.run("revert", "latest/1").startswith("bots/skills/revert-")


def test_a_dry_run_leaves_no_trace(shell: Shell) -> None:
    shell.run("drop", "latest/2")
    shell.made.git("branch", "later", "main")
    shell.made.git("checkout", "--quiet", "later")
    shell.made.commit({f"{SKILL}/SKILL.md": TEXT.replace("# Sheets", "# S")}, "by hand")
    refs, objects = shell.refs(), shell.objects()
    assert "1 would be dropped, 1 left" in shell.run("drop", "latest/1", "--dry-run")
    assert "1 would be put back, 3 on it now" in shell.run("keep", "latest/2", "--dry-run")
    assert "2 edits" in shell.run("rebase-round", "latest", "--dry-run")
    shell.run("revert", "latest/1", "--dry-run", code=2)
    assert (shell.refs(), shell.objects()) == (refs, objects)


def test_json_tells_the_same(shell: Shell) -> None:
    told = shell.json("drop", "latest/2", "--reason", "no")
    [one] = told["rounds"]
    assert (one["branch"], one["old"], one["left"]) == (shell.branch.name, shell.branch.tip, 2)
    assert one["tip"] == shell.made.git("rev-parse", shell.branch.name)
    assert [(x["lesson"], x["moved"]) for x in one["lessons"]] == [(f"{ROUND}/2", True)]
    assert shell.json("keep", "latest/2")["rounds"][0]["tip"] == shell.branch.tip
    shell.made.git("merge", "--quiet", "--ff-only", shell.branch.name)
    told = shell.json("revert", "latest/2")
    assert told["head"] == shell.branch.tip
    [commit] = told["commits"]
    assert commit["reverts"] == shell.branch.lessons[1].commit


@pytest.mark.parametrize("verb", ["drop", "keep", "revert"])
def test_an_unknown_lesson_is_a_usage_error_with_the_candidates(shell: Shell, verb: str) -> None:
    shell.run(verb, "no such lesson", code=2)
    assert f"{ROUND}/1" in shell.err
    shell.run(verb, code=2)


def test_hostile_titles_reach_no_terminal(shell: Shell) -> None:
    lesson = shell.branch.lessons[0]
    message = shell.made.git("log", "-1", "--format=%B", lesson.commit)
    shell.made.git("checkout", "--quiet", "--detach", lesson.commit)
    evil = message.replace("Mind the case 2", "Mind \x1b[31mred\x1b]0;title\x07", 1)
    shell.made.git("update-ref", "-d", shell.branch.evidence_ref)
    shell.made.git("prune", "--expire=now")
    (shell.made.path / ".git" / "evil").write_text(evil)
    shell.made.git("commit", "--quiet", "--amend", "-F", ".git/evil", "--cleanup=verbatim")
    tip = shell.made.git("rev-parse", "HEAD")
    shell.made.git("checkout", "--quiet", "main")
    shell.made.git("branch", "--force", shell.branch.name, tip)
    told = shell.run("drop", tip, "--reason", "\x1b[2J")
    assert "\x1b" not in told + shell.err
    assert "Mind red" in told


# ------------------------------------------------------------------ rebase-round


def test_a_round_moves_to_a_new_base_and_is_clean_there(shell: Shell) -> None:
    text = TEXT.replace("# Sheets", "# Spreadsheets\n\nBy hand.").replace("One.", "One.\n\nNew.")
    shell.made.commit({f"{SKILL}/SKILL.md": text, "x": "y\n"}, "by hand")
    status = shell.made.git("status", "--porcelain")
    told = shell.json("rebase-round", "latest")
    assert shell.made.git("status", "--porcelain") == status
    assert told["rebased_from"] == ROUND
    assert told["stale"] == []
    branch: dict[str, Any] = told["branch"]
    name = str(branch["name"])
    assert [one["title"] for one in branch["lessons"]] == [
        "Mind the case 2",
        "Mind the case 1",
        "Mind the case 3",
    ]
    assert [one["support"] for one in branch["lessons"]] == [3, 2, 1]
    shell.run("check", "--range", f"main..{name}")
    after = shell.made.git("show", f"{name}:{SKILL}/SKILL.md")
    for line in ("By hand.", "New.", "After one.", "After two.", "Vier."):
        assert f"\n{line}" in after
    kept = json.loads(shell.made.git("show", f"{branch['evidence']}:round.json"))
    assert kept["rebased_from"] == ROUND
    assert kept["base"] == shell.made.git("rev-parse", "main")
    old, new = (
        shell.made.git("ls-tree", "-r", ref, "patches/", "merges/")
        for ref in (shell.branch.evidence_ref, str(branch["evidence"]))
    )
    assert old == new


def test_the_same_rebase_gives_the_same_commits(shell: Shell) -> None:
    shell.made.commit({"x": "y\n"}, "by hand")
    one = shell.json("rebase-round", ROUND)
    assert shell.json("rebase-round", ROUND) == one
    told = shell.run("rebase-round", ROUND)
    assert f"  {one['round']}/1  Mind the case 2\n" in told
    assert "skillgit check --range" in shell.err


def test_stale_and_refused_lessons_stay_behind_with_the_reason(shell: Shell) -> None:
    shell.run("drop", "latest/2", "--reason", "not ours")
    shell.made.commit({f"{SKILL}/SKILL.md": TEXT.replace("Four.", "4.")}, "by hand")
    told = shell.run("rebase-round", "latest")
    assert told.split("\n")[2:] == [
        f"  left out: {ROUND}/2  Mind the case 1",
        "    refused: not ours",
        f"  left out: {ROUND}/3  Mind the case 3",
        "    stale: people changed line 14 of SKILL.md",
        "",
    ]
    name = told.partition(":")[0]
    withheld = json.loads(
        shell.made.git("show", f"refs/skillgit/rounds/{name.rpartition('/')[2]}:withheld.json")
    )
    assert {one["fate"]["reason"] for one in withheld["withheld"]} == {
        "refused: not ours",
        "stale: people changed line 14 of SKILL.md",
    }
    shell.run("check", "--range", f"main..{name}")


def test_nothing_left_is_exit_one_and_no_branch(shell: Shell) -> None:
    shell.made.git("merge", "--quiet", "--squash", shell.branch.name)
    shell.made.git("commit", "--quiet", "-m", "squash")
    refs = shell.refs()
    told = shell.run("rebase-round", "latest", code=1)
    assert told.startswith("0 edits of round")
    assert told.count("its text stands in SKILL.md already") == 3
    assert shell.refs() == refs


def test_what_cannot_be_rebased_says_why(shell: Shell) -> None:
    shell.run("rebase-round", "latest", code=2)
    assert "already" in shell.err
    shell.run("rebase-round", "latest", "--onto", "nowhere", code=2)
    shell.run("rebase-round", "1999", code=2)
    shell.made.git("mv", SKILL, "skills/other")
    shell.made.git("commit", "--quiet", "-m", "move")
    shell.run("rebase-round", "latest", code=2)
    assert "no SKILL.md" in shell.err
    shell.made.git("update-ref", "-d", shell.branch.evidence_ref)
    shell.run("rebase-round", "latest", code=1)
    assert "skillgit evidence fetch" in shell.err


@pytest.mark.parametrize("name", ["latest", ROUND])
def test_a_round_means_all_its_lessons_that_the_verb_can_change(shell: Shell, name: str) -> None:
    shell.made.git("merge", "--quiet", "--ff-only", shell.branch.lessons[0].commit)
    told = shell.json("drop", name, "--reason", "the pull request was closed")
    [gone] = told["rounds"]
    assert [one["lesson"] for one in gone["lessons"]] == [f"{ROUND}/2", f"{ROUND}/3"]
    assert [one["moved"] for one in gone["lessons"]] == [True, True]
    [back] = shell.json("keep", name)["rounds"]
    assert [one["lesson"] for one in back["lessons"]] == [f"{ROUND}/2", f"{ROUND}/3"]
    assert shell.made.git("rev-parse", shell.branch.name) == shell.branch.tip
    shell.run("keep", name, code=2)
    assert "round" in shell.err
    assert "that are dropped: 1 merged, 2 open" in " ".join(shell.err.split())
    assert len(shell.json("revert", name)["commits"]) == 1


def test_approval_is_given_to_one_lesson_at_a_time(shell: Shell) -> None:
    shell.run("approve", ROUND, code=2)
    assert "there is none of that name" in shell.err
