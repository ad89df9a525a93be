"""Pictures on the wire: the exact JSON, what is counted for them, and servers that take none."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from drawing import jpeg, page, png
from hypothesis import given
from hypothesis import strategies as st
from scripted import Answer, ScriptedEndpoint, refusing, replying
from scripted import page as document

from skillgit.config import Endpoint
from skillgit.endpoint.allowance import Allowance
from skillgit.endpoint.ask import StoredAsk, StoredObservations
from skillgit.endpoint.caps import Caps
from skillgit.endpoint.chat import Chat, letter_to
from skillgit.endpoint.completions import request_body, turn_body
from skillgit.endpoint.pictures import tokens_of
from skillgit.endpoint.store import ReplyStore
from skillgit.errors import SurroundingsError
from skillgit.images import Image, image_of
from skillgit.ports import Call, Failure, Message, NoReply, Spoken, Turn

PAGE = page(["TOTAL 12.50"])


def image(data: bytes = PAGE, name: str = "page.png") -> Image:
    found = image_of(data, name)
    assert isinstance(found, Image)
    return found


SEES = Message("user", "What is the total?", images=(image(), image(jpeg(9, 9), "back.jpeg")))
TURN = Turn("agent", "task 7", (Message("system", "You work."), SEES))
PARTS = [
    {
        "type": "image_url",
        "image_url": {"url": f"data:image/png;base64,{base64.b64encode(PAGE).decode()}"},
    },
    {
        "type": "image_url",
        "image_url": {"url": f"data:image/jpeg;base64,{base64.b64encode(jpeg(9, 9)).decode()}"},
    },
    {"type": "text", "text": "What is the total?"},
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReplyStore]:
    with ReplyStore(tmp_path / "replies.db") as opened:
        yield opened


def say(store: ReplyStore, config: Endpoint, turn: Turn, caps: Caps | None = None) -> object:
    async def run() -> object:
        async with Chat(config, allowance=Allowance(caps or Caps())) as chat:
            return await StoredAsk(chat, store, config).converse(turn)

    return asyncio.run(run())


def test_the_request_is_what_vllm_s_chat_api_takes(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore
) -> None:
    endpoint.queue(Answer("12.50"))

    said = say(store, config, TURN)

    assert isinstance(said, Spoken)
    assert said.content == "12.50"
    (request,) = endpoint.requests
    assert request["messages"] == [
        {"role": "system", "content": "You work."},
        {"role": "user", "content": PARTS},
    ]
    plain = replace(TURN, messages=(TURN.messages[0], Message("user", "What is the total?")))
    rest = turn_body(plain, config, "tiny")
    assert {**request, "messages": []} == {**json.loads(json.dumps(rest)), "messages": []}


def test_a_call_under_a_schema_may_show_pictures_too(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call
) -> None:
    body = request_body(replace(call, messages=(*call.messages, SEES)), config, "tiny")

    assert body["messages"][-1] == {"role": "user", "content": PARTS}
    assert body["response_format"]["type"] == "json_schema"


def test_without_pictures_every_byte_is_as_it_was(call: Call) -> None:
    turn = Turn("agent", "x", (Message("system", "S"), Message("user", 'ü "q"\n', images=())))
    body = turn_body(turn, Endpoint(), "m")

    text = letter_to(turn, Endpoint(), "m").text
    assert text == json.dumps(body, separators=(",", ":")).encode()
    assert text.startswith(
        b'{"model":"m","messages":[{"role":"system","content":"S"},'
        b'{"role":"user","content":"\\u00fc \\"q\\"\\n"}],"max_tokens":'
    )
    assert letter_to(turn, Endpoint(), "m").size == len(text)
    assert letter_to(call, Endpoint(), "m").size == len(letter_to(call, Endpoint(), "m").text)


def test_what_was_answered_about_a_picture_is_remembered_for_it_alone(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore, tmp_path: Path
) -> None:
    endpoint.queue(Answer("12.50"), Answer("8.00"))
    other = replace(TURN, messages=(Message("user", "What is the total?", images=(image(),)),))
    changed = Message("user", "What is the total?", images=(image(page(["TOTAL 8.00"])),))

    said = [say(store, config, each) for each in (other, other, replace(TURN, messages=(changed,)))]

    assert [one.content for one in said if isinstance(one, Spoken)] == ["12.50", "12.50", "8.00"]
    assert len(endpoint.requests) == 2
    assert store.export(tmp_path / "replies.jsonl") == 2
    assert b"base64" not in (tmp_path / "replies.jsonl").read_bytes()


def test_the_name_of_a_picture_is_nobody_s_business(config: Endpoint) -> None:
    renamed = Message("user", "Q", images=(image(name="other.png"),))
    named = Message("user", "Q", images=(image(),))

    one, other = (letter_to(Turn("agent", "x", (each,)), config, "m") for each in (named, renamed))

    assert one.key == other.key


def test_only_a_user_shows_pictures() -> None:
    for role in ("system", "assistant", "tool"):
        with pytest.raises(ValueError, match=f"not the {role}"):
            Message(role, "x", images=(image(),))


def test_observations_beside_pictures_are_remembered(store: ReplyStore, config: Endpoint) -> None:
    seen = StoredObservations(store, config, "tiny")

    assert seen.first(TURN, 0, "first") == "first"
    assert seen.first(TURN, 0, "second") == "first"


# --------------------------------------------------------------------------- what they cost


@pytest.mark.parametrize(
    ("width", "height", "tokens"),
    [(10, 10, 256), (1700, 2200, 61 * 79), (8000, 8000, 16_384), (448, 449, 16 * 17)],
)
def test_tokens_of_a_picture_are_estimated(width: int, height: int, tokens: int) -> None:
    assert tokens_of(Image("png", width, height, b"")) == tokens


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_a_larger_picture_never_counts_for_less(width: int, height: int) -> None:
    tokens = tokens_of(Image("png", width, height, b""))

    assert 256 <= tokens <= tokens_of(Image("png", width + 30, height, b"")) <= 16_384


def test_a_picture_weighs_its_tokens_and_not_its_bytes(config: Endpoint) -> None:
    heavy = png(300, 300) + b"\0" * 400_000  # as a photograph would be
    shown = replace(TURN, messages=(Message("user", "Q", images=(image(heavy),)),))
    plain = replace(TURN, messages=(Message("user", "Q"),))

    letter, bare = letter_to(shown, config, "m"), letter_to(plain, config, "m")

    parts = '[{"type":"image_url","image_url":{"url":""}},{"type":"text","text":"Q"}]'
    assert len(letter.text) > 500_000
    assert letter.size == bare.size - len('"Q"') + len(parts) + 256
    assert letter.but(seed=42).size == letter.size


def test_a_cap_on_tokens_leaves_room_for_pictures(
    endpoint: ScriptedEndpoint, store: ReplyStore, config: Endpoint
) -> None:
    endpoint.queue(Answer("12.50"))
    heavy = png(300, 300) + b"\0" * 4_000_000
    shown = replace(TURN, messages=(Message("user", "Q", images=(image(heavy),)),))

    said = say(store, config, shown, Caps(tokens=config.agent.max_tokens + 10_000))

    assert isinstance(said, Spoken), said
    (headers,) = endpoint.headers
    assert int(headers["content-length"]) > 5_000_000, "sent in pieces, but as one body"
    assert "transfer-encoding" not in headers
    assert endpoint.requests[0]["messages"][0]["content"][0]["image_url"]["url"] == image(heavy).uri


@pytest.mark.parametrize("counted", [20_000, 0])
def test_what_fits_is_counted_by_its_words_and_its_pictures(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore, call: Call, counted: int
) -> None:
    # The scripted context is 32,768 tokens, a merge's output 4,096; a page is up to 16,384.
    if counted:
        endpoint.pages["/tokenize"] = document({"count": counted})
    large = image(png(5000, 5000, b""))
    words = Message("user", "x" * 60_000)

    def fits(*images: Image) -> bool:
        asked = replace(call, messages=(words, Message("user", "Q", images=images)))

        async def run() -> bool:
            async with Chat(config) as chat:
                return await StoredAsk(chat, store, config).fits(asked)

        return asyncio.run(run())

    assert fits()
    assert fits(image())
    assert not fits(large)
    sent = [each for each in endpoint.posted if each[0] == "/tokenize"]
    assert sent
    assert not any("base64" in json.dumps(body) for _, body in sent), "words alone are counted"


# --------------------------------------------------------------------------- servers that are blind

BLIND = [
    (400, "tiny is not a multimodal model"),
    (400, "At most 0 image(s) may be provided in one prompt."),
    (500, "image input is not supported - hint: if this is unexpected, provide the mmproj"),
]


@pytest.mark.parametrize(("status", "message"), BLIND)
def test_a_model_that_takes_no_pictures_ends_the_work_at_once(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore, status: int, message: str
) -> None:
    endpoint.queue(refusing(status, message))

    with pytest.raises(SurroundingsError) as caught:
        say(store, config, TURN)

    assert f"showing a picture to 'tiny' at {endpoint.url}: {message}" in caught.value.message
    assert "a model that takes pictures" in str(caught.value.hint)
    assert len(endpoint.requests) == 1


def test_another_refusal_is_of_this_call_alone(
    endpoint: ScriptedEndpoint, config: Endpoint, store: ReplyStore
) -> None:
    message = "At most 1 image(s) may be provided in one prompt."
    endpoint.queue(refusing(400, message), replying({"n": 1}))

    said = say(store, config, TURN)

    assert isinstance(said, NoReply)
    assert (said.failure, said.reason) == (
        Failure.REFUSED,
        f"the endpoint answered 400: {message}",
    )
    words = replace(TURN, messages=TURN.messages[:1])
    assert isinstance(say(store, config, words), Spoken)
