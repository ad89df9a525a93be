"""The merge tree of a round as a Mermaid picture that a forge draws.

Whatever a label says is written so that Mermaid reads it as text: all but letters, digits and a few
harmless marks become character codes, so no label can end its own quotation, add a link, a click or
a directive, or close the code block that the picture stands in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from skillgit.provenance.trailers import plain
from skillgit.publish.tree import RECONCILE_LEVEL, Node, grown, levels_of
from skillgit.types import MergeRecord

Levels: TypeAlias = Mapping[int, Sequence[MergeRecord]]
MOST_NODES = 40
_MOST_LABEL = 60
_FRAME = 3
"""Nodes beside the merges: the analysts, what fell out, the lessons."""
_CODED = re.compile(r"[^A-Za-z0-9 ,./→-]")


def label(*lines: str) -> str:
    """Quoted text for a node."""
    return '"' + "<br>".join(map(_coded, lines)) + '"'


def _coded(text: str) -> str:
    text = plain(text)
    short = text if len(text) <= _MOST_LABEL else f"{text[: _MOST_LABEL - 1].rstrip()}…"
    # Three hyphens or a word of Mermaid's own are harmless inside quotation marks.
    return _CODED.sub(lambda found: f"#{ord(found[0])};", short)


@dataclass(frozen=True, slots=True)
class Ends:
    """What stands around the merges, each as the lines of a label."""

    analysts: Sequence[str]
    lessons: Sequence[str]
    fallen: Sequence[str] = ()


def picture(merges: Sequence[MergeRecord], ends: Ends) -> str:
    """The source of the picture; empty where nothing was merged.

    A level for whose nodes there is no room is drawn as one.
    """
    levels = levels_of(merges)
    if not 1 <= len(levels) <= MOST_NODES - _FRAME:
        return ""
    whole = _drawn_whole(levels)
    lines = [*_nodes(levels, whole, ends), *dict.fromkeys(_edges(merges, whole))]
    if ends.fallen:
        lines.append("A -.-> W")
    return "\n".join(["flowchart LR", *(f"  {line}" for line in lines)])


def _nodes(levels: Levels, whole: set[int], ends: Ends) -> Iterator[str]:
    yield f"A([{label(*ends.analysts)}])"
    for level, records in levels.items():
        if level not in whole:
            yield f"{_id(level, None)}[{label(*_together(level, records))}]"
            continue
        for record in records:
            name = _id(level, record.node)
            yield f"{name}[{label(Node(record).name, Node(record).flow)}]"
            if Node(record).fell_back:
                yield f"style {name} stroke-dasharray: 4 3"
    if ends.fallen:
        yield f"W[/{label(*ends.fallen)}/]"
    yield f"L([{label(*ends.lessons)}])"


def _together(level: int, records: Sequence[MergeRecord]) -> tuple[str, str]:
    went_in = sum(len(one.inputs) for one in records)
    came_out = sum(len(one.outputs) for one in records)
    word = "of the same lines" if level == RECONCILE_LEVEL else f"of level {level}"
    return f"{len(records)} merges {word}", f"{went_in} edits → {came_out}"


def _drawn_whole(levels: Levels) -> set[int]:
    """The levels whose nodes are all drawn: from the top, as long as the others have one each."""
    room, whole = MOST_NODES - _FRAME - len(levels), set[int]()
    for level in sorted(levels, reverse=True):
        if len(levels[level]) - 1 <= room:
            room -= len(levels[level]) - 1
            whole.add(level)
    return whole


def _edges(merges: Sequence[MergeRecord], whole: set[int]) -> Iterator[str]:
    def named(node: Node) -> str:
        level = node.record.level
        return _id(level, node.record.node if level in whole else None)

    def below(node: Node) -> Iterator[str]:
        for child in node.children:
            yield f"{named(child)} --> {named(node)}"
            yield from below(child)
        if not node.children and node.record.level != RECONCILE_LEVEL:
            yield f"A --> {named(node)}"

    trees = grown(merges)
    for tree in trees:
        yield from below(tree)
    roots = [tree for tree in trees if tree.record.level != RECONCILE_LEVEL]
    for tree in trees:
        if tree.record.level == RECONCILE_LEVEL:
            yield f"{named(roots[0]) if roots else 'A'} --> {named(tree)}"
            yield f"{named(tree)} --> L"
    for root in roots:
        if root.record.outputs:
            yield f"{named(root)} --> L"


def _id(level: int, number: int | None) -> str:
    return f"m{level}" if number is None else f"m{level}n{number}"
