from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from scripted import Answer, Handler, Request, ScriptedEndpoint, page, refusing, replying

from skillgit.config import Endpoint
from skillgit.doctor.diagnosis import Check, Level
from skillgit.doctor.probe import probe_endpoint

TOOL = ({"name": "list_files", "arguments": '{"folder": "/tmp"}'},)


# What a scripted model does when a doctor asks: everything well.
GOOD = {
    "schema": replying({"zebra": "k7-omega"}),
    "off": Answer("42"),
    "on": Answer("42", reasoning="17 + 25"),
    "auto": Answer(None, tool_calls=TOOL),
    "required": Answer(None, tool_calls=TOOL),
    "prefix": Answer("1", prompt_tokens=700, cached_tokens=688),
    "plain": Answer("Hello!"),
}


def model(**faults: Answer) -> Handler:
    answers = GOOD | faults

    def reply(request: Request) -> Answer:
        text = request["messages"][0]["content"]
        if "response_format" in request:
            return answers["schema"]
        if "tools" in request:
            return answers[request["tool_choice"]]
        if text.startswith("What is"):
            thinks = request["chat_template_kwargs"]["enable_thinking"]
            return answers["on" if thinks else "off"]
        return answers["prefix" if text.startswith("Line 1") else "plain"]

    return reply


def examine(endpoint: ScriptedEndpoint, config: Endpoint | None = None) -> dict[str, Check]:
    async def run() -> dict[str, Check]:
        found = probe_endpoint(config or Endpoint(base_url=endpoint.url))
        return {check.name: check async for check in found}

    return asyncio.run(run())


def test_a_good_endpoint_is_fine_in_every_line(endpoint: ScriptedEndpoint) -> None:
    endpoint.reply = model()
    endpoint.pages["/version"] = page({"version": "0.32.0"})

    checks = examine(endpoint)

    assert {name: (check.level.value, check.found) for name, check in checks.items()} == {
        "endpoint": ("ok", f"{endpoint.url} (vLLM 0.32.0)"),
        "model": ("ok", "tiny"),
        "context": ("ok", "32768 tokens"),
        "JSON schema": ("ok", "honoured"),
        "thinking": ("ok", "can be switched on and off"),
        "tool calls": ("ok", "auto: yes, required: yes"),
        "prefix cache": ("ok", "688 of 700 repeated tokens were reused"),
    }
    assert not any(check.advice for check in checks.values())
    (first, second) = endpoint.requests[-2:]
    assert first["messages"] != second["messages"]


FAULTS: dict[str, tuple[str, Handler, str, str]] = {
    "the schema is ignored": (
        "JSON schema",
        model(schema=Answer("Hello! How can I help?")),
        "ignored: 'Hello! How can I help?'",
        "vLLM or llama.cpp",
    ),
    "another JSON than the schema's": (
        "JSON schema",
        model(schema=replying({"message": "hello"})),
        "ignored",
        "vLLM or llama.cpp",
    ),
    "the schema is refused": (
        "JSON schema",
        model(schema=refusing(500, "only text or json_object")),
        "refused: 500: only text or json_object",
        "vLLM or llama.cpp",
    ),
    "blanks without an end": (
        "JSON schema",
        model(schema=Answer('{"zebra":' + " " * 60, finish_reason="length")),
        "without an end",
        "disable_any_whitespace",
    ),
    "thoughts in the reply": (
        "thinking",
        model(on=Answer("<think>\n17 + 25")),
        "in the reply itself",
        "--reasoning-parser",
    ),
    "thoughts without an end": (
        "thinking",
        model(off=Answer("", reasoning="hm")),
        "cannot be switched off",
        "max_tokens",
    ),
    "the switch is refused": (
        "thinking",
        model(on=refusing(400, "unknown field")),
        "refused: 400: unknown field",
        "chat template",
    ),
    "tools as text": (
        "tool calls",
        model(auto=Answer('{"name": "list_files"}')),
        "auto: no, required: yes",
        "agents then speak in text",
    ),
    "another tool": (
        "tool calls",
        model(required=Answer(None, tool_calls=({"name": "rm", "arguments": "{}"},))),
        "auto: yes, required: no",
        "agents then speak in text",
    ),
    "tools are refused": (
        "tool calls",
        model(auto=refusing(400), required=Answer(None, tool_calls=({"arguments": "["},))),
        "auto: no, required: no",
        "agents then speak in text",
    ),
    "no hits are told": (
        "prefix cache",
        model(prefix=Answer("1", prompt_tokens=700)),
        "none of 700 repeated tokens",
        "--enable-prompt-tokens-details",
    ),
    "long prompts fail": (
        "prefix cache",
        model(prefix=refusing(400, "too long")),
        "400: too long",
        "server's own messages",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_model_cannot_do_is_a_warning_that_says_what_to_do(
    endpoint: ScriptedEndpoint, fault: str
) -> None:
    name, endpoint.reply, found, advice = FAULTS[fault]

    checks = examine(endpoint)

    assert len(checks) == 7
    assert checks[name].level is Level.WARN
    assert found in checks[name].found
    assert advice in checks[name].advice
    assert all(check.level is Level.OK for other, check in checks.items() if other != name)


def test_a_model_that_never_thinks_is_fine(endpoint: ScriptedEndpoint) -> None:
    endpoint.reply = model(on=Answer("42"))

    assert examine(endpoint)["thinking"].found == "accepted; this model does not think"


def test_hits_that_only_the_server_counts_are_found(endpoint: ScriptedEndpoint) -> None:
    hits = 'vllm:prefix_cache_hits_total{engine="0",model_name="tiny"} '

    def counting(request: Request) -> Answer | None:
        said = str(request["messages"][0]["content"])
        number = "640.0" if said.endswith("Say two.") else "1.2e+02"
        metrics = f"# HELP x\n{hits}{number}\n{hits.replace('0', '1')}7.0\n"
        endpoint.pages["/metrics"] = Answer(body=metrics.encode())
        return model(prefix=Answer("1"))(request)

    endpoint.reply = counting

    check = examine(endpoint)["prefix cache"]

    assert check.level is Level.OK
    assert "--enable-prompt-tokens-details" in check.advice


def test_a_model_that_does_not_answer_at_all_fails(endpoint: ScriptedEndpoint) -> None:
    endpoint.reply = model(schema=refusing(500, "broken"), plain=Answer(body=b"[]"))

    checks = examine(endpoint)

    assert list(checks)[-1] == "JSON schema"
    assert checks["JSON schema"].level is Level.FAIL
    assert "does not answer" in checks["JSON schema"].found


@pytest.mark.parametrize(
    ("context", "props", "level", "found"),
    [
        (4096, None, Level.WARN, "4096 tokens: a skill and a trajectory may not fit"),
        (None, {"default_generation_settings": {"n_ctx": 16384}}, Level.OK, "16384 tokens"),
        (None, {"default_generation_settings": None}, Level.WARN, "does not say"),
        (None, None, Level.WARN, "does not say"),
    ],
)
def test_the_context_is_found_or_warned_about(
    context: int | None, props: object, level: Level, found: str
) -> None:
    with ScriptedEndpoint(model(), context=context) as endpoint:
        if props is not None:
            endpoint.pages["/props"] = page(props)
        checks = examine(endpoint)

    assert checks["context"].level is level
    assert found in checks["context"].found
    assert ("llama.cpp" in checks["endpoint"].found) == (props is not None)


@pytest.mark.parametrize(
    ("models", "model", "found"),
    [
        (("a", "b"), "", "several are served: a, b"),
        (("a", "b"), "c", "c is not served; there is a, b"),
        ((), "", "none is listed"),
    ],
)
def test_a_model_must_be_chosen(models: tuple[str, ...], model: str, found: str) -> None:
    with ScriptedEndpoint(models=models) as endpoint:
        checks = examine(endpoint, Endpoint(base_url=endpoint.url, model=model))

    assert list(checks) == ["endpoint", "model"]
    assert checks["model"].level is Level.FAIL
    assert checks["model"].found == found
    assert "--model" in checks["model"].advice


def test_an_endpoint_without_a_list_works_with_a_named_model(
    endpoint: ScriptedEndpoint, config: Endpoint
) -> None:
    endpoint.pages["/v1/models"] = refusing(404)
    endpoint.reply = model()

    checks = examine(endpoint, config)

    assert checks["endpoint"].level is Level.WARN
    assert "ends in /v1" in checks["endpoint"].advice
    assert checks["model"] == Check("model", Level.OK, "tiny")
    assert len(checks) == 7


def _gone(config: Endpoint) -> Endpoint:
    with ScriptedEndpoint() as endpoint:
        return replace(config, base_url=endpoint.url)


@pytest.mark.parametrize(
    ("change", "found", "advice"),
    [
        (_gone, "cannot be reached", "skillgit serve"),
        (lambda config: replace(config, base_url="nowhere"), "not an address", "http://"),
    ],
)
def test_an_endpoint_out_of_reach_is_the_only_line(
    config: Endpoint,
    endpoint: ScriptedEndpoint,
    change: Callable[[Endpoint], Endpoint],
    found: str,
    advice: str,
) -> None:
    checks = examine(endpoint, change(config))

    assert list(checks) == ["endpoint"]
    assert checks["endpoint"].level is Level.FAIL
    assert found in checks["endpoint"].found
    assert advice in checks["endpoint"].advice


def test_a_refused_key_is_the_only_line() -> None:
    with ScriptedEndpoint(api_key="sesame") as endpoint:
        checks = examine(endpoint, Endpoint(base_url=endpoint.url, api_key_env="MY_KEY"))

    assert [check.level for check in checks.values()] == [Level.FAIL]
    assert "MY_KEY" in checks["endpoint"].advice


def test_of_several_addresses_each_is_examined(endpoint: ScriptedEndpoint) -> None:
    endpoint.reply = model()
    with ScriptedEndpoint(model()) as second:
        checks = examine(endpoint, Endpoint(base_url=f"{endpoint.url} {second.url}"))

    assert len(checks) == 14
    assert all(check.level is Level.OK for check in checks.values() if "endpoint" in check.name)
    assert checks["endpoint 2"].found.startswith(second.url)


def test_addresses_of_different_models_are_no_fleet(endpoint: ScriptedEndpoint) -> None:
    endpoint.reply = model()
    with ScriptedEndpoint(model(), models=("big",)) as second:
        checks = examine(endpoint, Endpoint(base_url=f"{endpoint.url} {second.url}"))

    assert checks["one model"].level is Level.FAIL
    assert "tiny, big" in checks["one model"].found
