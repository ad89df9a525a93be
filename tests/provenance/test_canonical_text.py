"""Canonical JSON is written by hand, and is what the standard library writes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.provenance.canonical import json_bytes

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # every character, half surrogate pairs as well
    | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=12,
)


@given(values)
def test_the_text_is_that_of_the_standard_library(value: object) -> None:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False)
    assert json_bytes(value) == text.encode("utf-8", "replace") + b"\n"


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": {1, 2}}])
def test_what_json_has_not_is_refused(value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        json_bytes(value)
