"""Embeddings of a real model: what it finds near, and the commands that recall by it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from repositories import Repository
from scripted import Answer, Request, ScriptedEndpoint
from small_embedder import MODEL, small_embedder

from skillgit.cli import run
from skillgit.config import Endpoint, Sandbox
from skillgit.endpoint.allowance import Allowance
from skillgit.endpoint.caps import Caps
from skillgit.endpoint.embeddings import Embedder
from skillgit.endpoint.store import ReplyStore
from skillgit.names import Digest, TrajectoryId
from skillgit.provenance.bank import Bank, MemoryItem, Remembered, nearest, render_bank
from skillgit.sandbox import examine
from skillgit.types import Result

PAIRS = (
    ("Delete every row whose status is closed.", "Remove the lines that are marked as done."),
    ("Add up the amounts of each region.", "What are the totals by district?"),
    ("Write the dates in the form day.month.year.", "Show when it happened as 24.12.2025."),
    ("Find who wrote the most letters.", "Which person sent most of the mail?"),
    ("Make a chart of the monthly sales.", "Draw a diagram of what was sold in each month."),
    ("Turn the text in column B into numbers.", "Convert the strings of the second column to int."),
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with small_embedder() as url:
        yield url


@pytest.mark.live
def test_a_task_in_other_words_is_the_nearest(address: str, tmp_path: Path) -> None:
    async def embedded(texts: Sequence[str]) -> list[Sequence[float]]:
        endpoint = Endpoint(base_url=address)
        with ReplyStore(tmp_path / "replies.db") as store:
            async with Embedder(endpoint, "", store, Allowance(Caps())) as embedder:
                assert await embedder.model() == MODEL
                return await embedder(texts)

    known = asyncio.run(embedded([one for one, _ in PAIRS]))
    asked = asyncio.run(embedded([other for _, other in PAIRS]))
    found = [nearest(vector, known, 1)[0] for vector in asked]
    right = sum(number == one for number, one in enumerate(found))
    assert right >= len(PAIRS) - 1, found


@pytest.mark.live
@pytest.mark.skipif(examine(Sandbox()) is not None, reason="bubblewrap cannot be used here")
def test_a_run_is_told_the_items_of_the_task_that_the_model_finds_nearest(
    address: str,
    repository: Callable[..., Repository],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    skills = repository({"README.md": "none\n"})
    monkeypatch.chdir(skills.path)
    monkeypatch.setenv("SKILLGIT_AGENT_PROTOCOL", "text")
    entries = tuple(
        Remembered(
            TrajectoryId(f"t-{number:012}"),
            Digest(f"sha256:{number:064}"),
            "",
            Result.PASS,
            query,
            (MemoryItem(f"Note {number}", "Then.", "Do."),),
        )
        for number, (query, _) in enumerate(PAIRS)
    )
    (skills.path / "bank.json").write_bytes(render_bank(Bank("m", entries)))
    (skills.path / "in.txt").write_text("1\n")
    (skills.path / "tasks.toml").write_text(
        'schema = "skillgit.tasks/1"\ndomain = "text"\n[[task]]\nid = "one"\n'
        f'query = {json.dumps(PAIRS[1][1])}\ninputs = {{ "in.txt" = "in.txt" }}\nexpected = "1"\n'
    )
    told: list[str] = []

    def agent(request: Request) -> Answer:
        told.append(request["messages"][-1]["content"])
        return Answer("DONE")

    with ScriptedEndpoint(agent) as model:
        words = ["rollout", "--no-skill", "--bank", "bank.json", "--tasks", str(skills.path), "-q"]
        monkeypatch.setenv("SKILLGIT_RECALL_BASE_URL", address)
        assert run([*words, "-o", "out", "--base-url", model.url]) == 0, capsys.readouterr().err
    assert "Note 1. Then. Do." in told[0]
    assert told[0].count("Note ") == 1
