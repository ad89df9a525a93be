"""JSON values changed at random places, for tests that nothing which reads them may crash."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TypeAlias

from hypothesis import strategies as st

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(
        ["user", "assistant", "tool", "1", '{"role": "user"}', "[[[]]]", "attachment://aa"]
    ),
)
_KEYS = st.sampled_from(["type", "role", "content", "id", "text", "name", "value", "message"])
_VALUES = st.one_of(
    _SCALARS,
    st.lists(_SCALARS, max_size=3),
    st.dictionaries(_KEYS, _SCALARS),
    st.just([[{"type": "text", "text": ["x"]}]]),
    st.just({"messages": {"messages": [{"role": "user", "content": {"a": [None]}}]}}),
)

Change: TypeAlias = tuple[float, str, object]

CHANGES: st.SearchStrategy[list[Change]] = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.sampled_from(["replace", "remove", "double", "swap"]),
        _VALUES,
    ),
    max_size=8,
)


def changed(value: object, changes: list[Change]) -> object:
    """A copy of the value with these changes, each at a place given as a share of all places."""
    root: list[object] = [copy.deepcopy(value)]
    for share, how, new in changes:
        places = list(_places(root))
        holder, key = places[int(share * len(places))]
        _change(holder, key, how, copy.deepcopy(new))
    return root[0] if root else None


_Holder: TypeAlias = dict[object, object] | list[object]


def _places(value: object) -> Iterator[tuple[_Holder, object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield value, key
            yield from _places(inner)
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield value, at
            yield from _places(inner)


def _change(holder: _Holder, key: object, how: str, new: object) -> None:
    if isinstance(holder, dict):
        if how == "replace":
            holder[key] = new
        elif how == "swap":
            holder[str(new)[:5]] = holder.pop(key)
        elif how == "remove":
            del holder[key]
        else:
            holder[f"{key}2"] = copy.deepcopy(holder[key])
    elif isinstance(key, int):
        if how == "replace":
            holder[key] = new
        elif how == "swap":
            holder[key], holder[0] = holder[0], holder[key]
        elif how == "double":
            holder.insert(key, copy.deepcopy(holder[key]))
        elif len(holder) > 1:
            del holder[key]
