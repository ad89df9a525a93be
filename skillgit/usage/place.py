"""Where a skill lies for an agent, and which of its files a path of theirs means."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass

from skillgit.names import SkillPath
from skillgit.types import MANIFEST, Skill

_NAME = re.compile(r"^name:[ \t]*[\"']?([\w.-]+)", re.MULTILINE)
_SKILLS = "skills"


@dataclass(frozen=True, slots=True)
class Place:
    """The names that the skill's folder may have, and the folders that hold its SKILL.md."""

    names: frozenset[str]
    roots: frozenset[str]
    files: frozenset[SkillPath]

    def inside(self, path: str, folder: str = "") -> str | None:
        """The path within the skill ("" = its folder); None where it is somewhere else.

        A folder is the skill's where it is called so and lies in one that is called `skills`, or
        where the trajectory says that SKILL.md is in it: any folder may be called `data`.
        """
        parts = posixpath.normpath(posixpath.join(folder, path)).split("/")
        for n, part in enumerate(parts):
            above = n > 0 and parts[n - 1] == _SKILLS
            if part in self.names and (above or "/".join(parts[: n + 1]) in self.roots):
                return "/".join(parts[n + 1 :])
        return None

    def file(self, path: str, folder: str = "") -> SkillPath | None:
        """The file of the skill that a path means; None where it means none of them."""
        found = self.inside(path, folder)
        return next((one for one in self.files if one == found), None) if found else None

    def named_in(self, text: str) -> bool:
        """Does a text say where the skill is?"""
        return any(f"{_SKILLS}/{name}/" in text for name in self.names) or any(
            f"{root}/" in text for root in self.roots
        )


def names_of(skill: Skill) -> frozenset[str]:
    """What the folder of a skill may be called where an agent sees it."""
    head = (skill.text(MANIFEST) or "").partition("\n---")[0]
    own = _NAME.search(head)
    return frozenset({skill.folder or "skill", *([own[1]] if own else [])})


def place_of(skill: Skill, texts: Iterable[str]) -> Place:
    """Where these texts say that the skill lies."""
    names = names_of(skill)
    either = "|".join(map(re.escape, sorted(names)))
    manifest = re.compile(rf"(?<![\w./~-])([\w./~-]*(?<![\w.~-])(?:{either}))/SKILL\.md(?![\w-])")
    roots = {posixpath.normpath(found[1]) for text in texts for found in manifest.finditer(text)}
    return Place(names, frozenset(roots), frozenset(skill.files))
