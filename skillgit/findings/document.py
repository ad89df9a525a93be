"""Findings as a JSON document for programs, `skillgit.check/1`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from skillgit.types import Finding


def as_document(findings: Sequence[Finding], skills: int) -> Mapping[str, object]:
    """The findings in the order in which they are told, and how many skills were looked at."""
    return {"findings": [_as_json(each) for each in findings], "skills": skills}


def _as_json(finding: Finding) -> Mapping[str, str | int]:
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "path": finding.path,
        "line": finding.line,
        "column": finding.column,
        "message": finding.message,
    }
