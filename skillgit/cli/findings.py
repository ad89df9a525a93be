"""How findings are shown: to people, to programs, to GitHub, to code scanning."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from skillgit.cli.console import out, print_json, safe, say
from skillgit.findings.document import as_document
from skillgit.findings.text import as_line
from skillgit.types import Finding
from skillgit.wiring.checking import Checked


class Form(StrEnum):
    """How findings are written to stdout."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


def show(checked: Checked, form: Form, top: Path | None, subject: str) -> None:
    """Write what was found to stdout, and for GitHub the whole table to the step summary."""
    match form:
        case Form.TEXT:
            for each in checked.findings:
                out(safe(as_line(each)))
        case Form.JSON:
            print_json("check", as_document(checked.findings, checked.skills))
        case Form.GITHUB:
            _to_github(checked.in_repository(top).findings, subject)
        case Form.SARIF:
            from skillgit.findings.sarif import as_sarif  # noqa: PLC0415 - rarely wanted

            out(json.dumps(as_sarif(checked.in_repository(top).found), indent=1))


def _to_github(findings: Sequence[Finding], subject: str) -> None:
    from skillgit.findings.github import (  # noqa: PLC0415 - rarely wanted
        MOST_SUMMARY,
        as_commands,
        step_summary,
    )

    for command in as_commands(findings):
        out(safe(command))
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if not file:
        return
    try:
        held = Path(file).stat().st_size if Path(file).exists() else 0
        with Path(file).open("a", encoding="utf-8", errors="replace", newline="\n") as summary:
            summary.write(safe(step_summary(findings, subject, MOST_SUMMARY - held)))
    except OSError as error:
        say(f"cannot write the step summary: {safe(str(error))}")
