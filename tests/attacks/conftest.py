"""A round against a poisoned folder of runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from attacked import FOLDER, SKILL, Evolve, Round, runs
from repositories import Repository
from scripted import Answer, Request, ScriptedEndpoint

from skillgit.cli import run


@pytest.fixture
def evolve(
    repository: Callable[..., Repository],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Evolve:
    """Evolve the skill from these texts with this model; analysts are single calls."""
    monkeypatch.setenv("SKILLGIT_ANALYZE_ERROR_ANALYST", "single-call")

    def go(
        texts: Sequence[str] | Path, reply: Callable[[Request], Answer] | None, *options: str
    ) -> Round:
        first = not (tmp_path / "repo").exists()
        name = "repo" if first else "again"
        made = repository({f"{FOLDER}/SKILL.md": SKILL, "README.md": "skills\n"}, name=name)
        folder = texts if isinstance(texts, Path) else runs(tmp_path / "runs", texts)
        with ScriptedEndpoint(reply) as endpoint:
            where = ("-C", str(made.path), "evolve", FOLDER, "-t", str(folder), "--json")
            code = run([*where, "--base-url", endpoint.url, *options])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return Round(made, endpoint, code, json.loads(said.out or "{}"), said.err)

    return go
