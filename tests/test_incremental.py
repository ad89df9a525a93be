"""Rounds that differ a little from an earlier one: only what depends on the difference is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from benchmarks.endpoint import SimulatedEndpoint
from benchmarks.plan import Plan
from benchmarks.runs import SKILL, skill_files, write_runs
from repositories import Repository

from skillgit.cli import run

RUNS = 60
BATCH = 6


class Rounds:
    """Rounds of one repository against one endpoint; each tells what it asked."""

    def __init__(self, repository: Repository, folder: Path, endpoint: SimulatedEndpoint) -> None:
        self.repository = repository
        self.folder = folder
        self.endpoint = endpoint
        self._seen = 0

    def evolve(self, count: int, *options: str) -> Counter[str]:
        """A round over the first `count` runs: how many requests of each role reached the server.

        Success and error analysts are counted as `analyst`.
        """
        runs = write_runs(self.folder / f"runs-{count}", count)
        words = ["evolve", SKILL, "--trajectories", str(runs), "--base-url", self.endpoint.url]
        words += ["--error-analyst", "single-call", "--merge-batch", str(BATCH), "--quiet"]
        assert run(["-C", str(self.repository.path), *words, *options]) == 0
        log = self.endpoint.log()
        new, self._seen = log[self._seen :], len(log)
        names = {"success": "analyst", "error": "analyst"}
        return Counter(names.get(one.role, one.role) for one in new)


@pytest.fixture
def rounds(repository: Callable[..., Repository], tmp_path: Path) -> Iterator[Rounds]:
    skills = repository({f"{SKILL}/{name}": text for name, text in skill_files().items()})
    plan = Plan(base=0.0, per_token=0.0)
    with SimulatedEndpoint(plan, folder=tmp_path) as endpoint:
        yield Rounds(skills, tmp_path, endpoint)


def test_more_runs_ask_their_analysts_and_the_merges_above_them(rounds: Rounds) -> None:
    first = rounds.evolve(RUNS)
    assert first["analyst"] == RUNS
    assert first["merge"] > 12
    depth = 3
    assert not rounds.evolve(RUNS)
    for k, count in ((1, RUNS + 1), (3, RUNS + 4)):
        more = rounds.evolve(count)
        assert more["analyst"] == k
        assert more["merge"] <= k * (depth + 1) + 2
    assert rounds.evolve(RUNS)["analyst"] == 0


def test_what_changed_is_asked_again_with_what_depends_on_it_and_nothing_else(
    rounds: Rounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 20
    first = rounds.evolve(count)
    monkeypatch.setenv("SKILLGIT_ENDPOINT_MERGE_TEMPERATURE", "0.31")
    assert rounds.evolve(count) == Counter(merge=first["merge"])
    monkeypatch.setenv("SKILLGIT_ENDPOINT_SUCCESS_TEMPERATURE", "0.32")
    again = rounds.evolve(count)
    assert 0 < again["analyst"] < count
    monkeypatch.setenv("SKILLGIT_CONSOLIDATE_MIN_SUPPORT", "1")
    assert not rounds.evolve(count)
    assert rounds.evolve(count, "--seed", "5")["analyst"] == count
    skill = rounds.repository.path / SKILL / "SKILL.md"
    rounds.repository.commit({f"{SKILL}/SKILL.md": f"{skill.read_text()}\n- One rule more.\n"}, "x")
    assert rounds.evolve(count)["analyst"] == count
