from __future__ import annotations

import time

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from skillgit.skill.frontmatter import Field, Kind, Problem, Trouble, read_frontmatter
from skillgit.types import LineRange

SKILL = b"""\
---
name: demo
description: >-
  Folded text
  of two lines.

license: "MIT"
metadata:
  version: 1.0
  'quoted key': yes
  day: 2026-01-01
allowed-tools:
- Read
- Write
compatibility:
---
# Body
"""


def field(data: bytes, name: str) -> Field:
    found = read_frontmatter(data).get(name)
    assert found is not None
    return found


def troubles(data: bytes) -> list[tuple[Trouble, int, int]]:
    return [(p.trouble, p.line, p.column) for p in read_frontmatter(data).problems]


def test_fields_know_their_places() -> None:
    front = read_frontmatter(SKILL)
    assert (front.readable, front.problems, front.line_count) == (True, (), 16)
    assert [(f.name, f.value.kind, f.lines) for f in front.fields] == [
        ("name", Kind.TEXT, LineRange(2, 2)),
        ("description", Kind.TEXT, LineRange(3, 5)),
        ("license", Kind.TEXT, LineRange(7, 7)),
        ("metadata", Kind.MAPPING, LineRange(8, 11)),
        ("allowed-tools", Kind.LIST, LineRange(12, 14)),
        ("compatibility", Kind.NOTHING, LineRange(15, 15)),
    ]
    assert field(SKILL, "description").value.text == "Folded text of two lines."
    name = field(SKILL, "name")
    assert (name.value.text, name.value.line, name.value.column) == ("demo", 2, 7)
    inner = field(SKILL, "metadata").value.fields
    assert [(f.name, f.value.kind, f.value.line, f.value.column) for f in inner] == [
        ("version", Kind.NUMBER, 9, 12),
        ("quoted key", Kind.TRUTH, 10, 17),
        ("day", Kind.DATE, 11, 8),
    ]
    assert [item.text for item in field(SKILL, "allowed-tools").value.items] == ["Read", "Write"]


def test_carriage_returns_change_nothing() -> None:
    crlf = SKILL.replace(b"\n", b"\r\n")
    assert read_frontmatter(crlf) == read_frontmatter(SKILL)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", [(Trouble.ABSENT, 1, 1)]),
        (b"# Title\n", [(Trouble.ABSENT, 1, 1)]),
        (b"\n---\nname: x\n---\n", [(Trouble.ABSENT, 1, 1)]),
        (b"---name: x\n---\n", [(Trouble.ABSENT, 1, 1)]),
        (b"---\nname: x\n", [(Trouble.UNCLOSED, 1, 1)]),
        (b"---\nname: x ---\n", [(Trouble.UNCLOSED, 1, 1)]),
        (b"---\n---\n", [(Trouble.INVALID, 2, 1)]),
        (b"---\n# only a comment\n---\n", [(Trouble.INVALID, 2, 1)]),
        (b"---\njust text\n---\n", [(Trouble.INVALID, 2, 1)]),
        (b"---\n- name\n---\n", [(Trouble.INVALID, 2, 1)]),
        (b"---\nname: x\ndescription: a: b\n---\n", [(Trouble.INVALID, 3, 15)]),
        (b'---\nname: "x\n---\n', [(Trouble.INVALID, 2, 9)]),
        (b'---\nname: "\\UFFFFFFFF"\n---\n', [(Trouble.INVALID, 2, 1)]),
        (b"---\nname: x\x07\n---\n", [(Trouble.INVALID, 2, 8)]),
        (b"---\n? [a]\n: b\n---\n", [(Trouble.FANCY, 2, 3), (Trouble.INVALID, 2, 3)]),
        (b"---\na: b\n...\nc: d\n---\n", [(Trouble.INVALID, 3, 1)]),
        (b"---\na: b\nname: x\na: c\n---\n", [(Trouble.DUPLICATE, 4, 1)]),
        (b"---\na: &x b\nc: *x\n---\n", [(Trouble.FANCY, 2, 4), (Trouble.FANCY, 3, 4)]),
        (b"---\na: !!str 1\n---\n", [(Trouble.FANCY, 2, 4)]),
        (b"---\na: [b, [c], {d: e}]\nf: {}\n---\n", [(Trouble.FANCY, 2, 4), (Trouble.FANCY, 3, 4)]),
        (b"--- \na: b\n---\n", [(Trouble.BLANKS, 1, 4)]),
        (b"---\na: b --- c\n---\n", [(Trouble.HYPHENS, 2, 6)]),
        (b"\xef\xbb\xbf---\na: b\n---\n", [(Trouble.MARK, 1, 1)]),
        (b"\xef\xbb\xbf# x\n", [(Trouble.MARK, 1, 1), (Trouble.ABSENT, 1, 1)]),
        (b"---\na: b\n---\n\xff\n", [(Trouble.ENCODING, 4, 1)]),
        ("---\na: b\n---\n".encode("utf-16"), [(Trouble.ENCODING, 1, 1)]),
        ("---\na: 'x\u2028 y'\nc: [d]\n---\n".encode(), [(Trouble.FANCY, 3, 4)]),
    ],
)
def test_each_trouble_has_its_place(data: bytes, expected: list[tuple[Trouble, int, int]]) -> None:
    assert troubles(data) == expected


def test_messages_say_what_to_do() -> None:
    assert read_frontmatter(b"---\na: b\n---\nx\n\xe9\n").problems == (
        Problem(
            Trouble.ENCODING, "not UTF-8: byte 0xe9 at offset 15; save the file as UTF-8", 5, 1
        ),
    )
    (colon,) = read_frontmatter(b"---\ndescription: Use this: often\n---\n").problems
    assert colon.message.endswith("(a text that holds `: ` needs quotes)")
    (twice,) = read_frontmatter(b"---\na: 1\nb: 2\na: 3\n---\n").problems
    assert twice.message == "'a' occurs twice, first in line 2"


def test_a_problem_of_style_leaves_the_fields_readable() -> None:
    front = read_frontmatter(b"---\nname: [x]\nname: y\n---\n")
    assert front.readable
    assert [f.name for f in front.fields] == ["name", "name"]
    assert front.get("name") == front.fields[0]


@pytest.mark.parametrize(
    "inside",
    [
        "[" * 60_000,
        "{a: " * 15_000,
        "- " * 30_000,
        "? " * 30_000,
        "&a " * 20_000,
        "a: '" + "''" * 30_000 + "'",
        "x" * 60_000,
        "x" * 10_000_000,
        "a:\n" * 20_000,
        "!" * 60_000,
    ],
    ids=lambda inside: f"{inside[:4]!r}x{len(inside)}",
)
def test_hostile_frontmatter_takes_a_moment_only(inside: str) -> None:
    begun = time.process_time()
    front = read_frontmatter(f"---\n{inside}\n---\n".encode())
    assert time.process_time() - begun < 4
    assert front.problems or front.readable


WORDS = (
    "---\n|name: x\n|a: |- |[|]|{|}|&a |*a |!t |'|\"|>\n| |  |\n|\r\n|\r|: |? |%|@|\t|#|...\n|\\U"
)
STRANGE = [b"|\n", b"\xff", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\xc2\x85", b"\x00"]
PIECES = st.sampled_from([*(word.encode() for word in WORDS.split("|")), *STRANGE])


@given(st.binary(max_size=60) | st.lists(PIECES, max_size=25).map(lambda p: b"---\n" + b"".join(p)))
@example(b"---\n---")
def test_any_bytes_can_be_read(data: bytes) -> None:
    front = read_frontmatter(data)
    assert front.readable or front.problems
    count = data.count(b"\n") + 1
    assert all(0 <= p.line <= count for p in front.problems)
    assert all(1 <= f.lines.first <= f.lines.last <= front.line_count for f in front.fields)


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=30
)


@given(st.dictionaries(TEXTS.filter(bool), TEXTS, max_size=5))
def test_what_pyyaml_writes_is_read_back(fields: dict[str, str]) -> None:
    body = yaml.safe_dump(fields, allow_unicode=True, default_flow_style=False)
    front = read_frontmatter(f"---\n{body}---\n".encode())
    if fields and not any(p.trouble is Trouble.FANCY for p in front.problems):
        assert {f.name: f.value.text for f in front.fields} == fields
