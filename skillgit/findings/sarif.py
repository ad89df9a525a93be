"""Findings as SARIF 2.1.0, as much of it as code scanning reads (SKILLS_FORMAT.md, 13.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from skillgit import __version__
from skillgit.findings.placed import Placed, fingerprints
from skillgit.findings.text import counted
from skillgit.rules import RULES, RuleInfo, explain
from skillgit.types import Finding, Severity

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MOST_RESULTS = 5_000
"""GitHub takes 25,000 and keeps the first 5,000."""
_LONGEST = 1_000
"""Characters of a message: 10 MB, packed, must hold all of them."""
_ROOT = "%SRCROOT%"


def as_sarif(found: Sequence[Placed]) -> Mapping[str, object]:
    """A log of one run; paths of the findings count from the root of the repository."""
    prints = fingerprints(found)
    graver = sorted(range(len(found)), key=lambda n: found[n].finding.severity is Severity.WARNING)
    shown = graver[:MOST_RESULTS]
    run: dict[str, object] = {
        "tool": {
            "driver": {
                "name": "skillgit",
                "semanticVersion": __version__,
                "rules": [_rule(info) for info in RULES.values()],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "invocations": [_invocation(len(found) - len(shown))],
        "results": [_result(found[number].finding, prints[number]) for number in shown],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _invocation(left_out: int) -> Mapping[str, object]:
    told = f"{counted(left_out, 'finding')} more than a server keeps: run skillgit check"
    notes = [{"level": "warning", "message": {"text": told}}] if left_out else []
    return {"executionSuccessful": True, "toolExecutionNotifications": notes}


def _rule(info: RuleInfo) -> Mapping[str, object]:
    text = explain(info.id).rstrip()
    severity = info.grades.spec or Severity.WARNING
    return {
        "id": info.id,
        "name": info.id,
        "shortDescription": {"text": f"{info.summary}."},
        "fullDescription": {"text": info.explanation.partition("\n")[0]},
        "help": {"text": text, "markdown": f"```text\n{text.replace('```', '~~~')}\n```"},
        "defaultConfiguration": {"level": str(severity)},
        "properties": {"tags": ["agent-skills", info.group.name.lower()]},
    }


def _result(found: Finding, fingerprint: str) -> Mapping[str, object]:
    return {
        "ruleId": found.rule,
        "ruleIndex": list(RULES).index(found.rule),
        "level": str(found.severity),
        "message": {"text": _unicode(found.message[:_LONGEST])},
        "locations": [_location(found)],
        "partialFingerprints": {
            "skillgit/v1": fingerprint,
            "primaryLocationLineHash": fingerprint,
        },
    }


def _location(found: Finding) -> Mapping[str, object]:
    place: dict[str, object] = {"artifactLocation": _artifact(found.path)}
    if found.line:
        column = {"startColumn": found.column} if found.column else {}
        place["region"] = {"startLine": found.line, **column}
    return {"physicalLocation": place}


def _artifact(path: str) -> Mapping[str, str]:
    try:
        # Bytes that are no UTF-8 come as surrogate escapes, and go as what they are.
        raw = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = path.encode("utf-8", "replace")
    name = quote(raw, safe="/-._~")
    if path.startswith("/"):
        return {"uri": f"file://{name}"}
    return {"uri": name, "uriBaseId": _ROOT}


def _unicode(text: str) -> str:
    """Without lone surrogates, which no JSON reader must take."""
    return text.encode("utf-8", "replace").decode("utf-8")
