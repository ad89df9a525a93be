from __future__ import annotations

import errno
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from smallest_model import smallest_model

from skillgit.embedded.llama import EmbeddedServer, ServerSize, require_free_port
from skillgit.errors import SurroundingsError, UsageError

SMALL = ServerSize(ctx=1024, slots=2)
ALIAS = "smallest"


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    with EmbeddedServer(smallest_model(), ALIAS, SMALL) as server:
        yield server


def call(base_url: str, path: str, body: Mapping[str, object] | None = None) -> tuple[int, Any]:
    """The status of one call, and the JSON that came."""
    address = urlsplit(base_url)
    link = http.client.HTTPConnection(address.netloc, timeout=120)
    try:
        method, text = ("POST", json.dumps(body)) if body else ("GET", None)
        link.request(method, address.path + path, text, {"Content-Type": "application/json"})
        reply = link.getresponse()
        return reply.status, json.load(reply)
    finally:
        link.close()


def ask(server: EmbeddedServer, body: Mapping[str, object]) -> dict[str, Any]:
    status, reply = call(server.base_url, "/chat/completions", body)
    assert status == 200, reply
    return dict(reply)


def question(text: str, **more: object) -> dict[str, object]:
    system = {"role": "system", "content": "You answer with one word. " * 20}
    messages = [system, {"role": "user", "content": text}]
    return {"model": ALIAS, "messages": messages, "max_tokens": 40, "temperature": 0, **more}


@pytest.mark.live
def test_the_server_says_which_model_it_has(server: EmbeddedServer) -> None:
    _, listed = call(server.base_url, "/models")
    assert [model["id"] for model in listed["data"]] == [ALIAS]


@pytest.mark.live
def test_a_schema_binds_the_reply(server: EmbeddedServer) -> None:
    schema = {
        "type": "object",
        "properties": {"colour": {"enum": ["red", "green"]}},
        "required": ["colour"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": True}}
    reply = ask(server, question("A colour?", response_format=form))
    assert json.loads(reply["choices"][0]["message"]["content"])["colour"] in {"red", "green"}


@pytest.mark.live
def test_a_shared_beginning_is_read_once(server: EmbeddedServer) -> None:
    ask(server, question("One?"))
    usage = ask(server, question("Two?"))["usage"]
    assert usage["prompt_tokens_details"]["cached_tokens"] > usage["prompt_tokens"] // 2


@pytest.mark.live
def test_a_prompt_that_does_not_fit_is_refused_and_the_server_lives(server: EmbeddedServer) -> None:
    assert call(server.base_url, "/chat/completions", question("long " * 2000))[0] == 400
    assert ask(server, question("One?"))["choices"]


PARENT = """
import sys, time
from pathlib import Path
from skillgit.embedded.llama import EmbeddedServer, ServerSize
with EmbeddedServer(Path(sys.argv[1]), "x", ServerSize(512, 1)) as server:
    print(server.base_url, flush=True)
    time.sleep(600)
"""


def answers(base_url: str) -> bool:
    try:
        return call(base_url, "/models")[0] == 200
    except OSError:
        return False


def becomes(claim: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if claim():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.live
@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_server_ends_with_its_parent(way: signal.Signals) -> None:
    command = [sys.executable, "-c", PARENT, str(smallest_model())]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as parent:
        assert parent.stdout is not None
        base_url = parent.stdout.readline().strip()
        assert answers(base_url)
        parent.send_signal(way)
    assert becomes(lambda: not answers(base_url))


@pytest.mark.live
def test_after_the_block_nothing_answers() -> None:
    with EmbeddedServer(smallest_model(), ALIAS, SMALL) as server:
        assert answers(server.base_url)
    assert not answers(server.base_url)


@pytest.mark.live
def test_only_a_server_that_is_told_so_embeds(server: EmbeddedServer) -> None:
    asked = {"model": ALIAS, "input": ["a"]}
    assert call(server.base_url, "/embeddings", asked)[0] == 501
    size = ServerSize(ctx=1024, slots=1, embeds=True)
    with EmbeddedServer(smallest_model(), ALIAS, size) as embedding:
        # This model was never taught to embed, and the server says so instead of guessing.
        status, told = call(embedding.base_url, "/embeddings", asked)
    assert (status, "Pooling type 'none'" in str(told)) == (400, True), told


@pytest.mark.live
def test_a_module_in_the_current_folder_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "xllamacpp.py").write_text("open('was-run', 'w').close()\n")
    monkeypatch.chdir(tmp_path)
    with EmbeddedServer(smallest_model(), ALIAS, SMALL):
        assert not (tmp_path / "was-run").exists()


def test_a_file_that_is_no_model_is_an_error_with_the_servers_words(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    path = tmp_path / "bad.gguf"
    path.write_bytes(b"GGUF and no more")
    with pytest.raises(SurroundingsError) as caught, EmbeddedServer(path, ALIAS, SMALL):
        pass
    assert str(path) in caught.value.message
    assert "ended with status 1 (" in caught.value.message
    assert "--gguf" in caught.value.hint


def test_without_the_wheel_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(SurroundingsError) as caught, EmbeddedServer(tmp_path, ALIAS):
        pass
    assert "pip install 'skillgit[embedded]'" in caught.value.hint


def test_a_port_that_is_taken_is_a_usage_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            UsageError, match=f"127.0.0.1:{port}: {os.strerror(errno.EADDRINUSE)}"
        ) as caught:
            require_free_port(port)
    assert "--port" in caught.value.hint
    require_free_port(port)
    require_free_port(0)
