from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rounds import ROUND

from skillgit.adapters.timings import Timings, keep_timings, read_timings
from skillgit.types import Usage

TIMINGS = Timings(
    ROUND,
    "Qwen 3.5",
    1_795_000_000,
    12.5,
    {"analyze": 8.25, "merge": 4.0},
    Usage(40, 2, 1, 9, 3, 7),
)


def test_what_was_kept_is_read_again(tmp_path: Path) -> None:
    keep_timings(tmp_path, TIMINGS)

    assert read_timings(tmp_path, ROUND) == TIMINGS
    assert [path.name for path in (tmp_path / "rounds").iterdir()] == [f"{ROUND}.json"]


def test_a_round_that_was_run_elsewhere_has_none(tmp_path: Path) -> None:
    assert read_timings(tmp_path, ROUND) is None


def test_a_replay_does_not_hide_what_the_round_took(tmp_path: Path) -> None:
    keep_timings(tmp_path, TIMINGS)

    keep_timings(tmp_path, replace(TIMINGS, seconds=0.5, usage=Usage(cached_calls=42)))

    assert read_timings(tmp_path, ROUND) == TIMINGS


def test_a_run_that_asked_more_takes_the_place_of_one_that_asked_less(tmp_path: Path) -> None:
    keep_timings(tmp_path, replace(TIMINGS, seconds=99.0, usage=Usage(3)))

    keep_timings(tmp_path, TIMINGS)

    assert read_timings(tmp_path, ROUND) == TIMINGS


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"[]",
        b'{"schema": "skillgit.timings/2"}',
        b'{"schema": "skillgit.timings/1"}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_what_is_none_of_ours_is_none(tmp_path: Path, damaged: bytes) -> None:
    path = tmp_path / "rounds" / f"{ROUND}.json"
    path.parent.mkdir()
    path.write_bytes(damaged)

    assert read_timings(tmp_path, ROUND) is None


def test_another_rounds_file_under_this_name_is_not_believed(tmp_path: Path) -> None:
    keep_timings(tmp_path, TIMINGS)
    kept = tmp_path / "rounds" / f"{ROUND}.json"
    other = type(ROUND)("20261121T231905Z-000000")
    kept.rename(kept.with_name(f"{other}.json"))

    assert read_timings(tmp_path, other) is None


def test_a_disk_that_refuses_does_not_end_the_round(tmp_path: Path) -> None:
    (tmp_path / "rounds").write_text("in the way")

    keep_timings(tmp_path, TIMINGS)

    assert read_timings(tmp_path, ROUND) is None
