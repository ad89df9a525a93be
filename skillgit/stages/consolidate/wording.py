"""The place and the words of a change, told to a model and taken from it."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

from skillgit.skill.placement import words_of
from skillgit.types import Change, CreateFile, DeleteFile, Edit, Insert, Replace


def place_of(change: Change) -> str:
    """Where a change stands on the base, in words."""
    match change:
        case Insert(path, after, _):
            return f"{path} after line {after}"
        case Replace(path, lines, _):
            return f"{path} instead of lines {lines}"
        case CreateFile(path, _, link):
            return f"new file {path}, linked after line {link.after} of {link.path}"
        case DeleteFile(path, _):
            return f"without {path}"


def place_order(edit: Edit) -> tuple[str, int, str]:
    """Sorts edits by where they stand on the base: those of one lesson mostly want one section."""
    path, line = _line(edit.change)
    return path, line, edit.id


def _line(change: Change) -> tuple[str, int]:
    match change:
        case Insert(path, after, _):
            return path, after
        case Replace(path, lines, _):
            return path, lines.first
        case CreateFile(_, _, link):
            return link.path, link.after
        case DeleteFile(path, _):
            return path, 0


def reworded(edit: Edit, words: str) -> Edit:
    """The edit with other words at its place; words that cannot be shown leave it as it was."""
    words = " ".join(words.split())
    if not words or any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co"} for char in words):
        return edit
    old = words_of(edit.change)
    match edit.change:
        case Insert(_, _, text) | Replace(_, _, text) if old and old in text:
            return replace(edit, change=replace(edit.change, text=text.replace(old, words, 1)))
        case CreateFile(_, text, _) if old and old in text:
            return replace(edit, change=replace(edit.change, text=text.replace(old, words, 1)))
        case _:
            return edit
