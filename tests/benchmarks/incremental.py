"""What a round asks that is like the one before but for a few runs or one setting.

    PYTHONPATH=tests python -m benchmarks.incremental 323 1 10

One repository, and an endpoint that answers at once. Each number after the first is added to the
runs of the round before; the last round asks for merges with another temperature.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import accumulate
from pathlib import Path

from benchmarks.endpoint import SimulatedEndpoint
from benchmarks.plan import Plan
from benchmarks.runs import SKILL, write_runs, write_skill

_ROLES = ("success", "error", "merge", "reconcile")


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", type=int, nargs="+")
    counts = list(accumulate(parser.parse_args().counts))
    _tell("round", "wall s", *_ROLES)
    _tell(*["---"] * (2 + len(_ROLES)))
    with tempfile.TemporaryDirectory(prefix="skillgit-bench-") as name:
        place = Path(name)
        environment = _environment(place)
        _make_repository(place / "repo", environment)
        with SimulatedEndpoint(Plan(base=0.0, per_token=0.0), place) as endpoint:
            seen = 0
            for number, count in enumerate([*counts, counts[-1]]):
                again = number == len(counts)
                if again:
                    environment["SKILLGIT_ENDPOINT_MERGE_TEMPERATURE"] = "0.31"
                seconds = _evolve(place, count, endpoint.url, environment)
                log = endpoint.log()
                asked = Counter(one.role for one in log[seen:])
                seen = len(log)
                what = f"{count} runs" + (", other sampling of merges" if again else "")
                _tell(what, f"{seconds:.1f}", *(str(asked[role]) for role in _ROLES))


def _environment(place: Path) -> dict[str, str]:
    """Neither the settings nor the name of the person who measures."""
    who = {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", "Bench"), ("EMAIL", "bench@example.invalid"))
    }
    home = {"HOME": str(place), "XDG_CONFIG_HOME": str(place), "XDG_STATE_HOME": str(place)}
    return os.environ | who | home | {"GIT_CONFIG_NOSYSTEM": "1"}


def _make_repository(folder: Path, environment: dict[str, str]) -> None:
    write_skill(folder / SKILL)
    for words in (["init", "--quiet", "-b", "main"], ["add", "-A"], ["commit", "-qm", "a skill"]):
        subprocess.run(["git", *words], cwd=folder, env=environment, check=True)


def _evolve(place: Path, count: int, url: str, environment: dict[str, str]) -> float:
    runs = write_runs(place / f"runs-{count}", count)
    command = [sys.executable, "-m", "skillgit", "-C", str(place / "repo"), "evolve", SKILL]
    command += ["--trajectories", str(runs), "--base-url", url, "--error-analyst", "single-call"]
    begun = time.monotonic()
    subprocess.run([*command, "--quiet"], env=environment, check=True, capture_output=True)
    return time.monotonic() - begun


def _tell(*cells: str) -> None:
    sys.stdout.write(f"| {' | '.join(cells)} |\n")


if __name__ == "__main__":
    main()
