from __future__ import annotations

from collections.abc import Iterator

import pytest
from scripted import ScriptedEndpoint

from skillgit.config import Endpoint
from skillgit.ports import Call, Message


@pytest.fixture
def endpoint() -> Iterator[ScriptedEndpoint]:
    """It fails the test on calls that nobody scripted and on answers that nobody fetched."""
    with ScriptedEndpoint() as scripted:
        yield scripted


@pytest.fixture
def config(endpoint: ScriptedEndpoint) -> Endpoint:
    """How to speak to `endpoint`, without waiting for anything."""
    return Endpoint(base_url=endpoint.url, model="tiny", workers=4, timeout=20.0, retries=1)


@pytest.fixture
def call() -> Call:
    """A question whose answer is `{"n": <integer>}`."""
    return Call(
        "merge",
        "level 1, node 2",
        (Message("system", "You count."), Message("user", "Count: ä€😀")),
        {
            "type": "object",
            "properties": {"n": {"type": "integer", "minimum": 0}},
            "required": ["n"],
            "additionalProperties": False,
        },
    )
