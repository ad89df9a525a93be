"""Run skillgit in this process and say at the end what it took.

    python -m benchmarks.driver figures.json evolve skills/xlsx --trajectories runs/

Told apart: what this process used and what the programs used that it started (git). The peak
memory is that of this process alone, from the moment on that Python started.

With SKILLGIT_BENCH_PROFILE=FILE it runs under cProfile, which costs about half as much again.
"""

from __future__ import annotations

import cProfile
import json
import os
import resource
import sys
from contextlib import nullcontext
from pathlib import Path

PROFILE = "SKILLGIT_BENCH_PROFILE"
_KIB = 1024


def main(figures: Path, arguments: list[str]) -> None:
    """Run the command line as a user does; its exit code is ours."""
    from skillgit.cli import main as skillgit  # noqa: PLC0415 - its import is part of what it takes

    sys.argv = ["skillgit", *arguments]
    profile = os.environ.get(PROFILE)
    profiler = cProfile.Profile() if profile else None
    try:
        with profiler or nullcontext():
            skillgit()
    finally:
        if profiler and profile:
            profiler.dump_stats(profile)
        figures.write_text(json.dumps(_used()), encoding="utf-8")


def _used() -> dict[str, float]:
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "cpu_s": own.ru_utime + own.ru_stime,
        "children_cpu_s": children.ru_utime + children.ru_stime,
        "peak_rss_mb": _peak(own) / _KIB,
    }


def _peak(own: resource.struct_rusage) -> float:
    """KiB. Linux counts what stood here before Python started into ru_maxrss, so ask elsewhere."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return own.ru_maxrss / (_KIB if sys.platform == "darwin" else 1)
    return next(float(line.split()[1]) for line in status.splitlines() if "VmHWM" in line)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
