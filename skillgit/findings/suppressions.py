"""Comments that switch a rule off for a line or a file, and what is wrong with them (SG113).

    <!-- skillgit: ignore[SG105] why -->         in Markdown, outside of code
    <!-- skillgit: ignore-file[SG105] why -->    for the whole file
    # skillgit: ignore[SG018] why                in frontmatter, and in files under scripts/

On a line of its own a comment is about the next line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from skillgit.names import SkillPath
from skillgit.rules import RULES, Demands, Group, in_order
from skillgit.rules.limits import MAX_TEXT
from skillgit.rules.suppressions import MARKER
from skillgit.skill.markdown import frontmatter_lines, structure
from skillgit.types import Finding

_ID = "SG113"
_BODY = (
    r"skillgit:\s*(?P<form>ignore(?:-file)?)(?![\w-])\s*"
    r"(?:\[(?P<rules>[^\]]*)\])?\s*(?P<why>.*?)\s*"
)
_HTML = re.compile(rf"<!--\s*{_BODY}-->")
_HASH = re.compile(rf"(?:(?<=\s)|^)#\s*{_BODY}$")
_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")


@dataclass(frozen=True, slots=True)
class _Suppression:
    """One comment. `target` is the line that it is about, 0 where it is about the file."""

    path: str
    line: int
    column: int
    target: int
    rules: tuple[str, ...]
    why: str

    def is_about(self, finding: Finding, rule: str) -> bool:
        return (finding.rule, finding.path) == (rule, self.path) and (
            self.target in {0, finding.line}
        )


def honour(
    findings: Sequence[Finding], files: Mapping[SkillPath, bytes], demands: Demands
) -> tuple[Finding, ...]:
    """The findings on a skill that no comment of it switches off, and those on such comments."""
    comments = [one for path in sorted(files) for one in _read(path, files[path])]
    if not comments:
        return tuple(findings)
    kept = list(findings)
    wrong: list[Finding] = []
    severity = demands.severity(_ID, RULES[_ID].grades)
    for comment in comments:
        for rule in comment.rules or ("",):
            reason = _refusal(comment, rule)
            meant = [one for one in findings if comment.is_about(one, rule)]
            if not reason:
                kept = [one for one in kept if one not in meant]
                looked_at = demands.severity(rule, RULES[rule].grades) is not None
                if looked_at and not meant:
                    reason = f"nothing here breaks {rule}: take it out"
            if severity and reason:
                where = (comment.path, reason, comment.line, comment.column)
                wrong.append(Finding(_ID, severity, *where))
    return tuple(sorted((*kept, *wrong), key=in_order))


def _refusal(comment: _Suppression, rule: str) -> str:
    """Why a comment does not count for a rule; "" where it does."""
    known = RULES.get(rule)
    if not rule:
        return "it names no rule: write ignore[SG105] and a reason"
    if known is None:
        return f"there is no rule {rule}: `skillgit rule` lists all"
    if known.firm:
        return f"{rule} cannot be switched off: it guards against texts like this one"
    if known.group not in {Group.FORMAT, Group.STRUCTURE} or rule == _ID:
        return f"{rule} cannot be switched off by a comment"
    return "" if comment.why else f"it says no reason: write one behind ignore[{rule}]"


def _read(path: str, data: bytes) -> Iterator[_Suppression]:
    if b"skillgit:" not in data or len(data) > MAX_TEXT:
        return
    text = data.decode("utf-8", "replace")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    markdown = path.lower().endswith(".md")
    head = frontmatter_lines(lines) if markdown else len(lines)
    code = _code_lines(text) if markdown else set()
    own = {
        number
        for number, line in enumerate(lines, start=1)
        if (found := _match(line, in_head=number <= head)) and found[0] == line.strip()
    }
    for number, line in enumerate(lines, start=1):
        found = None if number in code else _match(line, in_head=number <= head)
        if found:
            target = number
            while target in own:
                target += 1
            rules = tuple(part.strip().upper() for part in (found["rules"] or "").split(","))
            yield _Suppression(
                path,
                number,
                found.start() + 1,
                0 if found["form"].lower() == "ignore-file" else target,
                tuple(dict.fromkeys(filter(None, rules))),
                found["why"],
            )


def _match(line: str, *, in_head: bool) -> re.Match[str] | None:
    if not MARKER.search(line):
        return None
    if in_head:
        return _HASH.search(line)
    # Blanked, not removed: columns stay true.
    return _HTML.search(_CODE.sub(lambda code: " " * len(code[0]), line))


def _code_lines(text: str) -> set[int]:
    blocks = (block for block in structure(text).blocks if block.kind in {"fence", "code"})
    return {line for one in blocks for line in range(one.lines.first, one.lines.last + 1)}
