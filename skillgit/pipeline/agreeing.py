"""How much two edits of one base are alike, as far as a program can tell."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from skillgit.review.themes import link_of
from skillgit.skill.hunks import touch
from skillgit.stages.consolidate.alike import near
from skillgit.stages.consolidate.join import plain_words, share_words
from skillgit.types import Edit, Replace, Skill

_NOT = re.compile(r"\b(?:do not|don t|does not|must not|should not|not|never|no|avoid|cannot)\b")


@dataclass(frozen=True, slots=True)
class Alike:
    """In what edits are alike. Of several pairs: in what any pair is; `agree` is of one pair."""

    lines: bool = False
    """Their changes meet: Git could not keep them apart."""
    section: bool = False
    words: bool = False
    """They share enough telling words to be one lesson (the measure that merges are held to)."""
    wording: bool = False
    """They are the same but for spelling."""
    contrary: bool = False
    """One says that what the other forbids is to be done, or they rewrite the same lines."""
    agree: bool = False
    """One pair shares words and section, and is not contrary."""

    MEASURES: ClassVar[tuple[str, ...]] = ("lines", "section", "words", "wording", "contrary")


class Judge:
    """Compares edits of two rounds on one base; on two bases lines cannot be compared."""

    def __init__(self, one: Skill | None, other: Skill | None) -> None:
        self._bases = one, other
        self._same = one is not None and other is not None and one.files == other.files
        self._alike = lru_cache(maxsize=100_000)(self._compared)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What cannot be compared."""
        if self._same:
            return ()
        if None in self._bases:
            return ("the base of a round is not here, so its sections are not known",)
        return ("the rounds read two versions of the skill, so lines cannot be compared",)

    def alike(self, one: Edit, other: Edit) -> Alike:
        """In what an edit of the first round and one of the second are alike."""
        return self._alike(one, other)

    def _compared(self, one: Edit, other: Edit) -> Alike:
        lines = self._meet(one, other)
        places = link_of(self._bases[0], one.change), link_of(self._bases[1], other.change)
        words = share_words(one, other)
        said = plain_words(one), plain_words(other)
        wording = near(*said)
        contrary = _denies(*said) or (self._same and _rewrites(one, other) and not words)
        section = places[0] == places[1]
        return Alike(
            lines=lines,
            section=section,
            words=words,
            wording=wording,
            contrary=contrary,
            agree=section and words and not contrary,
        )

    def _meet(self, one: Edit, other: Edit) -> bool:
        base = self._bases[0]
        if base is None or not self._same:
            return False
        try:
            return touch(base, one.change, other.change)
        except ValueError:  # the evidence does not fit its base: `evidence verify` says so
            return False


def _denies(one: str, other: str) -> bool:
    """Do they say the same, one with a "not" and one without?"""
    plain = [" ".join(_NOT.sub(" ", text).split()) for text in (one, other)]
    denied = [bool(_NOT.search(text)) for text in (one, other)]
    return denied[0] != denied[1] and all(plain) and near(*plain)


def _rewrites(one: Edit, other: Edit) -> bool:
    """Do both put something else in the place of the same lines?"""
    a, b = one.change, other.change
    if not (isinstance(a, Replace) and isinstance(b, Replace) and a.path == b.path):
        return False
    return a.lines.first <= b.lines.last and b.lines.first <= a.lines.last


def best_of(judge: Judge, ones: Iterable[Edit], others: Iterable[Edit]) -> Alike:
    """In what any pair of the edits is alike."""
    others = tuple(others)
    pairs = [judge.alike(one, other) for one in ones for other in others]
    fields = (*Alike.MEASURES, "agree")
    return Alike(**{name: any(getattr(pair, name) for pair in pairs) for name in fields})
