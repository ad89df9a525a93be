"""How a worker process of a cluster builds its desk: values that are pickled, tools that are not.

What lasts stays with the driver: the memory of replies, the account, the endpoint's key.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from skillgit.adapters.kept_runs import KeptRuns
from skillgit.adapters.prompts import JinjaPrompts
from skillgit.adapters.runs import RESULT, RunFolder
from skillgit.agent.episode import Budget, Mind
from skillgit.config import Collect, Config, Speech
from skillgit.endpoint.ask import Reseeded, StoredAsk, StoredObservations
from skillgit.endpoint.chat import Chat
from skillgit.endpoint.store import Asked
from skillgit.errors import SurroundingsError
from skillgit.executors.cluster.seat import Seat
from skillgit.names import Digest
from skillgit.ports import Executor, Model, Reply, Sandbox
from skillgit.stages.analyze import Bench, Desk
from skillgit.trajectories.redaction import shown_of_files
from skillgit.types import Usage
from skillgit.wiring.workplace import Needed, Workplace, needed, needed_by

if TYPE_CHECKING:  # what only workers need is imported there
    from skillgit.executors.cluster.line import Line
    from skillgit.stages.rollout import terms as rollout


@dataclass(frozen=True, slots=True)
class Lodging:
    """What every desk of a command is built from. `config` names the model that is asked.

    `speech` None: nothing is run in a sandbox. `prompts` is what the driver's templates say.
    """

    config: Config
    prompts: Digest
    speech: Speech | None = None
    unsafe: bool = False
    replay: bool = False
    folder: Path = field(default_factory=Path.cwd)
    """Where the command was given: paths may be relative to it."""

    @classmethod
    def of(cls, config: Config, model: str, prompts: Digest) -> Lodging:
        """For a command whose model is `model`. How trajectories are read is the driver's alone."""
        endpoint = replace(config.endpoint, model=model)
        return cls(replace(config, endpoint=endpoint, collect=Collect()), prompts)

    def shared_by(self, workers: int) -> Lodging:
        """Each of the workers has its part of the places at the endpoint."""
        endpoint = self.config.endpoint
        places = -(-endpoint.workers // workers)
        return replace(
            self, config=replace(self.config, endpoint=replace(endpoint, workers=places))
        )


@dataclass(frozen=True, slots=True)
class AnalystDesk:
    """A desk for analysts (`stages.analyze`), with another seed if there is one."""

    lodging: Lodging
    needed: Needed = field(default_factory=Needed)
    seed: int | None = None
    answer_bytes: int = 256 << 20

    async def __call__(self, line: Line) -> Seat[Desk]:
        """Build it in this process."""
        tools = await _Tools.built(self.lodging, line, self.needed)
        ask = tools.ask if self.seed is None else Reseeded(tools.ask, self.seed)
        model = Model(ask, tools.prompts, _Nobody(), tools.ask.fits)
        return Seat(Desk(model, self._bench(tools)), tools.report, tools.close)

    def _bench(self, tools: _Tools) -> Bench | None:
        config, speech = self.lodging.config, self.lodging.speech
        if tools.sandbox is None or speech is None:
            return None
        from skillgit.domains.registry import graders  # noqa: PLC0415 - as above

        return Bench(
            exhibits={},
            domains=graders(config.grading),
            sandbox=tools.sandbox,
            mind=tools.mind,
            speech=speech,
            budget=Budget.of(config.agent),
            seed=config.endpoint.seed if self.seed is None else self.seed,
            answer_bytes=self.answer_bytes,
            clean=shown_of_files(config.collect),
        )


def analysts(
    place: Workplace, lodging: Lodging, desk: Desk, seed: int | None = None
) -> Executor[Desk]:
    """An executor for analysts at `desk`, or at its likes in the workers of a cluster."""
    if place.cluster is None or desk.bench is None:
        return place.at(desk, AnalystDesk(lodging, seed=seed))
    exhibits = desk.bench.exhibits.values()
    results = needed(exhibit.work.parent / RESULT for exhibit in exhibits)
    tasks = needed_by(exhibit.task for exhibit in exhibits)
    files = Needed(results.files + tasks.files)
    return place.at(desk, AnalystDesk(lodging, files, seed, desk.bench.answer_bytes))


@dataclass(frozen=True, slots=True)
class RunDesk:
    """A desk for runs (`stages.rollout`). `shelf` is a place on disk that all machines share."""

    lodging: Lodging
    shelf: RunFolder | KeptRuns
    needed: Needed = field(default_factory=Needed)

    async def __call__(self, line: Line) -> Seat[rollout.Bench]:
        """Build it in this process."""
        from skillgit.domains.registry import graders  # noqa: PLC0415 - as above
        from skillgit.stages.rollout import terms as rollout  # noqa: PLC0415 - as above

        tools = await _Tools.built(self.lodging, line, self.needed)
        domains = graders(self.lodging.config.grading)
        if tools.sandbox is None:
            raise ValueError("runs need a sandbox")
        model = rollout.Model(tools.mind, tools.prompts, tools.sandbox)
        return Seat(rollout.Bench(domains, self.shelf, model), tools.report, tools.close)


@dataclass(frozen=True, slots=True)
class _Tools:
    """What both kinds of desks are made of."""

    ask: StoredAsk
    mind: Mind
    prompts: JinjaPrompts
    sandbox: Sandbox | None
    report: Callable[[], None]
    chat: Chat | None

    async def close(self) -> None:
        if self.chat:
            await self.chat.close()

    @classmethod
    async def built(cls, lodging: Lodging, line: Line, needed: Needed) -> _Tools:
        machine, config, prompts = socket.gethostname(), lodging.config, JinjaPrompts()
        with suppress(OSError):  # where it is not there, what is needed of it will be missed
            os.chdir(lodging.folder)
        needed.must_be_there(machine)
        if prompts.digest() != lodging.prompts:
            raise SurroundingsError(
                f"working on the machine {machine}: its skillgit asks in other words than here",
                hint="install the same skillgit on all machines",
            )
        sandbox = await _sandbox(lodging, machine)
        memory = _DriversMemory(line)
        chat = None if lodging.replay else Chat(config.endpoint, line.call("key"))
        ask = StoredAsk(chat, memory, config.endpoint)
        seen = StoredObservations(memory, config.endpoint, config.endpoint.model)
        report = _Account(ask, memory, line).report
        return cls(ask, Mind(ask.converse, seen), prompts, sandbox, report, chat)


async def _sandbox(lodging: Lodging, machine: str) -> Sandbox | None:
    if lodging.speech is None:
        return None
    from skillgit.sandbox import open_sandbox  # noqa: PLC0415 - as above

    try:
        return await asyncio.to_thread(open_sandbox, lodging.config.sandbox, unsafe=lodging.unsafe)
    except SurroundingsError as error:
        raise SurroundingsError(
            f"working on the machine {machine}: {error.message}", hint=error.hint
        ) from error


class _DriversMemory:
    """`endpoint.Memory`: the driver's, and what it was given from here."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.given = Usage()
        """What the replies that were handed over took; the driver counts it with them."""

    def get(self, key: str) -> Reply | None:
        reply: Reply | None = self._line.call("get", key)
        return reply

    def put(self, key: str, asked: Asked, reply: Reply) -> None:
        # Whoever wants to know whether it arrived waits at the end of the batch.
        self._line.tell("put", key, asked, reply)
        self.given += reply.usage

    def add(self, key: str, asked: Asked, reply: Reply) -> Reply | None:
        self.put(key, asked, reply)
        return None

    def knows(self, role: str, label: str) -> bool:
        return bool(self._line.call("knows", role, label))

    def models(self) -> tuple[str, ...]:
        names: tuple[str, ...] = self._line.call("models")
        return names

    def first_seen(self, key: str, position: int, seen: str) -> str:
        return str(self._line.call("first_seen", key, position, seen))

    def fact(self, name: str) -> str | None:
        value: str | None = self._line.call("fact", name)
        return value

    def note(self, name: str, value: str) -> None:
        self._line.tell("note", name, value)


class _Account:
    """What was spent here and is not known to the driver yet.

    It counts a reply as it is handed over: that it was paid for stays true if this process dies.
    """

    def __init__(self, ask: StoredAsk, memory: _DriversMemory, line: Line) -> None:
        self._ask = ask
        self._memory = memory
        self._line = line
        self._told = Usage()

    def report(self) -> None:
        """Tell the rest: failures, and what came from memory."""
        known = self._told + self._memory.given
        counts = zip(astuple(self._ask.usage), astuple(known), strict=True)
        rest = Usage(*(now - before for now, before in counts))
        if rest != Usage():
            self._told += rest
            self._line.tell("spent", rest)


class _Nobody:
    """`ports.Progress` in a worker: the driver tells."""

    def start(self, stage: str, total: int) -> None:
        """Nobody waits here."""

    def advance(self, stage: str, note: str = "") -> None:
        """Nobody waits here."""

    def finish(self, stage: str) -> None:
        """Nobody waits here."""
