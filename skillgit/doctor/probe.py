"""What an endpoint can do, found out by asking it: every line of a check says what to do next."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from skillgit.config import Endpoint
from skillgit.doctor.abilities import (
    QUICK_SECONDS,
    as_object,
    probe_prefix,
    probe_schema,
    probe_thinking,
    probe_tools,
)
from skillgit.doctor.diagnosis import Check, Level
from skillgit.endpoint.address import addresses
from skillgit.endpoint.completions import Served, read_models
from skillgit.endpoint.wire import Refused, Unreached, Wire
from skillgit.errors import SkillgitError

_SECONDS = 180.0
"""For one question; a small model without an accelerator may need a minute."""
_SMALL_CONTEXT = 8192


async def probe_endpoint(endpoint: Endpoint, api_key: str = "") -> AsyncIterator[Check]:
    """Check one thing after the other; stop at the first that all further ones need."""
    try:
        urls = addresses(endpoint.base_url)
    except SkillgitError as error:
        yield Check("endpoint", Level.FAIL, error.message, error.hint)
        return
    models = []
    for number, url in enumerate(urls, start=1):
        async for check in _probe_one(replace(endpoint, base_url=url), api_key):
            models += [check.found] if check.name == "model" else []
            yield check if len(urls) == 1 else replace(check, name=f"{check.name} {number}")
    if len(set(models)) > 1:
        yield Check(
            "one model",
            Level.FAIL,
            f"the addresses serve different models: {', '.join(models)}",
            "take out the addresses that serve another model",
        )


async def _probe_one(endpoint: Endpoint, api_key: str) -> AsyncIterator[Check]:
    try:
        wire = Wire(endpoint.base_url, api_key, timeout=min(endpoint.timeout, _SECONDS))
    except SkillgitError as error:
        yield Check("endpoint", Level.FAIL, error.message, error.hint)
        return
    try:
        listing = await wire.get("/models", patience=QUICK_SECONDS)
        yield await _reached(wire, listing, endpoint)
        models = read_models(listing) if isinstance(listing, str) else ()
        check = _chosen(models, endpoint)
        if not isinstance(listing, Unreached) and not _key_refused(listing):
            yield check
            if check.level is not Level.FAIL:
                async for further in _probe_model(wire, models, check.found):
                    yield further
    finally:
        await wire.close()


async def _probe_model(wire: Wire, models: tuple[Served, ...], model: str) -> AsyncIterator[Check]:
    context = next((each.context for each in models if each.name == model), 0)
    yield _context(context or await _llama_context(wire))
    schema = await probe_schema(wire, model)
    yield schema
    if schema.level is not Level.FAIL:
        yield await probe_thinking(wire, model)
        yield await probe_tools(wire, model)
        yield await probe_prefix(wire, model)


async def _reached(wire: Wire, listing: str | Refused | Unreached, endpoint: Endpoint) -> Check:
    name = "endpoint"
    match listing:
        case str():
            return Check(name, Level.OK, f"{wire.shown} ({await _server(wire)})")
        case Unreached(reason):
            return Check(
                name,
                Level.FAIL,
                f"{wire.shown} cannot be reached: {reason}",
                "start a model with 'skillgit serve', or give an address with --base-url",
            )
        case Refused(status, message) if _key_refused(listing):
            return Check(
                name,
                Level.FAIL,
                f"{wire.shown} refuses the key ({status}: {message})",
                f"put the endpoint's key into the variable {endpoint.api_key_env}",
            )
        case Refused(status, message):
            return Check(
                name,
                Level.WARN,
                f"{wire.shown} does not list its models ({status}: {message})",
                "check that the address ends in /v1",
            )


def _key_refused(listing: str | Refused | Unreached) -> bool:
    return isinstance(listing, Refused) and listing.status in {401, 403}


async def _server(wire: Wire) -> str:
    """Only vLLM tells its version, only llama.cpp has properties."""
    version = as_object(await wire.get(f"{wire.root}/version", patience=QUICK_SECONDS))
    if "version" in version:
        return f"vLLM {version['version']}"
    props = as_object(await wire.get(f"{wire.root}/props", patience=QUICK_SECONDS))
    return "llama.cpp" if "default_generation_settings" in props else "an unknown server"


async def _llama_context(wire: Wire) -> int:
    props = as_object(await wire.get(f"{wire.root}/props", patience=QUICK_SECONDS))
    settings = props.get("default_generation_settings")
    context = settings.get("n_ctx") if isinstance(settings, dict) else 0
    return context if isinstance(context, int) else 0


def _chosen(models: tuple[Served, ...], endpoint: Endpoint) -> Check:
    names = [served.name for served in models]
    if endpoint.model:
        if not names or endpoint.model in names:
            return Check("model", Level.OK, endpoint.model)
        return Check(
            "model",
            Level.FAIL,
            f"{endpoint.model} is not served; there is {', '.join(names)}",
            "name one that is, with --model or as endpoint.model",
        )
    if len(names) == 1:
        return Check("model", Level.OK, names[0])
    found = f"several are served: {', '.join(names)}" if names else "none is listed"
    return Check("model", Level.FAIL, found, "name one with --model or as endpoint.model")


def _context(tokens: int) -> Check:
    name = "context"
    if not tokens:
        return Check(
            name,
            Level.WARN,
            "the endpoint does not say how many tokens fit",
            f"make sure that it is at least {_SMALL_CONTEXT}",
        )
    if tokens < _SMALL_CONTEXT:
        return Check(
            name,
            Level.WARN,
            f"{tokens} tokens: a skill and a trajectory may not fit together",
            "start the server with a longer context, or lower analyze.trajectory_chars",
        )
    return Check(name, Level.OK, f"{tokens} tokens")
