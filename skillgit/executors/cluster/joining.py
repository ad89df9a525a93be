"""From an address to a Ray cluster, and what to do where there is none.

ray              a cluster of its own on this machine, which ends with the command
HOST:PORT        one that this machine is a part of (`ray start --address=HOST:PORT`)
ray://HOST:PORT  any other, through its client server
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import ray  # noqa: TID251 - this is its home
from ray.util.scheduling_strategies import (  # noqa: TID251 - the same
    NodeAffinitySchedulingStrategy,
)

from skillgit.errors import SurroundingsError
from skillgit.executors.cluster.line import Board, answer_all

HERE = "ray"
"""The address of a cluster that is started on this machine."""
_CLIENT = "ray://"
_CONNECT_SECONDS = 10.0
_PATIENCE = 10.0
"""Seconds in which a cluster that is left answers once more."""
_MOST_WAITING = 100_000
"""Questions that may wait on the board at once: as many as workers can have places."""


@dataclass(slots=True)
class Cluster:
    """A cluster that was joined, and the board where its workers ask the driver."""

    address: str
    board: Any  # the handle of an actor
    serving: asyncio.Task[None]
    ledgers: dict[int, Callable[[int, Any], None]]
    """Who hears of the results, by the number of the job."""
    numbers: count[int] = field(default_factory=count)

    @property
    def processors(self) -> int:
        """The CPUs of all machines that are there now."""
        return max(1, _processors())

    def must_serve(self) -> None:
        """SurroundingsError where the driver does not hear its workers any more."""
        if self.serving.done():
            error = self.serving.exception() or ConnectionError("the board is gone")
            raise self.trouble("working on", error) from error

    def trouble(self, doing: str, error: BaseException) -> SurroundingsError:
        """What Ray says of itself, for a person."""
        return _trouble(f"{doing} the Ray cluster {_shown(self.address)}", error)


@asynccontextmanager
async def joined(
    address: str, answers: Mapping[str, Callable[..., object]]
) -> AsyncIterator[Cluster]:
    """The cluster at `address`; leaving the block ends all work of this command on it."""
    await asyncio.to_thread(_join, address)
    try:
        board = _board(address)
        ledgers: dict[int, Callable[[int, Any], None]] = {}

        def done(job: int, number: int, result: object) -> None:
            if job in ledgers:  # else nobody waits for it any more
                ledgers[job](number, result)

        serving = asyncio.ensure_future(answer_all(board, {**answers, "done": done}))
        try:
            yield Cluster(address, board, serving, ledgers)
        finally:
            # Not just cancelled: Ray's client chokes on answers that nobody waits for any more.
            with suppress(ray.exceptions.RayError, ConnectionError):
                board.close.remote()
            await asyncio.wait({serving}, timeout=_PATIENCE)
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
    finally:
        # Ends the workers as well; what they were told to stop they have stopped by now.
        ray.shutdown()


def _board(address: str) -> Any:  # noqa: ANN401 - the handle of an actor
    """On the machine that ends the command when it ends: the driver's, or the client server's."""
    try:
        if not _processors():
            raise SurroundingsError(
                f"joining the Ray cluster {_shown(address)}: its machines offer no CPU",
                hint="start at least one with `ray start --address=HOST:PORT --num-cpus=N`",
            )
        node = ray.get_runtime_context().get_node_id()
        options = {
            "num_cpus": 0,
            "max_concurrency": _MOST_WAITING,
            "scheduling_strategy": NodeAffinitySchedulingStrategy(node, soft=False),
        }
        return ray.remote(Board).options(**options).remote()
    except ray.exceptions.RayError as error:
        raise _trouble(f"joining the Ray cluster {_shown(address)}", error) from error


def _processors() -> int:
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call] # Ray's
    return int(resources.get("CPU", 0))


def _join(address: str) -> None:
    """Join or start a cluster; Ray's own words stay in its log files."""
    if address != HERE:
        _must_answer(address)
    if address.startswith(_CLIENT) and importlib.util.find_spec("grpc") is None:
        raise SurroundingsError(
            f"joining the Ray cluster {address}: the package grpcio is not installed",
            hint="pip install 'skillgit[ray]'; or start this command on a machine of "
            "the cluster with --executor HOST:PORT",
        )
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    if address == HERE:
        quiet |= {"include_dashboard": False}
    try:
        with _quiet_client():
            ray.init("local" if address == HERE else address, **quiet)
    # What Ray raises for an address that is none of a cluster depends on what answers there.
    except (ConnectionError, RuntimeError, ValueError, OSError, AssertionError) as error:
        raise _trouble(f"joining the Ray cluster {_shown(address)}", error) from error
    except ray.exceptions.RayError as error:
        raise _trouble(f"joining the Ray cluster {_shown(address)}", error) from error


def _must_answer(address: str) -> None:
    """Ray itself would try for minutes."""
    host, _, port = address.removeprefix(_CLIENT).rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise _trouble(f"joining the Ray cluster {_shown(address)}", error) from error


@contextmanager
def _quiet_client() -> Any:  # noqa: ANN401 - a generator
    logger = logging.getLogger("ray")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def _trouble(doing: str, error: BaseException) -> SurroundingsError:
    said = next((line for line in str(error).splitlines() if line.strip()), "")
    return SurroundingsError(
        f"{doing}: {type(error).__name__}: {said.strip()[:300]}",
        hint="`ray status` on a machine of the cluster tells how it is; a machine joins it with "
        "`ray start --address=HOST:PORT`, and from outside it is ray://HOST:10001; where it wants "
        "a token, set RAY_AUTH_MODE=token; finished calls are kept, and --executor local needs no "
        "cluster",
    )


def _shown(address: str) -> str:
    return "on this machine" if address == HERE else f"at {address}"
