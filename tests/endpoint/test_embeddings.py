from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from embedding import ScriptedEmbeddings, embeddings, vector_of
from scripted import Answer, refusing

from skillgit.config import Endpoint
from skillgit.endpoint.allowance import Allowance
from skillgit.endpoint.caps import Caps
from skillgit.endpoint.embeddings import Embedder
from skillgit.endpoint.store import ReplyStore
from skillgit.errors import PartialError, SurroundingsError
from skillgit.types import Usage

TEXTS = ["add the amounts", "count the rows", "add the amounts"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReplyStore]:
    with ReplyStore(tmp_path / "replies.db") as opened:
        yield opened


def embed(
    server: ScriptedEmbeddings,
    store: ReplyStore,
    texts: Sequence[str],
    *,
    model: str = "",
    key: str = "",
    allowance: Allowance | None = None,
    offline: bool = False,
) -> tuple[list[list[float]], Usage]:
    async def asked() -> tuple[list[list[float]], Usage]:
        endpoint = Endpoint(base_url=server.url, model=model, timeout=5.0, retries=1, patience=0.5)
        allowed = None if offline else allowance or Allowance(Caps())
        async with Embedder(endpoint, key, store, allowed) as embedder:
            return [list(vector) for vector in await embedder(texts)], embedder.usage

    return asyncio.run(asked())


def test_each_text_has_its_vector_and_none_is_embedded_twice(store: ReplyStore) -> None:
    with ScriptedEmbeddings() as server:
        vectors, usage = embed(server, store, TEXTS)
        again, free = embed(server, store, [*TEXTS, "and more"])
    assert vectors == [vector_of(text) for text in TEXTS] == again[:3]
    assert server.embedded == [["add the amounts", "count the rows"], ["and more"]]
    assert (usage.calls, usage.prompt_tokens) == (1, 6)
    assert (free.calls, free.cached_calls) == (1, 2)


def test_many_texts_go_in_several_requests(store: ReplyStore) -> None:
    texts = [f"text {number}" for number in range(70)]
    with ScriptedEmbeddings() as server:
        vectors, _ = embed(server, store, texts)
    assert vectors == [vector_of(text) for text in texts]
    assert sorted(map(len, server.embedded)) == [6, 32, 32]


def test_a_text_that_is_too_long_is_cut_in_half_until_it_fits(store: ReplyStore) -> None:
    long = "word " * 200
    with ScriptedEmbeddings(longest=300) as server:
        vectors, _ = embed(server, store, ["short", long])
    assert vectors == [vector_of("short"), vector_of(long[:250])]


@pytest.mark.parametrize(
    "fault", [refusing(500, "boom"), refusing(429, "slow down"), Answer(reset=True)]
)
def test_what_fails_once_is_asked_again(store: ReplyStore, fault: Answer) -> None:
    with ScriptedEmbeddings([fault]) as server:
        vectors, usage = embed(server, store, ["one"])
    assert vectors == [vector_of("one")]
    assert usage.failed_calls == 1


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (refusing(404, "no such route"), "404: no such route"),
        (refusing(400, "this is a chat model"), "this is a chat model"),
        (Answer(body=b"<html>"), "holds no 1 vectors"),
        (embeddings([[1.0], [2.0]]), "holds no 1 vectors"),
        (embeddings([[float("nan")]]), "holds no 1 vectors"),
        (embeddings(["words"]), "holds no 1 vectors"),
        (embeddings([[]]), "holds no 1 vectors"),
    ],
)
def test_without_vectors_a_command_ends_and_says_what_to_serve(
    store: ReplyStore, fault: Answer, why: str
) -> None:
    with ScriptedEmbeddings([fault]) as server, pytest.raises(SurroundingsError) as raised:
        embed(server, store, ["one"])
    assert why in raised.value.message
    assert "recall.base_url" in raised.value.hint


def test_a_key_that_is_refused_is_told_of(store: ReplyStore) -> None:
    with ScriptedEmbeddings(api_key="secret") as server:
        with pytest.raises(SurroundingsError, match="refuses the key"):
            embed(server, store, ["one"], model="words")
        assert embed(server, store, ["one"], model="words", key="secret")[0]


def test_what_is_remembered_needs_no_network_and_the_rest_is_missed(store: ReplyStore) -> None:
    with ScriptedEmbeddings() as server:
        embed(server, store, ["one"])
        assert embed(server, store, ["one"], model="words", offline=True)[0] == [vector_of("one")]
        with pytest.raises(PartialError, match="never embedded by words"):
            embed(server, store, ["two"], model="words", offline=True)
        with pytest.raises(PartialError, match="which embedding model"):
            embed(server, store, ["one"], offline=True)


def test_vectors_count_as_calls(store: ReplyStore) -> None:
    with ScriptedEmbeddings() as server, pytest.raises(PartialError, match="--max-calls"):
        embed(server, store, ["one"], allowance=Allowance(Caps(calls=0)))


def test_a_model_that_changes_under_its_name_is_found_out(store: ReplyStore) -> None:
    with ScriptedEmbeddings([embeddings([[1.0, 2.0]])]) as server:
        embed(server, store, ["one"])
        with pytest.raises(SurroundingsError, match="different lengths"):
            embed(server, store, ["one", "two"])
