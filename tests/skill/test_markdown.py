from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from skillgit.skill.markdown import Fence, Heading, Link, Section, Structure, structure
from skillgit.types import LineRange

SKILL = """\
---
name: demo
description: d
---

# Demo

First paragraph
goes on.

```python
# not a heading
print("x")
```

## Tables

| a | b |
|---|---|
| 1 | 2 |

- one
  goes on
- two

  - inner

    deep
- three

Last
----

See [the guide](references/guide.md) and ![a picture](assets/a%20b.png).
"""


def lines_of(text: str) -> list[str]:
    *lines, rest = text.split("\n")
    return [*lines, rest] if rest else lines


def test_headings_leave_out_those_inside_fences_and_other_blocks() -> None:
    text = "# A\n\n```\n# no\n```\n\n> # quoted\n\n- # item\n\nB `c`\nmore\n===\n### C ###\n"
    found = [(heading.level, heading.title, heading.line) for heading in structure(text).headings]
    assert found == [(1, "A", 1), (1, "B `c` more", 11), (3, "C", 14)]


def test_a_whole_skill() -> None:
    found = structure(SKILL)
    assert found.frontmatter_end == 4
    assert found.headings == (
        Heading(1, "Demo", LineRange(6, 6)),
        Heading(2, "Tables", LineRange(16, 16)),
        Heading(2, "Last", LineRange(31, 32)),
    )
    assert found.fences == (Fence(LineRange(11, 14), "python", closed=True),)
    assert found.links == (
        Link("references/guide.md", 34, 17),
        Link("assets/a b.png", 34, 55, image=True),
    )


def test_gaps_are_between_blocks_only() -> None:
    # fmt: off
    assert structure(SKILL).gaps == (
        4, 5,        # after the frontmatter
        6, 7,        # after the heading, before the paragraph of lines 8 and 9
        9, 10,       # before the fence
        14, 15, 16,  # around the heading
        17,          # before the table
        20, 21,      # after it, before the first item
        23,          # between items: 22-23 and 24-28 hold together
        28, 29, 30,
        32, 33, 34,  # not between a heading and its underline
    )
    # fmt: on


@pytest.mark.parametrize(
    ("line", "section"),
    [
        (0, Section("", 0, 1, 4)),
        (4, Section("", 0, 1, 4)),
        (5, Section("", 0, 5, 5)),
        (6, Section("Demo", 1, 6, 15)),
        (12, Section("Demo", 1, 6, 15)),
        (15, Section("Demo", 1, 6, 15)),
        (16, Section("Tables", 2, 16, 30)),
        (34, Section("Last", 2, 31, 34)),
        (999, Section("Last", 2, 31, 34)),
    ],
)
def test_the_section_of_a_line(line: int, section: Section) -> None:
    assert structure(SKILL).section_of(line) == section


@pytest.mark.parametrize("text", ["", "\n", "x", "---\n", "---\n---", "---\na: b\n---\n", "# A"])
def test_the_smallest_texts_have_sections_and_gaps(text: str) -> None:
    found = structure(text)
    assert found.gaps[-1] == len(lines_of(text))
    assert found.section_of(1).first <= found.section_of(1).last


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ("```\n```\n", True),
        ("```\n```", True),
        ("~~~ py\nx\n~~~~\n", True),
        ("> ```\n> x\n> ```\n", True),
        ("- ```\n  x\n  ```\n", True),
        ("```", False),
        ("```\n", False),
        ("```\n\n\n", False),
        ("```\nx", False),
        ("````\n```\n", False),
        ("```\n~~~\n", False),
        ("> ```\n> ", False),
        ("```\nx\n```### Glued\n", False),
        ("```\nx\n    ```\n", False),
    ],
)
def test_which_fences_are_closed(text: str, closed: bool) -> None:  # noqa: FBT001 - a table of cases
    (fence,) = structure(text).fences
    assert fence.closed is closed


def test_nothing_can_be_added_behind_an_open_end() -> None:
    assert structure("# A\n\n```\nx\n\ny\n").gaps == (0, 1, 2)
    assert structure("# A\n<!-- note\n\n# B\n").gaps == (0, 1)
    assert structure("# A\n<!-- note -->\n\n# B\n").gaps == (0, 1, 2, 3, 4)


def test_a_link_definition_of_two_lines_is_not_parted() -> None:
    assert structure('see [a]\n\n[a]: x.md\n  "title"\n\nend\n').gaps == (0, 1, 2, 4, 5, 6)


def test_lines_end_at_line_feeds_only() -> None:
    text = "# A\u2028x\x0cy\r\n\r\nlone\rreturn\r\n# B\r\n"
    found = structure(text)
    assert [(heading.title[:1], heading.line) for heading in found.headings] == [("A", 1), ("B", 4)]
    assert found.line_count == 4


def test_frontmatter_is_whole_lines_only() -> None:
    assert structure("---\na: b --- c\n----\n---\nx\n").frontmatter_end == 4
    assert structure("\ufeff---\r\na: b\r\n---\r\n").frontmatter_end == 3
    assert structure("--- \na: b\n---\t\nx").frontmatter_end == 3
    assert structure("---\nnever closed\n").frontmatter_end == 0
    assert structure("\n---\na: b\n---\n").frontmatter_end == 0


def test_links_know_their_lines() -> None:
    text = (
        "a [b](x.md)\nc [d](x.md) [e](x.md)\n\n| h |\n|--|\n| [t](t.md) |\n\n"
        "- [r][ref]\n\n[ref]: r.md\n"
        "`[no](code.md)`\n\n    [no](code.md)\n\n<https://example.org>\n"
    )
    assert [(link.target, link.line, link.column) for link in structure(text).links] == [
        ("x.md", 1, 7),
        ("x.md", 2, 7),
        ("x.md", 2, 17),
        ("t.md", 6, 7),
        ("r.md", 8, 0),
        ("https://example.org", 15, 2),
    ]


MARKS = st.sampled_from(
    ["# ", "```", "~~~", "- ", "1. ", "> ", "| a ", "|--", "---", "===", "<!--", "-->", "  ", "\t"]  # noqa: RUF005 - two rows read better
    + ["\n", "\r\n", "\r", "x", "[a](b.md)", "[a]: b\n", "\u2028", "\x00", "\ud800", "`", "*"]
)


@given(st.lists(MARKS, max_size=40).map("".join) | st.text(max_size=80))
@example("- a\n\n\n- b\n")
@example("> a\n>\n> b\n")
def test_any_text_has_a_structure(text: str) -> None:
    found = structure(text)
    count = len(lines_of(text))
    assert found.line_count == count
    assert found.gaps
    assert list(found.gaps) == sorted(set(found.gaps))
    assert found.gaps[-1] <= count
    assert found.gaps[0] == found.frontmatter_end
    ends = [part.lines.last for part in found.blocks]
    ends += [fence.lines.last for fence in found.fences]
    ends += [heading.lines.last for heading in found.headings]
    assert all(end <= count for end in ends)
    assert all(1 <= link.line <= count for link in found.links)
    _sections_part_the_text(found)


def _sections_part_the_text(found: Structure) -> None:
    line = 1
    while line <= found.line_count:
        section = found.section_of(line)
        assert section.first == line
        assert all(found.section_of(n) == section for n in range(line, section.last + 1))
        line = section.last + 1


@given(st.lists(MARKS, max_size=30).map("".join), st.data())
def test_a_heading_put_into_any_gap_is_a_heading(text: str, data: st.DataObject) -> None:
    lines = [line.replace("\r", " ") for line in lines_of(text)]
    before = structure("\n".join(lines))
    gap = data.draw(st.sampled_from(before.gaps))
    after = structure("\n".join([*lines[:gap], "", "# Put in", "", *lines[gap:]]))
    if after.frontmatter_end == before.frontmatter_end:  # else the text had a lone fence on top
        assert Heading(1, "Put in", LineRange(gap + 2, gap + 2)) in after.headings
        assert len(after.fences) == len(before.fences)


@pytest.mark.parametrize("piece", ["[", "`a", "*a_", "<a ", "> ", "- ", "![](", "| a\n", "\\", "&"])
def test_hostile_texts_take_a_moment_only(piece: str) -> None:
    begun = time.process_time()
    structure(piece * (200_000 // len(piece)))
    assert time.process_time() - begun < 4
