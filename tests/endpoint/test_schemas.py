"""The fast check gives the verdict of the reference, on the schemas that we write."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from skillgit.endpoint.schemas import mismatch

NAMES = ["a", "b", "a1", "", "1", "true", "ä", "😀"]
small = st.integers(0, 3)
leaves: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.builds(
        lambda names: {"type": "string", "enum": names},
        st.lists(st.sampled_from(NAMES), min_size=1),
    ),
    st.builds(lambda most: {"type": "string", "maxLength": most}, small),
    st.builds(lambda least: {"type": "integer", "minimum": least, "maximum": least + 2}, small),
    st.just({"type": "boolean"}),
    st.just({"type": "number"}),
)


def _object(properties: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


schemas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(
            lambda items, least, more: {
                "type": "array",
                "items": items,
                "minItems": least,
                "maxItems": least + more,
            },
            inner,
            small,
            small,
        ),
        st.builds(_object, st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)),
    ),
    max_leaves=6,
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-1, 6)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(NAMES)
    | st.text(max_size=4)
    | st.integers(10**15, 10**40)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=8,
)


def fitting(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that meet the schema, or nearly."""
    match schema:
        case {"enum": names}:
            good: st.SearchStrategy[Any] = st.sampled_from(names)
        case {"type": "string", "maxLength": most}:
            good = st.text(max_size=most + 1)
        case {"type": "integer", "minimum": least}:
            good = st.integers(least, least + 3)
        case {"type": "array", "items": items, "minItems": least, "maxItems": most}:
            good = st.lists(fitting(items), min_size=least, max_size=most)
        case {"type": "object", "properties": properties}:
            good = st.fixed_dictionaries({name: fitting(of) for name, of in properties.items()})
        case _:
            good = st.booleans() | st.integers()
    return good | values


@settings(deadline=None)
@given(st.data())
def test_the_verdict_is_that_of_the_reference(data: st.DataObject) -> None:
    schema = data.draw(schemas)
    value = data.draw(fitting(schema))

    assert (mismatch(value, schema) == "") == Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize("value", [1 << 80, -(1 << 80), 1e300])
def test_numbers_that_no_machine_word_holds_have_a_verdict_too(value: float) -> None:
    assert mismatch(value, {"type": "number"}) == ""
    assert mismatch(value, {"type": "integer", "maximum": 10}).startswith("at $: ") == (value > 10)


def test_one_name_of_many_is_told_apart() -> None:
    schema = {"type": "string", "enum": [f"t-{number:012x}" for number in range(300)]}

    assert mismatch("t-00000000012b", schema) == ""
    assert "is not one of" in mismatch("t-00000000012c", schema)
