"""How fast `skillgit evolve` is against a simulated endpoint, and whether it loses anything.

    PYTHONPATH=tests python -m benchmarks.measure 32 128 323 1024
    PYTHONPATH=tests python -m benchmarks.measure 323 --per-token 0 --json bench.json
    make bench

For each N a repository, a skill and N runs are made, and the real command runs in a process of its
own. A row says:

calls            requests that the endpoint saw, by the role that asked
prompt, uncached characters of all prompts, and of those what no block of a prefix cache covered
wall, span       of the whole process, and from the first request to the end of the last
bound, ratio     see bounds.py; the ratio is wall / bound
cpu, git         CPU seconds of skillgit's own process, and of the programs that it started
lost             trajectories and edits that ended nowhere (aftermath.py)
corrupted        lines on the branch that no analyst worded
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.aftermath import judge, merges
from benchmarks.bounds import bound
from benchmarks.endpoint import Logged, SimulatedEndpoint
from benchmarks.plan import Plan
from benchmarks.runs import SKILL, write_runs, write_skill

_ROOT = Path(__file__).parents[2]
_LONGEST = 3600.0


@dataclass(frozen=True, slots=True)
class Row:
    """What one round took."""

    trajectories: int
    calls: int
    by_role: dict[str, int]
    prompt_chars: int
    prompt_chars_uncached: int
    output_chars: int
    prompt_tokens: int
    prompt_tokens_uncached: int
    output_tokens: int
    wall_s: float
    span_s: float
    bound_s: float
    ratio: float
    bound_in_waves_s: float
    span_ratio: float
    cpu_s: float
    git_cpu_s: float
    cpu_ms_per_call: float
    peak_rss_mb: float
    peak_calls: int
    merge_levels: int
    lessons: int
    themes: int
    excluded: int
    lost: int
    corrupted: int
    misattributed: int
    exit_code: int


def measure(count: int, plan: Plan, workers: int, profile: Path | None = None) -> Row:
    """One round with so many runs against an endpoint with this plan."""
    with tempfile.TemporaryDirectory(prefix="skillgit-bench-") as name:
        place = Path(name)
        runs = write_runs(place / "runs", count)
        repository = _repository(place / "repo")
        with SimulatedEndpoint(plan, place) as endpoint:
            driven = _drive(place, repository, endpoint.url, workers, profile)
            log = endpoint.log()
        return _row(count, plan, log, driven, repository, runs)


@dataclass(frozen=True, slots=True)
class _Driven:
    """How the process ended, what it told, what it used."""

    wall: float
    code: int
    told: dict[str, Any]
    used: dict[str, float]


def _drive(place: Path, repository: Path, url: str, workers: int, profile: Path | None) -> _Driven:
    figures = place / "figures.json"
    command = [sys.executable, "-m", "benchmarks.driver", str(figures), "evolve", SKILL]
    command += ["--trajectories", str(place / "runs"), "--error-analyst", "single-call"]
    command += ["--base-url", url, "--workers", str(workers), "--json", "--quiet"]
    environment = os.environ | _hermetic(place)
    if profile:
        environment["SKILLGIT_BENCH_PROFILE"] = str(profile)
    begun = time.monotonic()
    done = subprocess.run(
        command,
        cwd=repository,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_LONGEST,
        check=False,
    )
    wall = time.monotonic() - begun
    if not done.stdout.startswith("{"):
        raise SystemExit(f"the round ended with {done.returncode}:\n{done.stderr[-3000:]}")
    used = json.loads(figures.read_text(encoding="utf-8"))
    return _Driven(wall, done.returncode, json.loads(done.stdout), used)


def _hermetic(place: Path) -> dict[str, str]:
    """Neither the settings nor the cache of the person who measures."""
    home = place / "home"
    home.mkdir(exist_ok=True)
    who = {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", "Bench"), ("EMAIL", "bench@example.invalid"))
    }
    tests = str(_ROOT / "tests")
    return who | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, (tests, os.environ.get("PYTHONPATH")))),
    }


def _repository(folder: Path) -> Path:
    write_skill(folder / SKILL)
    environment = os.environ | _hermetic(folder.parent)
    for words in (["init", "--quiet", "-b", "main"], ["add", "-A"], ["commit", "-qm", "a skill"]):
        subprocess.run(["git", *words], cwd=folder, env=environment, check=True)
    return folder


def _row(
    count: int, plan: Plan, log: Sequence[Logged], driven: _Driven, repository: Path, runs: Path
) -> Row:
    judged = judge(repository, runs, driven.told)
    branch = driven.told["branch"]
    tree = merges(repository, branch["evidence"], plan) if branch else []
    least = bound(log, plan, tree)
    span = max(one.ended for one in log) - min(one.arrived for one in log)
    prompts, cached = sum(one.prompt_chars for one in log), sum(one.cached_chars for one in log)
    tokens = sum(one.prompt_tokens for one in log)
    cpu = driven.used["cpu_s"]
    return Row(
        trajectories=count,
        calls=len(log),
        by_role=dict(sorted(Counter(one.role for one in log).items())),
        prompt_chars=prompts,
        prompt_chars_uncached=prompts - cached,
        output_chars=sum(one.output_chars for one in log),
        prompt_tokens=tokens,
        prompt_tokens_uncached=tokens - sum(one.cached_tokens for one in log),
        output_tokens=sum(one.output_tokens for one in log),
        wall_s=round(driven.wall, 2),
        span_s=round(span, 2),
        bound_s=round(least.seconds, 2),
        ratio=round(driven.wall / least.seconds, 2),
        bound_in_waves_s=round(least.seconds_in_waves, 2),
        span_ratio=round(span / least.seconds, 2),
        cpu_s=round(cpu, 2),
        git_cpu_s=round(driven.used["children_cpu_s"], 2),
        cpu_ms_per_call=round(1000 * cpu / len(log), 2),
        peak_rss_mb=round(driven.used["peak_rss_mb"], 1),
        peak_calls=_most_at_once(log),
        merge_levels=len({merge.place[0] for merge in tree}),
        lessons=judged.lessons,
        themes=judged.themes,
        excluded=judged.excluded,
        lost=len(judged.lost),
        corrupted=len(judged.corrupted),
        misattributed=len(judged.misattributed),
        exit_code=driven.code,
    )


def _most_at_once(log: Iterable[Logged]) -> int:
    """How many requests were at the endpoint at the same time, waiting ones included."""
    turns = sorted([(one.arrived, 1) for one in log] + [(one.ended, -1) for one in log])
    running = most = 0
    for _, change in turns:
        running += change
        most = max(most, running)
    return most


_COLUMNS = (
    ("N", "trajectories", "{}"),
    ("calls", "calls", "{}"),
    ("by stage", "by_role", "{}"),
    ("prompt tok.", "prompt_tokens", "{:,}"),
    ("uncached", "prompt_tokens_uncached", "{:,}"),
    ("output tok.", "output_tokens", "{:,}"),
    ("span s", "span_s", "{:.2f}"),
    ("wall s", "wall_s", "{:.2f}"),
    ("bound s", "bound_s", "{:.2f}"),
    ("ratio", "ratio", "{:.2f}"),
    ("in waves s", "bound_in_waves_s", "{:.2f}"),
    ("CPU s", "cpu_s", "{:.2f}"),
    ("git CPU s", "git_cpu_s", "{:.2f}"),
    ("ms/call", "cpu_ms_per_call", "{:.2f}"),
    ("MB", "peak_rss_mb", "{:.0f}"),
    ("levels", "merge_levels", "{}"),
    ("lost", "lost", "{}"),
    ("corrupted", "corrupted", "{}"),
)


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown."""
    head = [name for name, _, _ in _COLUMNS]
    lines = [head, ["---"] * len(head), *(_cells(row) for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cells(row: Row) -> list[str]:
    roles = ("success", "error", "merge", "reconcile")
    shown = asdict(row) | {"by_role": "/".join(str(row.by_role.get(role, 0)) for role in roles)}
    return [form.format(shown[field]) for _, field, form in _COLUMNS]


def about(plan: Plan, workers: int) -> dict[str, Any]:
    """What was measured, where and when."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short=10", "HEAD"],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "schema": "skillgit.bench/1",
        "measured": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit.stdout.strip(),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "workers": workers,
        "plan": asdict(plan),
    }


def main() -> None:
    """Measure what is asked for; the table goes to stdout, the figures into a file."""
    given = _arguments()
    plan = Plan(base=given.base, per_token=given.per_token, tail=given.tail, slots=given.slots)
    plans = {"rounds": plan}
    if given.flat:
        plans["flat"] = replace(plan, per_token=0.0)
    told: dict[str, Any] = about(plan, given.workers)
    for name, one in plans.items():
        rows = []
        for count in given.counts:
            rows.append(row := measure(count, one, given.workers, given.profile))
            sys.stderr.write(f"N = {count}: {row.wall_s} s, bound {row.bound_s} s\n")
        told[name] = {str(row.trajectories): asdict(row) for row in rows}
        sys.stdout.write(
            f"\n{one.base:g} s + {1000 * one.per_token:g} ms per output token, {one.slots} slots, "
            f"at {told['commit']}, {told['measured']}; by stage: success/error/merge/reconcile\n\n"
            f"{table(rows)}\n"
        )
    if given.json:
        given.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    usual = Plan()
    parser = argparse.ArgumentParser(prog="benchmarks.measure", description="Measure rounds.")
    parser.add_argument("counts", type=int, nargs="*", default=[32, 128, 323], metavar="N")
    parser.add_argument("--base", type=float, default=usual.base, help="seconds of each call")
    parser.add_argument("--per-token", type=float, default=usual.per_token)
    parser.add_argument("--tail", type=float, default=usual.tail)
    parser.add_argument("--slots", type=int, default=usual.slots)
    parser.add_argument("--workers", type=int, default=128)
    parser.add_argument("--flat", action="store_true", help="once more without per-token time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--profile", type=Path, metavar="FILE", help="cProfile the last round")
    return parser.parse_args()


if __name__ == "__main__":
    main()
