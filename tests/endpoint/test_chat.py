from __future__ import annotations

import asyncio
import base64
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from scripted import Answer, ScriptedEndpoint, page, refusing, replying

from skillgit.config import Endpoint, Sampling
from skillgit.endpoint.chat import Chat, Completion
from skillgit.endpoint.schemas import mismatch
from skillgit.errors import SurroundingsError, UsageError
from skillgit.ports import Call, Failure, Message, NoReply
from skillgit.types import Usage

RETRY_NOW = ("Retry-After: 0.01",)


def complete(config: Endpoint, *calls: Call, api_key: str = "") -> list[Completion | NoReply]:
    async def run() -> list[Completion | NoReply]:
        async with Chat(config, api_key) as chat:
            return await asyncio.gather(*map(chat.complete, calls))

    return asyncio.run(run())


def completed(config: Endpoint, call: Call, api_key: str = "") -> Completion:
    (done,) = complete(config, call, api_key=api_key)
    assert isinstance(done, Completion), done
    return done


def failed(config: Endpoint, call: Call) -> NoReply:
    (done,) = complete(config, call)
    assert isinstance(done, NoReply), done
    return done


# ------------------------------------------------------------------ what is sent


def test_the_request_says_everything(endpoint: ScriptedEndpoint, call: Call) -> None:
    sampling = Sampling(0.6, 0.95, 21, 0.01, 1.5, 1.05, 77, thinking=True)
    endpoint.queue(replying({"n": 3}))

    completed(Endpoint(base_url=endpoint.url, model="tiny", seed=42, merge=sampling), call)

    assert endpoint.requests == [
        {
            "model": "tiny",
            "messages": [
                {"role": "system", "content": "You count."},
                {"role": "user", "content": "Count: ä€😀"},
            ],
            "max_tokens": 77,
            "temperature": 0.6,
            "top_p": 0.95,
            "top_k": 21,
            "min_p": 0.01,
            "presence_penalty": 1.5,
            "repetition_penalty": 1.05,
            "seed": 42,
            "chat_template_kwargs": {"enable_thinking": True},
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "merge", "schema": call.schema, "strict": True},
            },
        }
    ]


@pytest.mark.parametrize("role", ["success", "error", "merge", "reconcile"])
def test_each_role_has_its_own_sampling(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call, role: str
) -> None:
    endpoint.queue(replying({"n": 3}))
    own = {"success": 101, "error": 102, "merge": 103, "reconcile": 104}
    several = replace(
        config,
        success=Sampling(max_tokens=101),
        error=Sampling(max_tokens=102),
        merge=Sampling(max_tokens=103),
        reconcile=Sampling(max_tokens=104),
    )

    completed(several, replace(call, role=role))

    (request,) = endpoint.requests
    assert request["max_tokens"] == own[role]
    assert request["chat_template_kwargs"] == {"enable_thinking": False}


def test_the_only_served_model_is_taken(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call
) -> None:
    endpoint.queue(replying({"n": 1}), replying({"n": 2}))

    complete(replace(config, model=""), call, call)

    assert [request["model"] for request in endpoint.requests] == ["tiny", "tiny"]
    assert endpoint.paths.count("/v1/models") == 1


def test_several_models_are_listed(call: Call) -> None:
    with (
        ScriptedEndpoint(models=("big", "tiny")) as endpoint,
        pytest.raises(UsageError, match="big, tiny") as caught,
    ):
        complete(Endpoint(base_url=endpoint.url), call)

    assert "--model" in caught.value.hint


@pytest.mark.parametrize("answer", [refusing(404), page([]), Answer(body=b"<html>")])
def test_an_endpoint_that_lists_no_models_needs_a_name(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call, answer: Answer
) -> None:
    endpoint.pages["/v1/models"] = answer

    with pytest.raises(UsageError, match="does not say which"):
        complete(replace(config, model=""), call)


def test_key_and_nothing_else_of_the_environment_is_sent(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "other")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-secret")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with ScriptedEndpoint(api_key="sesame") as endpoint:
        endpoint.queue(replying({"n": 1}))
        completed(Endpoint(base_url=endpoint.url, model="tiny"), call, api_key=" sesame\n")

    assert endpoint.headers[0]["authorization"] == "Bearer sesame"
    assert "secret" not in str(endpoint.headers)


def test_a_proxy_of_the_environment_leads_to_other_machines(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", endpoint.root)
    far = replace(config, base_url="http://models.example.invalid/v1", retries=0)

    with pytest.raises(SurroundingsError, match="Not Found"):
        complete(far, call)

    assert endpoint.paths[0] == "http://models.example.invalid/v1/chat/completions"


def test_broken_text_of_a_trajectory_is_sent_as_text(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call
) -> None:
    endpoint.queue(replying({"n": 1}))

    completed(config, replace(call, messages=(Message("user", "half \ud83d and \x1b[31m\0"),)))

    assert endpoint.requests[0]["messages"][0]["content"] == "half ? and \x1b[31m\0"


def test_no_more_calls_run_at_once_than_there_are_workers(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call
) -> None:
    endpoint.reply = lambda _: replying({"n": 1}, delay=0.02)

    assert len(complete(replace(config, workers=3), *[call] * 12)) == 12
    assert endpoint.peak == 3


# ------------------------------------------------------------------ what comes back


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_value_thoughts_and_counts_come_back(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call, name: str
) -> None:
    endpoint.queue(
        replying({"n": 3}, reasoning="one, two", reasoning_field=name, cached_tokens=8),
    )

    assert completed(config, call) == Completion({"n": 3}, "one, two", Usage(1, 0, 0, 10, 8, 5))


def test_missing_counts_are_zero(endpoint: ScriptedEndpoint, config: Endpoint, call: Call) -> None:
    choice = {"message": {"content": '{"n": 3.0}'}, "finish_reason": "stop"}
    endpoint.queue(page({"choices": [choice]}))

    done = completed(config, call)

    assert done == Completion({"n": 3}, "", Usage(calls=1))
    assert isinstance(done.value["n"], int)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "the reply is empty"),
        ("Sure! Here you are", "not JSON: Expecting value at line 1, column 1"),
        ('```json\n{"n": 1}\n```', "not JSON"),
        ('{"n": 1} and more', "Extra data"),
        ('{"n": 1', "not JSON"),
        ('{"n": 1, "n": 2}', "appears twice"),
        ('{"n": NaN}', "NaN is not JSON"),
        ('{"n": 1e999}', "out of range"),
        ('{"n": ' + "9" * 5000 + "}", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"n": "\\ud83d"}', "half a character"),
        ("[1]", "not a JSON object"),
        ("{}", r"schema: at \$: 'n' is a required property"),
        ('{"n": -1}', r"schema: at \$\.n: -1 is less than the minimum of 0"),
        ('{"n": "' + "x" * 9999 + '"}', r"schema: at \$\.n: 'xxx"),
        ('{"n": 1, "rm -rf": 1}', "Additional properties"),
    ],
)
def test_an_unusable_reply_is_asked_again_with_other_seeds_then_given_up(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call, content: str, reason: str
) -> None:
    endpoint.queue(Answer(content), Answer("other nonsense"), Answer("{"))

    given_up = failed(config, call)

    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(given_up.reason)
    assert len(given_up.reason) < 400
    assert "asked 3 times" in given_up.reason
    assert given_up.usage == Usage(3, 0, 3, 30, 0, 15)
    assert [request.pop("seed") for request in endpoint.requests] == [41, 42, 43]
    assert endpoint.requests[0] == endpoint.requests[1] == endpoint.requests[2]


def test_a_usable_reply_after_others_counts_them_all(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call
) -> None:
    endpoint.queue(Answer("no"), replying({"n": 1}))

    assert completed(config, call).usage == Usage(2, 0, 1, 20, 0, 10)


def test_a_model_that_only_thought_is_told_apart(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call
) -> None:
    endpoint.queue(*[Answer(None, reasoning="hm")] * 3)

    assert "only thought" in failed(config, call).reason


# ------------------------------------------------------------------ cut off


def test_a_cut_reply_gets_twice_the_room_once(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call
) -> None:
    endpoint.queue(Answer('{"n"', finish_reason="length"), replying({"n": 1}))

    assert completed(config, call).usage == Usage(2, 0, 1, 20, 0, 10)
    assert [request["max_tokens"] for request in endpoint.requests] == [4096, 8192]
    assert [request["seed"] for request in endpoint.requests] == [41, 41]


def test_twice_cut_is_a_reason_of_its_own(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call
) -> None:
    endpoint.queue(*[Answer('{"n"', finish_reason="length")] * 2)

    given_up = failed(config, call)

    assert given_up.reason.startswith("the reply was cut off after 8192 tokens; raise max_tokens")
    assert given_up.usage == Usage(2, 0, 2, 20, 0, 10)


@pytest.mark.parametrize(("used", "asked"), [(27000, [4096, 5768]), (28672, [4096])])
def test_the_room_ends_with_the_context(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call, used: int, asked: list[int]
) -> None:
    cut = Answer("", finish_reason="length", prompt_tokens=used)
    endpoint.queue(*[cut] * len(asked))

    assert f"cut off after {asked[-1]} tokens" in failed(config, call).reason
    assert [request["max_tokens"] for request in endpoint.requests] == asked


# ------------------------------------------------------------------ the endpoint misbehaves


@pytest.mark.parametrize("status", [429, 500, 503])
def test_passing_trouble_is_waited_out(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call, status: int
) -> None:
    endpoint.queue(refusing(status, headers=RETRY_NOW), replying({"n": 1}))

    assert completed(config, call).value == {"n": 1}


@pytest.mark.parametrize("fault", [Answer("{}", reset=True), Answer("{}", cut=True)])
def test_a_broken_connection_is_tried_again(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call, fault: Answer
) -> None:
    endpoint.queue(fault, replying({"n": 1}))

    assert completed(config, call).value == {"n": 1}


def test_lasting_trouble_with_one_call_is_its_reason(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call
) -> None:
    endpoint.queue(*[refusing(503, "overloaded", headers=RETRY_NOW)] * 2)
    given_up = failed(config, call)
    assert given_up == NoReply(
        "the endpoint answered 503: overloaded",
        Usage(2, 0, 2, retried_calls=1),
        Failure.SERVER_ERROR,
    )

    endpoint.queue(refusing(400, "no xgrammar for this schema\nreally"))
    assert failed(config, call).reason.endswith("400: no xgrammar for this schema really")

    endpoint.queue(*[Answer("{}", reset=True)] * 2)
    assert failed(config, call).reason.startswith("the connection failed: ")


def test_a_call_that_hangs_does_not_stall_the_others(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call
) -> None:
    slow = replace(call, messages=(Message("user", "slow"),))
    endpoint.queue(
        replying({"n": 1}, delay=60.0), when=lambda request: len(request["messages"]) == 1
    )
    endpoint.queue(replying({"n": 2}))

    # The first call of a process may load a library meanwhile.
    hung, done = complete(replace(config, timeout=3.0), slow, call)

    assert hung == NoReply(
        "the connection failed: no answer within 3 s", Usage(1, 0, 1), Failure.TIMED_OUT
    )
    assert isinstance(done, Completion)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=b"<html>Welcome</html>", headers={"Content-Type": "text/html"}),
        Answer(body=b"not json"),
        Answer(body=b"\xff\xfe"),
        page([]),
        page({"choices": []}),
        page({"choices": [{"message": None}]}),
        page({"object": "error", "message": "old vLLM"}),
    ],
)
def test_another_service_at_the_address_is_told_apart(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call, answer: Answer
) -> None:
    endpoint.queue(answer, answer)

    given_up = failed(config, call)

    assert given_up.reason.startswith("the answer is not a chat completion")
    assert given_up.failure is Failure.SERVER_ERROR


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens",
        "The decoder prompt (length 9000) is longer than the maximum model length of 8192.",
        "request (60008 tokens) exceeds the available context size (8192 tokens), try increasing",
        "the request exceeds the available context size",
    ],
)
def test_a_prompt_that_does_not_fit_is_a_reason_of_its_own(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call, message: str
) -> None:
    endpoint.queue(refusing(400, message))

    reason = failed(config, call).reason

    assert reason == f"the prompt does not fit into the model's context: {message}"


def test_an_endpoint_that_is_not_there_ends_everything(call: Call) -> None:
    with ScriptedEndpoint() as endpoint:
        gone = Endpoint(base_url=endpoint.url, retries=0)

    for config in (gone, replace(gone, model="tiny")):
        with pytest.raises(SurroundingsError, match="cannot be reached") as caught:
            complete(config, call)
        assert "skillgit doctor" in caught.value.hint
        assert "skillgit serve" in caught.value.hint


@pytest.mark.parametrize("model", ["", "tiny"])
def test_a_refused_key_ends_everything_and_is_not_shown(call: Call, model: str) -> None:
    with (
        ScriptedEndpoint(api_key="sesame") as endpoint,
        pytest.raises(SurroundingsError, match="refuses the key") as caught,
    ):
        complete(
            Endpoint(base_url=endpoint.url, model=model, api_key_env="MY_KEY"), call, api_key="sss"
        )

    assert "MY_KEY" in caught.value.hint
    assert "sss" not in caught.value.message


@pytest.mark.parametrize(
    ("listing", "hint"), [(None, "it serves tiny"), (refusing(404), "ends in /v1")]
)
def test_an_unknown_model_ends_everything(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call, listing: Answer | None, hint: str
) -> None:
    endpoint.queue(refusing(404, "The model `huge` does not exist."))
    if listing:
        endpoint.pages["/v1/models"] = listing

    with pytest.raises(SurroundingsError, match="does not exist") as caught:
        complete(replace(config, model="huge"), call)

    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8000/v1", "file:///etc/passwd", "http://", "http://[x/v1", "http://a b/"]
)
def test_what_is_no_address_is_a_usage_error(url: str) -> None:
    with pytest.raises(UsageError, match=r"endpoint\.base_url"):
        Chat(Endpoint(base_url=url))


def test_a_key_that_no_header_can_carry_is_a_usage_error_that_does_not_show_it() -> None:
    with pytest.raises(UsageError, match="cannot be sent") as caught:
        Chat(Endpoint(), "ключ")

    assert "ключ" not in caught.value.message


def test_a_password_in_the_address_is_not_shown(call: Call) -> None:
    with ScriptedEndpoint() as endpoint:
        url = endpoint.url.replace("//", "//me:hunter2@")

    with pytest.raises(SurroundingsError, match="cannot be reached") as caught:
        complete(Endpoint(base_url=url, retries=0), call)

    assert "hunter2" not in caught.value.message


def test_a_password_in_the_address_is_sent_as_such_and_nowhere_else(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call
) -> None:
    endpoint.queue(Answer("{}", reset=True), Answer("{}", reset=True), replying({"n": 1}))
    url = endpoint.url.replace("//", "//me:h%40x@")

    completed(replace(config, base_url=url, retries=2), call)

    basic = base64.b64encode(b"me:h@x").decode()
    assert {headers["authorization"] for headers in endpoint.headers} == {f"Basic {basic}"}
    assert {headers["host"] for headers in endpoint.headers} == {endpoint.root[7:]}
    assert "/health" in endpoint.paths


# ------------------------------------------------------------------ the rest


@pytest.mark.parametrize(
    ("value", "expected"),
    [({"n": 1}, ""), ([], "at $: [] is not of type 'object'"), ({"n": True}, "at $.n: True")],
)
def test_a_mismatch_is_told_in_words(call: Call, value: object, expected: str) -> None:
    assert mismatch(value, call.schema).startswith(expected)
    assert bool(mismatch(value, call.schema)) == bool(expected)


@pytest.mark.parametrize(
    "name", ["endpoint.chat", "endpoint.ask", "doctor.probe", "adapters.prompts"]
)
def test_importing_an_adapter_imports_no_heavy_library(name: str) -> None:
    code = (
        f"import sys, skillgit.{name}\n"
        "heavy = {'openai', 'aiohttp', 'jsonschema', 'jinja2'}\n"
        "print(heavy & set(sys.modules))"
    )
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert done.stdout.strip() == "set()"
