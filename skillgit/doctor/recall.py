"""Who embeds texts for memory banks, asked once: three sentences, of which two say the same."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

from skillgit.config import Endpoint
from skillgit.doctor.abilities import QUICK_SECONDS
from skillgit.doctor.diagnosis import Check, Level
from skillgit.endpoint.address import addresses
from skillgit.endpoint.completions import read_models, shortened
from skillgit.endpoint.embeddings import PATH, SERVE_HINT, read_vectors
from skillgit.endpoint.wire import Refused, Unreached, Wire
from skillgit.errors import SkillgitError
from skillgit.provenance.bank import nearest

_SECONDS = 60.0
_NAME = "recall"
_TEXTS = (
    "Add up the numbers in a column of a spreadsheet.",
    "Compute the sum of a spreadsheet column.",
    "The ferry to the island leaves at noon.",
)


async def probe_recall(endpoint: Endpoint, api_key: str, variable: str) -> AsyncIterator[Check]:
    """A line for each address; never a failure, because only runs with a bank need it.

    `endpoint` is that of `[recall]`; `variable` holds its key.
    """
    try:
        urls = addresses(endpoint.base_url)
    except SkillgitError as error:
        yield Check(_NAME, Level.WARN, error.message, error.hint)
        return
    for number, url in enumerate(urls, start=1):
        name = _NAME if len(urls) == 1 else f"{_NAME} {number}"
        try:
            wire = Wire(url, api_key, timeout=min(endpoint.timeout, _SECONDS))
        except SkillgitError as error:
            yield Check(name, Level.WARN, error.message, error.hint)
            continue
        try:
            found, advice = await _asked(wire, endpoint.model, variable)
        finally:
            await wire.close()
        yield Check(name, Level.WARN if advice else Level.OK, f"{wire.shown}: {found}", advice)


async def _asked(wire: Wire, wanted: str, variable: str) -> tuple[str, str]:
    """What is there, and what to do about it where it is no good."""
    listing = await wire.get("/models", patience=QUICK_SECONDS)
    if isinstance(listing, Unreached):
        return f"cannot be reached: {listing.reason}", SERVE_HINT
    names = [one.name for one in read_models(listing)] if isinstance(listing, str) else []
    model = wanted or (names[0] if len(names) == 1 else "")
    if not model or (names and model not in names):
        there = f"there is {', '.join(names)}" if names else "it lists none"
        return f"{wanted or 'one model alone'} is not served; {there}", "name one as recall.model"
    began = time.monotonic()
    body = {"model": model, "input": list(_TEXTS), "encoding_format": "float"}
    answer = await wire.post(PATH, body)
    if isinstance(answer, str):
        return _judged(model, answer, time.monotonic() - began)
    return _refused(model, answer, variable)


def _refused(model: str, answer: Refused | Unreached, variable: str) -> tuple[str, str]:
    match answer:
        case Unreached(reason):
            return f"{model} does not answer: {reason}", "look into the server's own messages"
        case Refused(401 | 403 as status, message):
            return f"the key is refused ({status}: {message})", f"put it into {variable}"
        case Refused(status, message):
            return f"{model} embeds nothing ({status}: {message})", SERVE_HINT


def _judged(model: str, answer: str, seconds: float) -> tuple[str, str]:
    vectors, _ = read_vectors(answer)
    if len(vectors) != len(_TEXTS) or len({len(one) for one in vectors}) != 1:
        return f"{model} gives no vector for each text: {shortened(answer)}", SERVE_HINT
    first, alike, unlike = vectors
    if nearest(first, (unlike, alike), 1) != (1,):
        return (
            f"{model} finds a ferry nearer to a sum than another sum",
            f"it may be no embedding model: {SERVE_HINT}",
        )
    each = seconds / len(_TEXTS)
    return f"{model}, vectors of {len(first)} numbers, {each:.2f} s a text", ""
