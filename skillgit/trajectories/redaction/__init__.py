"""Secrets and names of people go before anyone sees a trajectory, model or reader.

    redactor = Redactor(r"ACME-[0-9]{6}")
    cleaned = redactor.all(trajectories)         # placeholders such as [secret:1a2b3c]
    redactor.counts                              # {"token": 2, "email": 1}

Equal values get equal placeholders, so a reader still sees that one value came back, and quotes
of what was shown can be found again. A password is known by its name once; from then on it is
hidden wherever it stands in the trajectories that are cleaned together. The patterns find what
is common; they do not find everything.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from skillgit.config import Collect
from skillgit.trajectories.lines import plain
from skillgit.trajectories.patterns import searched_with
from skillgit.trajectories.redaction import entropy, named, people, tokens
from skillgit.trajectories.redaction.known import Known
from skillgit.trajectories.redaction.spans import (
    PLACEHOLDER,
    Finder,
    Kind,
    Page,
    Span,
    joined,
    placeholder,
)
from skillgit.trajectories.redaction.texts import cleaned_trajectory, named_texts_of, texts_of
from skillgit.types import Diagnostic, Trajectory

__all__ = ["PLACEHOLDER", "Kind", "Redactor", "redact_text", "shown_of_files"]

_OPENERS: tuple[Finder, ...] = (*tokens.FINDERS, *named.FINDERS, *entropy.FINDERS)
_PEOPLE: tuple[Finder, ...] = people.FINDERS
_MOST_PASSES = 20
"""Hiding one value may bring out another; tokens may be glued together."""
_SPREADS = frozenset({Kind.TOKEN, Kind.PASSWORD, Kind.ENTROPY, Kind.HOST})


_SURROGATES = re.compile("[\ud800-\udfff]")
_APART = "\n \n"
"""No secret has it in it but a private key, which would then only be looked for in more."""


class Redactor:
    """Hides what is secret, and counts it by kind.

    `pattern` is a person's own (`trajectories/patterns.py`). Without `names` only what opens
    something is hidden, and e-mail addresses, names and hosts stay.
    """

    def __init__(self, pattern: str = "", *, names: bool = True) -> None:
        self.counts: Counter[Kind] = Counter()
        self._known = Known()
        self._openers = Redactor(pattern, names=False) if names else None
        self._finders = (*_OPENERS, *(_PEOPLE if names else ()))
        if pattern:
            self._finders = (*self._finders, _own(pattern))

    def text(self, text: str) -> str:
        """The text with placeholders. Doing it again changes nothing."""
        shown = plain(text)
        cleaned = self._hidden(shown)
        # Codes of a terminal may stand within a secret; they stay where there is none.
        return text if cleaned == shown else cleaned

    def all(self, trajectories: Iterable[Trajectory]) -> list[Trajectory]:
        """The trajectories with placeholders in all their texts; digests stay those of the raw."""
        cleaned = [
            cleaned_trajectory(one, self.text, self._value) if self._finds_something(one) else one
            for one in trajectories
        ]
        if not self._known:
            return cleaned
        return [cleaned_trajectory(one, self._spread, self._value) for one in cleaned]

    @property
    def told(self) -> dict[str, int]:
        """The counts as they are told: in one order, without kinds of which there are none."""
        return {str(kind): self.counts[kind] for kind in Kind if self.counts[kind]}

    def remark(self, remark: Diagnostic) -> Diagnostic:
        """A message may quote a file; where the file lies a person must be able to read."""
        origin = self._openers.text(remark.origin) if self._openers else remark.origin
        return replace(remark, origin=origin, message=self._uncounted(remark.message))

    def _uncounted(self, text: str) -> str:
        before = self.counts.copy()
        cleaned = self._spread(self.text(text))
        self.counts = before
        return cleaned

    def _hidden(self, text: str) -> str:
        for _ in range(_MOST_PASSES):
            page = Page(text)
            spans = joined((span for find in self._finders for span in find(page)), text)
            if not spans:
                break
            text = self._without(spans, text)
        return text

    def _without(self, spans: Sequence[Span], text: str) -> str:
        parts: list[str] = []
        at = 0
        for span in spans:
            value = text[span.start : span.end]
            parts += [text[at : span.start], placeholder(span.kind, value)]
            at = span.end
            self.counts[span.kind] += 1
            if span.kind in _SPREADS:
                self._known.add(value, span.kind)
        return "".join([*parts, text[at:]])

    def _spread(self, text: str) -> str:
        """Without the values that were found elsewhere."""
        found = joined(self._known.places(text), text)
        return self._hidden(self._without(found, text)) if found else text

    def _finds_something(self, one: Trajectory) -> bool:
        """Most hold nothing: all of it is looked through at once, and seldom text by text."""
        page = Page(plain(_APART.join(texts_of(one))))
        return any(True for find in self._finders for _ in find(page)) or any(
            named.is_secret(key, value) for key, value in named_texts_of(one)
        )

    def _value(self, key: str, value: str) -> str:
        """A value of JSON: all of it goes where its key says that it is a secret."""
        if PLACEHOLDER.search(value) or not named.is_secret(key, value):
            return value
        return self._without([Span(0, len(value), Kind.PASSWORD)], value)


def _own(pattern: str) -> Finder:
    """Finds what a person's pattern means."""
    search = searched_with(pattern).finditer

    def find(page: Page) -> Iterator[Span]:
        text = _SURROGATES.sub("?", page.text)  # UTF-8 has none, and RE2 reads UTF-8
        return (Span(found.start(), found.end(), Kind.EXTRA) for found in search(text))

    return find


def shown_of_files(options: Collect) -> Callable[[str], str]:
    """What is done to the text of files before a model sees it: secrets go, names stay.

    A program that works on the file must find in it what the model was told is there.
    """
    return Redactor(options.redact_extra, names=False).text if options.redact else str


def redact_text(text: str) -> tuple[str, Mapping[Kind, int]]:
    """The text with placeholders, and how many of each kind."""
    redactor = Redactor()
    return redactor.text(text), redactor.counts
