"""SG101 to SG103: does what is linked exist, and is what exists linked?"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from functools import cache

from skillgit.rules.profile import ERROR, WARNING, Source
from skillgit.rules.rule import Mark, Rule, rule
from skillgit.rules.tree import Tree, is_reference
from skillgit.skill.markdown import Link
from skillgit.types import MANIFEST

_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|[/#?~$]|.*[{}<>*|]|$")
"""What is no relative path: a URL, an absolute path, an anchor, a variable, a template."""


@rule("SG101", "A relative link leads to a file of the skill", Source.HOUSE, ERROR)
def links_lead_somewhere(tree: Tree) -> Iterator[Mark]:
    """An agent that follows a broken link loses a turn, or what it was about to learn.

    A target counts from the skill's folder, as the specification says, or from the linking file's.
    Links in code are not looked at, nor URLs, anchors, and paths out of the skill.
    """
    for path, found in tree.instructions.items():
        for link in found.links:
            if _is_relative(link) and not _is_there(tree, path, link):
                yield Mark(
                    path, f"there is no {link.target!r} in the skill", link.line, link.column
                )


@rule("SG102", "Each reference is linked", Source.HOUSE, WARNING)
def references_are_linked(tree: Tree) -> Iterator[Mark]:
    """A file under references/ that no Markdown file mentions is never read.

    A mention of its path or name in any text of the skill counts, in code as well.
    """
    for path in tree.files:
        if is_reference(path) and not _mentioned_in(tree, path):
            yield Mark(path, "nothing in the skill leads to this file: link it in SKILL.md")


@rule("SG103", "References lie one level deep", Source.SPECIFICATION, WARNING)
def references_are_near(tree: Tree) -> Iterator[Mark]:
    """SKILL.md itself leads to each reference: agents often read only the beginning of a chain."""
    for path in tree.files:
        if not is_reference(path):
            continue
        readers = _mentioned_in(tree, path)
        if readers and MANIFEST not in readers:
            yield Mark(path, f"only {readers[0]} leads to this file: link it in SKILL.md, too")
        if path.count("/") > 1 and path.endswith(".md"):
            yield Mark(path, "deeper than one level: put it right under references/")


def _is_relative(link: Link) -> bool:
    return not _ELSEWHERE.match(link.target)


def _is_there(tree: Tree, path: str, link: Link) -> bool:
    target = re.split(r"[?#]", link.target, maxsplit=1)[0]
    places = [posixpath.normpath(posixpath.join(start, target)) for start in ("", _folder(path))]
    return any(place in tree.places or place.startswith("..") for place in places)


def _folder(path: str) -> str:
    return posixpath.dirname(path)


def _mentioned_in(tree: Tree, path: str) -> list[str]:
    """The other Markdown files that name a file, or a folder that holds it, SKILL.md first."""
    name = _name_pattern(posixpath.basename(path))
    folder = posixpath.dirname(path)
    folders = _name_pattern(folder + "/") if folder != "references" else None
    return [
        reader
        for reader, text in tree.texts.items()
        if reader != path and (name.search(text) or (folders and folders.search(text)))
    ]


@cache
def _name_pattern(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-])")


LINKS: tuple[Rule, ...] = (links_lead_somewhere, references_are_linked, references_are_near)
