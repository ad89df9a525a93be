"""Which trajectories tell one run twice?

Support counts runs. Whoever gives one run under many file names, ids, times or folders, or with a
few words changed, must not raise it. Compared are words, not bytes:

- a run whose words are all the same as another's, whatever the white space, is its copy;
- so is a long one that shares nine tenths of what was done, and of what was asked, wherever it was
  run. The two are held against each other apart: of one task the agent is asked the same each time.

Short runs are copies only where all words are the same: two of one kind of task differ in little
else than a number. The estimate is a minhash with one permutation (Li, Owen and Zhang, 2012), its
hash fixed: the same trajectories give the same copies everywhere. A run that somebody tells in
other words is another run to a program; that is left to the reader.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain
from math import ceil
from operator import eq
from zlib import crc32

from skillgit.names import TrajectoryId
from skillgit.types import Diagnostic, Result, Step, Trajectory

ALIKE = 0.9
"""The share of triples of words (Jaccard) from which on two long runs are one."""
FEW = 100
"""A run of fewer different triples of words is short."""
_BINS = 128
_ROWS = 8
_LEAST_BANDS = _BINS // _ROWS - (_BINS - ceil(ALIKE * _BINS))
"""Of the bands of eight bins, copies share four: the 12 bins in which they may differ spoil no more
than 12 of 16. Runs that share half of their triples have so many in one of a million cases."""
_MOST_CHARS = 400_000
"""So much of a run is compared by its triples; all of it by its words."""

_PLACES_TOLD = 3
"""Of the files that tell a run again, so many are named."""

# What another recording of the same run changes: where it was made, times, and identifiers. Each
# pattern begins with a character that few texts are full of, so most of a text is skipped.
_FOLDER = re.compile(r"[\\/](?:[\w.@~-]{1,255}[\\/]){1,64}")
_DRIVE = re.compile(r"[a-z]:(?=[\\/][\w.@~-])")
_TIME = re.compile(
    r"\d(?:\d{3}-\d\d-\d\d(?:[t ]\d\d:\d\d(?::\d\d)?(?:[.,]\d{1,9})?(?:z|[+-]\d\d:?\d\d)?)?"
    r"|\d?:\d\d:\d\d(?:[.,]\d{1,9})?)"
)
_UUID = re.compile(r"-(?<=[0-9a-f]{8}-)[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_WORD = re.compile(r"\w+")
_NAME = 16
"""A word of so many characters, with a digit among them, is an identifier."""
_DIGIT = re.compile(r"\d")


def each_run_once(
    trajectories: Sequence[Trajectory],
) -> tuple[list[Trajectory], list[Diagnostic]]:
    """Without near copies of the same result, and a remark on each run that was told again.

    The first in the order given stands for its run. Of a run that is told with two results both
    stay: which one is false is not known here.
    """
    known = {one.id: one for one in trajectories}
    again: dict[TrajectoryId, list[str]] = {}
    for result in Result:
        same = [one for one in trajectories if one.outcome.result is result]
        for copy, first in near_copies(same).items():
            again.setdefault(first, []).append(known.pop(copy).origin)
    remarks = [
        Diagnostic(
            known[first].origin,
            f"told again, nearly word for word, by {_some(places)}: one run counts once",
        )
        for first, places in again.items()
    ]
    return list(known.values()), remarks


def _some(places: Sequence[str]) -> str:
    told, more = sorted(places)[:_PLACES_TOLD], len(places) - _PLACES_TOLD
    return ", ".join(told) + (f" and {more} more" if more > 0 else "")


def near_copies(trajectories: Sequence[Trajectory]) -> dict[TrajectoryId, TrajectoryId]:
    """The copies among them, each with the one that stands for it: the first in the order given."""
    shelf = _Shelf()
    found: dict[TrajectoryId, TrajectoryId] = {}
    for one in trajectories:
        first = shelf.place(_Print.of(one))
        if first is not None:
            found[one.id] = first.trajectory
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Print:
    """What stays of a trajectory: a digest of all its words, and a sketch where it is long."""

    trajectory: TrajectoryId
    words: bytes
    sketch: array[int]
    """Of what the agent said and did."""
    asked: tuple[bytes, array[int]]
    """The words of what it was asked, and their sketch."""

    @classmethod
    def of(cls, trajectory: Trajectory) -> _Print:
        digest = blake2b(digest_size=16)
        done: list[str] = []
        asked: list[str] = []
        room = _MOST_CHARS
        for step in trajectory.steps:
            for text in _texts(step):
                words = _words(text)
                digest.update("\0".join((*words, "")).encode("utf-8", "surrogatepass"))
                told = {"agent": done, "user": asked}.get(step.source)
                if room > 0 and told is not None and text is not step.observation:
                    told += words if len(text) <= room else _words(text[:room])
                    room -= len(text)
        question = blake2b("\0".join(asked).encode("utf-8", "surrogatepass"), digest_size=16)
        asked_of = question.digest(), _sketch(asked)
        return cls(trajectory.id, digest.digest(), _sketch(done), asked_of)

    @property
    def bands(self) -> Iterator[bytes]:
        """Parts of the sketch, of which copies share some."""
        for at in range(0, len(self.sketch), _ROWS):
            yield bytes([at]) + self.sketch[at : at + _ROWS].tobytes()

    def is_like(self, other: _Print) -> bool:
        """Do the two share nine tenths, as far as their sketches tell?"""
        (words, asked), (others_words, others_asked) = self.asked, other.asked
        return _alike(self.sketch, other.sketch) and (
            words == others_words or _alike(asked, others_asked)
        )


class _Shelf:
    """The prints that stand for themselves, findable by what they share with others."""

    def __init__(self) -> None:
        self._by_words: dict[bytes, _Print] = {}
        self._by_band: dict[bytes, list[_Print]] = {}

    def place(self, one: _Print) -> _Print | None:
        """The print that stands for this one; None where it was put on the shelf itself."""
        first = self._by_words.setdefault(one.words, one)
        if first is not one:
            return first
        bands = tuple(one.bands)
        shared = Counter(chain.from_iterable(self._by_band.get(band, ()) for band in bands))
        for other, count in shared.items():
            if count >= _LEAST_BANDS and one.is_like(other):
                # Its own copies, word for word, belong to the same run.
                self._by_words[one.words] = other
                return other
        for band in bands:
            self._by_band.setdefault(band, []).append(one)
        return None


def _alike(one: array[int], other: array[int]) -> bool:
    same: int = sum(map(eq, one, other))
    return same >= ALIKE * _BINS


def _texts(step: Step) -> Iterator[str]:
    yield step.reasoning
    yield step.message
    for call in step.calls:
        yield call.name
        yield call.arguments
    yield step.observation


def _words(text: str) -> list[str]:
    """The words that another recording of the run has as well."""
    text = text.lower()
    if ":\\" in text or ":/" in text:
        text = _DRIVE.sub(" ", text)
    text = _TIME.sub(" ", _FOLDER.sub(" ", text))
    # What is left of a UUID makes the word before it long.
    words = _WORD.findall(_UUID.sub("0" * _NAME, text))
    return [
        word
        for word in words
        if not word.startswith("0x") and (len(word) < _NAME or not _DIGIT.search(word))
    ]


def _sketch(words: Sequence[str]) -> array[int]:
    """The least hash in each bin; empty where there are too few to tell runs apart."""
    triples = set(zip(words, words[1:], words[2:], strict=False))
    if len(triples) < FEW:
        return array("I")
    least: dict[int, int] = {}
    for triple in triples:
        value = crc32("\0".join(triple).encode("utf-8", "surrogatepass"))
        place, rest = value % _BINS, value // _BINS
        if rest < least.get(place, rest + 1):
            least[place] = rest
    # An empty bin borrows from the next one that is not: equal sets still have equal sketches.
    sketch, lent = array("I", [0] * _BINS), least[min(least)]
    for place in reversed(range(_BINS)):
        lent = least.get(place, lent)
        sketch[place] = lent
    return sketch
