from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stories import HOSTILE, merges

from skillgit.publish.mermaid import MOST_NODES, Ends, label, picture
from skillgit.publish.tree import grown
from skillgit.types import MergeRecord

ENDS = Ends(("40 analysts", "60 edits"), ("9 lessons",), ("3 withheld",))
NODE = re.compile(r"^  (\w+)(?:\(\[|\[/?)\"[A-Za-z0-9 ,./→#;<>-]*\"(?:\]\)|/?\])$")
EDGE = re.compile(r"^  (\w+) (?:-->|-\.->) (\w+)$")
STYLE = re.compile(r"^  style \w+ stroke-dasharray: 4 3$")


@given(st.text(max_size=80))
def test_no_label_can_leave_its_quotation(words: str) -> None:
    assert re.fullmatch(r'"(?:[A-Za-z0-9 ,./→-]|#\d+;)*"', label(words))


@pytest.mark.parametrize("leaves", [1, 2, 3, 7, 31, 64, 500])
def test_a_picture_has_few_nodes_and_edges_between_them(leaves: int) -> None:
    first, *lines = picture(merges(leaves, HOSTILE), ENDS).split("\n")

    assert first == "flowchart LR"
    nodes = {found[1] for line in lines if (found := NODE.match(line))}
    edges = [found.groups() for line in lines if (found := EDGE.match(line))]
    assert len(nodes) <= MOST_NODES
    assert {end for edge in edges for end in edge} <= nodes
    assert len(edges) == len(set(edges))
    assert all(NODE.match(line) or EDGE.match(line) or STYLE.match(line) for line in lines)


@pytest.mark.parametrize("leaves", [2, 31, 500])
def test_everything_leads_from_the_analysts_to_the_lessons(leaves: int) -> None:
    lines = picture(merges(leaves), ENDS).split("\n")
    edges = {found.groups() for line in lines if (found := EDGE.match(line))}

    nodes = {found[1] for line in lines if (found := NODE.match(line))}
    reached, waiting = {"A"}, ["A"]
    while waiting:
        here = waiting.pop()
        new = [end for start, end in edges if start == here and end not in reached]
        reached.update(new)
        waiting += new
    assert reached == nodes


def test_without_merges_or_with_endless_levels_there_is_no_picture() -> None:
    endless = tuple(MergeRecord(level, 0, (), ()) for level in range(1, 60))

    assert picture((), ENDS) == ""
    assert picture(endless, ENDS) == ""


def test_a_tree_holds_each_merge_once_under_the_one_that_took_its_edits() -> None:
    found = merges(7)
    root, same_lines = grown(found)

    assert (root.record.level, len(root.children)) == (3, 2)
    assert same_lines.record.level == 99
    names = []
    waiting = [root, same_lines]
    while waiting:
        node = waiting.pop()
        names.append((node.record.level, node.record.node))
        waiting += node.children
    assert sorted(names) == sorted((one.level, one.node) for one in found)
