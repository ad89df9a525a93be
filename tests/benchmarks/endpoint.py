"""A simulated endpoint: a process of its own that speaks vLLM's HTTP and costs almost no CPU.

In a test:

    from benchmarks.endpoint import SimulatedEndpoint
    from benchmarks.plan import Fault, Kind, Plan

    plan = Plan(base=0.02, per_token=0.0, slots=32, faults=(Fault(Kind.RESET, 0.1),))
    with SimulatedEndpoint(plan, folder=tmp_path) as endpoint:
        ...                        # speak to endpoint.url, which ends in /v1
        endpoint.restart(plan)     # the same address, perhaps another plan: a server that came back
        records = endpoint.log()   # what was asked so far, a `Logged` for each request

By hand: `PYTHONPATH=tests python -m benchmarks.endpoint --base 0.3 --per-token 0.01 --slots 128
--fault reset:0.1 --fault server_error:0.05:poison:merge` prints its address and runs until it is
killed.

What it answers is in answering.py, what goes wrong in plan.py. `Fault(kind, rate)` hits the first
try of that part of the requests and lets the next try pass; `poison=True` hits every try.
Tries are counted over restarts, as long as the log is the same file.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from benchmarks.plan import Fault, Kind, Plan

_TESTS = Path(__file__).parents[1]
_PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Logged:
    """One request. Times are seconds since 1970; `ended` is when the last byte was handed over."""

    role: str
    digest: str
    """Of the role and the messages: the same for a request that is sent again."""
    attempt: int
    prompt_chars: int
    prompt_tokens: int
    cached_tokens: int
    output_chars: int
    output_tokens: int
    arrived: float
    started: float
    """When a slot was free for it."""
    ended: float
    fault: str = ""
    left: bool = False
    """The client went away before the end."""
    body_digest: str = ""
    """Of the body as it was sent."""

    @property
    def cached_chars(self) -> int:
        """How much of the prompt was known."""
        return min(4 * self.cached_tokens, self.prompt_chars)

    @property
    def healthy(self) -> bool:
        """Was it answered as it should be?"""
        return not self.left and self.fault in {"", Kind.SLOW}

    @property
    def worked(self) -> float:
        """Seconds that it held a slot."""
        return self.ended - self.started


class SimulatedEndpoint:
    """The endpoint as a child process on a free port of this machine, as long as the block lasts.

    Without `folder` its log lies in a temporary folder, which goes with the block.
    """

    def __init__(self, plan: Plan | None = None, folder: Path | None = None, port: int = 0) -> None:
        self.plan = plan or Plan()
        self._temporary = tempfile.TemporaryDirectory() if folder is None else None
        self._log = (folder or Path(self._temporary.name if self._temporary else "")) / "log.jsonl"
        self._port = port
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self._forget()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._forget()

    @property
    def root(self) -> str:
        """The server itself, above /v1."""
        return self.url.removesuffix("/v1")

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it; it takes requests when this returns."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        # nothing of a test is measured here: this process is not what is tested
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")
        }
        command = [sys.executable, "-m", "benchmarks.endpoint", "--plan", self.plan.dump()]
        self._process = subprocess.Popen(
            [*command, "--port", str(self._port), "--log", str(self._log)],
            stdout=subprocess.PIPE,
            text=True,
            env=environment | {"PYTHONPATH": str(_TESTS)},
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url, "the simulated endpoint did not start"
        self._port = int(self.root.rpartition(":")[2])

    def stop(self) -> None:
        """Kill it: requests under way get no answer, their connections are reset or closed."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(_PATIENCE)
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def restart(self, plan: Plan | None = None, pause: float = 0.0) -> None:
        """Stop it, wait, and start it again at the same address with the same log."""
        self.stop()
        time.sleep(pause)
        self.plan = plan or self.plan
        self.start()

    def log(self) -> list[Logged]:
        """All requests that have ended, in the order of their ends."""
        return read_log(self._log)

    def _forget(self) -> None:
        if self._temporary:
            self._temporary.cleanup()


def read_log(path: Path) -> list[Logged]:
    """The requests in a log; a last line that is still being written does not count."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    return [Logged(**json.loads(line)) for line in lines]


def line_of(logged: Logged) -> str:
    """A request as a line of the log."""
    return json.dumps(asdict(logged), separators=(",", ":")) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run in the foreground until SIGTERM; the first line of output is the address."""
    from benchmarks.serving import Server  # noqa: PLC0415 - it imports the log's values from here

    given = _parser().parse_args(arguments)
    plan = Plan.load(given.plan) if given.plan else _plan(given)
    with suppress(KeyboardInterrupt):
        asyncio.run(Server(plan, given.log).run(given.port))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.endpoint", description="A simulated model.")
    usual = Plan()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path, help="a file of JSON lines, one for each request")
    parser.add_argument("--plan", help="the whole plan as JSON, instead of the other options")
    parser.add_argument("--base", type=float, default=usual.base, help="seconds for each request")
    parser.add_argument("--per-token", type=float, default=usual.per_token, help="for each output")
    parser.add_argument("--tail", type=float, default=usual.tail, help="sigma of a heavy tail")
    parser.add_argument("--slots", type=int, default=usual.slots)
    parser.add_argument("--context", type=int, default=usual.context)
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--fault", action="append", default=[], metavar="KIND:RATE[:poison][:ROLE]")
    return parser


def _plan(given: argparse.Namespace) -> Plan:
    return Plan(
        base=given.base,
        per_token=given.per_token,
        tail=given.tail,
        slots=given.slots,
        context=given.context,
        seed=given.seed,
        faults=tuple(_fault(words) for words in given.fault),
    )


def _fault(words: str) -> Fault:
    kind, rate, *more = words.split(":")
    roles = tuple(word for word in more if word != "poison")
    return Fault(Kind(kind), float(rate), "poison" in more, roles)


if __name__ == "__main__":
    main()
