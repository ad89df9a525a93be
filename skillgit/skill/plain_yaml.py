"""YAML that a person wrote, as plain values; for files that are no SKILL.md, such as plans.

Lists, mappings, texts, numbers, true and false; no aliases and no tags, so that a small file stays
a small value. Every key and item knows its line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml  # noqa: TID251 - this is its home

MAX_CHARS = 1_000_000
MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Document:
    """A value, and the line of each part of it by its path (`("tables", "0", "users")`)."""

    value: object
    lines: Mapping[tuple[str, ...], int]


def read_yaml(text: str) -> Document:
    """The one document that a text holds; ValueError with the line where it cannot be used."""
    if len(text) > MAX_CHARS:
        raise ValueError(f"it has {len(text)} characters; more than {MAX_CHARS} are not read")
    try:
        _refuse_fancy(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is None:
            return Document(None, {})
        lines: dict[tuple[str, ...], int] = {}
        return Document(_value(node, (), lines, yaml.constructor.SafeConstructor()), lines)
    except yaml.reader.ReaderError as error:
        raise ValueError("a character that YAML does not allow") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}: " if mark else ""
        raise ValueError(f"{where}{error.problem or error.context}") from error
    except (OverflowError, RecursionError) as error:
        raise ValueError("a value that is too large") from error


def _refuse_fancy(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise ValueError(f"line {line}: anchors (`&`) and aliases (`*`) are not taken")
        if isinstance(event, yaml.NodeEvent) and getattr(event, "tag", None):
            raise ValueError(f"line {line}: tags (`!`) are not taken")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise ValueError(f"line {line}: nested deeper than {MAX_DEPTH} levels")


def _value(
    node: yaml.Node,
    path: tuple[str, ...],
    lines: dict[tuple[str, ...], int],
    maker: yaml.constructor.SafeConstructor,
) -> object:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        found: dict[str, object] = {}
        for key, inner in _keys(node):
            if key in found:
                raise ValueError(f"line {inner.start_mark.line + 1}: {key!r} stands there twice")
            found[key] = _value(inner, (*path, key), lines, maker)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [
            _value(inner, (*path, str(number)), lines, maker)
            for number, inner in enumerate(node.value)
        ]
    made: object = maker.construct_object(node, deep=True)
    return made


def _keys(node: yaml.MappingNode) -> Iterator[tuple[str, yaml.Node]]:
    for key, inner in node.value:
        if not isinstance(key, yaml.ScalarNode):
            message = f"line {key.start_mark.line + 1}: a key must be a word"
            raise ValueError(message)  # noqa: TRY004 - the text is wrong, not the program
        yield str(key.value), inner
