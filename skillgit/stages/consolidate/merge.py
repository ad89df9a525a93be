"""One merge: the operator says which edits teach the same lesson, the program keeps the account.

The operator answers by reference: groups of short ids, new words only where they are needed, and
ids to drop with a reason. Every id must be cited; what is missing is asked for once more and then
kept unmerged. Sources are united by the program, so support stays exact whatever the model says.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from skillgit.ports import Call, JsonObject, Message, Model, NoReply
from skillgit.skill.placement import words_of
from skillgit.stages.consolidate.join import by_strength, joined, share_words, surviving
from skillgit.stages.consolidate.wording import place_of, reworded
from skillgit.types import ChangeSet, Edit, Fate, MergeRecord, State

DROP_REASONS = ("too specific", "vague", "wrong")


@dataclass(frozen=True, slots=True)
class MergeNode:
    """Which merge it is: its place in the tree, and the question (`merge` or `reconcile`)."""

    level: int
    number: int
    question: str


async def merge(node: MergeNode, edits: Sequence[Edit], model: Model) -> ChangeSet:
    """Ask the operator which of these edits are one lesson; a failing call joins nothing."""
    shown = by_strength(edits)
    if len(shown) < 2:
        return _recorded(node, shown, ChangeSet(shown), "program")
    named = {f"e{number}": edit for number, edit in enumerate(shown, start=1)}
    call = _call(node, named, model)
    answer = await model.ask(call)
    if isinstance(answer, NoReply):
        return _recorded(node, shown, ChangeSet(shown), f"fallback: {answer.reason}")
    sorting = _Sorting(named)
    sorting.read(answer.value)
    if sorting.missing:
        again = await model.ask(_again(call, answer.value, sorting.missing, named, model))
        if not isinstance(again, NoReply):
            sorting.read(again.value)
    return _recorded(node, shown, sorting.result(), sorting.remark())


def _call(node: MergeNode, named: dict[str, Edit], model: Model) -> Call:
    question = model.prompts(f"{node.question}-question", edits=_shown(named), missing=[])
    messages = (Message("system", model.prompts("merge")), Message("user", question))
    label = f"{node.question} {node.level}/{node.number}"
    return Call(node.question, label, messages, _schema(list(named)))


def _again(
    call: Call, value: JsonObject, missing: list[str], named: dict[str, Edit], model: Model
) -> Call:
    shown = _shown({name: named[name] for name in missing})
    said = Message("assistant", json.dumps(value, ensure_ascii=False))
    again = Message("user", model.prompts("merge-question", edits=shown, missing=missing))
    return replace(
        call,
        label=f"{call.label} again",
        messages=(*call.messages, said, again),
        schema=_schema(missing),
    )


def _shown(named: dict[str, Edit]) -> list[dict[str, object]]:
    return [
        {
            "id": name,
            "support": edit.support,
            "place": place_of(edit.change),
            "title": edit.lesson.title,
            "text": " ".join(words_of(edit.change).split()),
        }
        for name, edit in named.items()
    ]


def _schema(names: list[str]) -> dict[str, object]:
    """Groups and drops of exactly these ids."""
    name = {"type": "string", "enum": names}
    group = _object(
        ids={"type": "array", "minItems": 1, "maxItems": len(names), "items": name},
        text={"type": "string", "maxLength": 500},
    )
    dropped = _object(id=name, reason={"type": "string", "enum": list(DROP_REASONS)})
    return _object(
        groups={"type": "array", "maxItems": len(names), "items": group},
        drop={"type": "array", "maxItems": len(names), "items": dropped},
    )


def _object(**properties: object) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


class _Sorting:
    """The account of one merge: each id is sorted once, by its first citation."""

    def __init__(self, named: dict[str, Edit]) -> None:
        self._named = named
        self._open = dict(named)
        self._kept: list[Edit] = []
        self._fates: list[Fate] = []
        self._apart = 0

    @property
    def missing(self) -> list[str]:
        """The ids that no answer has cited yet."""
        return list(self._open)

    def read(self, value: JsonObject) -> None:
        for group in value["groups"]:
            members = [self._open.pop(name) for name in group["ids"] if name in self._open]
            if members:
                self._join(members, group["text"])
        for item in value["drop"]:
            edit = self._open.pop(item["id"], None)
            if edit:
                self._fates.append(
                    Fate(edit.id, State.WITHHELD, f"merge operator: {item['reason']}")
                )

    def _join(self, members: list[Edit], words: str) -> None:
        """Members that share no words with the first are no part of its lesson, whoever says so."""
        same = [members[0], *(other for other in members[1:] if share_words(members[0], other))]
        apart = surviving(members, (edit.id for edit in same))
        self._apart += len(apart)
        self._kept.extend(apart)
        head, gone = joined(same)
        self._kept.append(reworded(head, words) if len(same) > 1 else head)
        self._fates.extend(gone)

    def result(self) -> ChangeSet:
        return ChangeSet(by_strength([*self._kept, *self._open.values()]), tuple(self._fates))

    def remark(self) -> str:
        remarks = ["model"]
        if self._apart:
            remarks.append(f"{self._apart} kept apart: they share no words with their group")
        if self._open:
            remarks.append(f"{len(self._open)} never mentioned, kept as they are")
        return "; ".join(remarks)


def _recorded(node: MergeNode, inputs: Sequence[Edit], result: ChangeSet, how: str) -> ChangeSet:
    record = MergeRecord(
        level=node.level,
        node=node.number,
        inputs=tuple(edit.id for edit in inputs),
        outputs=tuple(edit.id for edit in result.edits),
        fates=result.fates,
        how=how,
    )
    return replace(result, merges=(record,))
