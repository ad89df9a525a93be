"""From an analyst's reply to a patch: citations become quotes, numbers become places.

A reply meets its schema when it gets here; what it says can still be wrong. Each edit that does
not fit ends as a `Fate` with a reason: nothing is repaired by guessing.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from skillgit.names import EditId, SkillPath, TrajectoryId
from skillgit.ports import JsonObject
from skillgit.skill.lines import text_lines
from skillgit.skill.markdown import structure
from skillgit.skill.placement import insertion, reference, replacement
from skillgit.trajectories.view import View
from skillgit.types import (
    MANIFEST,
    Change,
    Edit,
    Fate,
    Lesson,
    LineRange,
    Patch,
    Quote,
    Skill,
    State,
)


class Misfit(ValueError):  # noqa: N818 - a value in the making, raised and caught in this file
    """Why one edit of a reply cannot be taken."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A reply as understood: the edits that fit, and what is wrong with the others."""

    trajectory: TrajectoryId
    edits: tuple[Edit, ...]
    misfits: tuple[Fate, ...]

    def patch(self) -> Patch:
        """What goes on to consolidation."""
        return Patch(self.trajectory, self.edits, self.misfits)


def read_reply(skill: Skill, shown: View, value: JsonObject, contract: str) -> Reading:
    """Read the edits of one reply; `contract` is the prompt, whose words are no lesson."""
    trajectory = shown.trajectory.id
    edits: list[Edit] = []
    misfits: list[Fate] = []
    known = _words(contract)
    for number, item in enumerate(value["edits"], start=1):
        name = EditId(f"{trajectory}.{number}")
        try:
            edits.append(_edit(skill, shown, item, name, known))
        except ValueError as error:
            misfits.append(Fate(name, State.REJECTED, str(error)))
    return Reading(trajectory, tuple(edits), tuple(misfits))


def _edit(skill: Skill, shown: View, item: JsonObject, name: EditId, known: str) -> Edit:
    title, reason = _line(item["title"], "title"), _line(item["reason"], "reason")
    words = _clean(item["text"], "text")
    if item["op"] != "replace" and f" {_words(words)} " in f" {known} ":
        raise Misfit("the skill or the prompt says this already, word for word")
    return Edit(
        name,
        _change(skill, item, title, words),
        Lesson(title.rstrip(". "), reason),
        frozenset({shown.trajectory.id}),
        _quotes(shown, item["evidence"]),
    )


def _change(skill: Skill, item: JsonObject, title: str, words: str) -> Change:
    path = SkillPath(item["file"])
    line = _located(skill, path, item["line"], item["check"])
    if item["op"] == "replace":
        last = line + max(0, item["last"] - item["line"])
        if path == MANIFEST and line <= structure(skill.text(path) or "").frontmatter_end:
            raise Misfit("SG205: the frontmatter is protected")
        return replacement(skill, path, LineRange(line, last), words)
    if not words.strip():
        raise Misfit("SG207: no text to add")
    place = insertion(skill, path, line, words)
    return reference(skill, place, title, words) if item["op"] == "reference" else place


def _located(skill: Skill, path: SkillPath, line: int, check: str) -> int:
    """The base line that number and check words mean; where they disagree, a unique match."""
    text = skill.text(path)
    if text is None:
        raise Misfit(f"SG201: {path} does not exist in the base")
    lines = [_words(base) for base in text_lines(text)]
    wanted = _words(re.sub(r"^\s*\d+\|", "", check))
    if line > len(lines):
        raise Misfit(f"{path} has {len(lines)} lines, not {line}")
    if line == 0 or _begins(lines[line - 1], wanted):
        return line
    matches = [number for number, base in enumerate(lines, 1) if wanted and _begins(base, wanted)]
    if len(matches) != 1:
        raise Misfit(
            f"SG208: line {line} of {path} does not begin with {check!r}, "
            f"and {len(matches) or 'no'} other lines do"
        )
    return matches[0]


def _begins(base: str, wanted: str) -> bool:
    if not base or not wanted:
        return base == wanted
    return base.startswith(wanted) or wanted.startswith(base)


def _quotes(shown: View, evidence: list[JsonObject]) -> tuple[Quote, ...]:
    cut = [
        shown.quote(item["step"], LineRange(item["first"], max(item["first"], item["last"])))
        for item in evidence
    ]
    quotes = tuple(quote for quote in cut if isinstance(quote, Quote))
    if not quotes:
        raise Misfit(f"no evidence: {cut[0]}")
    return tuple(dict.fromkeys(quotes))


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _line(text: str, field: str) -> str:
    line = " ".join(_clean(text, field).split())
    if not line:
        raise Misfit(f"an empty {field}")
    return line


def _clean(text: str, field: str) -> str:
    """Text without what could not be seen or stored; hidden characters are refused, not dropped."""
    bad = {
        f"U+{ord(char):04X}"
        for char in text
        if char not in "\n\t" and unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co"}
    }
    if bad:
        raise Misfit(f"hidden or control characters in the {field}: {', '.join(sorted(bad))}")
    return text.replace("\t", "    ")
