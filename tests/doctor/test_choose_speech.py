from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from scripted import Answer, ScriptedEndpoint, refusing

from skillgit.config import Agent, Config, Endpoint, Speech
from skillgit.doctor.speech import choose_speech
from skillgit.endpoint.allowance import Allowance, Caps
from skillgit.endpoint.store import ReplyStore
from skillgit.errors import PartialError, SurroundingsError

CALLED = Answer(None, tool_calls=({"name": "list_files", "arguments": '{"folder": "/tmp"}'},))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReplyStore]:
    with ReplyStore(tmp_path / "replies.db") as opened:
        yield opened


def choose(
    store: ReplyStore, config: Endpoint, *, model: str = "tiny", replay: bool = False
) -> Speech:
    return asyncio.run(choose_speech(Config(endpoint=config), model, store, replay=replay))


@pytest.mark.parametrize(
    ("answer", "speech"),
    [
        (CALLED, Speech.TOOLS),
        (Answer('```json\n{"name": "list_files"}\n```'), Speech.TEXT),
        (Answer(None, tool_calls=({"name": "list_files", "arguments": "{"},)), Speech.TEXT),
        (refusing(400, '"auto" tool choice requires --enable-auto-tool-choice'), Speech.TEXT),
        (refusing(500, "tools param requires --jinja flag"), Speech.TEXT),
        (Answer(body=b"[]"), Speech.TEXT),
    ],
)
def test_the_model_is_asked_once_and_that_is_remembered(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore, answer: Answer, speech: Speech
) -> None:
    config = replace(config, retries=0)
    endpoint.queue(answer)

    assert choose(store, config) is speech
    assert choose(store, config) is speech
    assert choose(store, replace(config, base_url=f"{config.base_url}/"), replay=True) is speech
    assert len(endpoint.requests) == 1
    assert endpoint.requests[0]["tool_choice"] == "auto"


def test_another_model_is_another_question(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore
) -> None:
    endpoint.queue(CALLED, Answer("no"))

    assert choose(store, config) is Speech.TOOLS
    assert choose(store, config, model="big") is Speech.TEXT


@pytest.mark.parametrize("speech", [Speech.TOOLS, Speech.TEXT])
def test_what_is_configured_needs_no_question(store: ReplyStore, speech: Speech) -> None:
    config = Config(Endpoint("http://127.0.0.1:9/v1"), agent=Agent(protocol=speech))

    assert asyncio.run(choose_speech(config, "tiny", store)) is speech


@pytest.mark.parametrize("status", [401, 404, 429, 503])
def test_an_endpoint_that_does_not_answer_says_nothing_of_its_model(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore, status: int
) -> None:
    config = replace(config, retries=0)
    endpoint.queue(refusing(status), CALLED)

    with pytest.raises(SurroundingsError, match=f"calls tools: {status}") as caught:
        choose(store, config)

    assert "agent.protocol" in caught.value.hint
    assert choose(store, config) is Speech.TOOLS


def test_no_endpoint_and_no_memory_are_errors_that_say_what_to_do(store: ReplyStore) -> None:
    config = Endpoint("http://me:secret@127.0.0.1:9/v1", retries=0)

    with pytest.raises(SurroundingsError, match=r"127\.0\.0\.1") as gone:
        choose(store, config)
    with pytest.raises(PartialError, match="not known") as unknown:
        choose(store, config, replay=True)

    assert "secret" not in gone.value.message
    assert "agent.protocol" in unknown.value.hint


def test_the_question_is_a_call_as_any_other(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore
) -> None:
    none, one = Allowance(Caps(calls=0)), Allowance(Caps(calls=1))
    with pytest.raises(PartialError, match="all 0 calls"):
        asyncio.run(choose_speech(Config(endpoint=config), "tiny", store, allowance=none))
    assert endpoint.requests == []
    endpoint.queue(CALLED)
    asyncio.run(choose_speech(Config(endpoint=config), "tiny", store, allowance=one))
    assert one.spent.calls == 1
