from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from scripted import Answer, ScriptedEndpoint, replying

from skillgit.config import Endpoint, Sampling
from skillgit.endpoint.ask import StoredAsk
from skillgit.endpoint.chat import Chat
from skillgit.endpoint.completions import request_body, request_key
from skillgit.endpoint.store import Asked, ReplyStore
from skillgit.errors import PartialError, UsageError
from skillgit.ports import Call, Message, NoReply, Reply
from skillgit.types import Usage


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReplyStore]:
    with ReplyStore(tmp_path / "replies.db") as opened:
        yield opened


def ask(
    store: ReplyStore, config: Endpoint, *calls: Call, replay: bool = False
) -> tuple[list[Reply | NoReply], Usage]:
    async def run() -> tuple[list[Reply | NoReply], Usage]:
        async with Chat(config) as chat:
            asking = StoredAsk(None if replay else chat, store, config)
            replies = await asyncio.gather(*map(asking, calls))
            return replies, asking.usage

    return asyncio.run(run())


def test_what_was_answered_is_not_asked_again(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore, call: Call
) -> None:
    endpoint.queue(replying({"n": 3}))

    first, paid = ask(store, config, call)
    second, free = ask(store, config, replace(call, label="another name"))

    assert first == [Reply({"n": 3}, Usage(1, 0, 0, 10, 0, 5))]
    assert second == [Reply({"n": 3}, Usage(cached_calls=1), cached=True)]
    assert (paid, free) == (Usage(1, 0, 0, 10, 0, 5), Usage(cached_calls=1))


def test_a_stored_reply_needs_no_endpoint_when_the_model_is_named(
    store: ReplyStore, call: Call
) -> None:
    with ScriptedEndpoint() as endpoint:
        endpoint.queue(replying({"n": 3}))
        config = Endpoint(base_url=endpoint.url, model="tiny")
        ask(store, config, call)

    elsewhere = replace(config, base_url="http://127.0.0.1:9/v1", api_key_env="OTHER", workers=1)
    (reply,), _ = ask(store, elsewhere, call)

    assert isinstance(reply, Reply)
    assert reply.cached


def test_the_same_request_at_the_same_time_is_sent_once(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore, call: Call
) -> None:
    endpoint.queue(replying({"n": 3}, delay=0.1))

    replies, usage = ask(store, config, *[call] * 4)

    assert [reply == Reply({"n": 3}, reply.usage, cached=i > 0) for i, reply in enumerate(replies)]
    assert usage == Usage(1, 3, 0, 10, 0, 5)


def test_what_gave_nothing_is_not_kept_and_counted(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore, call: Call
) -> None:
    endpoint.queue(*[Answer("no")] * 3)
    (nothing,), usage = ask(store, config, call)

    endpoint.queue(Answer("no"), replying({"n": 4}))
    (something,), _ = ask(store, config, call)
    (again,), _ = ask(store, config, call)

    assert isinstance(nothing, NoReply)
    assert usage == nothing.usage == Usage(3, 0, 3, 30, 0, 15)
    assert isinstance(something, Reply)
    assert again == Reply({"n": 4}, Usage(cached_calls=1), cached=True)


def test_a_killed_wait_leaves_the_others_and_nothing_half_done(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore, call: Call
) -> None:
    endpoint.queue(replying({"n": 1}, delay=60.0), replying({"n": 2}))

    async def run() -> Reply | NoReply:
        async with Chat(config) as chat:
            asking = StoredAsk(chat, store, config)
            leader = asyncio.create_task(asking(call))
            while not endpoint.requests:  # noqa: ASYNC110 - it lives in another thread
                await asyncio.sleep(0.01)
            follower = asyncio.create_task(asking(call))
            await asyncio.sleep(0)
            leader.cancel()
            with suppress(asyncio.CancelledError):
                await leader
            return await follower

    reply = asyncio.run(run())

    assert isinstance(reply, Reply)
    assert reply.value == {"n": 2}


# ------------------------------------------------------------------ the key

CHANGES: dict[str, Callable[[Call, Endpoint], tuple[Call, Endpoint, str]]] = {
    "model": lambda call, config: (call, config, "other"),
    "role": lambda call, config: (replace(call, role="error"), config, "tiny"),
    "text": lambda call, config: (
        replace(call, messages=(call.messages[0], Message("user", "Count"))),
        config,
        "tiny",
    ),
    "speaker": lambda call, config: (
        replace(call, messages=(Message("user", "You count."), call.messages[1])),
        config,
        "tiny",
    ),
    "order": lambda call, config: (replace(call, messages=call.messages[::-1]), config, "tiny"),
    "fewer": lambda call, config: (replace(call, messages=call.messages[:1]), config, "tiny"),
    "schema": lambda call, config: (replace(call, schema={"type": "object"}), config, "tiny"),
    "schema order": lambda call, config: (
        replace(call, schema=dict(reversed(call.schema.items()))),
        config,
        "tiny",
    ),
    "seed": lambda call, config: (call, replace(config, seed=42), "tiny"),
} | {
    field: lambda call, config, field=field, value=value: (
        call,
        replace(config, merge=replace(config.merge, **{field: value})),
        "tiny",
    )
    for field, value in {
        "temperature": 0.1,
        "top_p": 0.1,
        "top_k": 1,
        "min_p": 0.1,
        "presence_penalty": 0.1,
        "repetition_penalty": 1.1,
        "max_tokens": 1,
        "thinking": True,
    }.items()
}


@pytest.mark.parametrize("change", CHANGES)
def test_everything_that_could_change_the_reply_changes_the_key(call: Call, change: str) -> None:
    config = Endpoint()
    other_call, other_config, model = CHANGES[change](call, config)

    assert request_key(request_body(other_call, other_config, model)) != request_key(
        request_body(call, config, "tiny")
    )


def test_nothing_else_changes_the_key(call: Call) -> None:
    elsewhere = Endpoint(
        base_url="http://elsewhere/v1",
        api_key_env="KEY",
        workers=1,
        timeout=1.0,
        retries=0,
        error=Sampling(top_k=99),
    )

    assert request_key(
        request_body(replace(call, label="other"), elsewhere, "tiny")
    ) == request_key(request_body(call, Endpoint(), "tiny"))


# ------------------------------------------------------------------ replay


def test_a_replay_asks_nobody(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore, tmp_path: Path, call: Call
) -> None:
    endpoint.queue(replying({"n": 3}))
    ask(store, config, call)
    store.export(tmp_path / "recorded.jsonl")
    offline = replace(config, base_url="http://127.0.0.1:9/v1", model="")

    with ReplyStore(tmp_path / "fresh.db") as fresh:
        fresh.load(tmp_path / "recorded.jsonl")
        (reply,), usage = ask(fresh, offline, call, replay=True)

    assert reply == Reply({"n": 3}, Usage(cached_calls=1), cached=True)
    assert usage == Usage(cached_calls=1)


def test_a_missing_reply_is_named_and_its_reason_guessed(
    config: Endpoint, store: ReplyStore, call: Call
) -> None:
    with pytest.raises(PartialError, match=r"merge call 'level 1, node 2'.*never recorded") as one:
        ask(store, config, call, replay=True)
    store.put(f"{1:064x}", Asked("merge", "level 1, node 2", "tiny"), Reply({"n": 1}))
    with pytest.raises(PartialError, match="recorded for another request"):
        ask(store, config, call, replay=True)

    assert "without --replay" in one.value.hint


def test_a_recorded_reply_that_does_not_fit_is_none(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore, call: Call
) -> None:
    key = request_key(request_body(call, config, "tiny"))
    store.put(key, Asked("merge", "level 1, node 2", "tiny"), Reply({"n": "forged"}))

    with pytest.raises(PartialError, match="level 1, node 2"):
        ask(store, config, call, replay=True)

    endpoint.queue(replying({"n": 5}))
    (reply,), _ = ask(store, config, call)
    assert isinstance(reply, Reply)
    assert reply.value == {"n": 5}
    (reply,), _ = ask(store, config, call, replay=True)
    assert reply == Reply({"n": 5}, Usage(cached_calls=1), cached=True)


def test_a_replay_finds_the_model_or_asks_which(
    config: Endpoint, store: ReplyStore, call: Call
) -> None:
    nameless = replace(config, model="")
    with pytest.raises(PartialError, match="no reply was ever recorded"):
        ask(store, nameless, call, replay=True)

    for number, model in enumerate(("big", "tiny")):
        store.put(f"{number:064x}", Asked("merge", "x", model), Reply({"n": 1}))
    with pytest.raises(UsageError, match="big, tiny"):
        ask(store, nameless, call, replay=True)


def test_what_is_remembered_is_known_without_asking(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore, call: Call
) -> None:
    asking = StoredAsk(None, store, config)
    assert not asking.remembers(call, "tiny")
    endpoint.queue(replying({"n": 3}))
    ask(store, config, call)
    assert asking.remembers(replace(call, label="another name"), "tiny")
    assert not asking.remembers(replace(call, seed=42), "tiny")
    assert not asking.remembers(call, "other")
