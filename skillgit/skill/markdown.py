r"""What a Markdown text is made of, and where lines can be added without tearing any of it.

Lines are counted from 1 and end at `\n` only, as in `lines.py`; a text is read, never rendered
back. CommonMark 0.31 with tables; headings and fences inside other blocks belong to those blocks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from skillgit.types import LineRange

if TYPE_CHECKING:  # the parser is a heavy import: see _parser
    from markdown_it import MarkdownIt  # noqa: TID251 - this is its home
    from markdown_it.token import Token  # noqa: TID251 - this is its home

MAX_INLINE = 20_000
"""A block of more characters than this is not searched for links: hostile ones take minutes."""

_LEAVES = {
    "heading_open": "heading",
    "paragraph_open": "paragraph",
    "table_open": "table",
    "fence": "fence",
    "code_block": "code",
    "html_block": "html",
    "hr": "rule",
}
_CONTAINERS = {
    "bullet_list_open": "list",
    "ordered_list_open": "list",
    "list_item_open": "item",
    "blockquote_open": "quote",
}
_ENDLESS_HTML = {"<!--": "-->", "<script": "</script", "<pre": "</pre", "<style": "</style"}
"""HTML that swallows blank lines until its end is written (CommonMark, HTML blocks 1 and 2)."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the text itself, not of a quotation or a list item."""

    level: int
    title: str
    lines: LineRange

    @property
    def line(self) -> int:
        """Its first line."""
        return self.lines.first


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced code block, its two fence lines included; without `closed` it runs on."""

    lines: LineRange
    info: str
    closed: bool


@dataclass(frozen=True, slots=True)
class Link:
    """A link or an image, wherever it leads; `target` as written, without percent escapes."""

    target: str
    line: int
    column: int
    image: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, paragraph, table, fence, code, html, rule, list, item or quote."""

    kind: str
    lines: LineRange


class Section(NamedTuple):
    """A heading with the lines up to the next heading of any level; level 0 comes before all."""

    title: str
    level: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Structure:
    """A text's blocks in the order of their first lines."""

    headings: tuple[Heading, ...]
    fences: tuple[Fence, ...]
    links: tuple[Link, ...]
    blocks: tuple[Block, ...]
    gaps: tuple[int, ...]
    """Where lines can be added: after line n; never empty, and never inside a block."""
    frontmatter_end: int
    """The last line of the frontmatter, 0 where there is none."""
    line_count: int

    def section_of(self, line: int) -> Section:
        """The section that holds a line; a line outside the text counts as its nearest one."""
        line = max(min(line, self.line_count), 1)
        if line <= self.frontmatter_end:
            return Section("", 0, 1, self.frontmatter_end)
        starts = [heading.line for heading in self.headings]
        at = bisect_right(starts, line)
        last = starts[at] - 1 if at < len(starts) else max(self.line_count, 1)
        if at == 0:
            return Section("", 0, self.frontmatter_end + 1, last)
        heading = self.headings[at - 1]
        return Section(heading.title, heading.level, heading.line, last)


def frontmatter_lines(lines: Sequence[str]) -> int:
    """How many lines the frontmatter takes, fences included; 0 without one or its end."""
    if not lines or not is_fence(lines[0].removeprefix("\ufeff")):
        return 0
    return next((n for n, line in enumerate(lines[1:], start=2) if is_fence(line)), 0)


def is_fence(line: str) -> bool:
    """Is this whole line a frontmatter fence?"""
    return line.rstrip(" \t\r") == "---"


@lru_cache(maxsize=64)
def structure(text: str) -> Structure:
    """The structure of a Markdown text; any text has one."""
    lines = _lines(text)
    head = frontmatter_lines(lines)
    # The parser would take a lone CR for a line end, and count other lines than we do.
    body = [line.replace("\r", " ") for line in lines[head:]]
    references: dict[str, Any] = {}  # explicit Any: the parser's own side table
    source = "\n" * head + "\n".join(body) + "\n"
    tokens = _parser().parse(source, references)
    blocks = tuple(_blocks(tokens, lines))
    fences = tuple(_fences(tokens))
    barred = _torn(blocks, head) | _endless(tokens, fences, len(lines))
    barred |= _definitions(references)
    return Structure(
        headings=tuple(_headings(tokens)),
        fences=fences,
        links=tuple(_links(tokens, lines, references)),
        blocks=blocks,
        gaps=tuple(n for n in range(len(lines) + 1) if n not in barred),
        frontmatter_end=head,
        line_count=len(lines),
    )


def _lines(text: str) -> list[str]:
    """As `lines.text_lines`, which refuses the broken characters that a model can send."""
    *closed, rest = text.split("\n")
    return [line.removesuffix("\r") for line in closed] + ([rest] if rest else [])


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415, TID251 - its home; slow, so only when needed

    # Inline text is parsed in _links alone, and only where it is short.
    return MarkdownIt("commonmark").enable("table").disable("inline")


def _range(token: Token) -> LineRange | None:
    return LineRange(token.map[0] + 1, token.map[1]) if token.map else None


def _headings(tokens: Sequence[Token]) -> Iterator[Heading]:
    for token, inline in pairwise(tokens):
        if token.type != "heading_open" or token.level:
            continue
        lines = _range(token)
        if lines:
            title = " ".join(inline.content.split())
            yield Heading(int(token.tag[1:]), title, lines)


def _fences(tokens: Sequence[Token]) -> Iterator[Fence]:
    for token in tokens:
        lines = _range(token) if token.type == "fence" else None
        if lines:
            inside = token.content.count("\n")
            closed = lines.last - lines.first == inside + 1
            yield Fence(lines, token.info.strip(), closed)


def _blocks(tokens: Sequence[Token], lines: Sequence[str]) -> Iterator[Block]:
    for token in tokens:
        kind = _LEAVES.get(token.type) or _CONTAINERS.get(token.type)
        span = _range(token) if kind else None
        if kind and span:
            last = span.last
            # A container's range runs on over the blank lines behind it; those are nobody's.
            while kind != "fence" and last > span.first and not lines[last - 1].strip():
                last -= 1
            yield Block(kind, LineRange(span.first, min(last, len(lines))))


def _torn(blocks: Sequence[Block], head: int) -> set[int]:
    """The places inside a block; lists may be parted between their outermost items."""
    inside = set(range(head))
    for block in blocks:
        if block.kind != "list":
            inside.update(range(block.lines.first, block.lines.last))
    return inside


def _endless(tokens: Sequence[Token], fences: Sequence[Fence], count: int) -> set[int]:
    """The places after something that was never closed and so swallows what is added."""
    starts = [fence.lines.first for fence in fences if not fence.closed]
    for token in tokens:
        lines = _range(token) if token.type == "html_block" else None
        if lines and _is_endless(token.content):
            starts.append(lines.first)
    return set(range(min(starts), count + 1)) if starts else set()


def _is_endless(html: str) -> bool:
    html = html.lstrip().lower()
    return any(html.startswith(a) and z not in html for a, z in _ENDLESS_HTML.items())


def _definitions(environment: dict[str, Any]) -> set[int]:  # explicit Any: see structure
    """The places inside a link definition of several lines: it leaves no token."""
    named = environment.get("references", {}).values()
    found = [entry["map"] for entry in (*named, *environment.get("duplicate_refs", ()))]
    return {line for first, end in found for line in range(first + 1, end)}


def _links(tokens: Sequence[Token], lines: Sequence[str], known: dict[str, Any]) -> Iterator[Link]:
    parser = _parser()
    for token in tokens:
        # Most texts have no sign that a link or an image begins with: those are quick.
        if token.type != "inline" or not ("[" in token.content or "<" in token.content):
            continue
        span = _range(token)
        if span and len(token.content) <= MAX_INLINE:
            children: list[Token] = []
            parser.inline.parse(token.content, parser, known, children)
            yield from _links_of(children, span, lines)


def _links_of(children: Sequence[Token], span: LineRange, lines: Sequence[str]) -> Iterator[Link]:
    """The parser forgets where a link stood: count line breaks, then look for its target."""
    line, column = span.first, 0
    for child in children:
        if child.type in {"softbreak", "hardbreak"}:
            line, column = min(line + 1, span.last), 0
        image = child.type == "image"
        written = child.attrGet("src" if image else "href")
        if (child.type == "link_open" or image) and written is not None:
            target, text = unquote(str(written)), lines[line - 1]
            places = [text.find(each, column) + 1 for each in (str(written), target)]
            yield Link(target, line, max(places), image)
            column = max(column, *places)
