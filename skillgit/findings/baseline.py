"""Old findings that a repository lives with, `skillgit.baseline/1` (SKILLS_FORMAT.md, 13.3)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from skillgit.findings.placed import Placed, fingerprints
from skillgit.rules import RULES

SCHEMA = "skillgit.baseline/1"


@dataclass(frozen=True, slots=True)
class OldFinding:
    """What was found when the baseline was written."""

    rule: str
    path: str
    message: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Compared:
    """What is new, by its place among what was found, and what of the baseline is found no more."""

    new: tuple[int, ...]
    fixed: tuple[OldFinding, ...]


def render_baseline(found: Sequence[Placed], kept: Sequence[OldFinding] = ()) -> str:
    """The document that makes `compare` call all of this old, but for what is never put up with.

    One finding a line, in an order of its own: its diffs are short, and merges rarely conflict.
    """
    now = {
        OldFinding(one.finding.rule, one.finding.path, one.finding.message, fingerprint)
        for one, fingerprint in zip(found, fingerprints(found), strict=True)
        if not RULES[one.finding.rule].firm
    }
    in_order = sorted({*now, *kept}, key=lambda old: (old.path, old.rule, old.fingerprint))
    lines = [json.dumps(asdict(old)) for old in in_order]
    body = ",\n".join(f"    {line}" for line in lines)
    findings = f"[\n{body}\n  ]" if lines else "[]"
    return f'{{\n  "schema": "{SCHEMA}",\n  "findings": {findings}\n}}\n'


def read_baseline(text: str) -> tuple[OldFinding, ...]:
    """The findings of a baseline; ValueError where it is none."""
    document = json.loads(text)
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ValueError(f"its schema is not {SCHEMA}")
    findings = document.get("findings")
    if not isinstance(findings, list):
        raise ValueError("it has no list of findings")  # noqa: TRY004 - the file is wrong, no type
    return tuple(map(_old, findings))


def _old(entry: object) -> OldFinding:
    keys = ("rule", "path", "message", "fingerprint")
    values = [entry.get(key) for key in keys] if isinstance(entry, dict) else []
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) != len(keys):
        raise ValueError(f"not a finding: {json.dumps(entry)[:80]}")
    return OldFinding(*texts)


def compare(
    found: Sequence[Placed], baseline: Sequence[OldFinding], folders: Sequence[str]
) -> Compared:
    """What is new since a baseline, and which of its findings in some folders are gone.

    Paths count from the root of the repository on both sides.
    """
    known = {old.fingerprint for old in baseline}
    prints = fingerprints(found)
    new = tuple(
        number
        for number, (one, fingerprint) in enumerate(zip(found, prints, strict=True))
        if fingerprint not in known or RULES[one.finding.rule].firm
    )
    still = set(prints)
    fixed = (old for old in baseline if old.fingerprint not in still)
    return Compared(new, tuple(old for old in fixed if is_below(old.path, folders)))


def is_below(path: str, folders: Sequence[str]) -> bool:
    """Is a path one of some folders, or in one? "" is the root."""
    return any(not each or path == each or path.startswith(f"{each}/") for each in folders)
