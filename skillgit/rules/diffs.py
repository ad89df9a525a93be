"""The rules on edits (SG2xx) on the files of a diff, whoever made it: what no lesson may do.

SG202 and SG208 are about edits before they are a diff, and Git refuses what breaks SG201. SG209 is
seen on the tree: a torn block breaks a rule there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from skillgit.names import SkillPath
from skillgit.rules.edits import is_lesson_file, is_protected
from skillgit.rules.suppressions import MARKER
from skillgit.skill.diff import FileDiff
from skillgit.skill.markdown import structure
from skillgit.types import MANIFEST, Finding, Severity

_PLAIN = "100644"


@dataclass(frozen=True, slots=True)
class Ground:
    """The skill that a file of a diff belongs to, before and after it.

    `root` is None where it belongs to none, `after` where the diff cannot be applied.
    """

    root: str | None
    before: Mapping[SkillPath, bytes] = field(default_factory=dict)
    after: Mapping[SkillPath, bytes] | None = None

    def inside(self, path: str) -> SkillPath | None:
        """A path of the repository as one of the skill; None where it is not, or is unsafe."""
        if self.root is None or (self.root and not path.startswith(f"{self.root}/")):
            return None
        try:
            SkillPath(path)
            return SkillPath(path.removeprefix(f"{self.root}/") if self.root else path)
        except ValueError:
            return None


def diff_findings(diff: FileDiff, ground: Ground) -> Iterator[Finding]:
    """What is wrong with the change of one file; paths from the root of the repository."""
    for rule, message, line in _broken(diff, ground):
        yield Finding(rule, Severity.ERROR, diff.path, message, line)


_Broken = Iterator[tuple[str, str, int]]


def _broken(diff: FileDiff, ground: Ground) -> _Broken:
    yield from _in_its_place(diff, ground)
    yield from _plain_mode(diff)
    yield from _unprotected(diff, ground)
    yield from _linked(diff, ground)
    same = (diff.source, diff.source_mode) == (diff.target, diff.target_mode)
    if same and not (diff.binary or diff.added or diff.removed):
        yield "SG207", "changes nothing", 0
    for line, text in diff.added:
        if MARKER.search(text):
            yield "SG210", "it switches a rule off", line


def _in_its_place(diff: FileDiff, ground: Ground) -> _Broken:
    for path in filter(None, dict.fromkeys((diff.source, diff.target))):
        try:
            SkillPath(path)
        except ValueError as unsafe:
            yield "SG203", str(unsafe).rpartition(": ")[2], 0
        else:
            if ground.inside(path) is None:
                where = f"the skill {ground.root or '.'}" if ground.root is not None else "a skill"
                yield "SG203", f"{path} is outside of {where}", 0
    inside = ground.inside(diff.path)
    if diff.source and diff.target and diff.source != diff.target:
        yield "SG203", f"a lesson moves and copies no file, as this one from {diff.source}", 0
    elif not diff.source and inside and not is_lesson_file(inside):
        yield "SG203", f"a lesson may create references/<name>.md, not {inside}", 0


def _plain_mode(diff: FileDiff) -> _Broken:
    if diff.target_mode and diff.target_mode != (diff.source_mode or _PLAIN):
        yield "SG204", f"mode {diff.target_mode}, where a lesson leaves {_PLAIN}", 0


def _unprotected(diff: FileDiff, ground: Ground) -> _Broken:
    inside = ground.inside(diff.path)
    if diff.binary:
        yield "SG205", "a binary change: a lesson is text", 0
    elif inside and is_protected(inside):
        yield "SG205", f"{inside} is protected", 0
    elif inside == MANIFEST and diff.source:
        text = ground.before.get(MANIFEST, b"").decode("utf-8", "replace")
        head = structure(text).frontmatter_end
        if not diff.target:
            yield "SG205", "SKILL.md cannot go", 0
        elif any(line <= head for line in diff.removed) or any(gap < head for gap in diff.gaps):
            yield "SG205", "the frontmatter of SKILL.md is protected", 1


def _linked(diff: FileDiff, ground: Ground) -> _Broken:
    inside = ground.inside(diff.path)
    if diff.source or not inside or not is_lesson_file(inside) or ground.after is None:
        return
    link = re.compile(re.escape(f"({inside})").encode())
    if not any(link.search(text) for path, text in ground.after.items() if path != inside):
        yield "SG206", f"no link leads to {inside}", 0
