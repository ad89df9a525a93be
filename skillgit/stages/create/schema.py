"""The JSON schema of a drafted skill: short texts under names, no Markdown and no frontmatter."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

LONGEST: Mapping[str, int] = MappingProxyType(
    {"title": 60, "does": 300, "use_when": 300, "point": 240}
)
"""Characters of each text; all of a draft together stay far below the budget of a SKILL.md."""
_MOST_SECTIONS = 6
_MOST_POINTS = 5


def draft_schema() -> dict[str, object]:
    """What a model may answer: what the skill does, when it is used, and sections of points."""
    section = _object(title=_string("title"), points=_array(_string("point"), 1, _MOST_POINTS))
    return _object(
        title=_string("title"),
        does=_string("does"),
        use_when=_string("use_when"),
        sections=_array(section, 2, _MOST_SECTIONS),
    )


def _object(**properties: object) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _array(items: object, least: int, most: int) -> dict[str, object]:
    return {"type": "array", "minItems": least, "maxItems": most, "items": items}


def _string(kind: str) -> dict[str, object]:
    return {"type": "string", "maxLength": LONGEST[kind]}
