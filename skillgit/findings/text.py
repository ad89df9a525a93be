"""Findings as lines that people and editors read: `path:line:col: RULE severity: message`."""

from __future__ import annotations

from collections.abc import Sequence

from skillgit.types import Finding, Severity


def as_line(finding: Finding) -> str:
    """One line, also where a file's name has several."""
    place = finding.path
    if finding.line:
        place += f":{finding.line}"
        place += f":{finding.column}" if finding.column else ""
    return one_line(f"{place}: {finding.rule} {finding.severity}: {finding.message}")


def one_line(text: str) -> str:
    r"""Line ends shown as \n and \r: a name must not look like the next finding."""
    return text.replace("\n", "\\n").replace("\r", "\\r")


def in_figures(findings: Sequence[Finding]) -> str:
    """How many errors and warnings."""
    if not findings:
        return "nothing to complain about"
    errors = sum(each.severity is Severity.ERROR for each in findings)
    return f"{counted(errors, 'error')}, {counted(len(findings) - errors, 'warning')}"


def counted(count: int, word: str) -> str:
    """A number and its noun."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
