"""Does an evolved skill help? Learn from one half of the ledger tasks, measure on the other.

    PYTHONPATH=tests python -m experiments.does_it_help FOLDER --base-url http://127.0.0.1:8000/v1

makes the tasks and a repository with the skill in FOLDER, runs the agent on the one half, evolves
the skill from what it left, and measures base and evolved skill on the other half with three seeds.
Every step is a command of skillgit, which is printed; a killed experiment goes on where it was.
What came out lies in FOLDER: evolution.json, evaluation.json, evaluation.txt.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments import ledger_tasks

HERE = Path(__file__).parent
SKILL = "skills/ledger"
SETTINGS = (HERE / "skillgit.toml").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Laboratory:
    """Where an experiment takes place, and whom it asks."""

    folder: Path
    base_url: str

    @property
    def repository(self) -> Path:
        """The repository that holds the skill."""
        return self.folder / "repository"

    def git(self, *words: str) -> None:
        """Run Git in the repository, as a person of no importance."""
        who = ("-c", "user.name=Experiment", "-c", "user.email=experiment@example.invalid")
        subprocess.run(["git", *who, *words], cwd=self.repository, check=True)

    def skillgit(self, *words: str, into: str = "", fine: Sequence[int] = (0,)) -> None:
        """Run skillgit in the repository; its result into a file of the laboratory."""
        print("$ skillgit", shlex.join(words), flush=True)  # noqa: T201 - a script
        command = [sys.executable, "-m", "skillgit", *words, "--base-url", self.base_url]
        began = time.monotonic()
        done = subprocess.run(
            command, cwd=self.repository, stdout=subprocess.PIPE, text=True, check=False
        )
        print(f"  {time.monotonic() - began:.0f} s, exit {done.returncode}", flush=True)  # noqa: T201
        if done.returncode not in fine:
            sys.exit(done.returncode)
        if into:
            (self.folder / into).write_text(done.stdout, encoding="utf-8")


def prepare(lab: Laboratory, wanted: int) -> None:
    """The tasks, and a repository with the skill as a person wrote it."""
    ledger_tasks.write(lab.folder / "tasks", wanted)
    if lab.repository.exists():
        return
    shutil.copytree(HERE / "skills", lab.repository / "skills")
    (lab.repository / ".skillgit.toml").write_text(SETTINGS, encoding="utf-8")
    lab.git("init", "--quiet", "-b", "main")
    lab.git("add", "--all")
    lab.git("commit", "--quiet", "-m", "a skill for ledgers")


def run(lab: Laboratory, wanted: int) -> None:
    """All steps, in order."""
    prepare(lab, wanted)
    train, test = (str(lab.folder / "tasks" / half) for half in ledger_tasks.HALVES)
    runs = str(lab.folder / "runs")
    lab.git("config", "user.name", "Experiment")
    lab.git("config", "user.email", "experiment@example.invalid")
    lab.skillgit("rollout", SKILL, "--tasks", train, "-o", runs)
    lab.skillgit(
        "evolve", SKILL, "-t", runs, "--tasks", train, "--json", into="evolution.json", fine=(0, 1)
    )
    branch = json.loads((lab.folder / "evolution.json").read_text("utf-8"))["branch"]
    if branch is None:
        sys.exit("no lesson survived: there is nothing to measure")
    asked = ("eval", f"{SKILL}@{branch['name']}", "--against", "HEAD", "--tasks", test)
    lab.skillgit(*asked, "--json", into="evaluation.json")
    lab.skillgit(*asked, into="evaluation.txt")
    print((lab.folder / "evaluation.txt").read_text("utf-8"))  # noqa: T201 - a script


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--base-url", default="http://127.0.0.1:8000/v1")
    parser.add_argument("--tasks", type=int, default=72)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    run(Laboratory(options.folder.resolve(), options.base_url), options.tasks)


if __name__ == "__main__":
    main()
