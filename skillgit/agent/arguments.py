"""The arguments of a tool: text of a model, checked against what the tool says it takes."""

from __future__ import annotations

import json
from collections.abc import Mapping

from skillgit.ports import ToolSpec

_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}
_SHOWN = 60


def read_arguments(spec: ToolSpec, text: str) -> dict[str, object] | str:
    """The arguments as values, or what is wrong with them, in words for the model."""
    form = _example(spec)
    try:
        given = json.loads(text.strip() or "{}")
    except (ValueError, RecursionError) as error:
        reason = str(error)[:_SHOWN]
        return f"the arguments of {spec.name} are not JSON ({reason}); write {form}"
    if not isinstance(given, dict):
        return f"the arguments of {spec.name} must be a JSON object, as {form}"
    known: Mapping[str, Mapping[str, object]] = spec.parameters.get("properties", {})
    values = {
        name: _value(value, str(known[name].get("type", "")))
        for name, value in given.items()
        if name in known and value is not None
    }
    missing = [name for name in spec.parameters.get("required", ()) if name not in values]
    if missing:
        return f"{spec.name} needs {' and '.join(missing)}; write {form}"
    wrong = [name for name, value in values.items() if not _fits(value, known[name])]
    kinds = ", ".join(f"{name} must be of type {known[name]['type']}" for name in wrong)
    return f"{spec.name}: {kinds}; write {form}" if wrong else values


def _value(value: object, kind: str) -> object:
    """Small models write "10" for 10; where a number is wanted, it can mean nothing else."""
    if kind in {"integer", "number"} and isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            return value
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _fits(value: object, schema: Mapping[str, object]) -> bool:
    kind = _KINDS.get(str(schema.get("type", "")))
    if kind is None:
        return True
    # bool is an int to isinstance, and a switch is not a number.
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _example(spec: ToolSpec) -> str:
    return json.dumps(dict.fromkeys(spec.parameters.get("required", (spec.body,)), "..."))
