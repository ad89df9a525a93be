"""The changes that make one skill out of another, such as the skill as it was before a lesson."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher

from skillgit.names import SkillPath
from skillgit.skill.hunks import apply_changes
from skillgit.skill.lines import text_lines
from skillgit.types import MANIFEST, Change, DeleteFile, Insert, LineRange, Replace, Skill


def changes_between(old: Skill, new: Mapping[SkillPath, bytes]) -> tuple[Change, ...]:
    """Edits of lines and deleted files that turn `old` into `new`, byte for byte.

    ValueError where none do: a file came back, is no text, has other line ends.
    """
    gone = tuple(path for path in old.files if path not in new)
    if len(new) + len(gone) != len(old.files):
        raise ValueError("a file would come back")
    changes: list[Change] = [DeleteFile(path, ()) for path in gone if path != MANIFEST]
    for path, data in new.items():
        if old.files[path] != data:
            before = old.text(path)
            if before is None:
                raise ValueError(f"{path} is no text")
            changes += _of_lines(path, text_lines(before), text_lines(data.decode("utf-8")))
    if apply_changes(old, changes) != dict(new):
        raise ValueError("edits of lines do not give exactly that")
    return tuple(changes)


def _of_lines(path: SkillPath, before: list[str], after: list[str]) -> Iterator[Change]:
    for kind, first, last, begin, end in SequenceMatcher(
        None, before, after, autojunk=False
    ).get_opcodes():
        text = _text(after[begin:end])
        if kind in {"replace", "delete"}:
            yield Replace(path, LineRange(first + 1, last), text)
        elif kind == "insert" and text.strip():
            yield Insert(path, first, text)
        elif kind == "insert" and first:
            # A blank line alone is no insertion; the line above comes with it.
            yield Replace(path, LineRange(first, first), f"{before[first - 1]}\n{text}")


def _text(lines: list[str]) -> str:
    """Without a final newline, unless the last line is empty and would be lost."""
    text = "\n".join(lines)
    return f"{text}\n" if lines and not lines[-1] else text
