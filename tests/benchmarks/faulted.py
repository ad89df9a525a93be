"""A round against an endpoint with faults, held against the same round without any.

    with Ground(place, 128) as ground:
        healthy = ground.round(plan)
        faulted = ground.round(replace(plan, faults=(Fault(Kind.RESET, 0.1),)))
    assert complaints(healthy, faulted) == []

The same files, the same base and the same dates: a round that lost nothing has the same commits.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmarks.aftermath import Judged, documents, judge
from benchmarks.endpoint import Logged, SimulatedEndpoint
from benchmarks.plan import Kind, Plan
from benchmarks.runs import SKILL, write_runs, write_skill

ROOT = Path(__file__).parents[2]
ANALYSTS = ("success", "error")
MERGES = ("merge", "reconcile")
_DATE = "1795000000"
_LONGEST = 600.0


@dataclass(frozen=True, slots=True)
class Round:
    """How a round ended, and what it left behind."""

    repository: Path
    wall: float
    code: int
    told: Mapping[str, Any]
    err: str
    log: Sequence[Logged]
    judged: Judged
    refs: Mapping[str, str]
    patches: Mapping[str, Any]
    merges: Mapping[str, Any]
    restarted: float = 0.0
    """When the server went away, in seconds since 1970."""

    @property
    def excluded(self) -> dict[str, str]:
        """The trajectories without a usable reply, and why."""
        return {one["trajectory"]: one["reason"] for one in self.told["excluded"]}

    @property
    def fallbacks(self) -> list[str]:
        """Why merges were done by the program alone, as the evidence says."""
        hows = (str(one["how"]) for one in self.merges.values())
        return [how for how in hows if how.startswith("fallback: ")]

    @property
    def faults(self) -> Counter[str]:
        """What the endpoint did wrong, by kind."""
        return Counter(one.fault for one in self.log if one.fault)


class Ground:
    """A repository and runs, of which each round gets a copy that knows nothing."""

    def __init__(self, place: Path, size: int) -> None:
        self._place = place
        self._numbers = count()
        self._environment = os.environ | _hermetic(place)
        self.runs = write_runs(place / "runs", size)
        self.size = size
        write_skill(place / "pristine" / SKILL)
        for words in (["init", "-qb", "main"], ["add", "-A"], ["commit", "-qm", "a skill"]):
            self._git(place / "pristine", *words)

    def round(
        self,
        plan: Plan,
        *more: str,
        restart: float = 0.0,
        env: Mapping[str, str] = MappingProxyType({}),
    ) -> Round:
        """One round; `restart` seconds after the first answer the server is away for a moment."""
        repository = self._place / f"repo-{next(self._numbers)}"
        shutil.copytree(self._place / "pristine", repository)
        return self.round_in(repository, plan, *more, restart=restart, env=env)

    def round_in(
        self,
        repository: Path,
        plan: Plan,
        *more: str,
        restart: float = 0.0,
        env: Mapping[str, str] = MappingProxyType({}),
    ) -> Round:
        """The same in a repository that may know something."""
        number = next(self._numbers)
        with SimulatedEndpoint(plan, self._place / f"log-{number}") as endpoint:
            went: list[float] = []
            thread = threading.Thread(target=_restart, args=(endpoint, restart, went))
            if restart:
                thread.start()
            began = time.monotonic()
            done = self._evolve(repository, endpoint.url, more, env)
            wall = time.monotonic() - began
            if restart:
                thread.join()
            log = endpoint.log()
        if not done.stdout.startswith("{"):
            raise AssertionError(f"the round ended with {done.returncode}:\n{done.stderr[-3000:]}")
        told = json.loads(done.stdout)
        kept = told["branch"]["evidence"] if told["branch"] else ""
        return Round(
            repository,
            wall,
            done.returncode,
            told,
            done.stderr,
            log,
            judge(repository, self.runs, told),
            _refs(self._git(repository, "for-each-ref", "refs/heads/skillgit", "refs/skillgit")),
            _by_name(documents(repository, kept, "patches")) if kept else {},
            _by_name(documents(repository, kept, "merges")) if kept else {},
            *went,
        )

    def _evolve(
        self, repository: Path, url: str, more: Sequence[str], env: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        words = ["evolve", SKILL, "-t", str(self.runs), "--error-analyst", "single-call"]
        return self.skillgit(
            repository, *words, "--base-url", url, "--json", "--quiet", *more, env=env
        )

    def skillgit(
        self, repository: Path, *words: str, env: Mapping[str, str] = MappingProxyType({})
    ) -> subprocess.CompletedProcess[str]:
        """Any command in a repository of a round."""
        return subprocess.run(
            [sys.executable, "-m", "skillgit", *words],
            cwd=repository,
            env={**self._environment, **env},
            capture_output=True,
            text=True,
            timeout=_LONGEST,
            check=False,
        )

    def _git(self, repository: Path, *words: str) -> str:
        done = subprocess.run(
            ["git", *words],
            cwd=repository,
            env=self._environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout


def _restart(endpoint: SimulatedEndpoint, seconds: float, went: list[float]) -> None:
    """So long after the first answer the server goes away for a moment."""
    while not endpoint.log():
        time.sleep(0.05)
    time.sleep(seconds)
    went.append(time.time())
    endpoint.restart(pause=0.3)


def _hermetic(place: Path) -> dict[str, str]:
    """Neither the settings nor the name nor the clock of the person who measures."""
    home = place / "home"
    home.mkdir(parents=True, exist_ok=True)
    who = {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (
            ("NAME", "Bench"),
            ("EMAIL", "bench@example.invalid"),
            ("DATE", f"@{_DATE} +0000"),
        )
    }
    elsewhere = {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    return who | elsewhere | {"SOURCE_DATE_EPOCH": _DATE, "PYTHONPATH": paths}


def _by_name(found: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {
        Path(name).relative_to(Path(name).parts[0]).with_suffix("").as_posix(): value
        for name, value in found
    }


def _refs(listed: str) -> dict[str, str]:
    return {line.split()[2]: line.split()[0] for line in listed.splitlines()}


def complaints(healthy: Round, faulted: Round) -> list[str]:
    """What is lost, corrupted or not told; empty where faults did no harm that is not told."""
    return [*_accounts(healthy, faulted), *_words(healthy, faulted), *_truth(faulted)]


def _accounts(healthy: Round, faulted: Round) -> Iterator[str]:
    yield from (f"lost: {one}" for one in faulted.judged.lost)
    every, analysed = set(healthy.patches), set(faulted.patches)
    if missing := every - analysed - faulted.excluded.keys():
        yield f"neither analysed nor excluded: {sorted(missing)}"
    if both := analysed & faulted.excluded.keys():
        yield f"analysed and excluded: {sorted(both)}"
    whole = not (faulted.excluded or faulted.fallbacks or shortened(healthy, faulted))
    if whole and faulted.refs != healthy.refs:
        yield "nothing was left out, and yet the commits are others"


def _words(healthy: Round, faulted: Round) -> Iterator[str]:
    yield from (f"corrupted: {one}" for one in faulted.judged.corrupted)
    changed = shortened(healthy, faulted)
    most = sum(one.fault == Kind.TOO_LONG and one.role in ANALYSTS for one in faulted.log)
    if len(changed) > most:
        yield f"taught otherwise than by a healthy round: {changed}"
    if not changed:
        yield from (f"misattributed: {one}" for one in faulted.judged.misattributed)


def shortened(healthy: Round, faulted: Round) -> list[str]:
    """Trajectories that teach otherwise; they may where only a part of them could be shown."""
    return sorted(one for one, patch in faulted.patches.items() if patch != healthy.patches[one])


def _truth(faulted: Round) -> Iterator[str]:
    if (faulted.code == 0) != bool(faulted.told["branch"]):
        yield f"exit code {faulted.code}, and the branch is {faulted.told['branch']}"
    sums = faulted.told["trajectories"]
    if sums["excluded"] != len(faulted.excluded) or not all(faulted.excluded.values()):
        yield "trajectories are excluded without being counted, or without a reason"
    if sums["analysed"] != len(faulted.patches):
        yield f"{sums['analysed']} trajectories are told to be analysed, {len(faulted.patches)} are"
    told = [f"fallback: {one['reason']}" for one in faulted.told["merges"]["fallbacks"]]
    if sorted(told) != sorted(faulted.fallbacks):
        yield f"the evidence tells {faulted.fallbacks}, the summary {told}"
