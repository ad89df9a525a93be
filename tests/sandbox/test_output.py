from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from skillgit.sandbox.output import FLOOD_BYTES, HEAD_BYTES, TAIL_BYTES, Output


@given(st.lists(st.binary(max_size=50), max_size=20))
def test_short_output_is_whole(chunks: list[bytes]) -> None:
    output = Output()
    for chunk in chunks:
        output.feed(chunk)

    assert output.text() == b"".join(chunks).decode("utf-8", "replace")


@given(st.integers(0, 6), st.sampled_from([1000, 65_536, 999_999]))
def test_of_long_output_head_tail_and_the_count_between_them_add_up(
    megabytes: int, by: int
) -> None:
    whole = bytes(range(32, 96)) * (megabytes << 14)
    output = Output()
    for start in range(0, len(whole), by):
        output.feed(whole[start : start + by])

    text = output.text()

    left_out = re.search(r"\n\[(\d+) bytes left out\]\n", text)
    if len(whole) <= HEAD_BYTES + TAIL_BYTES:
        assert text == whole.decode()
        return
    assert left_out
    head, tail = text[: left_out.start()], text[left_out.end() :]
    assert whole.startswith(head.encode())
    assert whole.endswith(tail.encode())
    assert len(head) + int(left_out[1]) + len(tail) == len(whole)


def test_a_flood_is_noticed_and_takes_no_more_room() -> None:
    output = Output()
    chunk = b"y\n" * (1 << 19)
    for _ in range(FLOOD_BYTES >> 20):
        output.feed(chunk)
    before = output.flooded

    output.feed(b"y")

    assert (before, output.flooded) == (False, True)
    assert len(output.text()) <= HEAD_BYTES + TAIL_BYTES + 50
