"""SG001 to SG010, SG024, SG025: is there a SKILL.md, and can every reader read its frontmatter?"""

from __future__ import annotations

from collections.abc import Iterator

from skillgit.config import Profile
from skillgit.rules.profile import MILD_FOR_CLAUDE, STRICT_ELSEWHERE, Source
from skillgit.rules.rule import Mark, Rule, rule
from skillgit.rules.tree import Tree
from skillgit.skill.frontmatter import Trouble, encoding_problem
from skillgit.types import MANIFEST

FIELDS = ("name", "description", "license", "compatibility", "metadata", "allowed-tools")
"""The fields of the specification."""
CLAUDE_FIELDS = (
    "agent",
    "argument-hint",
    "context",
    "disable-model-invocation",
    "effort",
    "hooks",
    "model",
    "paths",
    "user-invocable",
)
"""What Claude Code reads besides."""


@rule("SG001", "A skill has a file SKILL.md", Source.SPECIFICATION)
def manifest_is_there(tree: Tree) -> Iterator[Mark]:
    """A skill is a folder with a SKILL.md at its top; without it no agent finds the skill."""
    if not tree.has_manifest and not _misspelt(tree):
        yield Mark(MANIFEST, "there is no SKILL.md in this folder; a skill begins with one")


@rule("SG002", "The file is named exactly SKILL.md", Source.DE_FACTO)
def manifest_is_spelt_so(tree: Tree) -> Iterator[Mark]:
    """Case-sensitive readers look for SKILL.md and nothing else.

    skills-ref also takes skill.md; quick_validate, and clients that follow the guide for
    implementers, do not.
    """
    if not tree.has_manifest:
        for path in _misspelt(tree):
            yield Mark(path, f"rename {path} to SKILL.md: readers look for exactly that name")


def _misspelt(tree: Tree) -> list[str]:
    return [path for path in tree.files if path.lower() == "skill.md"]


@rule("SG003", "Markdown files are UTF-8", Source.DE_FACTO)
def text_is_utf8(tree: Tree) -> Iterator[Mark]:
    r"""Other encodings crash skills-ref and quick_validate, and reach a model garbled.

    The finding names the first byte that does not fit and its offset.
    """
    for path, data in tree.files.items():
        problem = encoding_problem(data) if path.lower().endswith(".md") else None
        if problem:
            yield Mark(path, problem.message, problem.line, problem.column)


@rule("SG004", "SKILL.md has no byte order mark", Source.DE_FACTO)
def no_byte_order_mark(tree: Tree) -> Iterator[Mark]:
    """With a byte order mark the first line is not `---` for skills-ref and quick_validate."""
    yield from _of(tree, Trouble.MARK)


@rule("SG005", "SKILL.md begins with frontmatter", Source.SPECIFICATION)
def frontmatter_is_there(tree: Tree) -> Iterator[Mark]:
    """The first line is `---`, alone; name and description follow, then `---` again."""
    yield from _of(tree, Trouble.ABSENT)


@rule("SG006", "The frontmatter is closed", Source.SPECIFICATION)
def frontmatter_is_closed(tree: Tree) -> Iterator[Mark]:
    """A line that is `---` and nothing else ends the frontmatter.

    skills-ref splits at any three hyphens, also inside a line; we do not.
    """
    yield from _of(tree, Trouble.UNCLOSED)


@rule("SG007", "The frontmatter is a YAML mapping", Source.SPECIFICATION)
def frontmatter_is_yaml(tree: Tree) -> Iterator[Mark]:
    """Fields are written `key: value`; a value that holds `: ` or begins with a sign is quoted."""
    yield from _of(tree, Trouble.INVALID)


@rule("SG008", "No key occurs twice", Source.DE_FACTO, MILD_FOR_CLAUDE)
def keys_are_unique(tree: Tree) -> Iterator[Mark]:
    """Some readers take the first value, some the last, some refuse."""
    yield from _of(tree, Trouble.DUPLICATE)


@rule("SG009", "The frontmatter is plain block style", Source.DE_FACTO, MILD_FOR_CLAUDE)
def frontmatter_is_plain(tree: Tree) -> Iterator[Mark]:
    """No anchors, aliases, tags, or flow style: skills-ref refuses them."""
    yield from _of(tree, Trouble.FANCY)


@rule("SG010", "Only fields of the specification stand at the top", Source.DE_FACTO)
def fields_are_known(tree: Tree) -> Iterator[Mark]:
    """skills-ref and quick_validate refuse others; what is your own goes into `metadata`.

    The profile `claude` also takes what Claude Code reads.
    """
    known = (*FIELDS, *CLAUDE_FIELDS) if tree.profile is Profile.CLAUDE else FIELDS
    for field in tree.frontmatter.fields:
        if field.name not in known:
            message = f"unknown field {field.name!r}: move it into `metadata`"
            yield Mark(MANIFEST, message, field.key.line, field.key.column)


@rule("SG024", "Nothing follows the opening fence", Source.DE_FACTO, STRICT_ELSEWHERE)
def fence_is_bare(tree: Tree) -> Iterator[Mark]:
    """quick_validate finds no frontmatter where blanks follow the first `---`."""
    yield from _of(tree, Trouble.BLANKS)


@rule("SG025", "No three hyphens inside the frontmatter", Source.DE_FACTO, STRICT_ELSEWHERE)
def no_hyphens_inside(tree: Tree) -> Iterator[Mark]:
    """skills-ref ends the frontmatter at any `---` and cuts the description off, in silence."""
    yield from _of(tree, Trouble.HYPHENS)


def _of(tree: Tree, trouble: Trouble) -> Iterator[Mark]:
    for problem in tree.frontmatter.problems:
        if problem.trouble is trouble:
            yield Mark(MANIFEST, problem.message, problem.line, problem.column)


FORMAT: tuple[Rule, ...] = (
    manifest_is_there,
    manifest_is_spelt_so,
    text_is_utf8,
    no_byte_order_mark,
    frontmatter_is_there,
    frontmatter_is_closed,
    frontmatter_is_yaml,
    keys_are_unique,
    frontmatter_is_plain,
    fields_are_known,
    fence_is_bare,
    no_hyphens_inside,
)
