"""Unified diffs of skills: made from before and after, and read. The only user of unidiff."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skillgit.names import SkillPath
from skillgit.skill.lines import split_lines

if TYPE_CHECKING:
    from unidiff.patch import PatchedFile, PatchSet  # noqa: TID251 - this is its home

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
    patch = _parsed(diff)
    return DiffSize(patch.added, patch.removed, len(patch))


@dataclass(frozen=True, slots=True)
class FileDiff:
    """What a diff does to one file. A path is "" where the file is not there; a mode, if not told.

    `added` are new lines by their number afterwards, `removed` numbers of lines of before;
    `gaps` are the lines of before behind which something is put.
    """

    source: str
    target: str
    source_mode: str = ""
    target_mode: str = ""
    added: tuple[tuple[int, str], ...] = ()
    removed: tuple[int, ...] = ()
    gaps: tuple[int, ...] = ()
    binary: bool = False

    @property
    def path(self) -> str:
        """Where it is afterwards, or was."""
        return self.target or self.source


def read_diff(diff: str) -> tuple[FileDiff, ...]:
    """The files of a diff of strangers; ValueError where any of its lines is not understood.

    unidiff passes over lines behind a hunk that says that it is over, so what it has understood
    must print as what was given. Words before a file, as `git show` has them, are kept by it.
    """
    if not diff.strip():
        return ()
    patch = _parsed(diff)
    plain = _BINARY.sub("", diff)
    given, understood = (_comparable(text) for text in (plain, str(patch)))
    if given != understood:
        pairs = enumerate(zip(given, [*understood, "\0"], strict=False), start=1)
        number = next((n for n, (one, other) in pairs if one != other), len(given))
        raise ValueError(f"line {number} belongs to no hunk that announces it")
    return tuple(map(_file, patch))


_BINARY = re.compile(r"(?m)^GIT binary patch\n(?:(?:literal|delta) \d+\n(?:[A-Za-z].*\n)+\n?)+")


def _parsed(diff: str) -> PatchSet:
    from unidiff.errors import UnidiffParseError  # noqa: PLC0415, TID251 - its home; late: `check` starts fast
    from unidiff.patch import PatchSet  # noqa: PLC0415, TID251 - the same

    try:
        return PatchSet(diff)
    except UnidiffParseError as error:
        raise ValueError(f"not a unified diff: {error}") from error


def _comparable(diff: str) -> list[str]:
    """Lines without what two writers of the same diff may do otherwise."""
    short = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?")
    lines = []
    for line in diff.removesuffix("\n").split("\n"):
        head = short.match(line)
        if head:
            first, count, other, size = head.groups("1")
            lines.append(f"@@ -{first},{count} +{other},{size} @@ {line[head.end() :]}")
        else:
            lines.append(line.removesuffix("\t") if line.startswith(("--- ", "+++ ")) else line)
    return lines


def _file(patched: PatchedFile) -> FileDiff:
    lines = [line for hunk in patched for line in hunk]
    return FileDiff(
        source=_unquoted(patched.source_file, "a/"),
        target=_unquoted(patched.target_file, "b/"),
        source_mode=patched.source_mode or "",
        target_mode=patched.target_mode or "",
        binary=patched.is_binary_file,
        added=tuple((line.target_line_no or 0, line.value) for line in lines if line.is_added),
        removed=tuple(line.source_line_no or 0 for line in lines if line.is_removed),
        gaps=tuple(_gaps(patched)),
    )


def _gaps(patched: PatchedFile) -> Iterator[int]:
    for hunk in patched:
        # A hunk of no old lines names the line before it; any other names its first.
        behind = hunk.source_start - (1 if hunk.source_length else 0)
        for line in hunk:
            if line.is_added:
                yield behind
            else:
                behind = line.source_line_no or behind


_ESCAPE = re.compile(rb'\\([0-7]{3}|["\\abfnrtv])')
_LETTERS = dict(zip(b"abfnrtv", b"\a\b\f\n\r\t\v", strict=True))


def _unquoted(name: str, prefix: str) -> str:
    """A name as Git means it: without the quotes and escapes that it writes strange ones with."""
    if name == "/dev/null":
        return ""
    if len(name) > 1 and name[0] == name[-1] == '"':
        raw = _ESCAPE.sub(_escaped, name[1:-1].encode("utf-8", "surrogateescape"))
        name = raw.decode("utf-8", "surrogateescape")
    return name.removeprefix(prefix)


def _escaped(found: re.Match[bytes]) -> bytes:
    code = found[1]
    if len(code) == 3:
        return bytes([int(code, 8) & 0xFF])
    return bytes([_LETTERS.get(code[0], code[0])])


def context_cost(files: Mapping[SkillPath, bytes]) -> int:
    """About how many tokens an agent pays for these files (3.5 characters a token)."""
    return sum(round(len(data.decode("utf-8", "replace")) / 3.5) for data in files.values())


def line_count(data: bytes) -> int:
    """How many lines a file has."""
    return len(split_lines(data))
