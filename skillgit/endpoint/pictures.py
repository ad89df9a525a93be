"""Pictures in requests: content parts as vLLM, OpenAI and llama.cpp take them, and their cost.

A picture goes as a data: URI, before the words of its message: what a server has worked out of it
holds for every question about it. A message without pictures is the text that it always was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from skillgit.images import Image
from skillgit.ports import Message

Part = dict[str, Any]  # explicit Any: a part of the JSON of a request

_SIDE = 28
"""Pixels of the square that is one token to Qwen2.5-VL; to later ones it is larger."""
_MOST_TOKENS = 16_384
"""To which the processors of Qwen-VL shrink what is larger."""
_LEAST_TOKENS = 256
"""What models take for the smallest picture that work in tiles of one size."""


@dataclass(frozen=True, slots=True)
class Load:
    """What the pictures of a request come to: bytes of their URIs, and tokens, estimated."""

    size: int = 0
    tokens: int = 0


def load_of(messages: Iterable[Message]) -> Load:
    """Of all pictures that go with these messages."""
    images = [image for message in messages for image in message.images]
    if not images:
        return Load()
    return Load(sum(len(image.uri) for image in images), sum(map(tokens_of, images)))


def tokens_of(image: Image) -> int:
    """An estimate that is rather too high: no server counts them before it is asked."""
    squares = -(-image.width // _SIDE) * -(-image.height // _SIDE)
    return min(max(squares, _LEAST_TOKENS), _MOST_TOKENS)


def content_of(text: str, images: Sequence[Image]) -> str | list[Part]:
    """The content of a message: its text, or parts where there are pictures."""
    if not images:
        return text
    shown = [{"type": "image_url", "image_url": {"url": image.uri}} for image in images]
    return [*shown, {"type": "text", "text": text}]


def words_of(content: str | list[Part]) -> str:
    """What a content says in words."""
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part["type"] == "text")


_BLIND = re.compile(
    r"not a multimodal model|image input is not supported|at most 0 image"
    r"|does not support (image|vision|multimodal)|only 'text' content type is supported",
    re.IGNORECASE,
)


def takes_no_pictures(message: str) -> bool:
    """Does a refusal mean that the model sees nothing (vLLM's, llama.cpp's, gateways' wordings)?"""
    return bool(_BLIND.search(message))
