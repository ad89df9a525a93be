"""The servers of a round: which is asked next, which is away, and when the round must stop.

All must serve the same model. A call goes to the server that is busiest least; which of them has
the prompt's beginning in its cache is a router's business. A server that cannot be reached gets
no more calls until it is healthy again, and those that it held go elsewhere. Where there is no
other, calls wait: a server that was seen in this run may be starting again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from skillgit.config import Endpoint
from skillgit.endpoint.address import addresses
from skillgit.endpoint.completions import Served, read_models
from skillgit.endpoint.failures import LONGEST_RETRY_AFTER
from skillgit.endpoint.wire import Refused, Unreached, Wire
from skillgit.errors import SurroundingsError, UsageError

_LISTING_SECONDS = 30.0
_HEALTH_SECONDS = 5.0
_FIRST_CHECK = 0.05
_LONGEST_CHECK = 2.0
"""Between two checks of a server that is away."""
_SECONDS_PER_RETRY = 0.5
"""A server that was never seen is waited for only that long: it was probably never started."""
_NO_SUCH = 501


@dataclass(slots=True, eq=False)
class Server:
    """One endpoint, and what is known of it."""

    wire: Wire
    other: Callable[[], Wire]
    """Another line to the same server."""
    running: int = 0
    quiet_until: float = 0.0
    """It asked for no new calls until then."""
    away: bool = False
    seen: bool = False
    """It has answered in this run."""
    why: str = ""
    served: tuple[Served, ...] | None = None
    check: asyncio.Task[bool] | None = None
    nurse: asyncio.Task[None] | None = None
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class Fleet:
    """One server or several."""

    def __init__(self, endpoint: Endpoint, api_key: str = "") -> None:
        self._endpoint = endpoint
        self.servers = tuple(
            Server(line(), line)
            for url in addresses(endpoint.base_url)
            for line in [partial(Wire, url, api_key, timeout=endpoint.timeout)]
        )
        self._change = asyncio.Event()
        self._opening = asyncio.Lock()
        self._open = len(self.servers) == 1
        self._gone = 0.0
        self._wrong: Exception | None = None

    @property
    def retries(self) -> int:
        """How often what fails may be sent again: the measure of `failures.py`."""
        return self._endpoint.retries

    @property
    def shown(self) -> str:
        """The addresses, without passwords."""
        return ", ".join(server.wire.shown for server in self.servers)

    async def close(self) -> None:
        """Close the connections, and look after nobody any more."""
        tasks = [task for each in self.servers for task in (each.check, each.nurse) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for server in self.servers:
            await server.wire.close()

    async def choose(self) -> Server:
        """The server for the next call; SurroundingsError where none is back in time."""
        if not self._open:
            await self._meet()
        while True:
            if self._wrong:
                raise self._wrong
            now = time.monotonic()
            present = [each for each in self.servers if not each.away]
            ready = [each for each in present if each.quiet_until <= now]
            if ready:
                return min(ready, key=_load)
            if present:
                await asyncio.sleep(min(each.quiet_until for each in present) - now)
            else:
                await self._return_of_one()

    def spare(self, besides: Sequence[Server]) -> Server | None:
        """A server for a copy of a call, now: another one where there is any."""
        now = time.monotonic()
        ready = [each for each in self.servers if not each.away and each.quiet_until <= now]
        return min(ready, key=lambda each: (each in besides, _load(each)), default=None)

    def slow_down(self, server: Server, seconds: float) -> None:
        """It wants no new calls for so long."""
        until = time.monotonic() + min(seconds, LONGEST_RETRY_AFTER)
        server.quiet_until = max(server.quiet_until, until)

    async def is_alive(self, server: Server, why: str) -> bool:
        """After a failure: is it there? If not, it gets no more calls until it is back."""
        if server.away:
            return False
        if server.check is None or server.check.done():
            server.check = asyncio.create_task(_answers(server))
        alive = await asyncio.shield(server.check)
        if not alive and not server.away:
            self._miss(server, why)
        return alive

    async def served(self, server: Server) -> tuple[Served, ...]:
        """The models that it lists; none where it lists none. SurroundingsError: no answer."""
        async with server.asking:
            if server.served is None:
                answer = await server.wire.get("/models", patience=_LISTING_SECONDS)
                if isinstance(answer, Unreached):
                    raise self.out_of_reach(answer.reason, server)
                server.seen = True
                if isinstance(answer, Refused):
                    self.must_accept_key(server, answer)
                server.served = read_models(answer) if isinstance(answer, str) else ()
            return server.served

    async def model(self) -> str:
        """The configured model, else the only one that all servers serve."""
        if self._endpoint.model:
            return self._endpoint.model
        if not self._open:
            await self._meet()
        if all(each.away and each.served is None for each in self.servers):
            await self.choose()  # waits for one to come back, or says that none does
        listed = {
            each: await self.served(each)
            for each in self.servers
            if not each.away or each.served is not None
        }
        names = [tuple(model.name for model in models) for models in listed.values()]
        common = [name for name in names[0] if all(name in other for other in names)]
        if len(common) == 1:
            return common[0]
        if common or len(names) == 1:
            said = f"it serves {', '.join(common)}" if common else "it does not say which it serves"
        else:
            said = "; ".join(
                f"{each.wire.shown} serves {_names(models) or 'none that it names'}"
                for each, models in listed.items()
            )
        raise UsageError(
            f"choosing a model of {self.shown}: {said}",
            hint="name one with --model, or as endpoint.model in the configuration",
        )

    async def context(self, model: str) -> int:
        """How many tokens fit into the model at every server that tells; 0 where none does."""
        told: list[int] = []
        for each in self.servers:
            with suppress(SurroundingsError):  # calls will say so, or it will be back for them
                listed = () if each.away else await self.served(each)
                told += [one.context for one in listed if one.name == model and one.context]
        return min(told, default=0)

    def must_accept_key(self, server: Server, refused: Refused) -> None:
        """A key that is refused once is refused for every call."""
        if refused.status in {401, 403}:
            raise SurroundingsError(
                f"asking {server.wire.shown}: it refuses the key ({refused.status}: "
                f"{refused.message})",
                hint=f"put the endpoint's key into the variable {self._endpoint.api_key_env}",
            )

    def out_of_reach(self, why: str, server: Server | None = None) -> SurroundingsError:
        """What ends a round that has nobody to ask."""
        shown = server.wire.shown if server else self.shown
        return SurroundingsError(
            f"asking {shown}: it cannot be reached ({why})",
            hint="start a model with 'skillgit serve', give its address with --base-url, "
            "and try 'skillgit doctor'; finished calls are kept",
        )

    async def _meet(self) -> None:
        """Several servers are seen before the first call: they must serve the same model."""
        async with self._opening:
            if self._open:
                return
            await asyncio.gather(*map(self._greet, self.servers))
            self._open = True

    async def _greet(self, server: Server) -> None:
        if await self.is_alive(server, "no answer"):
            await self._must_serve_the_model(server)

    async def _must_serve_the_model(self, server: Server) -> None:
        served = await self.served(server)
        wanted = self._endpoint.model
        if wanted and served and all(each.name != wanted for each in served):
            raise SurroundingsError(
                f"asking {wanted!r} at {server.wire.shown}: it serves {_names(served)}",
                hint="all addresses of endpoint.base_url must serve the model of the round",
            )

    def _miss(self, server: Server, why: str) -> None:
        server.away, server.why = True, why
        if all(each.away for each in self.servers):
            self._gone = time.monotonic()
            self._change.clear()
        server.nurse = asyncio.create_task(self._watch(server))

    async def _watch(self, server: Server) -> None:
        """Until it is back."""
        wait = _FIRST_CHECK
        while not await _answers(server):
            await asyncio.sleep(wait)
            wait = min(2 * wait, _LONGEST_CHECK)
        try:
            if len(self.servers) > 1:
                server.served = None
                await self._must_serve_the_model(server)
        except SurroundingsError as error:
            self._wrong = error
        server.away = False
        self._change.set()

    async def _return_of_one(self) -> None:
        seen = any(each.seen for each in self.servers)
        patience = self._endpoint.patience
        if not seen:
            patience = min(patience, _SECONDS_PER_RETRY * self._endpoint.retries)
        try:
            async with asyncio.timeout(self._gone + patience - time.monotonic()):
                await self._change.wait()
        except TimeoutError:
            raise self.out_of_reach(self.servers[0].why) from None


def _load(server: Server) -> int:
    return server.running


def _names(models: Sequence[Served]) -> str:
    return ", ".join(model.name for model in models)


async def _answers(server: Server) -> bool:
    """Is it healthy? vLLM's /health knows of its engine; other servers may have no such page.

    On a line of its own: one that is kept open may be dead at its other end.
    """
    wire = server.other()
    try:
        for path in (f"{wire.root}/health", "/models"):
            answer = await wire.get(path, patience=_HEALTH_SECONDS)
            if isinstance(answer, Unreached):
                return False
            server.seen = True
            if isinstance(answer, Refused) and answer.status >= 500 and answer.status != _NO_SUCH:
                return False
        return True
    finally:
        await wire.close()
