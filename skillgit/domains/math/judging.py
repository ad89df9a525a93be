"""Asks the process of math-verify (judge.py) whether answers are equal, and outlives it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from skillgit.errors import SurroundingsError

SECONDS = 8
"""Of computing, for a pair; of the clock it may be ten times that, on a busy machine."""

_START_SECONDS = 120.0
_JUDGE = "skillgit.domains.math.judge"
_PROBLEM = "the answer cannot be judged: comparing it takes more time or memory than it may"


@dataclass(frozen=True, slots=True)
class Judgement:
    """Are two answers equal? With a `problem` it could not be told, and counts as no."""

    equal: bool
    problem: str = ""


def judge(pairs: Sequence[tuple[str, str]], seconds: int = SECONDS) -> list[Judgement]:
    """What math-verify says of each (gold, answer), in order; equality is not symmetric to it.

    A pair that takes more than `seconds` of computing, or too much memory, has a problem. One
    process judges all, and another one goes on behind a pair that kills it.
    """
    if find_spec("math_verify") is None:
        raise SurroundingsError(
            "comparing two answers: the package math-verify is not installed",
            hint="pip install 'skillgit[math]'",
        )
    done: list[Judgement] = []
    while len(done) < len(pairs):
        done += _one_process(pairs[len(done) :], seconds)
        if len(done) < len(pairs):
            done.append(Judgement(equal=False, problem=_PROBLEM))
    return done


def _one_process(pairs: Sequence[tuple[str, str]], seconds: int) -> list[Judgement]:
    """The judgements up to the first pair that there is none of."""
    with tempfile.TemporaryDirectory(prefix="skillgit-judge-") as folder:
        replies = Path(folder, "replies")
        try:
            # -P: no module of the folder that skillgit happens to be started in.
            done = subprocess.run(
                [sys.executable, "-P", "-m", _JUDGE, str(replies), str(seconds)],
                input="".join(f"{json.dumps(pair)}\n" for pair in pairs),
                text=True,
                capture_output=True,
                timeout=_START_SECONDS + 10 * seconds * len(pairs),
                check=False,
            )
            said = done.stderr
        except subprocess.TimeoutExpired:
            said = "it did not start in time"
        told = _read(replies)
    if not told:
        last = (said.strip() or "no reason given").splitlines()[-1]
        raise SurroundingsError(
            f"comparing two answers: math-verify does not start: {last}",
            hint="pip install --upgrade 'skillgit[math]'",
        )
    return [Judgement(one.get("equal", False), one.get("problem", "")) for one in told[1:]]


def _read(replies: Path) -> list[dict[str, Any]]:
    try:
        lines = replies.read_text(encoding="utf-8").split("\n")
    except OSError:
        return []
    return [json.loads(line) for line in lines[:-1]]  # the last one has no end: it was torn off
