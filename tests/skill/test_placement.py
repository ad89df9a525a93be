from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import skills

from skillgit.names import Oid, SkillPath
from skillgit.skill.anchors import anchors
from skillgit.skill.hunks import apply_changes
from skillgit.skill.markdown import structure
from skillgit.skill.placement import insertion, reference, replacement, seats, words_of
from skillgit.types import MANIFEST, Insert, LineRange, Skill

TEXT = """---
name: a
description: b
---

# A

Words of a
paragraph.

- one
- two
  more of two

1. first
2. second

```python
# not a heading
```

| a | b |
|---|---|
| 1 | 2 |
"""


def skill(text: str = TEXT) -> Skill:
    return Skill("", Oid("0" * 40), {MANIFEST: text.encode()})


def after(change: Insert) -> str:
    return apply_changes(skill(), [change])[MANIFEST].decode()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (11, "- one\n- new words\n- two"),
        (12, "  more of two\n- new words\n\n1. first"),
        (13, "  more of two\n- new words\n\n1. first"),
        (15, "1. first\n2. new words\n2. second"),
        (8, "paragraph.\n\nnew words\n\n- one"),
        (19, "```\n\nnew words\n\n| a | b |"),
        (23, "| 1 | 2 |\n\nnew words\n"),
        (2, "---\n\nnew words\n\n# A"),
        (6, "# A\n\nnew words\n\nWords"),
    ],
)
def test_words_become_lines_that_fit_their_place(line: int, expected: str) -> None:
    assert expected in after(insertion(skill(), MANIFEST, line, "new words"))


@pytest.mark.parametrize("line", range(4, 11))
def test_a_paragraph_is_parted_from_what_is_around_it(line: int) -> None:
    text = "---\nname: x\n---\n\n# X\n\nOne.\n\nTwo.\n\nThree.\n"
    base = skill(text)
    after = apply_changes(base, [insertion(base, MANIFEST, line, "New words.")])[MANIFEST]
    blocks = after.decode().split("\n\n")
    assert "New words." in [block.strip() for block in blocks]
    assert [block for block in blocks if block.strip() != "New words."] == text.split("\n\n")


def test_several_lines_of_words_stay_one_item() -> None:
    assert "- one\n- new\n  words\n- two" in after(insertion(skill(), MANIFEST, 11, "new\nwords"))


def test_a_replaced_item_stays_an_item() -> None:
    change = replacement(skill(), MANIFEST, LineRange(12, 13), "new words")
    assert "- one\n- new words\n\n1. first" in apply_changes(skill(), [change])[MANIFEST].decode()


def test_a_reference_is_linked_from_its_place_and_never_takes_a_name_twice() -> None:
    place = insertion(skill(), MANIFEST, 11, "words")
    made = reference(skill(), place, "Merged cells: what [to] do?", "Unmerge first.")
    assert made.path == "references/merged-cells-what-to-do.md"
    assert made.text == "# Merged cells: what [to] do?\n\nUnmerge first."
    assert made.link.text == f"- Merged cells: what to do?: see [{made.path}]({made.path})."
    other = reference(skill(), place, "Merged cells - what to do", "x", {made.path.folded})
    assert other.path == "references/merged-cells-what-to-do-2.md"
    assert reference(skill(), place, "漢字", "x").path == "references/lesson.md"
    assert words_of(made) == "Unmerge first."


def test_seats_lie_in_the_section_and_begin_with_the_nearest() -> None:
    places = seats(skill(), insertion(skill(), MANIFEST, 11, "x"))
    assert places[0] == 11
    assert set(places) <= set(structure(TEXT).gaps)
    assert min(places) >= 6


# Control characters never get here: a reply that holds one is refused.
WORDS = st.text(
    st.characters(codec="utf-8", blacklist_categories=("Cc", "Cs")), min_size=1, max_size=30
)


@settings(max_examples=150, deadline=None)
@given(skills(), st.data())
def test_an_insertion_tears_nothing_and_gives_its_words_back(
    base: Skill, data: st.DataObject
) -> None:
    words = data.draw(WORDS.filter(str.strip))
    name = data.draw(st.sampled_from(sorted(anchors(base))))
    place = anchors(base)[name]
    change = insertion(base, place.path, place.line, words)
    assert change.after in structure(base.text(place.path) or "").gaps
    assert " ".join(words_of(change).split()).endswith(" ".join(words.split())[-5:].strip())
    old = structure(base.text(place.path) or "")
    new = structure(apply_changes(base, [change])[place.path].decode())
    tables = [sum(block.kind == "table" for block in one.blocks) for one in (old, new)]
    assert tables[1] >= tables[0]


def test_every_anchor_names_its_line() -> None:
    names = anchors(
        Skill("", Oid("0" * 40), {MANIFEST: TEXT.encode(), SkillPath("references/x.md"): b"# X\n"})
    )
    assert "SKILL.md:11| - one" in names
    assert "SKILL.md:13| more of two" in names
    assert "references/x.md:1| # X" in names
    assert not any("not a heading" in name or "description" in name for name in names)
    assert names["SKILL.md:13| more of two"].block == LineRange(12, 13)
    assert names["SKILL.md:6| # A"].block is None
