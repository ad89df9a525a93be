"""Findings as GitHub's workflow commands and as a table of the step summary.

GitHub shows 10 errors and 10 warnings of a step and drops the rest in silence, and takes at most
1 MiB of summary. What comes from files is escaped: it must neither end a command nor begin one,
and no Markdown of a skill may come alive in a summary.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from skillgit.findings.text import counted, in_figures
from skillgit.types import Finding, Severity

MOST_OF_A_KIND = 10
MOST_SUMMARY = 1_000_000
"""Bytes; GitHub's limit is 1 MiB for a step, with what is there already."""
_LONGEST = 1_000
_SIGNS = re.compile(r"[!-&*+./:-@\[-`{-~]")


def gravest_first(findings: Iterable[Finding]) -> list[Finding]:
    """Errors before warnings, else in the given order."""
    return sorted(findings, key=lambda found: found.severity is not Severity.ERROR)


def as_commands(findings: Sequence[Finding]) -> Iterator[str]:
    """One command for each finding that GitHub will show, and a notice of how many there are."""
    left = []
    for severity in (Severity.ERROR, Severity.WARNING):
        of_kind = [found for found in findings if found.severity is severity]
        yield from map(_annotation, of_kind[:MOST_OF_A_KIND])
        if len(of_kind) > MOST_OF_A_KIND:
            left.append(counted(len(of_kind) - MOST_OF_A_KIND, f"more {severity}"))
    if left:
        told = f"{' and '.join(left)}: the step summary has them all"
        yield f"::notice title=skillgit check::{_data(told)}"


def _annotation(found: Finding) -> str:
    fields = {"file": found.path}
    if found.line:
        fields |= {"line": str(found.line), "endLine": str(found.line)}
        fields |= {"col": str(found.column)} if found.column else {}
    fields["title"] = f"skillgit {found.rule}"
    told = ",".join(f"{name}={_property(value)}" for name, value in fields.items())
    return f"::{found.severity} {told}::{_data(found.message[:_LONGEST])}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def step_summary(findings: Sequence[Finding], subject: str, room: int = MOST_SUMMARY) -> str:
    """All findings as a table, the gravest first, as many as fit into `room` bytes."""
    head = f"### skillgit check\n\n{_cell(subject)}: {in_figures(findings)}\n\n"
    if not findings:
        return head if len(head) <= room else ""
    head += "| severity | rule | place | message |\n|---|---|---|---|\n"
    rows: list[str] = []
    left = room - len(head.encode()) - 100
    for found in gravest_first(findings):
        row = _row(found)
        left -= len(row.encode())
        if left < 0:
            break
        rows.append(row)
    more = len(findings) - len(rows)
    tail = f"\n{counted(more, 'finding')} more: run `skillgit check`.\n" if more else "\n"
    summary = f"{head}{''.join(rows)}{tail}"
    return summary if len(summary.encode()) <= room else ""


def _row(found: Finding) -> str:
    place = f"{found.path}:{found.line}" if found.line else found.path
    return f"| {found.severity} | {found.rule} | {_cell(place)} | {_cell(found.message)} |\n"


def _cell(text: str) -> str:
    """Text of strangers inside a cell: every sign is an entity, so none means anything."""
    short = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    plain = " ".join(short.split())
    return f"<code>{_SIGNS.sub(lambda sign: f'&#{ord(sign[0])};', plain)}</code>"
