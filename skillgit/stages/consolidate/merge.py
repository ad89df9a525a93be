"""One merge: the operator says which edits teach the same lesson, the program keeps the account.

The operator answers by reference, one word for each edit: `own` (a lesson of its own), the id of
an earlier edit that teaches the same, or why it must not get into the skill. The schema demands
each id exactly once, so no edit can be forgotten, and an id can only point backwards, so no circle
can be built. Sources are united by the program: support is exact whatever the model says.

Only what is shown is coarse. From ten runs on the support is told in steps, and edits of one step
stand in the order of their ids: so one trajectory more seldom changes a question.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from skillgit.ports import Call, JsonObject, Message, Model
from skillgit.review.memory import Memory
from skillgit.skill.placement import words_of
from skillgit.stages.consolidate.join import by_strength, joined, share_words
from skillgit.stages.consolidate.refused import VERDICT, meant_by, met_by, reason_of
from skillgit.stages.consolidate.refused import shown as shown_refusals
from skillgit.stages.consolidate.wording import place_of, reworded
from skillgit.types import ChangeSet, Edit, Fate, MergeRecord, State

DROP_REASONS = ("too specific", "vague", "wrong")
STEPS: tuple[int, ...] = (
    *range(10),
    10,
    20,
    50,
    100,
    200,
    500,
    1000,
    2000,
    5000,
    10_000,
    100_000,
    1_000_000,
)
"""The supports that a question tells apart; below ten all of them."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Which question it is: `merge` or `reconcile`, and which node of the evidence it makes.

    `part` tells the questions of one node apart; `remark` is told in the evidence beside the
    answer. What must not be `halved` falls back.
    """

    kind: str
    level: int
    number: int
    part: str = ""
    remark: str = ""
    halved: bool = True

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.level}/{self.number} {self.part}".strip()


@dataclass(frozen=True, slots=True)
class Question:
    """Edits that the operator is asked about at once, and the call that asks."""

    asking: Asking
    edits: tuple[Edit, ...]
    refused: Memory
    """What it is shown of it."""
    call: Call | None
    """None where there is nothing to ask."""

    def answered(self, value: JsonObject) -> ChangeSet:
        """What the operator's verdicts leave of the edits."""
        sorting = _Sorting(_named(self.edits), self.refused)
        sorting.read(value)
        how = "; ".join(filter(None, (sorting.remark(), self.asking.remark)))
        return self.recorded(sorting.result(), how)

    def recorded(self, result: ChangeSet, how: str) -> ChangeSet:
        """The result with the record of how it came about."""
        record = MergeRecord(
            level=self.asking.level,
            node=self.asking.number,
            inputs=tuple(edit.id for edit in self.edits),
            outputs=tuple(edit.id for edit in result.edits),
            fates=result.fates,
            how=how,
        )
        return replace(result, merges=(record,))


def question(asking: Asking, edits: Iterable[Edit], model: Model, refused: Memory) -> Question:
    """Which of these edits are one lesson?"""
    shown = _in_order(edits)
    met = met_by(shown, refused)
    if len(shown) < 2 and not met.unwanted:
        return Question(asking, shown, met, None)
    named = _named(shown)
    asked = model.prompts(f"{asking.kind}-question", edits=_shown(named))
    if met.unwanted:
        told = model.prompts("merge-refused", refused=shown_refusals(met.refusals))
        asked = f"{told}\n\n{asked}"
    messages = (Message("system", model.prompts("merge")), Message("user", asked))
    schema = _schema(list(named), (*DROP_REASONS, *((VERDICT,) if met.unwanted else ())))
    call = Call(asking.kind, f"{asking.kind} {asking.name}", messages, schema)
    return Question(asking, shown, met, call)


def _in_order(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """Best supported first, as far as the question tells supports apart."""
    return tuple(sorted(edits, key=lambda edit: (-step_of(edit.support), edit.id)))


def step_of(support: int) -> int:
    """The support as a question tells it: at least so many."""
    return STEPS[bisect_right(STEPS, support) - 1]


def _named(edits: Sequence[Edit]) -> dict[str, Edit]:
    return {f"e{number}": edit for number, edit in enumerate(edits, start=1)}


def _shown(named: dict[str, Edit]) -> list[dict[str, object]]:
    return [
        {
            "id": name,
            "support": _told(edit.support),
            "place": place_of(edit.change),
            "title": edit.lesson.title,
            "text": " ".join(words_of(edit.change).split()),
        }
        for name, edit in named.items()
    ]


def _told(support: int) -> int | str:
    step = step_of(support)
    return step if step < 10 else f"{step}+"


def _schema(names: list[str], drops: Sequence[str]) -> dict[str, object]:
    """A verdict for each id, and new words for lessons that need them."""
    verdicts = {
        name: {"type": "string", "enum": ["own", *names[:number], *drops]}
        for number, name in enumerate(names)
    }
    words = _object(id={"type": "string", "enum": names}, text={"type": "string", "maxLength": 400})
    return _object(
        verdicts=_object(**verdicts),
        words={"type": "array", "maxItems": max(1, len(names) // 4), "items": words},
    )


def _object(**properties: object) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


class _Sorting:
    """The account of one merge: every id ends in a group or is dropped with a reason."""

    def __init__(self, named: dict[str, Edit], refused: Memory) -> None:
        self._named = named
        self._refused = refused
        self._groups: dict[str, list[Edit]] = {}
        self._words: dict[str, str] = {}
        self._fates: list[Fate] = []
        self._apart = 0
        self._unlike = 0
        self._taught_anew = 0

    def read(self, value: JsonObject) -> None:
        head_of: dict[str, str] = {}
        for name, edit in self._named.items():
            verdict = value["verdicts"][name]
            if verdict in DROP_REASONS:
                reason = f"merge operator: {verdict}"
                self._fates.append(Fate(edit.id, State.WITHHELD, reason))
                continue
            if verdict == VERDICT and self._is_refused(edit):
                continue
            head = head_of.get(verdict, name)
            if head != name and not share_words(self._named[head], edit):
                self._apart += 1
                head = name
            head_of[name] = head
            self._groups.setdefault(head, []).append(edit)
        self._words = {
            head_of[item["id"]]: item["text"] for item in value["words"] if item["id"] in head_of
        }

    def _is_refused(self, edit: Edit) -> bool:
        meant = meant_by(edit, self._refused)
        if meant is None:
            self._unlike += 1
            return False
        if self._refused.returns(meant, edit.sources):
            self._taught_anew += 1
            return False
        reason = f"merge operator: {reason_of(meant.refusal)}"
        self._fates.append(Fate(edit.id, State.WITHHELD, reason))
        return True

    def result(self) -> ChangeSet:
        kept: list[Edit] = []
        fates = self._fates.copy()
        for head, members in self._groups.items():
            edit, gone = joined(members)
            better = reworded(edit, self._words.get(head, ""))
            kept.append(better if len(members) > 1 and share_words(edit, better) else edit)
            fates.extend(gone)
        return ChangeSet(by_strength(kept), tuple(fates))

    def remark(self) -> str:
        remarks = (
            (self._apart, "kept apart: they share no words with the lesson named"),
            (self._unlike, "kept: they share no words with what was refused"),
            (self._taught_anew, "kept: enough new runs teach what was refused"),
        )
        return "; ".join(["model", *(f"{count} {what}" for count, what in remarks if count)])
