"""Does a reply meet the schema of its call?

A call brings a schema of its own, hundreds of names long, so that to prepare a validator takes
longer than to use it once. What the schemas of this program are made of is therefore looked at
here, in a fraction of the time; all else, and every word about what is wrong, is the library's.
"""

from __future__ import annotations

from collections.abc import Mapping

from skillgit.endpoint.completions import shortened
from skillgit.ports import JsonObject

_KNOWN = {
    "string": frozenset({"type", "enum", "maxLength"}),
    "array": frozenset({"type", "items", "minItems", "maxItems"}),
    "object": frozenset({"type", "properties", "required", "additionalProperties"}),
}


def mismatch(value: object, schema: JsonObject) -> str:
    """Where and why a value does not meet its schema; "" where it does."""
    return "" if _surely_meets(value, schema) else _explained(value, schema)


def _surely_meets(value: object, schema: JsonObject) -> bool:
    """False also where the schema says anything that is not known here."""
    kind = schema.get("type")
    if not isinstance(kind, str) or not schema.keys() <= _KNOWN.get(kind, frozenset()):
        return False
    if isinstance(value, str):
        fits = len(value) <= schema.get("maxLength", len(value))
        return kind == "string" and fits and ("enum" not in schema or value in schema["enum"])
    if isinstance(value, list):
        least, most = schema.get("minItems", 0), schema.get("maxItems", len(value))
        items = schema.get("items", {})
        fits = kind == "array" and least <= len(value) <= most
        return fits and all(_surely_meets(one, items) for one in value)
    return isinstance(value, dict) and kind == "object" and _meets_each(value, schema)


def _meets_each(value: Mapping[str, object], schema: JsonObject) -> bool:
    properties = schema.get("properties", {})
    return (
        value.keys() <= properties.keys()
        and value.keys() >= set(schema.get("required", ()))
        and all(_surely_meets(one, properties[name]) for name, one in value.items())
    )


def _explained(value: object, schema: JsonObject) -> str:
    from jsonschema import (  # noqa: PLC0415, TID251 - this is its home; a check needs none
        Draft202012Validator,
    )
    from jsonschema.exceptions import best_match  # noqa: PLC0415, TID251 - the same

    error = best_match(Draft202012Validator(schema).iter_errors(value))
    return "" if error is None else f"at {error.json_path}: {shortened(error.message)}"
