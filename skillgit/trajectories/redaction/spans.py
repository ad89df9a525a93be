"""What is hidden, and how: spans of a text, their kinds, and placeholders that stay the same.

Every finder looks at the same text; what they find is joined and replaced at once, so the order
of finders matters nowhere. A placeholder is never found again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property


class Kind(StrEnum):
    """What was hidden: the keys of counts, in the order in which they are told."""

    PRIVATE_KEY = "private_key"
    TOKEN = "token"
    PASSWORD = "password"
    ENTROPY = "entropy"
    EXTRA = "extra"
    EMAIL = "email"
    USER = "user"
    HOST = "host"

    @property
    def label(self) -> str:
        """The word in a placeholder: one secret looks the same however it was found."""
        return self.value if self in _NO_SECRETS else "secret"


_NO_SECRETS = frozenset({Kind.EXTRA, Kind.EMAIL, Kind.USER, Kind.HOST})
SECRETS = frozenset(Kind) - {Kind.EMAIL, Kind.USER, Kind.HOST}
"""The kinds that open something; the others name somebody or something."""

PLACEHOLDER = re.compile(r"\[(?:secret|extra|email|user|host):[0-9a-f]{6}\]")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Characters `start` to `end` of a text are to be hidden."""

    start: int
    end: int
    kind: Kind


class Page:
    """A text, and the same in lower case with every character in its place."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def lowered(self) -> str:
        """For anchors: as long as the text, also where a capital has a longer small letter."""
        lowered = self.text.lower()
        if len(lowered) == len(self.text):
            return lowered
        return re.sub("[A-Z]+", lambda capitals: capitals[0].lower(), self.text)

    def anchors(self, word: str, *, exact: bool = False) -> Iterator[int]:
        """Where a word stands; unless `exact`, it is in lower case, however the text writes it."""
        text = self.text if exact else self.lowered
        at = text.find(word)
        while at >= 0:
            yield at
            at = text.find(word, at + 1)


Finder = Callable[[Page], Iterable[Span]]


@dataclass(frozen=True, slots=True)
class Shape:
    """A pattern that begins at one of its anchors; its `value`, or all of it, is hidden.

    Anchors are in lower case unless they are `exact`. Linear if what follows an anchor is bounded,
    or taken with no way back.
    """

    kind: Kind
    anchors: tuple[str, ...]
    pattern: re.Pattern[str]
    exact: bool = False

    def __call__(self, page: Page) -> Iterator[Span]:
        text = page.text if self.exact else page.lowered
        for anchor in self.anchors:
            at = text.find(anchor)
            while at >= 0:
                found = self.pattern.match(page.text, at)
                start, end = found.span(self.group) if found else (at, at)
                if end > start:
                    yield Span(start, end, self.kind)
                at = text.find(anchor, max(at + 1, end))

    @property
    def group(self) -> str | int:
        """What of a match is hidden."""
        return "value" if "value" in self.pattern.groupindex else 0


def joined(spans: Iterable[Span], text: str) -> list[Span]:
    """In order and apart from each other; what overlaps is one, of the kind that opens most."""
    placed = [found.span() for found in PLACEHOLDER.finditer(text)] if "[" in text else []
    done: list[Span] = []
    at = 0
    for span in sorted(spans):
        while at < len(placed) and placed[at][1] <= span.start:
            at += 1
        if span.end <= span.start or (at < len(placed) and placed[at][0] < span.end):
            continue
        if done and span.start < done[-1].end:
            last = done[-1]
            kind = min(last.kind, span.kind, key=list(Kind).index)
            done[-1] = Span(last.start, max(last.end, span.end), kind)
        else:
            done.append(span)
    return done


def placeholder(kind: Kind, value: str) -> str:
    """The same for the same value, in every round and on every machine."""
    label = kind.label
    digest = hashlib.sha256(f"{label}\0{value}".encode("utf-8", "surrogatepass")).hexdigest()
    return f"[{label}:{digest[:6]}]"
