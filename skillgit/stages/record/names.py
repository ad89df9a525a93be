"""What the branch of a round is called."""

from __future__ import annotations

import re

from skillgit.names import RoundId
from skillgit.review.replay import skill_name
from skillgit.types import Skill


def branch_name(prefix: str, skill: Skill, round_id: RoundId) -> str:
    """`skillgit/xlsx/20261121T231905Z-7f3ac1`, whatever the prefix and the folder are called."""
    parts = [part for part in prefix.split("/") if part] or ["skillgit"]
    return "/".join([*map(_ref_part, parts), _ref_part(skill_name(skill)), round_id])


def _ref_part(text: str) -> str:
    """A part of a ref that `git check-ref-format` accepts."""
    kept = re.sub(r"[^\w.-]+|\.\.+|@\{", "-", text).strip("-._")
    return re.sub(r"\.lock$", "-lock", kept, flags=re.IGNORECASE) or "skill"
