"""Names that cannot be unsafe: text that is checked once, when it is built.

Each class is a `str`; building one from text that does not fit raises ValueError with the reason.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Self


class SkillPath(str):
    """A path of a file inside a skill, relative to the folder of its SKILL.md, with `/`.

    Cannot be absolute, climb with `..`, enter `.git`, or hold control characters, backslashes,
    empty or dot parts, or parts that end in a dot or a space (other systems would fold those).
    Raises ValueError with the reason.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        reason = _unsafe_path_reason(text)
        if reason:
            raise ValueError(f"unsafe path {text!r}: {reason}")
        return super().__new__(cls, text)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The named door for text of strangers; the same checks as the constructor."""
        return cls(text)

    @property
    def folded(self) -> str:
        """What a case-insensitive, normalising file system takes this path for."""
        return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", self).casefold())


def _unsafe_path_reason(text: str) -> str:
    if not text or len(text) > 400:
        return "empty or longer than 400 characters"
    if any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in text):
        return "control or invisible characters"
    if text.startswith("/") or "\\" in text or re.match(r"[A-Za-z]:", text):
        return "absolute, or written for another system"
    return next(filter(None, map(_unsafe_part_reason, text.split("/"))), "")


def _unsafe_part_reason(part: str) -> str:
    if part in {"", ".", ".."}:
        return "empty, '.' or '..' parts"
    if part != part.rstrip(". "):
        return "a part that ends in a dot or a space"
    if re.fullmatch(r"(?i)\.git|git~\d+", unicodedata.normalize("NFKC", part)):
        return "enters .git"
    return ""


class _Checked(str):
    """Text that matches its class's pattern, else ValueError."""

    __slots__ = ()
    _pattern = r".*"

    def __new__(cls, text: str) -> Self:
        if not re.fullmatch(cls._pattern, text):
            raise ValueError(f"not a {cls.__name__}: {text!r}")
        return super().__new__(cls, text)


class Oid(_Checked):
    """A Git object id: 40 (SHA-1) or 64 (SHA-256) lower-case hex digits."""

    __slots__ = ()
    _pattern = r"[0-9a-f]{40}|[0-9a-f]{64}"


class Digest(_Checked):
    """`sha256:` and 64 lower-case hex digits."""

    __slots__ = ()
    _pattern = r"sha256:[0-9a-f]{64}"


class TrajectoryId(_Checked):
    """`t-` and the first 12 hex digits of the trajectory's digest."""

    __slots__ = ()
    _pattern = r"t-[0-9a-f]{12}"


class EditId(_Checked):
    """`<trajectory>.<n>` for an analyst's n-th edit, `m<level>-<node>.<n>` for a merge's."""

    __slots__ = ()
    _pattern = r"(t-[0-9a-f]{12}|m[0-9]+-[0-9]+)\.[0-9]+"


class RoundId(_Checked):
    """Sortable: the UTC second a round began and six hex digits of what it was asked to do."""

    __slots__ = ()
    _pattern = r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}"
