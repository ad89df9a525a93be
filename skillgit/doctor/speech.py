"""How an agent is to call its tools: asked of the model once, and then remembered."""

from __future__ import annotations

from skillgit.config import Config, Speech
from skillgit.doctor.abilities import speaks_tools
from skillgit.endpoint.address import without_password
from skillgit.endpoint.chat import Wire
from skillgit.endpoint.store import ReplyStore
from skillgit.errors import PartialError

_SECONDS = 180.0
"""For the one question; a small model without an accelerator may need a minute."""


async def choose_speech(
    config: Config, model: str, store: ReplyStore, api_key: str = "", *, replay: bool = False
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
    wire = Wire(
        endpoint.base_url,
        api_key,
        timeout=min(endpoint.timeout, _SECONDS),
        retries=endpoint.retries,
    )
    try:
        speech = Speech.TOOLS if await speaks_tools(wire, model) else Speech.TEXT
    finally:
        await wire.close()
    store.note(name, speech)
    return speech
