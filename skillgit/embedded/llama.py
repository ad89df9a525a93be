"""The embedded model server: llama.cpp, out of the xllamacpp wheel, in a process of its own.

    with EmbeddedServer(gguf, "qwen2.5-coder-1.5b") as server:
        ...  # server.base_url speaks the OpenAI-compatible API

The child process holds the model, so that a crash of it is an error here and no more. It ends when
its standard input does: whatever becomes of the parent, kill -9 included, the child follows.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import importlib
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import urlsplit

from skillgit.errors import SurroundingsError, UsageError

HOST = "127.0.0.1"

_LOAD_SECONDS = 300.0
_STOP_SECONDS = 5.0
_PROMPT_CACHE_MIB = 1024
_READY = "listening on "


@dataclass(frozen=True, slots=True)
class ServerSize:
    """`ctx` tokens for each of `slots` calls at once; `threads` 0 means all processors.

    `embeds`: it answers `/v1/embeddings`, too.
    """

    ctx: int = 8192
    slots: int = 2
    threads: int = 0
    embeds: bool = False


class EmbeddedServer:
    """A llama.cpp server for one model; a context manager that starts and stops it.

    `port` 0 takes any free one. Entering raises SurroundingsError where it cannot start, with
    what the server said last.
    """

    def __init__(
        self, gguf: Path, alias: str, size: ServerSize | None = None, *, port: int = 0
    ) -> None:
        self._gguf = gguf
        self._alias = alias
        self._size = size or ServerSize()
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self.base_url = ""
        """Known as soon as the server runs."""

    def __enter__(self) -> Self:
        if find_spec("xllamacpp") is None:
            raise SurroundingsError(
                "starting the embedded model server: the package xllamacpp is not installed",
                hint="pip install 'skillgit[embedded]', or set endpoint.base_url to a vLLM server",
            )
        require_free_port(self._port)
        self._log = tempfile.TemporaryFile()
        try:
            self._process = self._start(self._log)
            self.base_url = self._wait(self._process, time.monotonic() + _LOAD_SECONDS)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def wait(self) -> None:
        """Wait until the server ends by itself, which it should not: SurroundingsError then."""
        if self._process is not None:
            code = self._process.wait()
            raise self._failure(f"it ended by itself with status {code}")

    def stop(self) -> None:
        """Stop the server, if it runs."""
        process, self._process = self._process, None
        if process is not None:
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:  # it is still loading, and deaf
                process.kill()
                process.wait()
        if self._log is not None:
            self._log.close()
            self._log = None

    def _start(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        size = self._size
        # -P: no module of the folder that skillgit happens to be started in.
        command = [
            sys.executable,
            "-P",
            "-m",
            "skillgit.embedded.llama",
            str(self._gguf.absolute()),
        ]
        command += ["--alias", self._alias, "--port", str(self._port)]
        command += ["--ctx", str(size.ctx), "--slots", str(size.slots)]
        command += ["--threads", str(size.threads or os.cpu_count() or 1)]
        command += ["--embeds"] if size.embeds else []
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)

    def _wait(self, process: subprocess.Popen[bytes], deadline: float) -> str:
        """The base URL, once the model is loaded and the server says that it is well."""
        assert process.stdout is not None  # noqa: S101 - it was made with a pipe
        while True:
            left = deadline - time.monotonic()
            readable, _, _ = select.select([process.stdout], [], [], max(0.0, left))
            if not readable:
                raise self._failure(f"the model was not loaded after {_LOAD_SECONDS:.0f} seconds")
            line = process.stdout.readline().decode("utf-8", "replace")
            if not line:
                raise self._failure(f"it ended with status {process.wait()}")
            if line.startswith(_READY):
                break
        address = line.removeprefix(_READY).strip()
        while not _is_well(address):
            if time.monotonic() > deadline or process.poll() is not None:
                raise self._failure("it does not answer")
            time.sleep(0.1)
        return f"{address}/v1"

    def _failure(self, what: str) -> SurroundingsError:
        said = f" ({_telling_line(self._log)})" if self._log is not None else ""
        return SurroundingsError(
            f"running the embedded model server on {self._gguf}: {what}{said}",
            hint="another file (--gguf), or a smaller --ctx or --slots, may help",
        )


def _telling_line(log: IO[bytes]) -> str:
    """Of what the server said, the first error, which is the most exact one; else the last line."""
    log.seek(0)
    lines = [line for line in log.read().decode("utf-8", "replace").splitlines() if line.strip()]
    errors = [line.partition(" E ")[2] for line in lines if " E " in line]
    return " ".join([*errors, *reversed(lines), "it said nothing"][0].split())[:300]


def require_free_port(port: int) -> None:
    """UsageError where something else listens on this port already; 0 is always free."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise UsageError(
                f"starting a server on {HOST}:{port}: {error.strerror}",
                hint="choose another one with --port, or stop what listens there",
            ) from error


def _is_well(address: str) -> bool:
    link = http.client.HTTPConnection(urlsplit(address).netloc, timeout=5)
    try:
        link.request("GET", "/health")
        return link.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        link.close()


# --------------------------------------------------------------------------- the child process


def main(arguments: list[str]) -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("gguf")
    parser.add_argument("--alias", required=True)
    for name in ("--port", "--ctx", "--slots", "--threads"):
        parser.add_argument(name, type=int, required=True)
    parser.add_argument("--embeds", action="store_true")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's: it closes our input
    server = _serve(parser.parse_args(arguments))
    with contextlib.suppress(BrokenPipeError):
        print(f"{_READY}{server.listening_address}", flush=True)  # noqa: T201 - read by the parent
        sys.stdin.buffer.read()
    os._exit(0)  # the threads of the server do not end by themselves


def _serve(options: argparse.Namespace) -> Any:  # noqa: ANN401 - xllamacpp has no types
    # Its home; by name, because only the child loads it and because it has no types.
    xllamacpp = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = options.gguf
    params.model_alias = {options.alias}
    params.hostnames = [HOST]
    params.port = options.port
    params.n_ctx = options.ctx * options.slots  # the total of all slots
    params.n_parallel = options.slots
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = options.threads
    params.cache_prompt = True
    params.cache_ram_mib = _PROMPT_CACHE_MIB
    params.use_jinja = True
    params.endpoint_metrics = True
    params.ui = False
    params.verbosity = 1
    if options.embeds:
        params.embedding = True
        params.n_batch = params.n_ubatch = options.ctx  # a text is embedded in one go
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main(sys.argv[1:])
