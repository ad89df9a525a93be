from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from scripted import Answer, Request, ScriptedEndpoint, page, refusing, replying

from skillgit.config import Endpoint, Sampling
from skillgit.endpoint.ask import StoredAsk, StoredObservations
from skillgit.endpoint.chat import Chat
from skillgit.endpoint.completions import request_key, turn_body
from skillgit.endpoint.store import Asked, ReplyStore
from skillgit.errors import PartialError, SurroundingsError
from skillgit.ports import (
    Call,
    Message,
    NoReply,
    Reply,
    Spoken,
    ToolRequest,
    ToolSpec,
    Turn,
)
from skillgit.types import Usage

LOOK = ToolSpec(
    "look", "Look at it.", {"type": "object", "properties": {"at": {"type": "string"}}}, "at"
)
REQUEST = ToolRequest("call_0", "look", '{"at": "a"}')
TURN = Turn(
    "agent",
    "task 7",
    (
        Message("system", "You work."),
        Message("user", "Look."),
        Message("assistant", "I look.", (REQUEST,)),
        Message("tool", "It is red.", answers="call_0"),
    ),
    (LOOK,),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReplyStore]:
    with ReplyStore(tmp_path / "replies.db") as opened:
        yield opened


def converse(
    store: ReplyStore, config: Endpoint, *turns: Turn, replay: bool = False
) -> tuple[list[Spoken | NoReply], Usage]:
    async def run() -> tuple[list[Spoken | NoReply], Usage]:
        async with Chat(config) as chat:
            asking = StoredAsk(None if replay else chat, store, config)
            return await asyncio.gather(*map(asking.converse, turns)), asking.usage

    return asyncio.run(run())


def spoken(store: ReplyStore, config: Endpoint, turn: Turn = TURN) -> Spoken:
    (said,), _ = converse(store, config, turn)
    assert isinstance(said, Spoken), said
    return said


# ------------------------------------------------------------------ what is sent


def test_a_turn_says_everything(endpoint: ScriptedEndpoint, store: ReplyStore) -> None:
    sampling = Sampling(0.6, 0.95, 21, 0.01, 1.5, 1.05, 77, thinking=True)
    endpoint.queue(Answer("Red."))

    spoken(
        store,
        Endpoint(base_url=endpoint.url, model="tiny", agent=sampling),
        replace(TURN, stop=("\nOutput:",), seed=43),
    )

    assert endpoint.requests == [
        {
            "model": "tiny",
            "messages": [
                {"role": "system", "content": "You work."},
                {"role": "user", "content": "Look."},
                {
                    "role": "assistant",
                    "content": "I look.",
                    "tool_calls": [
                        {
                            "id": "call_0",
                            "type": "function",
                            "function": {"name": "look", "arguments": '{"at": "a"}'},
                        }
                    ],
                },
                {"role": "tool", "content": "It is red.", "tool_call_id": "call_0"},
            ],
            "max_tokens": 77,
            "temperature": 0.6,
            "top_p": 0.95,
            "top_k": 21,
            "min_p": 0.01,
            "presence_penalty": 1.5,
            "repetition_penalty": 1.05,
            "seed": 43,
            "chat_template_kwargs": {"enable_thinking": True},
            "stop": ["\nOutput:"],
            "tools": [
                {
                    "type": "function",
                    "function": {
                        "name": "look",
                        "description": "Look at it.",
                        "parameters": {"type": "object", "properties": {"at": {"type": "string"}}},
                    },
                }
            ],
            "tool_choice": "auto",
        }
    ]


def test_without_tools_nothing_is_said_of_them(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore
) -> None:
    endpoint.queue(Answer("Red."))
    own = replace(config, diagnose=Sampling(max_tokens=55), seed=42)

    spoken(store, own, Turn("diagnose", "x", (Message("user", "Look."),)))

    (request,) = endpoint.requests
    assert not {"tools", "tool_choice", "stop", "response_format"} & set(request)
    assert (request["max_tokens"], request["seed"]) == (55, 42)


@pytest.mark.parametrize(
    "arguments", ["", "{", "[1]", "print(1)", '"text"', "[" * 100_000, "\ud800"]
)
def test_arguments_are_sent_back_as_an_object_whatever_the_model_wrote(arguments: str) -> None:
    said = Message("assistant", "", (ToolRequest("c", "look", arguments),))

    body = turn_body(Turn("agent", "x", (said,)), Endpoint(), "tiny")

    sent = json.loads(body["messages"][0]["tool_calls"][0]["function"]["arguments"])
    assert sent == ({"unreadable": arguments.replace("\ud800", "?")} if arguments else {})
    assert json.dumps(body, ensure_ascii=False).encode()


# ------------------------------------------------------------------ what comes back


def test_words_thoughts_and_calls_come_back(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore
) -> None:
    calls = ({"name": "look", "arguments": '{"at": "b"}'}, {"name": "look", "arguments": "{"})
    endpoint.queue(Answer("Both.", tool_calls=calls, reasoning="Hm.", cached_tokens=8))

    said = spoken(store, config)

    assert said == Spoken(
        "Both.",
        "Hm.",
        (ToolRequest("call_0", "look", '{"at": "b"}'), ToolRequest("call_1", "look", "{")),
        usage=Usage(1, 0, 0, 10, 8, 5),
    )


def test_a_reply_that_is_cut_off_is_one_and_is_not_asked_again(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore
) -> None:
    endpoint.queue(Answer("I beg", finish_reason="length"))

    said = spoken(store, config)

    assert (said.content, said.cut, said.usage.calls) == ("I beg", True, 1)


def message(value: object) -> Answer:
    return page({"choices": [{"message": value, "finish_reason": "tool_calls"}], "usage": {}})


@pytest.mark.parametrize(
    ("calls", "requests"),
    [
        (
            [{"function": {"name": "look", "arguments": {"at": "a"}}}],
            (ToolRequest("call_1", "look", '{"at": "a"}'),),
        ),
        ([{"id": 7, "function": None}, "odd", None], (ToolRequest("7", "", ""),)),
        ([{"id": "x", "function": {"name": None, "arguments": None}}], (ToolRequest("x", "", ""),)),
        ({"not": "a list"}, ()),
        (None, ()),
    ],
)
def test_calls_of_odd_servers_are_read(
    endpoint: ScriptedEndpoint,
    config: Endpoint,
    store: ReplyStore,
    calls: object,
    requests: tuple[ToolRequest, ...],
) -> None:
    endpoint.queue(message({"content": "I call.", "tool_calls": calls}))

    assert spoken(store, config).requests == requests


RETRIED: dict[str, Callable[[], Answer]] = {
    "empty": lambda: Answer("  "),
    "the server cannot read its model": lambda: refusing(500, "Failed to parse input at pos 3"),
}


@pytest.mark.parametrize("fault", RETRIED)
def test_what_is_nothing_is_asked_again_with_the_next_seeds(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore, fault: str
) -> None:
    endpoint.queue(RETRIED[fault](), RETRIED[fault](), Answer("Red."))

    said = spoken(store, replace(config, retries=0), replace(TURN, seed=7))

    assert said.content == "Red."
    assert [request["seed"] for request in endpoint.requests] == [7, 8, 9]
    assert (said.usage.calls, said.usage.failed_calls) == (3, 2)


def test_after_three_times_it_is_said_so(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore
) -> None:
    endpoint.queue(*[refusing(500, "Failed to parse input")] * 3)
    (said,), usage = converse(store, replace(config, retries=0), TURN)

    assert isinstance(said, NoReply)
    assert said.reason == "the endpoint answered 500: Failed to parse input"
    assert usage == said.usage == Usage(calls=3, failed_calls=3)

    endpoint.queue(Answer("Red."))
    assert spoken(store, config).content == "Red."


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([refusing(400, "maximum context length is 8")], "does not fit"),
        ([refusing(422, "no")], "422: no"),
        ([Answer("late", delay=30.0)] * 2, "no answer within"),  # it is sent twice
    ],
)
def test_a_turn_that_fails_is_a_value(
    endpoint: ScriptedEndpoint,
    config: Endpoint,
    store: ReplyStore,
    answers: list[Answer],
    words: str,
) -> None:
    endpoint.queue(*answers)

    (said,), usage = converse(store, replace(config, timeout=1.0, retries=0), TURN)

    assert isinstance(said, NoReply)
    assert words in said.reason
    copies = len(answers) - 1
    assert usage == Usage(calls=1 + copies, failed_calls=1, hedged_calls=copies)


def test_without_an_endpoint_there_is_no_conversation(store: ReplyStore) -> None:
    with pytest.raises(SurroundingsError, match="cannot be reached"):
        converse(store, Endpoint("http://127.0.0.1:9/v1", "tiny", retries=0), TURN)


def test_turns_and_calls_share_the_places(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore, call: Call
) -> None:
    def reply(request: Request) -> Answer:
        return (
            replying({"n": 1}, delay=0.1)
            if "response_format" in request
            else Answer("a", delay=0.1)
        )

    endpoint.reply = reply
    turns = [replace(TURN, messages=(Message("user", str(n)),)) for n in range(4)]
    calls = [replace(call, messages=(Message("user", str(n)),)) for n in range(4)]

    async def run() -> Usage:
        async with Chat(replace(config, workers=3)) as chat:
            ask = StoredAsk(chat, store, config)
            await asyncio.gather(*map(ask, calls), *map(ask.converse, turns))
            return ask.usage

    assert asyncio.run(run()).calls == 8
    assert endpoint.peak == 3


# ------------------------------------------------------------------ memory


def test_what_was_said_is_remembered_with_what_it_took(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore
) -> None:
    endpoint.queue(Answer("Half a pair: \ud83d", tool_calls=({"name": "look", "arguments": "{"},)))

    (first,), paid = converse(store, config, TURN)
    (second, third), free = converse(store, config, TURN, replace(TURN, label="another name"))

    assert isinstance(first, Spoken)
    assert isinstance(second, Spoken)
    assert second == third
    assert second.cached
    assert not first.cached
    assert (second.requests, second.usage) == (first.requests, first.usage)
    assert (paid, free) == (first.usage, Usage(cached_calls=2))


def test_the_same_turn_at_the_same_time_is_sent_once(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore
) -> None:
    endpoint.queue(Answer("Red.", delay=0.1))

    said, usage = converse(store, config, *[TURN] * 3)

    assert {each.content for each in said if isinstance(each, Spoken)} == {"Red."}
    assert (usage.calls, usage.cached_calls) == (1, 2)


def test_a_replay_speaks_from_a_recording(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore, tmp_path: Path
) -> None:
    endpoint.queue(Answer("Red.", reasoning="Hm."))
    first = spoken(store, config)
    store.export(tmp_path / "recorded.jsonl")

    with ReplyStore(tmp_path / "fresh.db") as fresh:
        fresh.load(tmp_path / "recorded.jsonl")
        (said,), usage = converse(
            fresh, replace(config, base_url="http://127.0.0.1:9/v1"), TURN, replay=True
        )
        with pytest.raises(PartialError, match=r"agent call 'task 7'.*another request"):
            converse(fresh, config, replace(TURN, seed=8), replay=True)

    assert said == replace(first, cached=True)
    assert usage == Usage(cached_calls=1)


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"content": "a"},
        {"content": "a", "reasoning": "", "cut": False, "requests": None},
        {"content": "a", "reasoning": "", "cut": False, "requests": [{"id": "x"}]},
        {"content": "a", "reasoning": "", "cut": False, "requests": ["x"]},
    ],
)
def test_a_recording_of_something_else_is_none(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore, value: dict[str, object]
) -> None:
    key = request_key(turn_body(TURN, config, "tiny"))
    store.put(key, Asked("agent", "task 7", "tiny"), Reply(value))
    endpoint.queue(Answer("Red."))

    assert spoken(store, config).content == "Red."


CHANGES: dict[str, Turn] = {
    "role": replace(TURN, role="diagnose"),
    "seed": replace(TURN, seed=1),
    "stop": replace(TURN, stop=("x",)),
    "tools": replace(TURN, tools=()),
    "tool": replace(TURN, tools=(replace(LOOK, description="Look away."),)),
    "fewer": replace(TURN, messages=TURN.messages[:-1]),
    "answers": replace(TURN, messages=(*TURN.messages[:-1], Message("tool", "It is red."))),
    "requests": replace(TURN, messages=(*TURN.messages[:2], Message("assistant", "I look."))),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_a_turn_changes_its_key(change: str) -> None:
    own = Endpoint(diagnose=Sampling(max_tokens=9))

    assert request_key(turn_body(CHANGES[change], own, "m")) != request_key(
        turn_body(TURN, own, "m")
    )


# ------------------------------------------------------------------ observations and facts


def test_what_a_command_printed_first_stays(config: Endpoint, tmp_path: Path) -> None:
    path = tmp_path / "replies.db"
    with ReplyStore(path) as store:
        seen = StoredObservations(store, config, "tiny")
        assert seen.first(TURN, 0, "pid 1\ud800") == "pid 1?"
    with ReplyStore(path) as store:
        seen = StoredObservations(store, config, "tiny")
        assert seen.first(TURN, 0, "pid 2") == "pid 1?"
        assert seen.first(TURN, 1, "pid 3") == "pid 3"
        assert seen.first(replace(TURN, seed=5), 0, "pid 4") == "pid 4"
        assert StoredObservations(store, config, "big").first(TURN, 0, "pid 5") == "pid 5"


def test_facts_are_kept_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "replies.db"
    with ReplyStore(path) as store:
        assert store.fact("x") is None
        store.note("x", "1")
        store.note("x", "2")
    with ReplyStore(path) as store:
        assert store.fact("x") == "2"


def test_a_store_of_the_first_version_is_taken_over(tmp_path: Path, config: Endpoint) -> None:
    path = tmp_path / "replies.db"
    with closing(sqlite3.connect(path)) as old:
        old.executescript(
            """
            CREATE TABLE replies (key TEXT PRIMARY KEY, role TEXT NOT NULL, label TEXT NOT NULL,
                model TEXT NOT NULL, reply TEXT NOT NULL, usage TEXT NOT NULL) WITHOUT ROWID;
            CREATE TABLE rounds (digest TEXT PRIMARY KEY, started INTEGER NOT NULL) WITHOUT ROWID;
            INSERT INTO replies VALUES ('k', 'merge', 'l', 'tiny', '{"n":1}', '{"calls":1}');
            INSERT INTO rounds VALUES ('sha256:a', 100);
            PRAGMA user_version = 1;
            """
        )

    with ReplyStore(path) as store:
        assert store.get("k") == Reply({"n": 1}, Usage(calls=1))
        assert store.remember_round("sha256:a", 200) == 100
        assert StoredObservations(store, config, "tiny").first(TURN, 0, "a") == "a"
    with closing(sqlite3.connect(path)) as after:
        assert after.execute("PRAGMA user_version").fetchone() == (2,)
