"""The JSON schema of an analyst's reply: everything by reference, nothing to repeat verbatim."""

from __future__ import annotations

from collections.abc import Iterable

OPERATIONS = ("insert_after", "replace", "reference")
SAID = ("no", "partly", "yes")


def reply_schema(places: Iterable[str], passages: Iterable[str], most: int) -> dict[str, object]:
    """What an analyst may answer: one to `most` edits, each with its evidence and its place.

    What happened comes first, so that a model thinks before it teaches; whether the skill says it
    already comes last, so that an empty answer is not the easy way out.
    """
    edit = _object(
        what_happened=_string(300),
        evidence={"type": "array", "minItems": 1, "maxItems": 2, "items": _one_of(passages)},
        title=_string(80),
        place=_one_of(places),
        op=_one_of(OPERATIONS),
        text=_string(400),
        skill_says_it=_one_of(SAID),
    )
    return _object(edits={"type": "array", "minItems": 1, "maxItems": most, "items": edit})


def _object(**properties: object) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _string(longest: int) -> dict[str, object]:
    return {"type": "string", "maxLength": longest}


def _one_of(names: Iterable[str]) -> dict[str, object]:
    return {"type": "string", "enum": list(names)}
