"""Unified diffs of a skill: before and after in, text out. The only user of unidiff."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from skillgit.names import SkillPath
from skillgit.skill.lines import split_lines

_NO_NEWLINE = "\\ No newline at end of file\n"


@dataclass(frozen=True, slots=True)
class DiffSize:
    """Lines that a diff adds and removes, and the files it touches."""

    added: int
    removed: int
    files: int


def unified_diff(
    before: Mapping[SkillPath, bytes], after: Mapping[SkillPath, bytes], root: str = ""
) -> str:
    """The change of a skill as a diff that `git apply` takes at the root of the repository.

    Files that are not UTF-8 are passed through as surrogate escapes, so that the text can be
    written back byte for byte.
    """
    return "".join(
        _file_diff(f"{root}/{path}" if root else path, before.get(path), after.get(path))
        for path in sorted({*before, *after})
        if before.get(path) != after.get(path)
    )


def _file_diff(path: str, old: bytes | None, new: bytes | None) -> str:
    header = f"diff --git {_quoted('a/' + path)} {_quoted('b/' + path)}\n"
    if old is None:
        header += "new file mode 100644\n"
    if new is None:
        header += "deleted file mode 100644\n"
    if not old and not new:
        return header
    body = difflib.unified_diff(_lines(old or b""), _lines(new or b""), n=3, lineterm="\n")
    next(body)
    next(body)
    return (
        header
        + f"--- {_named('a/' + path) if old is not None else '/dev/null'}\n"
        + f"+++ {_named('b/' + path) if new is not None else '/dev/null'}\n"
        + "".join(line if line.endswith("\n") else f"{line}\n{_NO_NEWLINE}" for line in body)
    )


def _lines(data: bytes) -> list[str]:
    text = data.decode("utf-8", "surrogateescape")
    pieces = text.split("\n")
    return [*(piece + "\n" for piece in pieces[:-1]), *filter(None, pieces[-1:])]


def _quoted(name: str) -> str:
    if '"' not in name:
        return name
    return '"' + name.replace('"', '\\"') + '"'


def _named(name: str) -> str:
    """A name on a `---` or `+++` line: a tab ends a name that holds spaces."""
    return _quoted(name) + ("\t" if " " in name and '"' not in name else "")


def diff_size(diff: str) -> DiffSize:
    """Count a diff with unidiff; ValueError where it is none."""
    from unidiff.errors import UnidiffParseError  # noqa: PLC0415, TID251 - its home; late: `check` starts fast
    from unidiff.patch import PatchSet  # noqa: PLC0415, TID251 - the same

    try:
        patch = PatchSet(diff)
    except UnidiffParseError as error:
        raise ValueError(f"not a unified diff: {error}") from error
    return DiffSize(patch.added, patch.removed, len(patch))


def context_cost(files: Mapping[SkillPath, bytes]) -> int:
    """About how many tokens an agent pays for these files (3.5 characters a token)."""
    return sum(round(len(data.decode("utf-8", "replace")) / 3.5) for data in files.values())


def line_count(data: bytes) -> int:
    """How many lines a file has."""
    return len(split_lines(data))
