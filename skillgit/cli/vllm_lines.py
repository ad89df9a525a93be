"""The command lines that start vLLM as skillgit needs it: a server, several, a router."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from skillgit.embedded import models
from skillgit.embedded.llama import HOST

RPC_PORT = 13345
"""On which the ranks of one deployment over several machines find each other."""
# A small model that may put blanks between JSON tokens can fill its whole budget with them.
_STRUCTURED = '{"backend": "xgrammar", "disable_any_whitespace": true}'
_WRITING = ["--enable-prompt-tokens-details", "--structured-outputs-config", _STRUCTURED]
_POOLING = ["--runner", "pooling"]

# Which parsers of vLLM's a family of models needs: the first pattern that fits the name decides.
# Without its reasoning parser a thinking model does not think when a schema binds its reply.
_PARSERS = (
    (r"qwen3\.[5-9]", ("--tool-call-parser", "qwen3_xml", "--reasoning-parser", "qwen3")),
    (r"qwen3-coder", ("--tool-call-parser", "qwen3_xml")),
    (r"qwen3", ("--tool-call-parser", "hermes", "--reasoning-parser", "qwen3")),
    (r"qwen2", ("--tool-call-parser", "hermes")),
)
_TENSOR = re.compile(r"(?:^| )(?:--tensor-parallel-size|-tp)[ =](\d+)")


@dataclass(frozen=True, slots=True)
class Serving:
    """What is to be served, and over how much it is spread.

    `copies` are the replicas of the model on each machine (vLLM's data parallelism); no
    `machines`: this one.
    """

    name: str
    port: int
    size: dict[str, int]
    extra: Sequence[str] = ()
    copies: int = 1
    machines: Sequence[str] = ()
    router: bool = False
    embeds: bool = False
    """It gives vectors of texts, and writes nothing."""

    @property
    def spread(self) -> bool:
        """Does it take more than one command?"""
        return self.router or bool(self.machines)


def one_line(serving: Serving, host: str = HOST, *more: str) -> list[str]:
    """The command that starts one server."""
    known = models.KNOWN.get(serving.name)
    weights = known.weights if known else serving.name
    served = known.alias if known else Path(serving.name).name
    line = ["vllm", "serve", weights, "--served-model-name", served]
    line += ["--host", host, "--port", str(serving.port)]
    for option, value in serving.size.items():
        line += [option, str(value)]
    line += _POOLING if serving.embeds else _WRITING
    parsers = next((p for pattern, p in _PARSERS if re.search(pattern, weights.lower())), None)
    if parsers and not serving.embeds:
        line += ["--enable-auto-tool-choice", *parsers]
    if serving.copies > 1 and not more:
        line += ["--data-parallel-size", str(serving.copies)]
    return [*line, *more, *serving.extra]


def all_lines(serving: Serving) -> Iterator[str]:
    """Every command, and on which machine, where it takes several."""
    if not serving.spread:
        yield shlex.join(one_line(serving))
    elif not serving.router:
        yield from _one_over_all(serving)
    elif serving.machines:
        yield from _one_each(serving)
    else:
        yield from _side_by_side(serving)


def _one_over_all(serving: Serving) -> Iterator[str]:
    """Hybrid load balancing, as vLLM calls it: every machine answers for its own ranks."""
    copies, machines = serving.copies, serving.machines
    for number, machine in enumerate(machines):
        more = [
            *("--data-parallel-hybrid-lb",),
            *("--data-parallel-size", str(copies * len(machines))),
            *("--data-parallel-size-local", str(copies)),
            *("--data-parallel-start-rank", str(copies * number)),
            *("--data-parallel-address", machines[0]),
            *("--data-parallel-rpc-port", str(RPC_PORT)),
        ]
        yield f"# on {machine}"
        yield shlex.join(one_line(serving, machine, *more))
    yield _told(serving, [f"http://{machine}:{serving.port}/v1" for machine in machines])


def _one_each(serving: Serving) -> Iterator[str]:
    """A server on each machine that knows nothing of the others, and a router."""
    for machine in serving.machines:
        yield f"# on {machine}"
        yield shlex.join(one_line(serving, machine))
    yield f"# on {serving.machines[0]}"
    yield _router(
        [f"http://{machine}:{serving.port}" for machine in serving.machines],
        serving.machines[0],
        serving.port + 1,
    )
    yield _told(serving, [f"http://{serving.machines[0]}:{serving.port + 1}/v1"])


def _side_by_side(serving: Serving) -> Iterator[str]:
    """Servers on one machine, each with accelerators of its own, and a router."""
    ports = range(serving.port + 1, serving.port + 1 + serving.copies)
    found = _TENSOR.search(" ".join(serving.extra))
    each = int(found[1]) if found else 1
    for number, port in enumerate(ports):
        devices = ",".join(str(number * each + device) for device in range(each))
        line = one_line(replace(serving, port=port, copies=1))
        yield f"CUDA_VISIBLE_DEVICES={devices} {shlex.join(line)}"
    yield _router([f"http://{HOST}:{port}" for port in ports], HOST, serving.port)
    yield _told(serving, [f"http://{HOST}:{serving.port}/v1"])


def _router(urls: Sequence[str], host: str, port: int) -> str:
    # skillgit counts its own retries, and waits as long as a server says.
    line = ["vllm-router", "--host", host, "--port", str(port), "--policy", "cache_aware"]
    return shlex.join([*line, "--disable-retries", "--worker-urls", *urls])


def _told(serving: Serving, urls: Sequence[str]) -> str:
    variable = "SKILLGIT_RECALL_BASE_URL" if serving.embeds else "SKILLGIT_BASE_URL"
    return f"# then: export {variable}={shlex.quote(' '.join(urls))}"
