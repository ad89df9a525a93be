"""Values as canonical JSON and back: one value, one sequence of bytes.

Keys are sorted, text is UTF-8, sets are sorted, fields come from the types themselves. Reading is
strict: a field too many, a missing one that has no default, or a value that its class refuses is a
ValueError that says where.
"""

from __future__ import annotations

import json
import math
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from json.encoder import encode_basestring
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from skillgit.types import CreateFile, DeleteFile, Insert, LineRange, Replace

T = TypeVar("T")
_KINDS: Mapping[type, str] = {
    Insert: "insert",
    Replace: "replace",
    CreateFile: "create",
    DeleteFile: "delete",
}


_PLAIN = frozenset({str, int, bool, type(None)})


def json_bytes(document: object) -> bytes:
    """The canonical bytes of a JSON value. Lone surrogates, which UTF-8 has not, become `?`."""
    return _written(document, "\n").encode("utf-8", "replace") + b"\n"


def _written(value: object, line: str) -> str:
    """As `json.dumps` with sorted keys, an indent of 1 and no NaN, with a third of its memory.

    With an indent that function keeps every piece by itself until the end; documents are long.
    """
    if isinstance(value, str):
        return encode_basestring(value)
    if type(value) is int:
        return str(value)
    inner = f"{line} "
    if isinstance(value, dict) and value:
        parts = [f"{encode_basestring(k)}: {_written(value[k], inner)}" for k in sorted(value)]
        return f"{{{inner}{f',{inner}'.join(parts)}{line}}}"
    if isinstance(value, list | tuple) and value:
        return f"[{inner}{f',{inner}'.join([_written(one, inner) for one in value])}{line}]"
    return json.dumps(value, allow_nan=False)


def to_json(value: object) -> Any:  # noqa: ANN401 - JSON is anything
    """A value of our types as a JSON value; a number that JSON has not becomes null."""
    return value if type(value) in _PLAIN else _as_json(value)


def _as_json(value: object) -> object:
    match value:
        case LineRange(first, last):
            found: object = [first, last]
        case Enum():
            found = value.value
        case str():
            found = str(value)
        case float() if not math.isfinite(value):
            found = None
        case Mapping():
            found = {str(key): to_json(part) for key, part in value.items()}
        case set() | frozenset():
            found = sorted(map(to_json, value))
        case tuple() | list():
            found = [to_json(part) for part in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            found = {name: to_json(getattr(value, name)) for name in _field_names(type(value))}
            if told := _KINDS.get(type(value)):
                found["kind"] = told
        case _:
            found = value
    return found


@cache
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def from_json(kind: type[T], found: Any, where: str = "") -> T:  # noqa: ANN401 - the same
    """The value of a type that a JSON value stands for; ValueError says what does not fit."""
    value: T = _value(kind, found, where or "document")
    return value


def _value(kind: Any, found: Any, where: str) -> Any:  # noqa: ANN401 - any type, any JSON
    origin = get_origin(kind)
    if origin in {Union, types.UnionType}:
        return _one_of(get_args(kind), found, where)
    if origin in {tuple, frozenset}:
        _expect(found, list, where)
        part = get_args(kind)[0]
        return origin(_value(part, one, f"{where}[{n}]") for n, one in enumerate(found))
    if origin is not None:
        _expect(found, dict, where)
        key, part = get_args(kind)
        return {
            _value(key, name, where): _value(part, one, f"{where}.{name}")
            for name, one in found.items()
        }
    if kind is LineRange:
        _expect(found, list, where)
        return _built(lambda: LineRange(*found), where)
    if is_dataclass(kind):
        return _record(kind, found, where)
    return _plain(kind, found, where)


def _one_of(kinds: tuple[Any, ...], found: Any, where: str) -> Any:  # noqa: ANN401 - the same
    if found is None and type(None) in kinds:
        return None
    if isinstance(found, dict) and "kind" in found:
        for kind in kinds:
            if _KINDS.get(kind) == found["kind"]:
                return _record(kind, found, where)
        raise ValueError(f"{where}: unknown kind {found['kind']!r}")
    plain = [kind for kind in kinds if kind is not type(None)]
    exact = next((kind for kind in plain if type(found) is kind), plain[0])
    return _value(exact, found, where)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _record(kind: Any, found: Any, where: str) -> Any:  # noqa: ANN401 - the same
    _expect(found, dict, where)
    hints = _hints(kind)
    wanted = set(hints) | ({"kind"} if kind in _KINDS else set())
    odd = (wanted ^ set(found)) - (_later(kind) - set(found))
    if odd:
        names = ", ".join(map(repr, sorted(odd)))
        raise ValueError(f"{where}: fields missing or unknown: {names}")
    told = {name: hint for name, hint in hints.items() if name in found}
    parts = {name: _value(hint, found[name], f"{where}.{name}") for name, hint in told.items()}
    return _built(lambda: kind(**parts), where)


@cache
def _later(kind: Any) -> frozenset[str]:  # noqa: ANN401 - the same
    """Fields that a document may lack: those with a default, which older rounds did not have."""
    return frozenset(
        one.name
        for one in fields(kind)
        if one.default is not MISSING or one.default_factory is not MISSING
    )


def _plain(kind: Any, found: Any, where: str) -> Any:  # noqa: ANN401 - the same
    if kind is float:
        kind, found = float, float(found) if type(found) is int else found
    if issubclass(kind, str):
        _expect(found, str, where)
        return found if kind is str else _built(lambda: kind(found), where)
    _expect(found, kind, where)
    return found


def _expect(found: object, kind: type, where: str) -> None:
    if not isinstance(found, kind) or (isinstance(found, bool) and kind is not bool):
        raise ValueError(f"{where}: not a {kind.__name__}")


def _built(make: Any, where: str) -> Any:  # noqa: ANN401 - the same
    try:
        return make()
    except (ValueError, TypeError) as unfit:
        raise ValueError(f"{where}: {unfit}") from unfit
