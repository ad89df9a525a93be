"""The JSON schema of an analyst's reply: everything by reference, nothing to repeat verbatim."""

from __future__ import annotations

from skillgit.names import SkillPath
from skillgit.skill.lines import text_lines
from skillgit.types import MANIFEST, Skill

TEXT_LENGTH = 500
OPERATIONS = ("insert_after", "replace", "reference")


def editable(skill: Skill) -> tuple[SkillPath, ...]:
    """The files that an analyst may change: SKILL.md first, then the text of references/."""
    references = (
        path
        for path in skill.files
        if path.startswith("references/") and path.endswith(".md") and skill.text(path) is not None
    )
    return (MANIFEST, *references)


def reply_schema(skill: Skill, most: int) -> dict[str, object]:
    """What an analyst may answer: up to `most` edits, each with evidence and a place.

    `line` to `last` are base lines of `file`; `check` are the first words of base line `line`.
    `insert_after` and `reference` use `line` alone (0 = before the first line).
    """
    files = editable(skill)
    longest = max(len(text_lines(skill.text(path) or "")) for path in files)
    line = {"type": "integer", "minimum": 0, "maximum": longest}
    edit = _object(
        title=_string(80),
        reason=_string(300),
        evidence={
            "type": "array",
            "minItems": 1,
            "maxItems": 2,
            "items": _object(step=_count(), first=_count(), last=_count()),
        },
        file={"type": "string", "enum": list(files)},
        op={"type": "string", "enum": list(OPERATIONS)},
        line=line,
        last=line,
        check=_string(60),
        text=_string(TEXT_LENGTH),
    )
    return _object(edits={"type": "array", "minItems": 0, "maxItems": most, "items": edit})


def _object(**properties: object) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _string(longest: int) -> dict[str, object]:
    return {"type": "string", "maxLength": longest}


def _count() -> dict[str, object]:
    return {"type": "integer", "minimum": 1, "maximum": 9999}
