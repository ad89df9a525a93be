"""Whatever goes wrong with requests: nothing is lost, nothing is corrupted, everything is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from benchmarks.faulted import ANALYSTS, MERGES, Ground, Round, complaints
from benchmarks.plan import Fault, Kind, Plan

PLAN = Plan(
    base=0.05, per_token=0.0, slots=16, retry_after=0.3, refuse_seconds=0.2, drip_seconds=5.0
)
BATCH = ("--merge-batch", "6")
LONGEST = 60.0
"""Seconds. A round takes three when all is well, and one that waits for a hung call ten minutes.
How much each class costs is measured by benchmarks/fault_table.py, on a machine that is idle."""
GROUPS = {
    "transport": (
        Kind.REFUSED,
        Kind.RESET,
        Kind.RATE_LIMITED,
        Kind.SERVER_ERROR,
        Kind.UNAVAILABLE,
    ),
    "time": (Kind.HANG, Kind.SLOW),
    "reply": (
        Kind.TRUNCATED,
        Kind.EMPTY,
        Kind.NOT_JSON,
        Kind.WRONG_SCHEMA,
        Kind.ILLEGAL_IDS,
    ),
    "context": (Kind.TOO_LONG,),
}
RATE = 0.1


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return Ground(tmp_path_factory.mktemp("faults"), 24)


@pytest.fixture(scope="module")
def healthy(ground: Ground) -> Round:
    made = ground.round(PLAN, *BATCH)
    assert made.code == 0, made.err
    assert not made.excluded
    assert not made.fallbacks
    assert len(made.told["branch"]["lessons"]) > 2
    assert sum(one.role in MERGES for one in made.log) > 3
    return made


def in_time(faulted: Round) -> None:
    assert faulted.wall <= LONGEST


@pytest.mark.parametrize("group", GROUPS)
def test_what_happens_once_is_mended(ground: Ground, healthy: Round, group: str) -> None:
    faults = tuple(Fault(kind, RATE if len(GROUPS[group]) > 1 else 0.3) for kind in GROUPS[group])
    faulted = ground.round(replace(PLAN, faults=faults), *BATCH)
    assert complaints(healthy, faulted) == []
    assert faulted.faults.keys() == {str(kind) for kind in GROUPS[group]}
    assert faulted.code == 0
    if group != "context":  # half of a run is another question, which may be refused as well
        assert not faulted.excluded
        assert not faulted.fallbacks
        assert faulted.refs == healthy.refs
    in_time(faulted)


@pytest.mark.parametrize("group", GROUPS)
def test_what_never_succeeds_is_left_out_and_told(
    ground: Ground, healthy: Round, group: str
) -> None:
    faults = tuple(Fault(kind, RATE, poison=True, roles=ANALYSTS) for kind in GROUPS[group])
    faulted = ground.round(replace(PLAN, faults=faults), *BATCH)
    assert complaints(healthy, faulted) == []
    assert faulted.excluded.keys() <= healthy.patches.keys()
    assert 0 < len(faulted.excluded) < 24 or group == "context"
    sources = {one for lesson in faulted.told["branch"]["lessons"] for one in lesson["sources"]}
    assert sources.isdisjoint(faulted.excluded)
    in_time(faulted)


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_everything_together(ground: Ground, healthy: Round, seed: int) -> None:
    once = tuple(Fault(kind, 0.04) for kind in Kind)
    poison = tuple(Fault(kind, 0.01, poison=True) for kind in Kind)
    faulted = ground.round(replace(PLAN, seed=seed, faults=(*once, *poison)), *BATCH)
    assert complaints(healthy, faulted) == []
    assert len(faulted.faults) > 3
    in_time(faulted)


def test_a_server_that_is_started_again_in_the_middle(ground: Ground, healthy: Round) -> None:
    slow = replace(PLAN, base=0.4)
    faulted = ground.round(slow, *BATCH, restart=0.2)
    assert complaints(healthy, faulted) == []
    assert faulted.refs == healthy.refs
    arrived = [one.arrived for one in faulted.log]
    assert min(arrived) < faulted.restarted < max(arrived)


def test_what_failed_and_comes_now_makes_a_round_of_its_own(ground: Ground) -> None:
    """The same command, after the server was mended: both rounds are there, and nothing is lost."""
    faults = (Fault(Kind.WRONG_SCHEMA, 0.3, poison=True, roles=ANALYSTS),)
    first = ground.round(replace(PLAN, faults=faults), *BATCH)
    second = ground.round_in(first.repository, PLAN, *BATCH)
    third = ground.round_in(first.repository, PLAN, *BATCH)

    assert first.excluded
    assert second.code == 0
    assert not second.excluded
    assert second.told["round"] != first.told["round"]
    assert len(second.refs) == 4, "a branch and its evidence, twice"
    assert first.refs.items() < second.refs.items()
    assert any(first.told["round"] in one for one in second.told["remarks"])
    assert third.refs == second.refs
    assert third.told["round"] == second.told["round"]
    assert len([one for one in second.log if one.role in ANALYSTS]) == len(first.excluded)
    assert not third.log


def test_merges_that_fail_are_done_by_the_program_and_everybody_is_told(
    ground: Ground, healthy: Round
) -> None:
    faults = (Fault(Kind.NOT_JSON, 0.6, poison=True, roles=MERGES),)
    faulted = ground.round(replace(PLAN, faults=faults), *BATCH)
    assert complaints(healthy, faulted) == []
    assert faulted.code == 0
    assert faulted.patches == healthy.patches
    fallen = len(faulted.fallbacks)
    assert 0 < fallen < len(faulted.merges)
    assert all("not JSON" in how for how in faulted.fallbacks)
    assert faulted.told["merges"]["asked"] > fallen
    tip = faulted.told["branch"]["name"]
    for verb in (("evidence", "verify"), ("check", "--range", f"main..{tip}")):
        done = ground.skillgit(faulted.repository, *verb)
        assert done.returncode == 0, done.stdout + done.stderr
