"""Runs are found again by all that they depend on, and by nothing less."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from graded import digest, run, skill

from skillgit.adapters.kept_runs import KeptRuns
from skillgit.evaluation.runs import MISHAPS, Ended, RunResult
from skillgit.names import Digest

TRAJECTORY = b'{"steps": []}'


@pytest.fixture
def kept(tmp_path: Path) -> KeptRuns:
    return KeptRuns(tmp_path / "runs")


def made(task: str = "a", seed: int = 41, **changed: object) -> RunResult:
    name = Digest(f"sha256:{hashlib.sha256(TRAJECTORY).hexdigest()}")
    return run(task, seed, passed=True, trajectory=name, **changed)


def test_a_run_is_found_again_as_it_was(kept: KeptRuns) -> None:
    result = made()
    assert kept.finished(result.identity) is None
    kept.save(result, TRAJECTORY, None)
    assert KeptRuns(kept.root).finished(result.identity) == result


@pytest.mark.parametrize(
    "other",
    [
        {"task_digest": digest("changed")},
        {"skill": skill("b")},
        {"skill": None},
        {"model": "coder/../../other"},
        {"harness": digest("another prompt")},
        {"seed": 42},
        {"task": "b"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_whatever_differs_is_another_run_and_both_are_kept(
    kept: KeptRuns, other: dict[str, object]
) -> None:
    first = made()
    second = replace(first, **other)  # type: ignore[arg-type] # fields of RunResult
    kept.save(first, TRAJECTORY, None)
    assert kept.finished(second.identity) is None
    kept.save(second, TRAJECTORY, None)
    assert kept.finished(first.identity) == first
    assert kept.finished(second.identity) == second
    assert all(path.is_relative_to(kept.root) for path in kept.root.rglob("result.json"))


def test_another_commit_with_the_same_files_is_the_same_run(kept: KeptRuns) -> None:
    version = skill("a")
    result = made(skill=version)
    kept.save(result, TRAJECTORY, None)
    elsewhere = replace(result, skill=replace(version, root="other", commit=None))
    assert kept.finished(elsewhere.identity) == result


@pytest.mark.parametrize("how", MISHAPS)
def test_what_met_with_a_mishap_or_is_damaged_is_run_again(kept: KeptRuns, how: Ended) -> None:
    crashed = replace(made(), ended=how, passed=False, score=0.0, cases_passed=0)
    kept.save(crashed, TRAJECTORY, None)
    assert kept.finished(crashed.identity) is None
    result = made()
    stored = kept.save(result, TRAJECTORY, None)
    assert kept.finished(result.identity) == result
    stored.trajectory.write_bytes(b"{}")
    assert kept.finished(result.identity) is None
    kept.save(result, TRAJECTORY, None)
    assert kept.finished(result.identity) == result


def test_what_is_forgotten_is_run_again_and_nothing_else(kept: KeptRuns) -> None:
    first, second = made(), made(seed=42)
    kept.forget(first.identity)
    for each in (first, second):
        kept.save(each, TRAJECTORY, None)
    kept.forget(first.identity)
    assert kept.finished(first.identity) is None
    assert kept.finished(second.identity) == second
