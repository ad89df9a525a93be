"""Patches for tests of consolidation, and operators that answer by a function of the question."""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from skillgit.adapters.prompts import JinjaPrompts
from skillgit.config import Consolidate
from skillgit.names import EditId, Oid, TrajectoryId
from skillgit.ports import Call, Model, NoReply, Reply
from skillgit.skill.placement import insertion
from skillgit.stages.consolidate import consolidate
from skillgit.types import MANIFEST, ChangeSet, Edit, Lesson, Patch, Skill

BASE = Skill(
    "skills/x",
    Oid("0" * 40),
    {
        MANIFEST: (
            "---\nname: x\ndescription: y\n---\n\n# X\n"
            + "".join(
                f"\n## Part {part}\n\n"
                + "".join(f"- Item number {n} of part {part}.\n" for n in range(8))
                for part in range(8)
            )
        ).encode()
    },
)
Operator = Callable[[Call], "Reply | NoReply"]


class Silent:
    """Nobody waits."""

    def start(self, stage: str, total: int) -> None: ...

    def advance(self, stage: str, note: str = "") -> None: ...

    def finish(self, stage: str) -> None: ...


@dataclass
class Asked:
    """An endpoint that answers by a function of the call, after as many turns as `late` says."""

    operator: Operator
    fits_up_to: int = 1_000_000
    """Edits in one question."""
    late: Callable[[Call], int] = lambda _: 1
    calls: list[Call] = field(default_factory=list)

    async def __call__(self, call: Call) -> Reply | NoReply:
        """Remember the call, and answer it."""
        self.calls.append(call)
        for _ in range(self.late(call)):
            await asyncio.sleep(0)
        return self.operator(call)

    async def fits(self, call: Call) -> bool:
        """By the number of its edits."""
        return len(ids_of(call)) <= self.fits_up_to

    def consolidate(
        self,
        patches: Sequence[Patch],
        **options: Any,  # noqa: ANN401 - fields of Consolidate
    ) -> ChangeSet:
        """What is left of the patches."""
        model = Model(self, JinjaPrompts(), Silent(), self.fits)
        return asyncio.run(consolidate(BASE, patches, Consolidate(**options), model))

    @property
    def questions(self) -> list[str]:
        """What was asked, in no particular order."""
        return sorted(call.messages[-1].content for call in self.calls)


def ids_of(call: Call) -> list[str]:
    """The edits of a question."""
    return list(call.schema["properties"]["verdicts"]["properties"])


def by_title(call: Call) -> Reply:
    """Edits of one title are one lesson."""
    first: dict[str, str] = {}
    verdicts = {}
    for name, title in re.findall(r"(?m)^(e\d+) \(.*?\) ([^:]*):", call.messages[-1].content):
        head = first.setdefault(title, name)
        verdicts[name] = "own" if head == name else head
    return Reply({"verdicts": verdicts, "words": []})


def trajectory(number: int) -> TrajectoryId:
    """An id as a digest makes it."""
    return TrajectoryId(f"t-{hashlib.sha256(str(number).encode()).hexdigest()[:12]}")


WORDS = re.findall(
    r"\w+",
    """workbook sheet cell range formula column row header total date format copy load save merge
    filter table price town order amount empty number text value style chart link name print""",
)


def patch(number: int, themes: int = 12, edits: int = 1) -> Patch:
    """What the n-th analyst proposes: lessons of some themes, each in words of its own."""
    name, draw = trajectory(number), random.Random(number)
    return Patch(name, tuple(_edit(name, n + 1, draw, themes) for n in range(edits)))


def _edit(name: TrajectoryId, number: int, draw: random.Random, themes: int) -> Edit:
    theme = min(int(draw.expovariate(3 / themes)), themes - 1)
    words = " ".join(draw.sample(WORDS, 4))
    return Edit(
        EditId(f"{name}.{number}"),
        insertion(BASE, MANIFEST, 9 + 4 * (theme % 16), f"Mind topic {theme}: {words}."),
        Lesson(f"Mind topic {theme}", "why"),
        frozenset({name}),
    )
