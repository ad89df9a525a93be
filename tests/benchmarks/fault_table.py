"""What each class of faults does to a round: what it costs, and that it loses and corrupts nothing.

    PYTHONPATH=tests python -m benchmarks.fault_table 128
    PYTHONPATH=tests python -m benchmarks.fault_table 128 --write tests/benchmarks/FAULTS.md

Each line is a whole round of the real command against the simulated endpoint, held against the
same round without faults (faulted.py). A fault hits that part of the requests (`rate`) of a phase:
once, so that the next try is answered, or always (poison). `all` is every class together.

healthy s        the round without faults, measured not more than a minute before
ratio            wall time of the whole process / that of the healthy round
faults           requests that the endpoint answered wrongly, or not at all
excluded         trajectories without a usable reply; each is listed with its reason
fallbacks        merges that the program did alone; the evidence says so
lost             trajectories and edits that ended nowhere
corrupted        lines on the branch that no analyst worded, lessons with wrong sources, and
                 trajectories that teach otherwise than in the healthy round
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.faulted import ANALYSTS, MERGES, Ground, Round, complaints
from benchmarks.measure import Setup, about
from benchmarks.plan import Fault, Kind, Plan

PHASES = {"analyze": ANALYSTS, "merge": MERGES, "all": ()}
USUAL = Plan(base=0.2, per_token=0.001, slots=32, retry_after=1.0, drip_seconds=20.0)

_FRESH = 60.0
"""Seconds for which a healthy round is what the next lines are held against."""


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the table before it is tried."""

    name: str
    phase: str
    rate: float
    faults: tuple[Fault, ...]
    restart: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table."""

    case: Case
    healthy: Round
    faulted: Round
    complaints: tuple[str, ...]

    @property
    def ratio(self) -> float:
        """How much longer than the healthy round it took."""
        return self.faulted.wall / self.healthy.wall

    def cells(self) -> list[str]:
        """The line of a Markdown table."""
        faulted = self.faulted
        others = [one for one in self.complaints if not one.startswith("lost")]
        return [
            self.case.name,
            f"{self.case.rate:.0%}" if self.case.rate else "",
            self.case.phase,
            f"{self.healthy.wall:.1f}",
            f"{faulted.wall:.1f}",
            f"{self.ratio:.1f}",
            str(len(faulted.log)),
            str(sum(faulted.faults.values())),
            str(len(faulted.excluded)),
            str(len(faulted.fallbacks)),
            str(len(self.complaints) - len(others)),
            str(len(others)),
            str(faulted.code),
        ]


_HEAD = (
    *("class", "rate", "phase", "healthy s", "wall s", "ratio", "requests", "faults"),
    *("excluded", "fallbacks", "lost", "corrupted", "exit"),
)


def cases(rate: float) -> Iterator[Case]:
    """Every class in all phases once, and as poison in each phase; the rest of the table."""
    for kind in Kind:
        yield Case(kind, "all", rate, (Fault(kind, rate),))
    yield Case("restart", "all", 0.0, (), restart=0.5)
    for kind in Kind:
        for phase in ("analyze", "merge"):
            # A round has few merges: of ten a tenth might be none.
            part = rate if phase == "analyze" else max(rate, 0.5)
            faults = (Fault(kind, part, poison=True, roles=PHASES[phase]),)
            yield Case(f"{kind}, poison", phase, part, faults)
    each = rate / len(Kind)
    yield Case("all together", "all", rate, tuple(Fault(kind, each) for kind in Kind))
    yield Case(
        "all, once and poison",
        "all",
        rate,
        tuple(Fault(kind, each / 2, poison=bad) for bad in (False, True) for kind in Kind),
    )


def tried(ground: Ground, plan: Plan, healthy: Round, case: Case, *more: str) -> Line:
    """A round with the faults of the case."""
    faulted = ground.round(replace(plan, faults=case.faults), *more, restart=case.restart)
    return Line(case, healthy, faulted, tuple(complaints(healthy, faulted)))


def table(lines: Sequence[Line]) -> str:
    """The lines as Markdown."""
    rows = [list(_HEAD), ["---"] * len(_HEAD), *(line.cells() for line in lines)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    """Try all cases; what is complained about goes to stderr, with exit code 1."""
    given = _arguments()
    plan = replace(USUAL, seed=given.seed)
    with tempfile.TemporaryDirectory(prefix="skillgit-faults-") as folder:
        ground = Ground(Path(folder), given.size)
        more = ("--merge-batch", str(given.merge_batch))
        healthy, measured = ground.round(plan, *more), time.monotonic()
        lines: list[Line] = []
        crashed: list[str] = []
        for case in cases(given.rate):
            if not re.search(given.only, f"{case.name}, {case.phase}"):
                continue
            if time.monotonic() > measured + _FRESH:
                healthy, measured = ground.round(plan, *more), time.monotonic()
            try:
                line = tried(ground, plan, healthy, case, *more)
            except AssertionError as error:
                crashed.append(f"{case.name}, {case.phase}: {error}")
                sys.stderr.write(f"{crashed[-1]}\n")
                continue
            lines.append(line)
            sys.stderr.write(f"{' '.join(line.cells())}\n")
            sys.stderr.writelines(f"  {one}\n" for one in line.complaints)
    told = _page(given, plan, lines)
    sys.stdout.write(told)
    if given.write:
        given.write.write_text(told, encoding="utf-8")
    sys.exit(bool(crashed) or any(line.complaints for line in lines))


def _page(given: argparse.Namespace, plan: Plan, lines: Sequence[Line]) -> str:
    this = about(Setup(plan), "")
    return (
        f"# Faults\n\n{given.size} runs, {plan.base:g} s + {1000 * plan.per_token:g} ms per output "
        f"token, {plan.slots} slots, merges of {given.merge_batch}, seed {plan.seed}; "
        f"{this['commit']}, {datetime.now(UTC):%Y-%m-%d}, {this['cpus']} CPUs, Python "
        f"{this['python']}. Made by\n"
        "`PYTHONPATH=tests python -m benchmarks.fault_table`, which says what the columns mean.\n\n"
        f"{table(lines)}\n"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.fault_table", description="Try faults.")
    parser.add_argument("size", type=int, nargs="?", default=128, metavar="N")
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--merge-batch", type=int, default=16)
    parser.add_argument("--seed", type=int, default=USUAL.seed)
    parser.add_argument("--only", default="", metavar="PATTERN", help="of CLASS, PHASE")
    parser.add_argument("--write", type=Path, metavar="FILE")
    return parser.parse_args()


if __name__ == "__main__":
    main()
