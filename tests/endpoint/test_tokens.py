"""Does a call fit? Asked before it is sent, and remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import Answer, ScriptedEndpoint, page, refusing

from skillgit.config import Endpoint
from skillgit.endpoint.ask import StoredAsk
from skillgit.endpoint.chat import Chat
from skillgit.endpoint.store import ReplyStore
from skillgit.endpoint.tokens import estimated, surely_fits
from skillgit.ports import Call, Message


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReplyStore]:
    with ReplyStore(tmp_path / "replies.db") as opened:
        yield opened


def fits(store: ReplyStore, config: Endpoint, call: Call, *, replay: bool = False) -> bool:
    async def run() -> bool:
        async with Chat(config) as chat:
            return await StoredAsk(None if replay else chat, store, config).fits(call)

    return asyncio.run(run())


def of_size(call: Call, characters: int) -> Call:
    return replace(call, messages=(Message("user", "x" * characters),))


# The scripted context is 32,768 tokens, a merge's output 4,096.
BORDERLINE = 28_672


@given(st.integers(0, 10**6), st.integers(1, 10**5), st.integers(0, 10**6))
def test_what_is_sure_to_fit_fits_by_the_estimate_too(
    characters: int, room: int, context: int
) -> None:
    if surely_fits(characters, room, context):
        assert estimated(characters) + room <= context + 1


def test_a_short_call_is_not_counted(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore, call: Call
) -> None:
    assert fits(store, config, call)
    assert endpoint.paths == ["/v1/models"]


@pytest.mark.parametrize(("tokens", "expected"), [(BORDERLINE, True), (BORDERLINE + 1, False)])
@pytest.mark.parametrize("server", ["vLLM", "llama.cpp"])
def test_a_long_call_is_counted_by_the_server_once(
    endpoint: ScriptedEndpoint,
    config: Endpoint,
    store: ReplyStore,
    call: Call,
    *,
    server: str,
    tokens: int,
    expected: bool,
) -> None:
    counted = {"count": tokens} if server == "vLLM" else {"tokens": [1] * tokens}
    endpoint.pages["/tokenize"] = page(counted)
    long = of_size(call, 100_000)

    assert fits(store, config, long) is expected
    asked = endpoint.paths.count("/tokenize")
    endpoint.pages["/tokenize"] = page({"count": 1 if not expected else 10**6})
    assert fits(store, config, long) is expected
    assert endpoint.paths.count("/tokenize") == asked <= 2


@pytest.mark.parametrize(("characters", "expected"), [(100_000, True), (101_000, False)])
@pytest.mark.parametrize("answer", [refusing(404), page([]), page({"count": "many"})])
def test_where_nobody_counts_it_is_estimated(
    endpoint: ScriptedEndpoint,
    config: Endpoint,
    store: ReplyStore,
    call: Call,
    *,
    answer: Answer,
    characters: int,
    expected: bool,
) -> None:
    endpoint.pages["/tokenize"] = answer

    assert fits(store, config, of_size(call, characters)) is expected


def test_a_recording_knows_what_did_not_fit(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore, call: Call, tmp_path: Path
) -> None:
    endpoint.pages["/tokenize"] = page({"count": 40_000})
    long, longer = of_size(call, 100_000), of_size(call, 100_001)
    assert not fits(store, config, long)
    store.export(tmp_path / "recorded.jsonl")

    with ReplyStore(tmp_path / "fresh.db") as fresh:
        fresh.load(tmp_path / "recorded.jsonl")
        assert not fits(fresh, config, long, replay=True)
        assert fits(fresh, config, longer, replay=True)


def test_where_the_context_is_not_told_everything_may_fit(
    config: Endpoint, store: ReplyStore, call: Call
) -> None:
    with ScriptedEndpoint(context=None) as silent:
        assert fits(store, replace(config, base_url=silent.url), of_size(call, 10**6))


def test_the_smallest_context_of_several_servers_counts(
    config: Endpoint, store: ReplyStore, call: Call
) -> None:
    with ScriptedEndpoint(context=8192) as small, ScriptedEndpoint() as large:
        both = replace(config, base_url=f"{large.url} {small.url}")
        assert not fits(store, both, of_size(call, 50_000))
        assert fits(store, replace(both, base_url=large.url), of_size(call, 50_001))
