"""What people refused before is not proposed again.

An edit in nearly the words of a refused lesson is withheld by the program. One that says the same
in other words only the merge operator can tell, so it is shown what was refused; what it takes for
refused must share telling words with that, whoever says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from skillgit.provenance.evidence import Refusal
from skillgit.provenance.trailers import plain
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


def without_refused(edits: Sequence[Edit], refused: Sequence[Refusal]) -> ChangeSet:
    """Withhold the edits whose words are nearly those of a refused lesson."""
    known = {plain_text(words): one for one in refused for words in one.words}
    known.pop("", None)
    wordings = Wordings(list(known))
    wordings.know_all()
    kept: list[Edit] = []
    fates: list[Fate] = []
    for edit in edits:
        wording = plain_words(edit)
        near = wordings.nearest(wording) if wording else None
        if near is None:
            kept.append(edit)
        else:
            fates.append(Fate(edit.id, State.WITHHELD, reason_of(known[near])))
    return ChangeSet(tuple(kept), tuple(fates))


def reason_of(refusal: Refusal) -> str:
    """Why an edit is withheld that says what was refused."""
    return f"refused before: {refusal.reason}" if refusal.reason else "refused before"


def met_by(edits: Iterable[Edit], refused: Sequence[Refusal]) -> tuple[Refusal, ...]:
    """The refusals that some of the edits could mean, newest first: only they are shown."""
    if not refused:
        return ()
    said = [telling_words(said_by(edit)) for edit in edits]
    met = [one for one in refused if _met(said, _sayings(one))]
    return tuple(sorted(met, key=lambda one: (-one.when, one.title, one.words))[:_MOST_SHOWN])


def meant_by(edit: Edit, refused: Sequence[Refusal]) -> Refusal | None:
    """The refusal that shares most telling words with an edit; None where all share too few."""
    words = telling_words(said_by(edit))
    return max(
        (one for one in refused if _overlap(words, one)),
        key=lambda one: _overlap(words, one),
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
