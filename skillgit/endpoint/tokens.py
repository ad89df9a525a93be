"""How many tokens a prompt has: counted by the server, else estimated."""

from __future__ import annotations

import json

from skillgit.endpoint.completions import Body
from skillgit.endpoint.pictures import words_of
from skillgit.endpoint.wire import Wire

_DENSE = 2.5
"""Characters of a token in text that has unusually few."""
_USUAL = 3.5


def surely_fits(characters: int, max_tokens: int, context: int) -> bool:
    """Is it needless to count?"""
    return characters / _DENSE + max_tokens <= context


def estimated(characters: int) -> int:
    """The tokens of text that nobody can count."""
    return int(characters / _USUAL) + 1


async def count_tokens(wire: Wire, body: Body) -> int:
    """As vLLM counts, with the chat template, or llama.cpp, without; 0 where neither does.

    Of the words alone: what pictures come to is nothing that a tokenizer knows.
    """
    path = f"{wire.root}/tokenize"
    messages = [message | {"content": words_of(message["content"])} for message in body["messages"]]
    asked = {"model": body["model"], "messages": messages}
    counted = _value(await wire.post(path, asked)).get("count")
    if isinstance(counted, int) and counted > 0:
        return counted
    text = "\n".join(message["content"] for message in messages)
    tokens = _value(await wire.post(path, {"content": text})).get("tokens")
    return len(tokens) if isinstance(tokens, list) else 0


def _value(answer: object) -> dict[str, object]:
    try:
        value = json.loads(answer) if isinstance(answer, str) else {}
    except (ValueError, RecursionError):
        value = {}
    return value if isinstance(value, dict) else {}
