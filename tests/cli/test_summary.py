"""How a round ends on a terminal: what a person reads, and what they type next."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from analysts import chat_trajectory, plausible
from repositories import Repository
from rounds import TEXT, trajectory
from scripted import ScriptedEndpoint

from skillgit import cli
from skillgit.adapters.timings import read_timings
from skillgit.cli.calls import cache_warning
from skillgit.cli.summary import payload, summary
from skillgit.names import Digest, EditId, Oid, RoundId, TrajectoryId
from skillgit.types import (
    Branch,
    Evolution,
    Excluded,
    Exclusion,
    Fate,
    LessonCommit,
    MergeRecord,
    Pool,
    Round,
    State,
    Usage,
)

ROUND = RoundId("20260102T030405Z-000000")
SKILL = "skills/xlsx"


def ended(lessons: int, **more: object) -> Evolution:
    """A round with so many lessons and a few edits that did not make it."""
    told = tuple(
        LessonCommit(
            Oid(f"{n:040x}"), Oid("0" * 40), Digest(f"sha256:{n:064x}"), f"Do {n}", (), frozenset()
        )
        for n in range(lessons)
    )
    fates = {
        name: Fate(name, state, reason)
        for number, (state, reason) in enumerate(
            [(State.APPLIED, ""), *[(State.REJECTED, f"vague: {n}") for n in "abc"]]
            + [(State.WITHHELD, f"reason {n}") for n in "abcdefg"]
        )
        if (name := EditId(f"t-{number:012x}.1"))
    }
    evolution = Evolution(
        round=Round(ROUND, SKILL, Oid("0" * 40), 0, "m", "combined"),
        pool=Pool((), ()),
        analysed=(),
        patches=(),
        excluded=(),
        fates=fates,
        findings=(),
        usage=Usage(),
        branch=Branch("skillgit/xlsx/1", Oid("0" * 40), "refs/x", told) if lessons else None,
    )
    make: Callable[..., Evolution] = replace
    return make(evolution, **more)


def commands(text: str) -> list[str]:
    return re.findall(r"^  (skillgit .*)$", text, re.MULTILINE)


def test_it_ends_with_two_commands() -> None:
    assert commands(summary(ended(2), no_branch=False)) == [
        f"skillgit report {ROUND} --open",
        f"skillgit pr {ROUND}",
    ]


def test_of_another_repository_the_commands_say_which() -> None:
    assert commands(summary(ended(2), no_branch=False, elsewhere="../my skills")) == [
        f"skillgit -C '../my skills' report {ROUND} --open",
        f"skillgit -C '../my skills' pr {ROUND}",
    ]


def test_without_a_branch_there_is_nothing_to_type() -> None:
    assert commands(summary(ended(0), no_branch=False)) == []


def test_why_edits_did_not_make_it_is_counted() -> None:
    lines = summary(ended(1), no_branch=False).splitlines()

    start = lines.index(
        "Edits         11 proposed = 1 applied + 0 merged-into + 7 withheld + 3 rejected"
    )
    assert lines[start + 1 : start + 8] == [
        "              3 rejected: vague",
        *(f"              1 withheld: reason {n}" for n in "abcde"),
        "              2 for 2 other reasons",
    ]


def test_many_lessons_do_not_push_the_rest_off_the_screen() -> None:
    text = summary(ended(45), no_branch=False)

    assert " 30  " in text
    assert " 31  " not in text
    assert "and 15 more; `skillgit log` lists them" in text


def test_what_was_sent_again_is_told_where_anything_was() -> None:
    again = Usage(calls=9, failed_calls=2, retried_calls=2, hedged_calls=3)
    text = summary(ended(1, usage=again), no_branch=False)

    assert (
        "2 failed, 2 sent again after a failure, 3 copied because they took long; 0 prompt" in text
    )
    assert "0 failed; 0 prompt" in summary(ended(1), no_branch=False)


def test_merges_that_fell_back_are_told_with_their_reason() -> None:
    merges = (
        MergeRecord(1, 0, (), (), how="model"),
        MergeRecord(1, 1, (), (), how="program"),
        MergeRecord(2, 0, (), (), how="fallback: no answer within 5 s"),
    )
    text = summary(ended(1, merges=merges), no_branch=False)

    assert "Merges        1 of 2 got no usable reply, and only what is alike was joined" in text
    assert "  fallback: level 2, node 0: no answer within 5 s" in text
    assert payload(ended(1, merges=merges))["merges"] == {
        "asked": 2,
        "fallbacks": [{"level": 2, "node": 0, "reason": "no answer within 5 s"}],
    }
    assert "Merges" not in summary(ended(1, merges=merges[:2]), no_branch=False)


def test_what_happened_meanwhile_is_told() -> None:
    assert "  note: HEAD moved" in summary(ended(1, remarks=("HEAD moved",)), no_branch=False)


def test_where_the_runs_of_its_tasks_lie_is_said() -> None:
    assert "Runs  " not in summary(ended(1), no_branch=False)
    assert "Runs          .git/skillgit/rollouts/1: what the agent did on the tasks" in summary(
        ended(1, rollouts=".git/skillgit/rollouts/1"), no_branch=False
    )


def test_what_a_real_round_says_can_be_typed(
    repository: Callable[..., Repository],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = repository({f"{SKILL}/SKILL.md": TEXT})
    runs = tmp_path / "runs"
    runs.mkdir()
    for number in range(6):
        text = chat_trajectory(f"task {number}", f"import openpyxl  # {number}", "pass")
        (runs / f"{number}.json").write_text(text, encoding="utf-8")
    monkeypatch.chdir(made.path)
    with ScriptedEndpoint(plausible) as endpoint:
        where = ["--base-url", endpoint.url, "--signals", "success"]
        assert cli.run(["evolve", SKILL, "-t", str(runs), "-q", *where]) == 0
        asked = len([one for one in endpoint.requests if one])
    told = capsys.readouterr().out

    show, propose = commands(told)
    show = show.replace("--open", f"-o {tmp_path / 'r.html'}")
    assert cli.run(shlex.split(show)[1:]) == 0
    assert cli.run(shlex.split(propose)[1:]) == 0
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'r.html'}\nThis branch teaches ")

    found = read_timings(made.path / ".git" / "skillgit", RoundId(propose.rpartition(" ")[2]))
    assert found is not None
    assert 0 < found.usage.calls <= asked
    assert {"analyze", "reconcile"} <= found.stages.keys()
    assert "calls answered by the endpoint" in (tmp_path / "r.html").read_text("utf-8")


# ------------------------------------------------------------------ calls


def test_the_share_that_the_server_had_cached_is_told() -> None:
    used = Usage(calls=30, prompt_tokens=10_000, cached_tokens=8_400, output_tokens=7)
    told = summary(ended(1, usage=used), no_branch=False)
    assert "10000 prompt tokens (8400 cached by the server, 84%), 7 output tokens" in told
    assert "(0 cached by the server), 0 output" in summary(ended(1), no_branch=False)


@pytest.mark.parametrize(
    ("used", "words"),
    [
        (Usage(calls=21, prompt_tokens=1000), "--enable-prompt-tokens-details"),
        (Usage(calls=21, prompt_tokens=1000, cached_tokens=199), "blocks of hundreds of tokens"),
        (Usage(calls=21, prompt_tokens=1000, cached_tokens=200), ""),
        (Usage(calls=20, prompt_tokens=1000), ""),
        (Usage(cached_calls=90), ""),
    ],
)
def test_a_cache_that_does_little_is_warned_about(used: Usage, words: str) -> None:
    warning = cache_warning(used)
    assert words in warning
    assert bool(warning) == bool(words)
    assert payload(ended(1, usage=used))["warnings"] == ([warning] if words else [])


def test_trajectories_without_a_reply_are_told_by_what_went_wrong() -> None:
    reasons = [f"the connection failed: no answer within {n} s" for n in range(5)]
    reasons += ["the reply is not JSON: 'x' at line 3, column 8 (asked 3 times)"]
    reasons += [f"{letter} happened" for letter in "abcd"]
    excluded = [
        Excluded(TrajectoryId(f"t-{number:012x}"), reason) for number, reason in enumerate(reasons)
    ]
    unproven = Excluded(TrajectoryId(f"t-{len(reasons):012x}"), "not proven", Exclusion.UNPROVEN)
    pool = Pool(tuple(trajectory(number) for number in range(len(reasons) + 1)), ())
    told = summary(ended(1, excluded=(*excluded, unproven), pool=pool), no_branch=False)
    assert "  5 without a usable reply: the connection failed: no answer within … s\n" in told
    assert "  1 without a usable reply: the reply is not JSON: … at line … column … (asked" in told
    assert "  2 for 2 other reasons\n" in told
    assert "reply: not proven" not in told


def test_the_warning_goes_to_stderr(
    repository: Callable[..., Repository], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    skills = repository({f"{SKILL}/SKILL.md": TEXT})
    runs = tmp_path / "runs"
    runs.mkdir()
    for number in range(22):
        text = chat_trajectory(f"task {number}", "import openpyxl", "pass")
        (runs / f"{number}.json").write_text(text, encoding="utf-8")
    with ScriptedEndpoint(plausible) as endpoint:
        where = ["-C", str(skills.path), "evolve", SKILL, "-t", str(runs)]
        assert cli.run([*where, "-q", "--base-url", endpoint.url]) == 0
        told = capsys.readouterr()
        assert "warning: the server reports 0% of the prompt tokens as cached" in told.err
        assert "warning" not in told.out
        assert cli.run([*where, "-q", "--base-url", endpoint.url]) == 0
        assert "warning" not in capsys.readouterr().err, "nothing was sent"
