"""YAML of people as plain values."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from skillgit.skill.plain_yaml import read_yaml

_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("abc: -#'\"", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xyz", min_size=1), inner),
    max_leaves=12,
)


@given(_PLAIN)
def test_it_reads_what_pyyaml_reads(value: object) -> None:
    assert read_yaml(yaml.safe_dump(value)).value == value


def test_every_part_knows_its_line() -> None:
    found = read_yaml("a:\n  - 1\n  - b: 2\n\nc.d: [x, 3]\n")
    assert found.value == {"a": [1, {"b": 2}], "c.d": ["x", 3]}
    assert found.lines["a", "1", "b"] == 3
    assert found.lines["c.d", "1"] == 5
    assert read_yaml("# nothing\n").value is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: &x 1\nb: *x\n", "line 1: anchors"),
        ("a: !!python/name:os.system x\n", "line 1: tags"),
        ("a: 1\na: 2\n", "line 2: 'a' stands there twice"),
        ("? [a]\n: 1\n", "a key must be a word"),
        ("a: [1\n", "line"),
        ("a: 1\n---\nb: 2\n", "line"),
        ("a: \x07\n", "a character that YAML does not allow"),
        ("[" * 30 + "]" * 30, "nested deeper"),
        ("a" * 1_000_001, "characters"),
    ],
)
def test_what_is_not_taken_says_where(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_yaml(text)
