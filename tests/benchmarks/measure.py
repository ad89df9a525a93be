"""How fast `skillgit evolve` is against a simulated endpoint, and whether it loses anything.

    PYTHONPATH=tests python -m benchmarks.measure 32 128 323 1024
    PYTHONPATH=tests python -m benchmarks.measure 323 --per-token 0 --json bench.json
    PYTHONPATH=tests python -m benchmarks.measure 323 --commit v0.5.0      # an older skillgit
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
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
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
    in_order_s: float
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


@dataclass(frozen=True, slots=True)
class Setup:
    """How the rounds are run: against which endpoint, with how many workers, by which code."""

    plan: Plan
    workers: int = 128
    code: Path = _ROOT
    profile: Path | None = None
    brief: bool = False
    """With runs as short as the records that the released code of the paper merges."""


def measure(count: int, setup: Setup) -> Row:
    """One round with so many runs."""
    plan = setup.plan
    with tempfile.TemporaryDirectory(prefix="skillgit-bench-") as name:
        place = Path(name)
        runs = write_runs(place / "runs", count, brief=setup.brief)
        repository = _repository(place / "repo")
        with SimulatedEndpoint(plan, place) as endpoint:
            driven = _drive(place, repository, endpoint.url, setup)
            log = endpoint.log()
        return _row(count, plan, log, driven, repository, runs)


@dataclass(frozen=True, slots=True)
class _Driven:
    """How the process ended, what it told, what it used."""

    wall: float
    code: int
    told: dict[str, Any]
    used: dict[str, float]


def _drive(place: Path, repository: Path, url: str, setup: Setup) -> _Driven:
    figures = place / "figures.json"
    command = [sys.executable, "-m", "benchmarks.driver", str(figures), "evolve", SKILL]
    command += ["--trajectories", str(place / "runs"), "--error-analyst", "single-call"]
    command += ["--base-url", url, "--workers", str(setup.workers), "--json", "--quiet"]
    environment = os.environ | _hermetic(place)
    environment["PYTHONPATH"] = os.pathsep.join([str(setup.code), str(_ROOT / "tests")])
    # What is installed is compiled, also where this Python keeps nothing that it compiles.
    code = [sys.executable, "-m", "compileall", "-q", str(setup.code / "skillgit")]
    subprocess.run(code, check=True)
    if setup.profile:
        environment["SKILLGIT_BENCH_PROFILE"] = str(setup.profile)
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
    return who | {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}


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
        in_order_s=round(least.in_order, 2),
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
    ("success/error/merge/reconcile", "by_role", "{}"),
    ("prompt tok.", "prompt_tokens", "{:,}"),
    ("uncached", "prompt_tokens_uncached", "{:,}"),
    ("output tok.", "output_tokens", "{:,}"),
    ("span s", "span_s", "{:.2f}"),
    ("wall s", "wall_s", "{:.2f}"),
    ("bound s", "bound_s", "{:.2f}"),
    ("ratio", "ratio", "{:.2f}"),
    ("in waves s", "bound_in_waves_s", "{:.2f}"),
    ("in order s", "in_order_s", "{:.2f}"),
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


def about(setup: Setup, commit: str) -> dict[str, Any]:
    """What was measured, where and when."""
    return {
        "schema": "skillgit.bench/1",
        "measured": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _git("rev-parse", "--short=10", commit or "HEAD").decode().strip()
        + ("" if commit or not _git("status", "--porcelain", "--", "skillgit") else " and changes"),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "workers": setup.workers,
        "plan": asdict(setup.plan),
    }


def _git(*words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=_ROOT, capture_output=True, check=True).stdout


def checked_out(commit: str, folder: Path) -> Path:
    """The code of a commit, in a folder of its own."""
    with tarfile.open(fileobj=io.BytesIO(_git("archive", "--format=tar", commit))) as archive:
        archive.extractall(folder, filter="data")
    shutil.rmtree(folder / "tests", ignore_errors=True)
    return folder


def main() -> None:
    """Measure what is asked for; the table goes to stdout, the figures into a file."""
    given = _arguments()
    plan = Plan(base=given.base, per_token=given.per_token, tail=given.tail, slots=given.slots)
    plans = {"rounds": plan} | ({"flat": replace(plan, per_token=0.0)} if given.flat else {})
    with tempfile.TemporaryDirectory(prefix="skillgit-code-") as folder:
        code = checked_out(given.commit, Path(folder)) if given.commit else _ROOT
        setup = Setup(plan, given.workers, code, given.profile, given.brief)
        told = about(setup, given.commit)
        for name, one in plans.items():
            rows = _measured(given.counts, replace(setup, plan=one))
            told[name] = {str(row.trajectories): asdict(row) for row in rows}
            sys.stdout.write(
                f"\n{one.base:g} s + {1000 * one.per_token:g} ms per output token, {one.slots} "
                f"slots, {told['commit']}, {told['measured']}\n\n{table(rows)}\n"
            )
    if given.json:
        given.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _measured(counts: Sequence[int], setup: Setup) -> list[Row]:
    rows = []
    for count in counts:
        rows.append(row := measure(count, setup))
        sys.stderr.write(f"N = {count}: {row.wall_s} s, bound {row.bound_s} s\n")
    return rows


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
    parser.add_argument("--brief", action="store_true", help="with runs of a thousand characters")
    parser.add_argument("--commit", default="", help="measure the code of this commit")
    parser.add_argument("--profile", type=Path, metavar="FILE", help="cProfile the last round")
    return parser.parse_args()


if __name__ == "__main__":
    main()
