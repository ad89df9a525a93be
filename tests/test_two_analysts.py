"""Agentic and single-call error analysts on the same failed runs, and how far they agree."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from analysts import schema_of
from closed_loop import HELPS, HOPELESS, HURTS, SKILL, TEXT, Cast, Loop, Taught
from repositories import Repository
from scripted import Request, ScriptedEndpoint
from sums import HONEST, WRONG, program_of

from skillgit.cli import run
from skillgit.config import Sandbox
from skillgit.sandbox import examine

confined = pytest.mark.skipif(
    examine(Sandbox()) is not None, reason="bubblewrap cannot be used on this machine"
)
TASKS = {"bo": HONEST, "cy": WRONG, "di": f"{WRONG}  # the second", "ed": HOPELESS}


def lessons(request: Request) -> Sequence[Taught]:
    """Who proved its cause says what helps; a single call says so of one run and errs on others."""
    is_proven = "causes" in schema_of(request)["properties"]
    return (HELPS,) if is_proven or program_of(request) == WRONG else (HURTS,)


@confined
def test_what_was_proven_is_held_against_what_was_only_plausible(
    repository: Callable[..., Repository],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for key, value in (("AGENT_PROTOCOL", "text"), ("ANALYZE_TURNS", "2"), ("ANALYZE_STARTS", "1")):
        monkeypatch.setenv(f"SKILLGIT_{key}", value)
    loop = Loop(repository({f"{SKILL}/SKILL.md": TEXT}), tmp_path)
    few = ("--min-support", "1", "--main-support", "1", "--json")
    rounds = []
    with ScriptedEndpoint(Cast(lessons)) as endpoint:
        assert loop.evolve("--tasks", loop.tasks("few", TASKS), *few, endpoint=endpoint) == 0
        rounds.append(json.loads(capsys.readouterr().out)["round"])
        [runs] = (loop.state / "rollouts").iterdir()
        single = ("--trajectories", runs, "--error-analyst", "single-call")
        assert loop.evolve(*single, *few, endpoint=endpoint) == 0
        rounds.append(json.loads(capsys.readouterr().out)["round"])

    assert run(["-C", str(loop.repository.path), "agreement", *rounds, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [side["analyst"] for side in told["sides"]] == ["agentic", "single-call"]
    assert [side["ends"] for side in told["sides"]] == [
        {"diagnosed": 2, "unproven": 1},
        {"diagnosed": 3},
    ]
    assert [side["proven"] for side in told["sides"]] == [2, 0]
    assert (told["shared"], told["both"], told["remarks"]) == (3, 2, [])
    verdicts = {case["task"]: case["verdict"] for case in told["cases"]}
    assert verdicts == {"cy": "strong agreement", "di": "clear disagreement", "ed": None}
    assert all(sum(case["survived"]) for case in told["cases"])
