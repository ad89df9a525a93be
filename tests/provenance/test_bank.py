from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.names import Digest, TrajectoryId
from skillgit.provenance.bank import (
    Bank,
    MemoryItem,
    Remembered,
    nearest,
    parse_bank,
    render_bank,
    unit,
)
from skillgit.types import Result

ITEM = MemoryItem("Read quoted fields", "When fields are quoted.", "Call `csv.reader`.")
WORDS = st.text(min_size=1).filter(lambda text: text.strip() and text.isprintable())
ENTRIES = st.builds(
    Remembered,
    st.just(TrajectoryId("t-" + "a" * 12)),
    st.just(Digest(f"sha256:{'a' * 64}")),
    WORDS,
    st.sampled_from(Result),
    WORDS,
    st.lists(st.builds(MemoryItem, WORDS, WORDS, WORDS), min_size=1, max_size=3).map(tuple),
)


@given(st.builds(Bank, WORDS, st.lists(ENTRIES, max_size=3).map(tuple)))
def test_a_bank_comes_back_as_it_was_written(bank: Bank) -> None:
    assert parse_bank(render_bank(bank)) == bank
    assert parse_bank(render_bank(bank)).digest == bank.digest


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"[]", "schema"),
        (b"{}", "schema"),
        (b'{"schema": "skillgit.bank/2"}', "schema"),
        (b'{"schema": "skillgit.bank/1", "model": "m"}', "entries"),
        (b'{"schema": "skillgit.bank/1", "model": "m", "entries": [{}]}', "missing"),
        (b"no JSON", "Expecting value"),
        (b"[" * 100_000, "nested"),
    ],
)
def test_a_file_that_is_no_bank_says_why(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_bank(data)


def test_an_entry_without_a_query_or_items_is_refused() -> None:
    entry = Remembered(
        TrajectoryId("t-" + "b" * 12), Digest(f"sha256:{'b' * 64}"), "", Result.FAIL, "q", (ITEM,)
    )
    document = json.loads(render_bank(Bank("m", (entry,))))
    document["entries"][0]["items"] = []
    with pytest.raises(ValueError, match="nothing to tell"):
        parse_bank(json.dumps(document).encode())


def test_the_nearest_have_the_same_direction_whatever_their_length() -> None:
    others = [[0.0, 1.0], [3.0, 0.0], [1.0, 1.0], [100.0, 1.0], [0.0, 0.0]]
    assert nearest([2.0, 0.0], others, 3) == (1, 3, 2)
    assert nearest([0.0, 0.0], others, 2) == (0, 1)
    assert nearest([1.0, 0.0], [], 1) == ()


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8))
def test_a_unit_has_length_one_or_no_direction(vector: list[float]) -> None:
    length = math.hypot(*unit(vector))
    assert math.isclose(length, 1.0, rel_tol=1e-6) or not math.hypot(*vector) > 1e-150
