"""SG011 to SG023: what the fields of the frontmatter may hold."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from skillgit.rules.limits import MAX_COMPATIBILITY, MAX_DESCRIPTION, MAX_NAME
from skillgit.rules.profile import (
    MILD_FOR_CLAUDE,
    NOT_FOR_CLAUDE,
    ONLY_FOR_CLAUDE,
    STRICT_ELSEWHERE,
    WARNING,
    Source,
)
from skillgit.rules.rule import Mark, Rule, rule
from skillgit.rules.tree import Tree
from skillgit.skill.frontmatter import Field, Kind, Value
from skillgit.types import MANIFEST

RESERVED = ("anthropic", "claude")
"""Words that Anthropic's service refuses in names."""


@rule("SG011", "There is a name", Source.SPECIFICATION)
def name_is_there(tree: Tree) -> Iterator[Mark]:
    """`name` is required, and it is a text: `123`, `yes` and `2026-01-01` need quotes."""
    yield from _required(tree, "name")


@rule("SG012", "A name has at most 64 characters", Source.SPECIFICATION)
def name_is_short(tree: Tree) -> Iterator[Mark]:
    """Counted after Unicode normalisation (NFKC)."""
    name = _name(tree)
    if len(name) > MAX_NAME:
        yield _at(tree.field("name"), f"the name has {len(name)} characters, over {MAX_NAME}")


@rule("SG013", "A name is lower-case letters, digits and single hyphens", Source.SPECIFICATION)
def name_is_kebab_case(tree: Tree) -> Iterator[Mark]:
    """No upper case, no blanks, no other signs, no hyphen at an end, no two in a row."""
    name = _name(tree)
    faults = {
        "upper-case letters": name != name.lower(),
        "a hyphen at an end": name.startswith("-") or name.endswith("-"),
        "two hyphens in a row": "--" in name,
        "other signs than letters, digits and hyphens": not all(
            char.isalnum() or char == "-" for char in name
        ),
    }
    wrong = " and ".join(fault for fault, found in faults.items() if found)
    if wrong:
        yield _at(tree.field("name"), f"the name {name!r} has {wrong}")


@rule("SG014", "A name is the name of its folder", Source.SPECIFICATION)
def name_is_the_folder(tree: Tree) -> Iterator[Mark]:
    """Clients find a skill by its folder and show it by its name.

    Not looked at where the skill is a repository's root: a clone may have any name.
    """
    name, folder = _name(tree), unicodedata.normalize("NFKC", tree.folder)
    if name and folder and name != folder:
        message = f"the name {name!r} is not the folder's name {folder!r}"
        yield _at(tree.field("name"), message)


@rule("SG015", "A name is plain ASCII", Source.DE_FACTO, STRICT_ELSEWHERE)
def name_is_ascii(tree: Tree) -> Iterator[Mark]:
    """The specification speaks of Unicode and of a-z; quick_validate takes a-z, 0-9 and - only."""
    name = _name(tree)
    if not name.isascii():
        message = f"the name {name!r} is not ASCII: some clients refuse it"
        yield _at(tree.field("name"), message)


@rule("SG016", "There is a description", Source.SPECIFICATION)
def description_is_there(tree: Tree) -> Iterator[Mark]:
    """An agent decides by the description alone whether to load the skill.

    It says what the skill does and when to use it.
    """
    yield from _required(tree, "description")


@rule("SG017", "A description has at most 1024 characters", Source.SPECIFICATION)
def description_is_short(tree: Tree) -> Iterator[Mark]:
    """The descriptions of all skills are loaded at every start of an agent."""
    count = len(tree.words("description"))
    if count > MAX_DESCRIPTION:
        message = f"the description has {count} characters, over {MAX_DESCRIPTION}"
        yield _at(tree.field("description"), message)


@rule("SG018", "A description has no angle brackets", Source.DE_FACTO, STRICT_ELSEWHERE)
def description_has_no_markup(tree: Tree) -> Iterator[Mark]:
    """Anthropic's tools refuse < and >: the text ends up inside XML of a system prompt."""
    if set("<>") & set(tree.words("description")):
        yield _at(tree.field("description"), "< or > in the description: some tools refuse it")


@rule("SG019", "A name has no reserved words", Source.DE_FACTO, ONLY_FOR_CLAUDE)
def name_is_not_reserved(tree: Tree) -> Iterator[Mark]:
    """Anthropic's service refuses names with "anthropic" or "claude"."""
    for word in RESERVED:
        if word in _name(tree).lower():
            yield _at(tree.field("name"), f"the name holds the reserved word {word!r}")


@rule("SG020", "A license is a text", Source.SPECIFICATION, WARNING)
def license_is_text(tree: Tree) -> Iterator[Mark]:
    """The name of a licence, or of a file beside SKILL.md."""
    yield from _text_if_given(tree, "license")


@rule("SG021", "Compatibility is a text of at most 500 characters", Source.SPECIFICATION)
def compatibility_is_short(tree: Tree) -> Iterator[Mark]:
    """Only for real needs of the surroundings; leave it out where there are none."""
    yield from _text_if_given(tree, "compatibility")
    count = len(tree.words("compatibility"))
    if count > MAX_COMPATIBILITY:
        message = f"compatibility has {count} characters, over {MAX_COMPATIBILITY}"
        yield _at(tree.field("compatibility"), message)


@rule("SG022", "Metadata maps texts to texts", Source.SPECIFICATION, MILD_FOR_CLAUDE)
def metadata_is_text(tree: Tree) -> Iterator[Mark]:
    """Nested values, numbers and dates differ from reader to reader; quotes make them texts."""
    field = tree.field("metadata")
    if field is None:
        return
    if field.value.kind is not Kind.MAPPING:
        yield _at(field, f"metadata is {field.value.kind}; it must map texts to texts")
    for entry in field.value.fields:
        if entry.key.kind is not Kind.TEXT:
            message = f"the key {entry.name!r} in metadata is {entry.key.kind}; quote it"
            yield _of(entry.key, message)
        if entry.value.kind is not Kind.TEXT:
            advice = _advice(entry.value, "one text for each key")
            message = f"{entry.name!r} in metadata is {entry.value.kind}; {advice}"
            yield _of(entry.value, message)


@rule("SG023", "Allowed-tools is one text", Source.SPECIFICATION, NOT_FOR_CLAUDE)
def allowed_tools_is_text(tree: Tree) -> Iterator[Mark]:
    """Tools are separated by blanks in one line. Claude Code also takes a list."""
    yield from _text_if_given(tree, "allowed-tools")


def _name(tree: Tree) -> str:
    return unicodedata.normalize("NFKC", tree.words("name"))


def _required(tree: Tree, name: str) -> Iterator[Mark]:
    field = tree.field(name)
    if field is None:
        if tree.frontmatter.readable:
            yield Mark(MANIFEST, f"there is no {name} in the frontmatter", 1, 1)
    elif field.value.kind is not Kind.TEXT:
        message = f"the {name} is {field.value.kind}; {_advice(field.value, 'write a text')}"
        yield _at(field, message)
    elif not field.value.text.strip():
        yield _at(field, f"the {name} is empty")


def _text_if_given(tree: Tree, name: str) -> Iterator[Mark]:
    field = tree.field(name)
    if field is not None and not tree.words(name):
        kind = field.value.kind
        what = "empty" if kind is Kind.TEXT else kind
        advice = _advice(field.value, "write one text, or leave it out")
        yield _at(field, f"{name} is {what}; {advice}")


def _advice(value: Value, other: str) -> str:
    return "quote it" if value.kind in {Kind.NUMBER, Kind.TRUTH, Kind.DATE} else other


def _at(field: Field | None, message: str) -> Mark:
    return _of(field.value, message) if field else Mark(MANIFEST, message)


def _of(value: Value, message: str) -> Mark:
    return Mark(MANIFEST, message, value.line, value.column)


FIELD_RULES: tuple[Rule, ...] = (
    name_is_there,
    name_is_short,
    name_is_kebab_case,
    name_is_the_folder,
    name_is_ascii,
    description_is_there,
    description_is_short,
    description_has_no_markup,
    name_is_not_reserved,
    license_is_text,
    compatibility_is_short,
    metadata_is_text,
    allowed_tools_is_text,
)
