"""The JSON schema of an analyst's reply: everything by reference, nothing to repeat verbatim."""

from __future__ import annotations

from collections.abc import Iterable

OPERATIONS = ("insert_after", "replace", "reference")
SAID = ("no", "partly", "yes")
MOST_CAUSES = 3
MOST_MEMORIES = 3


def reply_schema(places: Iterable[str], passages: Iterable[str], most: int) -> dict[str, object]:
    """What an analyst may answer: one to `most` edits, each with its evidence and its place.

    What happened comes first, so that a model thinks before it teaches; whether the skill says it
    already comes last, so that an empty answer is not the easy way out.
    """
    return _object(edits=_edits(places, passages, most))


def proven_schema(
    places: Iterable[str], passages: Iterable[str], most: int, lines: Iterable[str]
) -> dict[str, object]:
    """The same of an analyst that has proven its cause: causes and memory items come first.

    Each edit chooses one of the repair's new `lines`, or "" where it is about none of them.
    """
    passages = tuple(passages)
    cause = _object(what=_string(300), evidence=_evidence(passages))
    memory = _object(title=_string(80), content=_string(400))
    return _object(
        causes=_some(cause, MOST_CAUSES),
        memories=_some(memory, MOST_MEMORIES),
        edits=_edits(places, passages, most, code=_one_of([*lines, ""])),
    )


def _edits(
    places: Iterable[str], passages: Iterable[str], most: int, **more: object
) -> dict[str, object]:
    edit = _object(
        what_happened=_string(300),
        evidence=_evidence(passages),
        **more,
        title=_string(80),
        place=_one_of(places),
        op=_one_of(OPERATIONS),
        text=_string(400),
        skill_says_it=_one_of(SAID),
    )
    return _some(edit, most)


def _evidence(passages: Iterable[str]) -> dict[str, object]:
    return _some(_one_of(passages), 2)


def _some(items: object, most: int) -> dict[str, object]:
    return {"type": "array", "minItems": 1, "maxItems": most, "items": items}


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
