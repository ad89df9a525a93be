"""From the parts of a draft to a SKILL.md, and what the rules say about it.

The program writes all that is syntax: fences, quotes, headings, list markers. A part is always one
line of text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from skillgit.rules import Profile, check_skill
from skillgit.skill.frontmatter import Kind, read_frontmatter
from skillgit.types import MANIFEST, Finding

_STRICT = (Profile.PORTABLE, Profile.CLAUDE)
"""A new skill has no past that would excuse it: it pleases every reader."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it: one point is a paragraph, several are a list."""

    title: str
    points: tuple[str, ...]


def manifest(name: str, description: str, title: str, sections: Sequence[Section]) -> str:
    """The text of a SKILL.md."""
    head = ["---", f"name: {_name(name)}", f"description: {_scalar(description)}", "---", ""]
    lines = [*head, f"# {title}"]
    for section in sections:
        lines += ["", f"## {section.title}", "", *_body(section)]
    return "\n".join(lines) + "\n"


def complaints(text: str, folder: str) -> tuple[Finding, ...]:
    """Everything that the rules have to say, warnings as well, whomever the skill must please."""
    files = {MANIFEST: text.encode("utf-8", "replace")}
    found = [one for profile in _STRICT for one in check_skill(files, folder, profile=profile)]
    return tuple({(one.rule, one.line, one.column): one for one in found}.values())


def _body(section: Section) -> Iterator[str]:
    marker = "- " if len(section.points) > 1 else ""
    return (f"{marker}{point}" for point in section.points)


def _name(name: str) -> str:
    # To readers of YAML 1.2 also `1e3` is a number, to ours it is not.
    return _scalar(name) if re.match(r"[^\W\d_]", name) else json.dumps(name)


def _scalar(text: str) -> str:
    """Plain where a reader gets the same text back, else in double quotes."""
    read = read_frontmatter(f"---\nkey: {text}\n---\n".encode("utf-8", "replace"))
    value = read.fields[0].value if len(read.fields) == 1 and not read.problems else None
    if value and value.kind is Kind.TEXT and value.text == text and "\n" not in text:
        return text
    return json.dumps(text, ensure_ascii=False)
