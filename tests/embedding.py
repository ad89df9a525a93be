"""A scripted `/v1/embeddings`: words are counted, so that texts with the same words are near."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Sequence

from scripted import Answer, Request, ScriptedEndpoint, refusing

NUMBERS = 64


def vector_of(text: str) -> list[float]:
    """How often each word of a text occurs, in few numbers."""
    counts = [0.0] * NUMBERS
    for word in re.findall(r"\w+", text.casefold()):
        counts[zlib.crc32(word.encode()) % NUMBERS] += 1.0
    return counts


class ScriptedEmbeddings(ScriptedEndpoint):
    """An embedding model on a free port. `faults` answer first; what is longer is refused."""

    def __init__(
        self, faults: Sequence[Answer] = (), *, longest: int = 10_000, api_key: str = ""
    ) -> None:
        super().__init__(models=("words",), api_key=api_key)
        self.faults = list(faults)
        self.longest = longest
        self.embedded: list[list[str]] = []

    def answer(self, path: str, headers: dict[str, str], request: Request | None) -> Answer:
        if path != "/v1/embeddings" or request is None:
            return super().answer(path, headers, request)
        if self.api_key and headers.get("authorization") != f"Bearer {self.api_key}":
            return refusing(401, "Unauthorized")
        if self.faults:
            return self.faults.pop(0)
        texts: list[str] = request["input"]
        if any(len(text) > self.longest for text in texts):
            return refusing(500, "input (900 tokens) is too large to process")
        self.embedded.append(texts)
        return embeddings([vector_of(text) for text in texts])


def embeddings(vectors: Sequence[object]) -> Answer:
    """An answer with these vectors, the last one first: the index alone says whose each is."""
    data = [
        {"object": "embedding", "index": number, "embedding": vector}
        for number, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": 3 * len(vectors), "total_tokens": 3 * len(vectors)}
    document = {"object": "list", "model": "words", "data": data[::-1], "usage": usage}
    return Answer(body=json.dumps(document).encode())
