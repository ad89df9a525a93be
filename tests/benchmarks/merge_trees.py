"""Trees of merges compared: how long the chain is, and how many merges an addition changes.

    PYTHONPATH=tests python -m benchmarks.merge_trees 33 100 323 1024 10000

Patches teach themes of a skewed distribution, and now and then what no other teaches. A merge
leaves one edit of each theme that it is shown and takes 0.3 s and 6.5 tokens of 10 ms for each
edit; the joining by words before is left out, so the chains are longer than those of a round.

count    groups of 32 by their position, 32 groups to the next (as it was)
window   from the left, each group ends at the smallest key of the 20th to the 32nd leaf
trie     the halves of the range of ids, merged where more than 16 patches have come together
lot      parted at the smallest key that leaves half a group on each side, so with both sides
place    as skillgit does it: the same of edits in the order of their places, of which three in four
         are those of their theme; a merge that few edits reach hands them on
"""

from __future__ import annotations

import argparse
import hashlib
import random
import statistics
import sys
from bisect import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

from skillgit.stages.consolidate.plan import MOST_GROUPS, Leaf, plan_tree

BATCH = 32
_WINDOW = (20, 32)
_ABOVE = (4, MOST_GROUPS)
_PROBES = 12


@dataclass(frozen=True, slots=True)
class Held:
    """What a patch or a merge holds, and the seconds of the merges that led to it."""

    edits: tuple[tuple[str, int], ...]
    """A theme and a name for each."""
    longest: float = 0.0
    shortest: float = 0.0
    level: int = 0


@dataclass
class Merges:
    """All merges of one tree."""

    questions: set[int] = field(default_factory=set)

    def ask(self, held: Sequence[Held]) -> Held:
        """One merge."""
        if len(held) == 1 and held[0].level:
            return held[0]
        shown = sorted((edit for one in held for edit in one.edits), key=lambda edit: edit[1])
        self.questions.add(hash(tuple(shown)))
        seconds = 0.3 + 0.065 * len(shown)
        heads: dict[str, int] = {}
        for theme, name in shown:
            heads.setdefault(theme, name)
        return Held(
            tuple(heads.items()),
            max(one.longest for one in held) + seconds,
            min(one.shortest for one in held) + seconds,
            1 + max(one.level for one in held),
        )


Patches = Sequence[tuple[int, Held]]
Design = Callable[[Patches, Merges], Held]


def _lot(patches: Patches, merges: Merges) -> Held:
    row = [held for _, held in patches]
    for level in plan_tree(
        [Leaf(f"{name:016x}", len(held.edits)) for name, held in patches], BATCH
    ):
        row = [merges.ask(row[group.start : group.stop]) for group in level]
    return row[0]


def _place(patches: Patches, merges: Merges) -> Held:
    edits = sorted((edit for _, held in patches for edit in held.edits), key=_place_order)
    plan = plan_tree([Leaf(f"{name:016x}") for _, name in edits], BATCH)
    row = [Held((edit,)) for edit in edits]
    for number, level in enumerate(plan, start=1):
        groups = [row[group.start : group.stop] for group in level]
        asks = number in {1, len(plan)}
        row = [merges.ask(held) if asks else _few(held, merges) for held in groups]
    return row[0]


def _few(held: Sequence[Held], merges: Merges) -> Held:
    edits = tuple(edit for one in held for edit in one.edits)
    if len(edits) > 4 * BATCH // MOST_GROUPS:
        return merges.ask(held)
    longest, shortest = max(one.longest for one in held), min(one.shortest for one in held)
    return Held(edits, longest, shortest, max(one.level for one in held))


def _place_order(edit: tuple[str, int]) -> tuple[str, int]:
    theme, name = edit
    return (theme if name % 16 < 12 else f"{name % 7}"), name


def _count(patches: Patches, merges: Merges) -> Held:
    row = [held for _, held in patches]
    while len(row) > 1:
        groups = -(-len(row) // BATCH)
        ends = [len(row) * n // groups for n in range(groups + 1)]
        row = [merges.ask(row[first:last]) for first, last in pairwise(ends)]
    return row[0]


def _window(patches: Patches, merges: Merges) -> Held:
    row = [held for _, held in patches]
    keys = [hashlib.sha256(str(name).encode()).digest() for name, _ in patches]
    least, most = _WINDOW
    while len(row) > 1:
        ends = [0]
        while ends[-1] < len(row):
            ends.append(_next_end(keys, ends[-1], least, most))
        row = [merges.ask(row[first:last]) for first, last in pairwise(ends)]
        keys = [keys[end - 1] for end in ends[1:]]
        least, most = _ABOVE
    return row[0]


def _next_end(keys: Sequence[bytes], first: int, least: int, most: int) -> int:
    left = len(keys) - first
    if left <= most:
        return len(keys)
    if left <= 2 * most:
        return first + (left + 1) // 2
    return min(range(first + least, first + most + 1), key=lambda end: keys[end - 1])


def _trie(patches: Patches, merges: Merges) -> Held:
    held = _below(patches, 1 << 63, merges)
    return merges.ask(held) if len(held) > 1 else held[0]


def _below(patches: Patches, bit: int, merges: Merges) -> list[Held]:
    if len(patches) == 1:
        return [patches[0][1]]
    halves = [[one for one in patches if bool(one[0] & bit) == upper] for upper in (False, True)]
    held = [one for half in halves if half for one in _below(half, bit >> 1, merges)]
    edits = sum(len(one.edits) for one in held)
    return [merges.ask(held)] if len(held) > BATCH // 2 or edits > BATCH else held


DESIGNS: dict[str, Design] = {
    "count": _count,
    "window": _window,
    "trie": _trie,
    "lot": _lot,
    "place": _place,
}


def patches(count: int, draw: random.Random, themes: int, alone: float) -> list[tuple[int, Held]]:
    """So many patches of one or two edits, in the order of their ids."""
    weights = list(accumulate(1 / (rank + 2) for rank in range(themes)))
    return sorted(
        (name, Held(tuple(_edits(name, draw, weights, alone))))
        for name in (draw.getrandbits(64) for _ in range(count))
    )


def _edits(
    name: int, draw: random.Random, weights: Sequence[float], alone: float
) -> list[tuple[str, int]]:
    themes = [
        str(bisect(weights, draw.random() * weights[-1])) for _ in range(draw.choice((1, 1, 2)))
    ]
    return [
        (f"alone {name} {n}" if draw.random() < alone else theme, 4 * name + n)
        for n, theme in enumerate(themes)
    ]


def row(count: int, design: Design, themes: int, alone: float) -> list[float]:
    """Merges, levels, longest and shortest chain; merges changed by one more patch: mean, most."""
    draw = random.Random(count)
    rows = []
    for _ in range(3):
        given = patches(count, draw, themes, alone)
        merges = Merges()
        root = design(given, merges)
        changed = []
        for _ in range(_PROBES):
            more = Merges()
            design(sorted([*given, *patches(1, draw, themes, alone)]), more)
            changed.append(len(more.questions - merges.questions))
        told = (len(merges.questions), root.level, root.longest, root.shortest)
        rows.append((*told, statistics.mean(changed), max(changed)))
    return [statistics.mean(column) for column in zip(*rows, strict=True)]


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("counts", type=int, nargs="+")
    head = "N | themes | tree | merges | levels | longest s | shortest s | changed | at most"
    sys.stdout.write(f"| {head} |\n|{' --- |' * 9}\n")
    for count in parser.parse_args().counts:
        for themes, alone in ((14, 0.0), (40, 0.05)):
            for name, design in DESIGNS.items():
                cells = " | ".join(f"{one:.1f}" for one in row(count, design, themes, alone))
                sys.stdout.write(f"| {count} | {themes} + {alone:.0%} | {name} | {cells} |\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
