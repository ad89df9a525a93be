"""Where the work of a command is done: in this process, or on the machines of a cluster.

async with asking(config, place_of_the_store) as (ask, store):
    async with workplace(config, ask, store) as place:
        executor = place.at(desk, Opening(...))      # the desk itself, or how a worker builds it
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from skillgit.config import LOCAL, Config
from skillgit.errors import SurroundingsError
from skillgit.executors.cluster.quiet import hush
from skillgit.executors.local import LocalExecutor
from skillgit.ports import Executor
from skillgit.types import Usage
from skillgit.wiring.asking import key_of

if TYPE_CHECKING:  # heavy imports: each function takes what it needs
    from skillgit.domains.task import Task
    from skillgit.endpoint.ask import StoredAsk
    from skillgit.endpoint.store import Asked, ReplyStore
    from skillgit.executors.cluster.joining import Cluster
    from skillgit.executors.cluster.seat import Opening
    from skillgit.ports import Reply

Desk = TypeVar("Desk")


@dataclass(frozen=True, slots=True)
class Workplace:
    """Without a cluster everything is done here."""

    cluster: Cluster | None = None

    @property
    def workers(self) -> int:
        """Processes that ask the model at the same time."""
        return self.cluster.processors if self.cluster else 1

    def at(self, desk: Desk, opening: Opening[Desk]) -> Executor[Desk]:
        """An executor at `desk`, or at such desks as `opening` builds in other processes."""
        if self.cluster is None:
            return LocalExecutor(desk)
        from skillgit.executors.cluster.executor import ClusterExecutor  # noqa: PLC0415 - Ray

        return ClusterExecutor(self.cluster, opening)


@asynccontextmanager
async def workplace(config: Config, ask: StoredAsk, store: ReplyStore) -> AsyncIterator[Workplace]:
    """The place that the settings name; SurroundingsError where it cannot be reached."""
    address = config.executor.address
    if address == LOCAL:
        yield Workplace()
        return
    hush()
    try:
        from skillgit.executors.cluster.joining import joined  # noqa: PLC0415 - Ray takes its time
    except ImportError as missing:
        raise SurroundingsError(
            f"starting the executor {address}: Ray is not installed",
            hint="pip install 'skillgit[ray]' on all machines; or --executor local",
        ) from missing
    async with joined(address, answers_of(config, ask, store)) as cluster:
        yield Workplace(cluster)


def answers_of(
    config: Config, ask: StoredAsk, store: ReplyStore
) -> Mapping[str, Callable[..., object]]:
    """What workers may ask the driver: its memory, its account, and the endpoint's key.

    The key goes this way alone. In a runtime environment Ray writes it into its log files
    (measured with 2.60: `runtime_env_agent.log`).
    """

    def put(key: str, asked: Asked, reply: Reply) -> None:
        store.put(key, asked, reply)
        ask.count(reply.usage)

    def spent(usage: Usage) -> None:
        ask.count(usage)

    return {
        "get": store.get,
        "put": put,
        "knows": store.knows,
        "models": store.models,
        "first_seen": store.first_seen,
        "fact": store.fact,
        "note": store.note,
        "spent": spent,
        "key": lambda: key_of(config),
    }


@dataclass(frozen=True, slots=True)
class Needed:
    """Files that a worker must see as the driver does: the same places, with the same sizes."""

    files: tuple[tuple[Path, int], ...] = ()

    def must_be_there(self, machine: str) -> None:
        """SurroundingsError that names the machine and what it lacks."""
        for path, size in self.files:
            try:
                found = path.stat().st_size
            except OSError as error:
                raise _not_shared(machine, path, error.strerror or str(error)) from error
            if found != size:
                raise _not_shared(machine, path, "it is another file there")


def needed_by(tasks: Iterable[Task]) -> Needed:
    """What the tasks are made of."""
    cases = [case for task in tasks for case in task.cases]
    golds = [case.gold for case in cases if case.gold]
    return needed([*golds, *(path for case in cases for path in case.inputs.values())])


def needed(paths: Iterable[Path]) -> Needed:
    """The first and the last of these files stand for all of them."""
    found = sorted(path for path in set(paths) if path.is_file())
    return Needed(
        tuple((path, path.stat().st_size) for path in dict.fromkeys(found[:1] + found[-1:]))
    )


@contextmanager
def marked(folder: Path) -> Iterator[Needed]:
    """A file in `folder` while the block runs: a worker that sees it sees the same folder."""
    with ExitStack() as opened:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            mark = opened.enter_context(
                tempfile.NamedTemporaryFile(prefix=".skillgit-", dir=folder)
            )
        except OSError as error:
            raise SurroundingsError(
                f"writing into {folder}: {error.strerror or error}",
                hint="name a folder that you may write to",
            ) from error
        yield Needed(((Path(mark.name), 0),))


def _not_shared(machine: str, path: Path, why: str) -> SurroundingsError:
    return SurroundingsError(
        f"working on the machine {machine}: it does not see {path} as this one does ({why})",
        hint="tasks, runs and the repository must lie on a file system that all machines of the "
        "cluster share, under the same path",
    )
