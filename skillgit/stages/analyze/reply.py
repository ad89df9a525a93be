"""From an analyst's reply to a patch: citations become quotes, numbers become places.

A reply meets its schema when it gets here; what it says can still be wrong. Each edit that does
not fit ends as a `Fate` with a reason: nothing is repaired by guessing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from skillgit.names import EditId, TrajectoryId
from skillgit.ports import JsonObject
from skillgit.skill.anchors import anchors, editable
from skillgit.skill.placement import insertion, reference, replacement
from skillgit.stages.analyze.citations import citations
from skillgit.stages.analyze.leakage import names_of_the_task
from skillgit.stages.analyze.vocabulary import invented, names_something, unmentioned
from skillgit.trajectories.view import View
from skillgit.types import (
    Change,
    Edit,
    Fate,
    Lesson,
    Patch,
    Quote,
    Result,
    Skill,
    State,
    Trajectory,
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
    for number, item in enumerate(value["edits"], start=1):
        name = EditId(f"{trajectory}.{number}")
        try:
            edits.append(_edit(skill, shown, item, name, contract))
        except ValueError as error:
            misfits.append(Fate(name, State.REJECTED, str(error)))
    return Reading(trajectory, tuple(edits), tuple(misfits))


def _edit(skill: Skill, shown: View, item: JsonObject, name: EditId, contract: str) -> Edit:
    title, reason = _line(item["title"], "title"), _line(item["what_happened"], "what_happened")
    words = _clean(item["text"], "text")
    if item["skill_says_it"] == "yes":
        raise Misfit("the analyst says that the skill says it already")
    if item["op"] != "replace" and f" {_words(words)} " in f" {_words(contract)} ":
        raise Misfit("the skill or the prompt says this already, word for word")
    _must_teach(skill, shown.trajectory, title, words)
    return Edit(
        name,
        _change(skill, item, title, words),
        Lesson(title.rstrip(". "), reason),
        frozenset({shown.trajectory.id}),
        _quotes(shown, item["evidence"]),
    )


def _must_teach(skill: Skill, trajectory: Trajectory, title: str, words: str) -> None:
    """A lesson is whole, concrete, and holds for more than its own task; else a Misfit."""
    if not words.strip():
        raise Misfit("SG207: no text")
    if words.count("`") % 2 or words.rstrip().endswith(("…", "...")):
        raise Misfit("the text breaks off: end it, and use single quotes in code")
    names = names_of_the_task(trajectory, f"{title} {words}", base_text(skill))
    if names:
        raise Misfit(
            f"SG401: names things of this one task ({', '.join(names)}): say it in general"
        )
    if unmentioned(trajectory, "") and not names_something(words):
        raise Misfit("vague: name the function, option or command to use, in backquotes")
    strange = invented(trajectory, words, base_text(skill))
    if trajectory.outcome.result is Result.PASS and strange:
        raise Misfit(f"not in the run: {', '.join(strange)}; teach what the agent really did")


def _change(skill: Skill, item: JsonObject, title: str, words: str) -> Change:
    anchor = anchors(skill)[item["place"]]
    if item["op"] == "replace":
        if anchor.block is None:
            raise Misfit("SG205: only an item or a paragraph can be replaced, not this line")
        return replacement(skill, anchor.path, anchor.block, words)
    place = insertion(skill, anchor.path, anchor.line, words)
    return reference(skill, place, title, words) if item["op"] == "reference" else place


def base_text(skill: Skill) -> str:
    """All the words that a lesson could change."""
    return "\n".join(skill.text(path) or "" for path in editable(skill))


def _quotes(shown: View, evidence: Iterable[str]) -> tuple[Quote, ...]:
    known = citations(shown)
    return tuple(known[name] for name in dict.fromkeys(evidence))


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
