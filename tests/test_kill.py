"""kill -9 at any point of a round, then the same command: as if nothing had happened.

A reply has *arrived* when it is in the memory of the repository; what was on its way is lost.
"""

from __future__ import annotations

import itertools
import random
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from subprocess import TimeoutExpired

import pytest
from disturbed import Command, Site, Told, keys, varied
from scripted import Answer, Request, ScriptedEndpoint

pytestmark = pytest.mark.usefixtures("unmeasured")

KILLS = 10
"""In each of two chains."""
DATE = "1795000000"
DELAY = 0.04
"""Seconds that each reply takes."""
AT_LATEST = 0.5
"""Seconds within which a reply that was sent has arrived, on a busy machine."""
WORKERS = ("--workers", "2")


@dataclass(slots=True)
class Watched:
    """A chain of runs of one command, and what must hold after each of them."""

    site: Site
    endpoint: ScriptedEndpoint
    sent: dict[str, float]
    date: str = ""
    """SOURCE_DATE_EPOCH; where there is none the memory holds the date of the round."""
    before: tuple[object, ...] = ()
    seen: int = 0
    kept: frozenset[str] = frozenset()
    refs: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.before = self.site.untouched()
        self.seen = len(self.endpoint.requests)

    def start(self) -> Command:
        env = {"SOURCE_DATE_EPOCH": self.date} if self.date else {}
        return self.site.start(self.endpoint.url, *WORKERS, env=env)

    def check(self, killed: float) -> None:
        """After a run that was killed at that time."""
        self.site.sound()
        assert self.site.untouched() == self.before
        for ref, oid in self.site.ids().items():
            assert self.refs.setdefault(ref, oid) == oid, "a ref that a round made moved"
        asked = keys(self.endpoint.requests[self.seen :])
        assert self.kept.isdisjoint(asked), "a reply that had arrived was asked for again"
        assert len(set(asked)) == len(asked), "one run asked the same twice"
        self.seen += len(asked)
        kept = self.site.kept()
        assert kept >= self.kept, "a reply was lost"
        late = {key for key in asked if self.sent.get(key, killed) + AT_LATEST < killed}
        assert kept >= late, "a reply was sent long ago, and is not kept"
        self.kept = kept

    def ended(self, told: Told, undisturbed: dict[str, str] | None = None) -> None:
        """After a run to the end: the same commits as a run that nobody disturbed."""
        assert told.code == 0, told.err
        self.check(time.monotonic())
        ids = self.site.ids()
        assert len(ids) == 2
        assert ids == (undisturbed or self.undisturbed(ids)), "other commits than without the kills"
        assert self.site.locks() == []

    def undisturbed(self, ids: dict[str, str]) -> dict[str, str]:
        """What the same round gives in a repository that knows nothing of all this."""
        stamp = next(iter(ids)).rpartition("/")[2].partition("-")[0]
        began = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        fresh = self.site.copy(self.site.repository.path.parent / f"fresh-{self.seen}")
        shutil.rmtree(fresh.store.parent)
        fresh.forget()
        asked = len(self.endpoint.requests)
        date = {"SOURCE_DATE_EPOCH": str(int(began.timestamp()))}
        told = fresh.start(self.endpoint.url, *WORKERS, env=date).ended()
        assert told.code == 0, told.err
        assert frozenset(keys(self.endpoint.requests[asked:])) == self.kept
        self.seen = len(self.endpoint.requests)
        return fresh.ids()


def noting(sent: dict[str, float]) -> Callable[[Request], Answer]:
    """Replies that take their time, and when each was sent."""

    def reply(request: Request) -> Answer:
        [key] = keys([request])
        sent[key] = time.monotonic() + DELAY
        return replace(varied(request), delay=DELAY)

    return reply


@dataclass(frozen=True, slots=True)
class Whole:
    """A round that nobody disturbed."""

    pristine: Site
    ids: dict[str, str]
    seconds: float

    @classmethod
    def made(cls, folder: Path) -> Whole:
        pristine = Site.make(folder)
        with ScriptedEndpoint(noting({})) as endpoint:
            began = time.monotonic()
            chain = Watched(pristine.copy(folder / "whole"), endpoint, {}, DATE)
            assert chain.start().ended().code == 0
            return cls(pristine, chain.site.ids(), time.monotonic() - began)

    def killed(self, folder: Path, seed: int) -> None:
        """Chains of runs with `KILLS` kills in all; each ends with the commits of this one."""
        draw, kills, chains = random.Random(seed), 0, itertools.count()
        sent: dict[str, float] = {}
        with ScriptedEndpoint(noting(sent)) as endpoint:

            def fresh() -> Watched:
                site = self.pristine.copy(folder / str(next(chains)))
                return Watched(site, endpoint, sent, DATE)

            current = fresh()
            while kills < KILLS:
                run = current.start()
                with suppress(TimeoutExpired):
                    run.process.wait(draw.uniform(0.2, 1.0) * self.seconds)
                if run.process.poll() is None:
                    kills += 1
                    run.kill(alone=draw.random() < 0.5)
                    current.check(time.monotonic())
                    continue
                current.ended(run.ended(), self.ids)
                current = fresh()
            current.ended(current.start().ended(), self.ids)


def test_twenty_random_points(tmp_path: Path) -> None:
    """Ten and ten, side by side."""
    whole = Whole.made(tmp_path)
    with ThreadPoolExecutor(2) as both:
        done = [both.submit(whole.killed, tmp_path / f"{seed}", seed) for seed in (20261122, 3)]
        for one in done:
            one.result()


def test_while_a_reply_is_written_down(tmp_path: Path) -> None:
    """The kill comes within milliseconds of a reply, where the memory is being written."""
    site, running = Site.make(tmp_path), list[Command]()
    sent: dict[str, float] = {}
    plain = noting(sent)
    deadly = {3: 0.0, 6: 0.001, 9: 0.002, 12: 0.004, 15: 0.008}

    def reply(request: Request) -> Answer:
        delay = deadly.pop(len(endpoint.requests), None)
        if delay is not None:
            threading.Timer(DELAY + delay, running[-1].process.kill).start()
        return plain(request)

    with ScriptedEndpoint(reply) as endpoint:
        chain = Watched(site, endpoint, sent)
        while deadly:
            running.append(chain.start())
            told = running[-1].ended()
            assert told.code == -9, told.err
            chain.check(time.monotonic())
        chain.ended(chain.start().ended())


SHIM = """#!/bin/sh
echo "$*" >> {log}
number=$(wc -l < {log})
if [ "$number" = "$KILL_BEFORE" ]; then kill -9 $PPID; exit 1; fi
if [ "$number" = "$KILL_DURING" ]; then {git} "$@" <&0 & kill -9 $PPID; kill -9 $!; exit 1; fi
{git} "$@"
code=$?
if [ "$number" = "$KILL_AFTER" ]; then kill -9 $PPID; fi
exit $code
"""


def test_while_the_history_is_written(tmp_path: Path) -> None:
    """Between two objects, in the middle of one, before, between and after the two refs."""
    site, log, draw = Site.make(tmp_path), tmp_path / "log", random.Random(7)
    shim = tmp_path / "git"
    shim.write_text(SHIM.format(log=log, git=shutil.which("git")), encoding="utf-8")
    shim.chmod(0o755)
    through = {"GIT_PYTHON_GIT_EXECUTABLE": str(shim)}
    sent: dict[str, float] = {}
    with ScriptedEndpoint(noting(sent)) as endpoint:
        chain = Watched(site, endpoint, sent)
        assert site.start(endpoint.url, *WORKERS, env=through).ended().code == 0
        chain.check(time.monotonic())
        commands = log.read_text("utf-8").splitlines()
        writing = [n for n, one in enumerate(commands, 1) if "commit-tree" in one or " -w " in one]
        refs = [n for n, one in enumerate(commands, 1) if "update-ref" in one]
        points = [(draw.choice(writing), when) for when in ("BEFORE", "DURING", "AFTER")]
        points += [*((number, "BEFORE") for number in refs), (refs[-1], "AFTER")]
        for number, when in points:
            site.forget()
            log.unlink()
            died = site.start(endpoint.url, env={**through, f"KILL_{when}": str(number)}).ended()
            assert died.code == -9, died.err
            chain.check(time.monotonic())
        chain.ended(chain.start().ended())
