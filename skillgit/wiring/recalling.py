"""Runs that recall what was remembered of tasks like theirs (section 4.2 of the paper).

bank = read_bank(path)                                       # made by wiring.remembering
async with asking(config, place_of_the_store) as (ask, store):
    runner = await Retriever(config, ask, store).recalling(runner, bank, tasks)
    results = await measured(Work(skill, tasks, seeds), runner, state, progress)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from skillgit.config import Config
from skillgit.errors import SurroundingsError, UsageError
from skillgit.names import Digest
from skillgit.provenance.bank import Bank, MemoryItem, Remembered, nearest, parse_bank
from skillgit.wiring.asking import embedding_endpoint
from skillgit.wiring.runs import Runner

if TYPE_CHECKING:  # heavy imports: each function takes what it needs
    from skillgit.domains.task import Task
    from skillgit.endpoint.ask import StoredAsk
    from skillgit.endpoint.embeddings import Embedder
    from skillgit.endpoint.store import ReplyStore
    from skillgit.ports import Prompts

_MOST_BYTES = 200_000_000
_QUERY_CHARS = 8000
"""Of a query, no more is embedded."""
_ANY = MemoryItem("title", "description", "content")


def read_bank(path: Path) -> Bank:
    """The bank in a file; UsageError where there is none, or nothing in it."""
    try:
        with path.open("rb") as file:
            bank = parse_bank(file.read(_MOST_BYTES))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(
            f"reading the memory bank {path}: {why or error}",
            hint="make one: `skillgit remember --trajectories PATH -o bank.json`",
        ) from error
    if not bank.entries:
        raise UsageError(
            f"reading the memory bank {path}: nothing is remembered in it",
            hint="give more trajectories with outcomes to `skillgit remember`",
        )
    return bank


def taught_by(bank: Bank, tasks: Sequence[Task]) -> tuple[str, ...]:
    """What a person must hear of who measures a bank on the tasks that it comes from."""
    queries = {entry.query for entry in bank.entries}
    both = sum(task.query.strip() in queries for task in tasks)
    return (
        (f"{both} of {len(tasks)} tasks gave trajectories to the memory bank: measure on others",)
        if both
        else ()
    )


@dataclass(frozen=True, slots=True)
class Retriever:
    """Who finds, for a task, what was remembered of those like it."""

    config: Config
    ask: StoredAsk
    store: ReplyStore

    async def recalling(self, runner: Runner, bank: Bank | None, tasks: Sequence[Task]) -> Runner:
        """The same runner, whose runs on these tasks are told memory items where there is a bank.

        Its harness names the bank and the embedding model, so no run of another is taken for one
        of these. SurroundingsError where nobody embeds.
        """
        from skillgit.adapters.prompts import JinjaPrompts  # noqa: PLC0415 - Jinja takes time
        from skillgit.stages.rollout.harness import with_memories  # noqa: PLC0415 - the same

        if bank is None:
            return runner
        prompts = JinjaPrompts()
        async with self._embedder() as embedder:
            model = await embedder.model()
            found = await self._found(embedder, bank, tasks)
            self.ask.count(embedder.usage)
        told = {digest: _told(entries, prompts) for digest, entries in found.items()}
        recall = self.config.recall
        named = with_memories(
            runner.options.harness,
            {
                "bank": bank.digest,
                "model": model,
                "top": recall.top,
                "instruction": recall.instruction,
                "words": prompts("agent-memories", items=[_ANY]),
            },
        )
        return replace(runner, options=replace(runner.options, harness=named, recalled=told))

    async def _found(
        self, embedder: Embedder, bank: Bank, tasks: Sequence[Task]
    ) -> Mapping[Digest, Sequence[Remembered]]:
        instruction = self.config.recall.instruction
        keys = await embedder([entry.query[:_QUERY_CHARS] for entry in bank.entries])
        asked = [_instructed(task.query.strip()[:_QUERY_CHARS], instruction) for task in tasks]
        vectors = await embedder(asked)
        if keys and vectors and len(keys[0]) != len(vectors[0]):
            raise SurroundingsError(
                f"recalling: vectors of {len(keys[0])} and of {len(vectors[0])} numbers",
                hint="another model answers now under the same name; name it as recall.model",
            )
        return {
            task.digest: [bank.entries[one] for one in nearest(vector, keys, self._top)]
            for task, vector in zip(tasks, vectors, strict=True)
        }

    @property
    def _top(self) -> int:
        return self.config.recall.top

    def _embedder(self) -> Embedder:
        from skillgit.endpoint.embeddings import Embedder  # noqa: PLC0415 - openai takes a second

        there, key, _ = embedding_endpoint(self.config)
        return Embedder(there, key, self.store, self.ask.allowance)


def _instructed(query: str, instruction: str) -> str:
    """As Qwen3-Embedding wants to be told what a query is for; stored queries are not told so."""
    return f"Instruct: {instruction}\nQuery: {query}" if instruction else query


def _told(entries: Sequence[Remembered], prompts: Prompts) -> str:
    return prompts("agent-memories", items=[item for entry in entries for item in entry.items])
