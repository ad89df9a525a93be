"""What the runner prints is right: the bound by hand, a whole small round, a damaged one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from benchmarks.aftermath import judge
from benchmarks.bounds import Merge, bound, chains_of
from benchmarks.endpoint import Logged, SimulatedEndpoint
from benchmarks.measure import Setup, measure, table
from benchmarks.plan import Plan
from benchmarks.runs import SKILL, write_runs, write_skill


def logged(role: str, tokens: int, **more: Any) -> Logged:  # noqa: ANN401 - fields of Logged
    return Logged(role, "d", 1, 400, 100, 0, 4 * tokens, tokens, 0.0, 0.0, 1.0, **more)


TREE = (
    Merge((1, 0), ("a", "b"), ("a",), 2.0),
    Merge((1, 1), ("c", "d"), ("c", "d"), 3.0),
    Merge((2, 0), ("a", "c", "d"), ("a", "c"), 5.0),
)


def test_the_bound_is_work_over_slots_and_the_shortest_chain_and_the_last_question() -> None:
    plan = Plan(base=1.0, per_token=0.1, slots=2)
    log = [
        *[logged("success", 10)] * 3,
        logged("error", 10),
        logged("error", 10, fault="reset"),
        logged("merge", 10),
        logged("reconcile", 5),
    ]
    least = bound(log, plan, TREE)
    assert (least.work, least.chain, least.reconcile) == (4.0, 7.0, 1.5)
    assert least.seconds == 12.5


def test_waves_cannot_be_cut_and_the_longest_call_must_end() -> None:
    plan = Plan(base=1.0, per_token=0.0, slots=2)
    least = bound([logged("success", 0)] * 5, plan, ())
    assert (least.work, least.in_waves) == (2.5, 3.0)
    assert bound([logged("success", 0)], plan, ()).seconds == 1.0


def test_the_schedule_takes_calls_in_order_and_then_the_longest_chain() -> None:
    plan = Plan(base=0.0, per_token=1.0, slots=2)
    log = [logged("success", tokens) for tokens in (1, 2, 3, 1)]
    long = (Merge((1, 0), ("x",), ("x",), 1.0), Merge((1, 1), ("y",), ("y",), 4.0))
    least = bound(log, plan, (*long, Merge((2, 0), ("x", "y"), ("x",), 1.0)))
    assert (least.work, least.chain) == (3.5, 2.0)
    assert least.in_order == 4.0 + 5.0


def test_a_leaf_may_hang_high_up_in_the_tree() -> None:
    late = (*TREE[:2], Merge((2, 0), ("a", "c", "d", "late"), ("a",), 5.0))
    assert min(chains_of(late)) == 5.0
    assert chains_of(()) == []


def test_a_small_round_is_measured_and_nothing_is_lost() -> None:
    row = measure(8, Setup(Plan(base=0.01, per_token=0.0)))
    assert row.calls == sum(row.by_role.values()) >= 9
    assert row.by_role["success"] + row.by_role["error"] == 8
    assert 0 < row.prompt_chars_uncached < row.prompt_chars
    assert row.wall_s > row.span_s > row.bound_s == 0.02
    assert (row.lost, row.corrupted, row.misattributed, row.excluded) == (0, 0, 0, 0)
    assert row.peak_rss_mb > 30
    assert row.cpu_s > 0.1
    assert table([row]).splitlines()[2].startswith("| 8 |")


@pytest.fixture(scope="module")
def rounded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Any]:
    """A repository after a round, its runs, and what the round told."""
    place = tmp_path_factory.mktemp("bench")
    runs, repository = write_runs(place / "runs", 8), place / "repo"
    write_skill(repository / SKILL)
    who = {
        f"GIT_{r}_{p}": "a@b.invalid" for r in ("AUTHOR", "COMMITTER") for p in ("NAME", "EMAIL")
    }
    environment = os.environ | who | {"HOME": str(place), "GIT_CONFIG_GLOBAL": os.devnull}
    for words in (["init", "-qb", "main"], ["add", "-A"], ["commit", "-qm", "skill"]):
        subprocess.run(["git", *words], cwd=repository, env=environment, check=True)
    with SimulatedEndpoint(Plan(base=0.0, per_token=0.0)) as endpoint:
        command = [sys.executable, "-m", "skillgit", "evolve", SKILL, "-t", str(runs), "--json"]
        command += ["--error-analyst", "single-call", "--base-url", endpoint.url]
        command += ["--min-support", "1"]
        done = subprocess.run(
            command, cwd=repository, env=environment, capture_output=True, check=True
        )
    return repository, runs, json.loads(done.stdout)


def test_a_whole_round_is_accounted_for(rounded: tuple[Path, Path, Any]) -> None:
    judged = judge(*rounded)
    assert (judged.lost, judged.corrupted, judged.misattributed) == ((), (), ())
    assert judged.lessons == len(rounded[2]["branch"]["lessons"]) > 2


def test_what_is_missing_from_the_account_is_lost(rounded: tuple[Path, Path, Any]) -> None:
    repository, runs, told = rounded
    gone = told["fates"][0]["edit"]
    assert gone in judge(repository, runs, told | {"fates": told["fates"][1:]}).lost
    twice = told | {"fates": [*told["fates"], told["fates"][0]]}
    assert gone in judge(repository, runs, twice).lost


def test_an_unread_run_is_lost(rounded: tuple[Path, Path, Any], tmp_path: Path) -> None:
    repository, _, told = rounded
    assert len(judge(repository, write_runs(tmp_path, 9), told).lost) == 1


def test_other_words_on_the_branch_are_corrupted(
    rounded: tuple[Path, Path, Any], tmp_path: Path
) -> None:
    repository, runs, told = rounded
    copy = tmp_path / "copy"
    subprocess.run(["git", "clone", "-q", "--mirror", repository, copy / ".git"], check=True)
    for words in (["config", "core.bare", "false"], ["checkout", "-q", told["branch"]["name"]]):
        subprocess.run(["git", *words], cwd=copy, check=True)
    manifest = copy / SKILL / "SKILL.md"
    manifest.write_text(manifest.read_text() + "- Open the workbook once with `data_only=Tr\n")
    subprocess.run(["git", "commit", "-qam", "cut"], cwd=copy, check=True)
    assert judge(copy, runs, told).corrupted == ("Open the workbook once with `data_only=Tr",)


def test_a_source_that_never_taught_a_lesson_is_seen(rounded: tuple[Path, Path, Any]) -> None:
    repository, runs, told = rounded
    everyone = sorted({source for one in told["branch"]["lessons"] for source in one["sources"]})
    lessons = [one | {"sources": everyone} for one in told["branch"]["lessons"]]
    wrong = told | {"branch": told["branch"] | {"lessons": lessons}}
    assert judge(repository, runs, wrong).misattributed
