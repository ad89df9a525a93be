"""SG104 to SG109: is the Markdown whole, and short enough to be read?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from skillgit.rules.limits import (
    MAX_TEXT,
    REFERENCE_LINES,
    SKILL_LINES,
    SKILL_TOKENS,
    estimated_tokens,
)
from skillgit.rules.profile import ERROR, WARNING, Source
from skillgit.rules.rule import Mark, Rule, rule
from skillgit.rules.tree import Tree, is_reference
from skillgit.skill.markdown import Heading, Structure
from skillgit.types import MANIFEST

_PLACEHOLDERS = {
    "fixme",
    "insert title here",
    "lorem ipsum",
    "new section",
    "placeholder",
    "section name",
    "section title",
    "tba",
    "tbd",
    "todo",
    "untitled",
    "untitled section",
}
_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)|https?://\S+|\]\([^)]*\)")
_COMMENT = re.compile(r"<!--.*?-->")
_GLUED = re.compile(r"(?:(?<=[.!?:;)\]*…])#{1,6}|(?<=\w)#{2,6}) +(?=[^\W\d_])")
_GLUED_FENCE = re.compile(r"\s*(`{3,}|~{3,})\s*#{1,6} ")


@rule("SG104", "Fenced code blocks are closed", Source.HOUSE, ERROR)
def fences_are_closed(tree: Tree) -> Iterator[Mark]:
    """What follows an open fence is code to every reader: headings vanish, links lead nowhere."""
    for path, found in tree.instructions.items():
        for fence in found.fences:
            if not fence.closed:
                message = "this fenced code block is never closed"
                yield Mark(path, message, fence.lines.first, 1)


@rule("SG105", "No two headings under one parent are alike", Source.HOUSE, WARNING)
def headings_differ(tree: Tree) -> Iterator[Mark]:
    """The second is either a mistake of an edit, or belongs to the first."""
    for path, found in tree.instructions.items():
        seen: set[tuple[str, ...]] = set()
        for heading, trail in _trails(found):
            if trail in seen:
                message = f"a second heading {heading.title!r} under the same parent"
                yield Mark(path, message, heading.line, 1)
            seen.add(trail)


def _trails(found: Structure) -> Iterator[tuple[Heading, tuple[str, ...]]]:
    """Each heading, and its title after those of the headings above it."""
    above: list[tuple[int, str]] = []
    for heading in found.headings:
        above = [(level, title) for level, title in above if level < heading.level]
        above.append((heading.level, _seen(heading).casefold()))
        yield heading, tuple(title for _, title in above)


def _seen(heading: Heading) -> str:
    """The title as a reader sees it: without comments."""
    return _COMMENT.sub("", heading.title).strip()


@rule("SG106", "No heading is a placeholder", Source.HOUSE, WARNING)
def headings_say_something(tree: Tree) -> Iterator[Mark]:
    """A heading that says nothing is what careless generators leave behind."""
    for path, found in tree.instructions.items():
        for heading in found.headings:
            plain = _seen(heading).strip(" *_`[]<>().…:").casefold()
            if not plain or plain in _PLACEHOLDERS or plain.startswith(("todo:", "tbd:", "fixme:")):
                message = f"the heading {heading.title!r} says nothing"
                yield Mark(path, message, heading.line, 1)


@rule("SG107", "A heading begins its line", Source.HOUSE, WARNING)
def headings_begin_lines(tree: Tree) -> Iterator[Mark]:
    """A heading that is glued to the end of a text is no heading, and after a fence it opens it."""
    for path, found in tree.instructions.items():
        lines = tree.texts[path].split("\n")
        prose = set(range(found.frontmatter_end + 1, len(lines) + 1))
        for block in found.blocks:
            if block.kind in {"fence", "code", "html"}:
                prose.difference_update(range(block.lines.first, block.lines.last + 1))
        for number, line in enumerate(lines, start=1):
            column = _glued_column(line, prose=number in prose)
            if column:
                yield Mark(path, "a heading is glued to the text before it", number, column)


def _glued_column(line: str, *, prose: bool) -> int:
    if "#" not in line:
        return 0
    if _GLUED_FENCE.match(line):
        return line.index("#") + 1
    # Blanked, not removed: columns stay true.
    text = _CODE.sub(lambda code: "x" * len(code[0]), line) if prose else ""
    glued = _GLUED.search(text)
    return glued.start() + 1 if glued else 0


@rule("SG108", "SKILL.md is under 500 lines and 5000 tokens", Source.SPECIFICATION, WARNING)
def skill_is_short(tree: Tree) -> Iterator[Mark]:
    """All of SKILL.md is loaded when the skill is used; details belong into references/.

    Tokens are estimated at 3.5 characters each, over the text after the frontmatter.
    """
    text, found = tree.texts.get(MANIFEST), tree.instructions.get(MANIFEST)
    if text is None or found is None:
        return
    if found.line_count >= SKILL_LINES:
        message = f"{found.line_count} lines; keep it under {SKILL_LINES}"
        yield Mark(MANIFEST, message, SKILL_LINES, 1)
    body = "\n".join(text.split("\n")[found.frontmatter_end :])
    tokens = estimated_tokens(body)
    if tokens >= SKILL_TOKENS:
        yield Mark(MANIFEST, f"about {tokens} tokens; keep it under {SKILL_TOKENS}")


@rule("SG109", "A reference is under 300 lines", Source.HOUSE, WARNING)
def references_are_short(tree: Tree) -> Iterator[Mark]:
    """A reference is read as a whole; one topic for each file.

    Markdown files of more than 1 MiB are named by this rule and looked at by no other.
    """
    for path, found in tree.instructions.items():
        if is_reference(path) and found.line_count >= REFERENCE_LINES:
            message = f"{found.line_count} lines; keep it under {REFERENCE_LINES}"
            yield Mark(path, message, REFERENCE_LINES, 1)
    for path, data in tree.files.items():
        if path.lower().endswith(".md") and len(data) > MAX_TEXT:
            yield Mark(path, f"over {MAX_TEXT} bytes: too long to be looked at")


STRUCTURE: tuple[Rule, ...] = (
    fences_are_closed,
    headings_differ,
    headings_say_something,
    headings_begin_lines,
    skill_is_short,
    references_are_short,
)
