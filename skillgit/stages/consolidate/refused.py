"""What people refused before is not proposed again, unless enough that is new teaches it.

An edit in nearly the words of a refused lesson is withheld by the program. One that says the same
in other words only the merge operator can tell, so it is shown what was refused; what it takes for
refused must share telling words with that, whoever says so.

A refused lesson comes back where runs that its round had not read teach it, of enough tasks: then
its edits pass, the operator is not shown the refusal, and the lesson's commit tells of it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from skillgit.names import Digest, EditId, TrajectoryId
from skillgit.provenance.evidence import Refusal, Returned
from skillgit.provenance.trailers import plain
from skillgit.review.memory import Memory, Unwanted
from skillgit.stages.consolidate.alike import Wordings
from skillgit.stages.consolidate.join import (
    plain_text,
    plain_words,
    said_by,
    shared,
    telling_words,
)
from skillgit.types import ChangeSet, Edit, Fate, State

VERDICT = "refused"
_MOST_SHOWN = 12
_MOST_CHARS = 400


def without_refused(edits: Sequence[Edit], memory: Memory) -> ChangeSet:
    """Withhold the edits whose words are nearly those of a refused lesson that must stay away."""
    echoes = _Echoes(edits, memory)
    kept: list[Edit] = []
    fates: list[Fate] = []
    for edit in edits:
        barred = next((one for one in echoes.of(edit) if not echoes.bring_back(one)), None)
        if barred is None:
            kept.append(edit)
        else:
            reason = reason_of(barred.refusal) + echoes.so_far(barred)
            fates.append(Fate(edit.id, State.WITHHELD, reason))
    return ChangeSet(tuple(kept), tuple(fates))


def coming_back(edits: Sequence[Edit], memory: Memory) -> tuple[Unwanted, ...]:
    """The refused lessons that all edits in nearly their words together bring back."""
    return tuple(filter(_Echoes(edits, memory).bring_back, memory.unwanted))


def returned_by(edits: Sequence[Edit], memory: Memory) -> Mapping[EditId, tuple[Returned, ...]]:
    """Which refused lessons come back with which edits, and how much that is new teaches them."""
    echoes = _Echoes(edits, memory)
    told = {
        edit.id: tuple(_returned(one, edit, memory) for one in echoes.of(edit)) for edit in edits
    }
    return {edit: returned for edit, returned in told.items() if returned}


def _returned(one: Unwanted, edit: Edit, memory: Memory) -> Returned:
    told, anew = one.refusal, memory.anew(one, edit.sources)
    return Returned(told.round, one.patch, told.title, told.reason, anew.runs, anew.tasks)


class _Echoes:
    """Edits in nearly the words of refused lessons, and who taught them, refusal by refusal."""

    def __init__(self, edits: Iterable[Edit], memory: Memory) -> None:
        self._memory = memory
        self._known: defaultdict[str, list[Unwanted]] = defaultdict(list)
        for one in memory.unwanted:
            for words in one.refusal.words:
                self._known[plain_text(words)].append(one)
        self._known.pop("", None)
        self._wordings = Wordings(list(self._known))
        self._wordings.know_all()
        self._of: dict[EditId, tuple[Unwanted, ...]] = {}
        self._sources: defaultdict[Digest, set[TrajectoryId]] = defaultdict(set)
        for edit in edits if self._known else ():
            self._of[edit.id] = self._nearest(edit)
            for one in self._of[edit.id]:
                self._sources[one.patch] |= edit.sources

    def _nearest(self, edit: Edit) -> tuple[Unwanted, ...]:
        wording = plain_words(edit)
        near = self._wordings.all_near(wording) if wording else ()
        return tuple({one.patch: one for text in near for one in self._known[text]}.values())

    def of(self, edit: Edit) -> tuple[Unwanted, ...]:
        """What an edit nearly says, the nearest first."""
        return self._of.get(edit.id, ())

    def bring_back(self, one: Unwanted) -> bool:
        """Is enough of what taught them new to the refused lesson?"""
        return self._memory.returns(one, self._sources[one.patch])

    def so_far(self, one: Unwanted) -> str:
        """How far it is from coming back, where it is on its way."""
        tasks, need = self._memory.anew(one, self._sources[one.patch]).tasks, self._memory.need
        if not (tasks and need):
            return ""
        return f" (new runs of {tasks} of the {need} tasks that would bring it back)"


def reason_of(refusal: Refusal) -> str:
    """Why an edit is withheld that says what was refused."""
    return f"refused before: {refusal.reason}" if refusal.reason else "refused before"


def met_by(edits: Iterable[Edit], memory: Memory) -> Memory:
    """The refusals that some of the edits could mean, newest first: only they are shown."""
    if not memory.unwanted:
        return memory
    said = [telling_words(said_by(edit)) for edit in edits]
    met = [one for one in memory.unwanted if _met(said, _sayings(one.refusal))]
    return replace(memory, unwanted=tuple(sorted(met, key=_newest_first)[:_MOST_SHOWN]))


def _newest_first(one: Unwanted) -> tuple[int, str, tuple[str, ...]]:
    return -one.refusal.when, one.refusal.title, one.refusal.words


def meant_by(edit: Edit, memory: Memory) -> Unwanted | None:
    """The refused lesson that shares most telling words with an edit; None where all share few."""
    words = telling_words(said_by(edit))
    return max(
        (one for one in memory.unwanted if _overlap(words, one.refusal)),
        key=lambda one: _overlap(words, one.refusal),
        default=None,
    )


def _met(said: Iterable[set[str]], sayings: Sequence[set[str]]) -> bool:
    return any(shared(words, one) for words in said for one in sayings)


def _overlap(words: set[str], refusal: Refusal) -> int:
    """How many telling words are shared; 0 where they are too few."""
    return max(len(words & one) if shared(words, one) else 0 for one in _sayings(refusal))


def _sayings(refusal: Refusal) -> list[set[str]]:
    return [telling_words(f"{refusal.title} {said}") for said in refusal.words or ("",)]


def shown(refused: Sequence[Refusal]) -> list[str]:
    """Each refusal as one line of JSON: what people wrote is data in a question."""
    return [
        json.dumps(
            {
                "title": _cut(one.title),
                "text": _cut(" / ".join(one.words)),
                "refused because": _cut(one.reason) or "no reason given",
            },
            ensure_ascii=False,
        )
        for one in refused
    ]


def _cut(text: str) -> str:
    told = plain(text)
    return told if len(told) <= _MOST_CHARS else f"{told[: _MOST_CHARS - 1].rstrip()}…"
