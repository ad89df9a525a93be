"""Attacks by size: prompts, memory and time."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from attacked import Evolve, Lie, honest, poisoned, runs

MOST_CHARS = 60_000
"""Of one message to an analyst; the view's own budget is smaller."""


def huge(kind: str) -> str:
    """One run that is far too large."""
    match kind:
        case "a line of 20 MB":
            return poisoned("Do it", "x" * 20_000_000)
        case "a million lines":
            return poisoned("Do it", "x\n" * 1_000_000)
        case "lines that differ":
            return poisoned("Do it", "\n".join(map(str, range(200_000))))
        case "20,000 steps":
            return poisoned("Do it", *("wb" for _ in range(20_000)))
        case "a task of 10 MB":
            return poisoned("x" * 10_000_000, "wb.save(path)")
        case _:
            return json.dumps({"messages": json.loads("[" * 400 + "]" * 400), "outcome": "fail"})


@pytest.mark.parametrize(
    "kind",
    [
        *("a line of 20 MB", "a million lines", "lines that differ"),
        *("20,000 steps", "a task of 10 MB", "nesting of 400"),
    ],
)
def test_a_huge_run_costs_no_more_prompt_than_another(evolve: Evolve, kind: str) -> None:
    """A run that is meant to overflow the prompt, the memory or the patience.

    Outcome: it is read in seconds and shown within the budget, or named as unreadable; the two
    honest runs beside it teach as ever.
    """
    began = time.perf_counter()
    done = evolve([huge(kind), *honest(2)], Lie(), "--min-support", "2")
    assert time.perf_counter() - began < 60
    assert done.branch
    assert done.told["branch"]["lessons"][0]["support"] >= 2
    assert max(map(len, done.messages)) < MOST_CHARS


def test_nesting_without_end_is_a_remark(evolve: Evolve, tmp_path: Path) -> None:
    """A file of a hundred thousand open brackets, and one cut off in the middle.

    Outcome: each is a remark with its path; the honest runs beside them teach as ever.
    """
    folder = runs(tmp_path / "deep", honest(2))
    (folder / "deep.json").write_text("[" * 100_000, encoding="utf-8")
    (folder / "cut.json").write_text(poisoned("t", "x")[:40], encoding="utf-8")
    done = evolve(folder, Lie(), "--min-support", "2")
    assert done.told["branch"]["lessons"][0]["support"] == 2
    for name in ("deep.json", "cut.json"):
        assert name in done.said + json.dumps(done.told)
