"""The merge operator: asked about any number of edits, in questions that it can answer.

Too many edits for one question are parted by where they stand on the base, for edits of one lesson
mostly want the same section; the parts are asked about at the same time. A question that does not
fit into the model's context, or whose reply does not, is halved in the same order, and what the
halves leave is asked about once more. Where the operator gives nothing usable, the program joins
what is alike, and the record says so: `fallback: <reason>`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TypeVar

from skillgit.ports import Failure, Model, NoReply
from skillgit.review.memory import Memory
from skillgit.stages.consolidate.join import by_strength, join_alike
from skillgit.stages.consolidate.merge import Asking, question
from skillgit.stages.consolidate.plan import cut, digest
from skillgit.stages.consolidate.wording import place_order
from skillgit.types import ChangeSet, Edit, MergeRecord

_Result = TypeVar("_Result")
FEW = 16
"""That a reply about so few edits breaks off is no sign of too many."""
_TOO_LONG = NoReply("the question does not fit into the model's context", failure=Failure.TOO_LONG)


@dataclass(frozen=True, slots=True)
class Operator:
    """The model as it merges: how much it is shown at once, and what people refused before."""

    model: Model
    most: int
    """Edits in one question."""
    refused: Memory = field(default_factory=Memory)

    async def merge(self, asking: Asking, edits: Sequence[Edit]) -> ChangeSet:
        """Which of these edits are one lesson? Asked in as many questions as it takes."""
        if len(edits) <= self.most:
            return await self.ask(asking, edits)
        ordered = sorted(edits, key=place_order)
        keys = [digest(edit.id) for edit in ordered]
        groups = cut(keys, [1] * len(ordered), self.most)
        return united(
            await together(
                self.ask(
                    _part(asking, f"part {number}", f"part {number} of {len(groups)}"),
                    [ordered[n] for n in group],
                )
                for number, group in enumerate(groups, start=1)
            )
        )

    async def ask(self, asking: Asking, edits: Sequence[Edit]) -> ChangeSet:
        """The same in one question, or in its halves where it is too long."""
        asked = question(asking, edits, self.model, self.refused)
        if asked.call is None:
            return asked.recorded(ChangeSet(asked.edits), "program")
        fits = await self.model.fits(asked.call)
        answer = await self.model.ask(asked.call) if fits else _TOO_LONG
        if not isinstance(answer, NoReply):
            return asked.answered(answer.value)
        if asking.halved and _too_many(answer, len(edits)):
            return await self._in_halves(asking, edits)
        return asked.recorded(join_alike(asked.edits), f"fallback: {answer.reason}")

    async def _in_halves(self, asking: Asking, edits: Sequence[Edit]) -> ChangeSet:
        ordered = sorted(edits, key=place_order)
        middle = (len(ordered) + 1) // 2
        both = united(
            await together(
                self.ask(_part(asking, f"half {number}", "half of a question too long"), half)
                for number, half in enumerate((ordered[:middle], ordered[middle:]), start=1)
            )
        )
        if len(both.edits) in {0, 1, len(edits)}:
            return both
        last = replace(asking, part=f"{asking.part} rest".strip(), halved=False)
        rest = await self.ask(last, both.edits)
        return ChangeSet(rest.edits, both.fates + rest.fates, both.merges + rest.merges)


def _part(asking: Asking, part: str, remark: str) -> Asking:
    remarks = "; ".join(filter(None, (asking.remark, remark)))
    return replace(asking, part=f"{asking.part} {part}".strip(), remark=remarks)


def _too_many(answer: NoReply, count: int) -> bool:
    if answer.failure is Failure.CUT_OFF:
        return count > FEW
    return answer.failure is Failure.TOO_LONG and count > 2


def united(results: Iterable[ChangeSet]) -> ChangeSet:
    """Several results as one."""
    results = tuple(results)
    return ChangeSet(
        by_strength(chain.from_iterable(one.edits for one in results)),
        tuple(chain.from_iterable(one.fates for one in results)),
        tuple(chain.from_iterable(one.merges for one in results)),
    )


def numbered(
    nodes: Iterable[Sequence[MergeRecord]], widths: Mapping[int, int]
) -> Iterator[MergeRecord]:
    """The records of all nodes, each with a number of its own; `widths` are nodes of each level.

    The first question of a node keeps its number; all others come behind the last node.
    """
    more = dict(widths)
    for records in nodes:
        yield from records[:1]
        for record in records[1:]:
            yield replace(record, node=more[record.level])
            more[record.level] += 1


async def together(work: Iterable[Awaitable[_Result]]) -> list[_Result]:
    """All of it at the same time; the first that cannot go on stops the others."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
