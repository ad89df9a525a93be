"""The merge operator: asked about any number of edits, in questions that it can answer.

Too many edits for one question are parted by where they stand on the base, for edits of one lesson
mostly want the same section; the parts are asked about at the same time. A question that does not
fit into the model's context, or whose reply does not, is halved in the same order, and what the
halves leave is asked about once more. Where the operator gives nothing usable, the program joins
what is alike, and the record says so: `fallback: <reason>`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TypeVar

from skillgit.ports import Failure, Model, NoReply
from skillgit.provenance.evidence import Refusal
from skillgit.stages.consolidate.join import by_strength, join_alike
from skillgit.stages.consolidate.merge import Question, question
from skillgit.stages.consolidate.plan import cut, digest
from skillgit.types import Change, ChangeSet, CreateFile, DeleteFile, Edit, Insert, Replace

_Result = TypeVar("_Result")
FEW = 16
"""That a reply about so few edits breaks off is no sign of too many."""
_TOO_LONG = NoReply("the question does not fit into the model's context", failure=Failure.TOO_LONG)


@dataclass(frozen=True, slots=True)
class Asking:
    """Which question it is: `merge` or `reconcile`, its name for people, its level in the evidence.

    `remark` is told in the evidence beside the answer. What must not be `halved` falls back.
    """

    kind: str
    name: str
    level: int
    remark: str = ""
    halved: bool = True


@dataclass(frozen=True, slots=True)
class Operator:
    """The model as it merges: how much it is shown at once, and what people refused before."""

    model: Model
    most: int
    """Edits in one question."""
    refused: Sequence[Refusal] = field(default=())

    async def merge(self, asking: Asking, edits: Sequence[Edit]) -> ChangeSet:
        """Which of these edits are one lesson? Asked in as many questions as it takes."""
        if len(edits) <= self.most:
            return await self.ask(asking, edits)
        ordered = sorted(edits, key=_place)
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
        asked = question(asking.kind, asking.name, edits, self.model, self.refused)
        if asked.call is None:
            return asked.recorded(asking.level, ChangeSet(asked.edits), "program")
        fits = await self.model.fits(asked.call)
        answer = await self.model.ask(asked.call) if fits else _TOO_LONG
        if not isinstance(answer, NoReply):
            return asked.answered(asking.level, answer.value, asking.remark)
        if asking.halved and _too_many(answer, len(edits)):
            return await self._in_halves(asking, edits)
        return _fallen_back(asked, asking.level, answer.reason)

    async def _in_halves(self, asking: Asking, edits: Sequence[Edit]) -> ChangeSet:
        ordered = sorted(edits, key=_place)
        middle = (len(ordered) + 1) // 2
        both = united(
            await together(
                self.ask(_part(asking, f"half {number}", "half of a question too long"), half)
                for number, half in enumerate((ordered[:middle], ordered[middle:]), start=1)
            )
        )
        if len(both.edits) in {0, 1, len(edits)}:
            return both
        level = 1 + max(record.level for record in both.merges)
        last = replace(asking, name=f"{asking.name} rest", level=level, halved=False)
        rest = await self.ask(last, both.edits)
        return ChangeSet(rest.edits, both.fates + rest.fates, both.merges + rest.merges)


def _part(asking: Asking, name: str, remark: str) -> Asking:
    return replace(
        asking, name=f"{asking.name} {name}", remark=f"{asking.remark}; {remark}".strip("; ")
    )


def _place(edit: Edit) -> tuple[str, int, str]:
    """Where an edit stands on the base."""
    path, line = _line(edit.change)
    return path, line, edit.id


def _line(change: Change) -> tuple[str, int]:
    match change:
        case Insert(path, after, _):
            return path, after
        case Replace(path, lines, _):
            return path, lines.first
        case CreateFile(_, _, link):
            return link.path, link.after
        case DeleteFile(path, _):
            return path, 0


def _too_many(answer: NoReply, count: int) -> bool:
    if answer.failure is Failure.CUT_OFF:
        return count > FEW
    return answer.failure is Failure.TOO_LONG and count > 2


def _fallen_back(asked: Question, level: int, reason: str) -> ChangeSet:
    """What the program makes of a question that was not answered: what is alike is joined."""
    return asked.recorded(level, join_alike(asked.edits), f"fallback: {reason}")


def united(results: Iterable[ChangeSet]) -> ChangeSet:
    """Several results as one."""
    results = tuple(results)
    return ChangeSet(
        by_strength(chain.from_iterable(one.edits for one in results)),
        tuple(chain.from_iterable(one.fates for one in results)),
        tuple(chain.from_iterable(one.merges for one in results)),
    )


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
