"""Edits that are the same but for spelling are joined by the program, without any call."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from skillgit.skill.placement import words_of
from skillgit.stages.consolidate.alike import Wordings
from skillgit.types import (
    ChangeSet,
    CreateFile,
    DeleteFile,
    Edit,
    Fate,
    Insert,
    Replace,
    State,
)

SHARED = 0.3
"""The part of the shorter wording's telling words that two edits of one lesson must share."""
_EMPTY_WORDS = frozenset(
    re.findall(
        r"\w+",
        """the and for with that this from are not use before after when then than into its every
        each all any must should will can you your has have was were which what does only also but
        """,
    )
)


def by_strength(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """Best supported first; equal support in the order of ids, so that arrival never matters."""
    return tuple(sorted(edits, key=lambda edit: (-edit.support, edit.id)))


def joined(members: Sequence[Edit]) -> tuple[Edit, tuple[Fate, ...]]:
    """One edit for all: the first keeps its words and place, sources and quotes are united."""
    head, *others = members
    quotes = dict.fromkeys(quote for member in members for quote in member.quotes)
    sources = frozenset().union(*(member.sources for member in members))
    fates = tuple(Fate(other.id, State.MERGED, "the same lesson", head.id) for other in others)
    return replace(head, sources=sources, quotes=tuple(quotes)), fates


def join_alike(edits: Sequence[Edit]) -> ChangeSet:
    """Join what teaches the same: first by what repairs have proven, then by the wording."""
    proven = _joined(_by_marks(edits))
    worded = _joined(_by_wording(proven.edits))
    return ChangeSet(by_strength(worded.edits), proven.fates + worded.fates)


def _joined(clusters: Iterable[Sequence[Edit]]) -> ChangeSet:
    kept: list[Edit] = []
    fates: list[Fate] = []
    for cluster in clusters:
        head, gone = joined(cluster)
        kept.append(head)
        fates += gone
    return ChangeSet(tuple(kept), tuple(fates))


def _by_marks(edits: Iterable[Edit]) -> list[list[Edit]]:
    """Edits whose repairs brought in the same are one lesson, wherever they want to stand.

    The place that takes least away from the skill is kept: what is proven is that something is
    missing, not that a line of the skill is wrong.
    """
    clusters: defaultdict[object, list[Edit]] = defaultdict(list)
    for edit in sorted(edits, key=lambda edit: (_intrusion(edit), edit.id)):
        clusters[edit.marks or edit.id].append(edit)
    return list(clusters.values())


def _intrusion(edit: Edit) -> int:
    kinds = (Insert, CreateFile, Replace, DeleteFile)
    return kinds.index(type(edit.change))


def _by_wording(edits: Iterable[Edit]) -> list[list[Edit]]:
    """Identical and near-identical edits of one file; replacements only of the same lines."""
    by_place: defaultdict[object, list[Edit]] = defaultdict(list)
    for edit in sorted(edits, key=lambda edit: edit.id):
        by_place[_place(edit)].append(edit)
    return [cluster for rivals in by_place.values() for cluster in _clusters(rivals)]


def _place(edit: Edit) -> object:
    change = edit.change
    if isinstance(change, Replace):
        return change.path, change.lines
    return type(change), getattr(change, "link", change).path


def _clusters(edits: Sequence[Edit]) -> list[list[Edit]]:
    """Identical wordings first, then each wording joins the first one that it nearly equals."""
    same: defaultdict[str, list[Edit]] = defaultdict(list)
    for edit in edits:
        same[plain_words(edit)].append(edit)
    known = Wordings(list(same))
    clusters: dict[int, list[Edit]] = {}
    for number, members in enumerate(same.values()):
        near = known.nearest_to(number)
        if near is None:
            known.know(number)
        clusters.setdefault(number if near is None else near, []).extend(members)
    return list(clusters.values())


def plain_words(edit: Edit) -> str:
    """The words of an edit in lower case, without marks."""
    return plain_text(words_of(edit.change))


def plain_text(text: str) -> str:
    """A text in lower case, without marks."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def share_words(one: Edit, other: Edit) -> bool:
    """Do two edits share enough words to be one lesson at all, whoever says so?"""
    return shared(telling_words(said_by(one)), telling_words(said_by(other)))


def said_by(edit: Edit) -> str:
    """All that an edit says: the title of its lesson, and its words."""
    return f"{edit.lesson.title} {plain_words(edit)}"


def telling_words(text: str) -> set[str]:
    """The words of a text that tell something of what it is about."""
    return {word for word in re.findall(r"\w{3,}", text.casefold()) if word not in _EMPTY_WORDS}


def shared(left: set[str], right: set[str]) -> bool:
    """Are enough telling words of the shorter of two texts in the other?"""
    return len(left & right) >= SHARED * max(1, min(len(left), len(right)))
