"""A finding and the line that it is about, and what tells it from others when lines move."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from skillgit.names import SkillPath
from skillgit.types import Finding

_WHOLE_FILE = frozenset({"SG108", "SG109"})
"""They stand at a line that happens to be the first one too many."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding, and the text of its line; "" where it is about a whole file."""

    finding: Finding
    text: str = ""


def placed(
    findings: Iterable[Finding], files: Mapping[SkillPath, bytes], root: str
) -> tuple[Placed, ...]:
    """Findings on a skill, with their lines, and paths that begin with the skill's folder."""
    lines: dict[str, list[bytes]] = {}
    found = []
    for one in findings:
        if one.path not in lines:
            lines[one.path] = _content(files, one.path).split(b"\n")
        own = lines[one.path]
        is_line = 1 <= one.line <= len(own) and one.rule not in _WHOLE_FILE
        text = own[one.line - 1].decode("utf-8", "replace").strip() if is_line else ""
        found.append(Placed(replace(one, path=f"{root}/{one.path}" if root else one.path), text))
    return tuple(found)


def fingerprints(found: Sequence[Placed]) -> list[str]:
    """One for each: of its rule, its path, the words of its line, and which of several it is.

    It stays the same when lines are added elsewhere, or a line is indented.
    """
    seen: Counter[str] = Counter()
    prints = []
    for one in found:
        parts = (one.finding.rule, one.finding.path, " ".join(one.text.split()))
        digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
        seen[digest] += 1
        prints.append(f"{digest}:{seen[digest]}")
    return prints


def _content(files: Mapping[SkillPath, bytes], path: str) -> bytes:
    return next((data for name, data in files.items() if name == path), b"")
