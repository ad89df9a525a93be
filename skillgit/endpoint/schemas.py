"""Does a reply meet the schema of its call?"""

from __future__ import annotations

from skillgit.endpoint.completions import shortened
from skillgit.ports import JsonObject


def mismatch(value: object, schema: JsonObject) -> str:
    """Where and why a value does not meet its schema; "" where it does."""
    return "" if _is_valid(value, schema) else _explained(value, schema)


def _is_valid(value: object, schema: JsonObject) -> bool:
    """The same verdict as below, five times as fast; it is no misfortune where it gives none."""
    from jsonschema_rs import (  # noqa: PLC0415, TID251 - this is its home; a check needs none
        Draft202012Validator,
    )

    try:
        return Draft202012Validator(dict(schema)).is_valid(value)
    except (ValueError, TypeError, OverflowError):
        return False


def _explained(value: object, schema: JsonObject) -> str:
    from jsonschema import (  # noqa: PLC0415, TID251 - this is its home; a check needs none
        Draft202012Validator,
    )
    from jsonschema.exceptions import best_match  # noqa: PLC0415, TID251 - the same

    error = best_match(Draft202012Validator(schema).iter_errors(value))
    return "" if error is None else f"at {error.json_path}: {shortened(error.message)}"
