"""How an agent is to call its tools: asked of the model once, and then remembered."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

from skillgit.config import Config, Speech
from skillgit.doctor.abilities import speaks_tools
from skillgit.endpoint.address import without_password
from skillgit.endpoint.allowance import Allowance, Caps, Demand
from skillgit.endpoint.failures import pause
from skillgit.endpoint.fleet import Fleet
from skillgit.endpoint.store import ReplyStore
from skillgit.errors import PartialError, SurroundingsError
from skillgit.ports import Failure

_SECONDS = 180.0
"""For the one question; a small model without an accelerator may need a minute."""
_DEMAND = Demand.of(1024, 256)
"""What that question takes at the most."""


async def choose_speech(
    config: Config,
    model: str,
    store: ReplyStore,
    api_key: str = "",
    *,
    replay: bool = False,
    allowance: Allowance | None = None,
) -> Speech:
    """Tools or text: as configured, as found out before, else as the model shows now.

    Remembered by address and model, so that a resumed run speaks as it began, and asks nothing.
    """
    if config.agent.protocol is not Speech.AUTO:
        return config.agent.protocol
    endpoint = config.endpoint
    name = f"tool calls of {model} at {without_password(endpoint.base_url.rstrip('/'))}"
    known = store.fact(name)
    if known in {Speech.TOOLS, Speech.TEXT}:
        return Speech(known)
    if replay:
        raise PartialError(
            "replaying a conversation: it is not known whether it was held with tool calls",
            hint="set agent.protocol to tools or text",
        )
    fleet = Fleet(replace(endpoint, timeout=min(endpoint.timeout, _SECONDS)), api_key)
    try:
        speech = await _asked(fleet, model, endpoint.retries, allowance or Allowance(Caps()))
    finally:
        await fleet.close()
    store.note(name, speech)
    return speech


async def _asked(fleet: Fleet, model: str, retries: int, allowance: Allowance) -> Speech:
    """All servers of a round serve the same model: any of them speaks for it."""
    for number in range(1, retries + 1):
        with suppress(SurroundingsError):
            return await _shown(fleet, model, allowance)
        await asyncio.sleep(pause(Failure.SERVER_ERROR, number, ""))
    return await _shown(fleet, model, allowance)


async def _shown(fleet: Fleet, model: str, allowance: Allowance) -> Speech:
    server = await fleet.choose()
    with allowance.call(), await allowance.admit(_DEMAND):  # what it took is not told: the most
        return Speech.TOOLS if await speaks_tools(server.wire, model) else Speech.TEXT
