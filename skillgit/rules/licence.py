"""May a skill be changed at all? SG410, as far as its own words tell.

This is no legal advice, and silence is taken for consent: most skills name no licence, and people
evolve their own. What forbids changes in so many words is believed.
"""

from __future__ import annotations

import re

from skillgit.skill.frontmatter import read_frontmatter
from skillgit.types import MANIFEST, Skill

_NAMES = ("license", "licence", "copying", "terms")
_MOST = 40_000
"""Characters of a licence that are read."""
_FORBIDDING_NAME = re.compile(
    r"\bCC[- ]BY(?:-NC)?-ND\b|\bno[- ]?deriv(?:ative)?s?\b|\ball\s+rights\s+reserved\b"
    r"|\bproprietary\b|\bsource[- ]available\b",
    re.IGNORECASE,
)
_FORBIDDING_TEXT = re.compile(
    r"\bCC[- ]BY(?:-NC)?-ND\b|\bno-?derivatives\b"
    r"|\bno\s+(?:right\s+to\s+(?:make|create|prepare)\s+)?derivative\s+works?\b"
    r"|\b(?:may|shall|must|can)\s*not\b.{0,600}?"
    r"\b(?:derivative\s+works?|modify|adapt|alter|transform)\b"
    r"|\bwithout\s+(?:modification|alteration)s?\s+only\b",
    re.IGNORECASE | re.DOTALL,
)
# Their texts speak of what one may not do, too: to name the author, to drop the notice.
_GRANTING_TEXT = re.compile(
    r"\bpermission\s+is\s+hereby\s+granted,?\s+free\b"
    r"|\bpermission\s+to\s+use,\s+copy,\s+modify\b"
    r"|\bredistribution\s+and\s+use\s+in\s+source\s+and\s+binary\s+forms,\s+with\s+or\s+without"
    r"|\bGNU\s+(?:LESSER\s+|AFFERO\s+|LIBRARY\s+)?GENERAL\s+PUBLIC\s+LICEN[SC]E\s+version\b"
    r"|\bApache\s+License,?\s+Version\s+2|\bMozilla\s+Public\s+License,?\s+v"
    r"|\bEclipse\s+Public\s+License\b|\bEuropean\s+Union\s+Public\s+Licence\b"
    r"|\bfree\s+and\s+unencumbered\s+software\b|\bCC0\b|\bCreative\s+Commons\s+Zero\b",
    re.IGNORECASE,
)
_RESERVED = re.compile(r"\ball\s+rights\s+reserved\b", re.IGNORECASE)


def forbids_changes(skill: Skill) -> str:
    """Where a skill forbids derivatives, and in which words; empty where it does not."""
    field = read_frontmatter(skill.files[MANIFEST]).get("license")
    words = field.value.text if field else ""
    if found := _FORBIDDING_NAME.search(words):
        return f"its frontmatter says license: {_cut(words, found)}"
    for path in skill.files:
        if "/" not in path and path.lower().startswith(_NAMES) and path != MANIFEST:
            text = (skill.text(path) or "")[:_MOST]
            if found := _forbidding(text):
                return f"{path} says: {_cut(text, found)}"
    return ""


def _forbidding(text: str) -> re.Match[str] | None:
    if _GRANTING_TEXT.search(text):
        return None
    return _FORBIDDING_TEXT.search(text) or _RESERVED.search(text)


def _cut(text: str, found: re.Match[str]) -> str:
    """The words that forbid it: the last of a long match matter most."""
    words = " ".join(text[found.start() : found.end() + 40].split())
    return words if len(words) <= 100 else f"{words[:40]} … {words[-58:]}"
