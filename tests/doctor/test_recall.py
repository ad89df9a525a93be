"""The line that `skillgit doctor` has for who embeds."""

from __future__ import annotations

import asyncio

import pytest
from embedding import ScriptedEmbeddings, embeddings
from scripted import Answer, ScriptedEndpoint, refusing
from small_embedder import small_embedder

from skillgit.config import Endpoint
from skillgit.doctor.diagnosis import Check, Level
from skillgit.doctor.recall import probe_recall


def examine(url: str, model: str = "", key: str = "") -> list[Check]:
    async def run() -> list[Check]:
        there = Endpoint(base_url=url, model=model)
        return [check async for check in probe_recall(there, key, "MY_KEY")]

    return asyncio.run(run())


def test_who_embeds_is_fine() -> None:
    with ScriptedEmbeddings() as server:
        (check,) = examine(server.url)
        assert check.name == "recall"
        assert (check.level, check.advice) == (Level.OK, "")
        assert check.found.startswith(f"{server.url}: words, vectors of 64 numbers, ")
        assert len(server.embedded) == 1


def test_of_several_addresses_each_has_a_line() -> None:
    with ScriptedEmbeddings() as one, ScriptedEmbeddings() as other:
        found = examine(f"{one.url} {other.url}")
    assert [(check.name, check.level) for check in found] == [
        ("recall 1", Level.OK),
        ("recall 2", Level.OK),
    ]


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (refusing(400, "Pooling type 'none' is not OAI compatible"), "embeds nothing (400: Pool"),
        (embeddings([[1.0, 0.0], [0.0, 1.0]]), "gives no vector for each text"),
        (embeddings([[1.0], [1.0, 2.0], [3.0]]), "gives no vector for each text"),
        (embeddings([[], [], []]), "finds a ferry nearer"),
        (embeddings([[0.0, 0.0]] * 3), "finds a ferry nearer"),
        (embeddings([[1.0, 0.0], [0.0, 1.0], [1.0, 0.1]]), "finds a ferry nearer"),
        (Answer(body=b"<html>"), "gives no vector for each text: <html>"),
    ],
)
def test_what_is_no_embedding_model_is_a_warning_that_says_what_to_do(
    fault: Answer, found: str
) -> None:
    with ScriptedEmbeddings([fault]) as server:
        (check,) = examine(server.url)
    assert check.level is Level.WARN
    assert found in check.found
    assert "skillgit serve --embed" in check.advice


@pytest.mark.parametrize(
    ("models", "wanted", "found"),
    [
        (("words",), "other", "other is not served; there is words"),
        (("words", "more"), "", "one model alone is not served; there is words, more"),
        ((), "", "one model alone is not served; it lists none"),
    ],
)
def test_the_model_must_be_told_apart(models: tuple[str, ...], wanted: str, found: str) -> None:
    with ScriptedEndpoint(models=models) as server:
        (check,) = examine(server.url, wanted)
    assert (check.level, check.advice) == (Level.WARN, "name one as recall.model")
    assert check.found.endswith(found)


def test_a_refused_key_names_its_variable() -> None:
    with ScriptedEmbeddings(api_key="sesame") as server:
        (check,) = examine(server.url, "words", "wrong")
        assert "put it into MY_KEY" in check.advice
        (check,) = examine(server.url, "words", "sesame")
        assert check.level is Level.OK


@pytest.mark.parametrize(
    ("url", "found"),
    [("http://127.0.0.1:9/v1", "cannot be reached"), ("nowhere", "is not an address")],
)
def test_who_is_away_is_no_failure(url: str, found: str) -> None:
    (check,) = examine(url)
    assert check.level is Level.WARN
    assert found in check.found
    assert check.advice


def test_a_real_embedding_model_is_one() -> None:
    with small_embedder() as url:
        (check,) = examine(url)
    assert check.level is Level.OK, check
    assert "vectors of 384 numbers" in check.found
