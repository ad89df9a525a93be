"""A folder of trajectories: there as a whole or not at all, and nothing overwritten."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from skillgit.adapters.trajectory_store import Saved, TrajectoryStore
from skillgit.errors import SurroundingsError
from skillgit.trajectories.documents import digest_of
from skillgit.types import Outcome, Result, Step, Trajectory

PASS = Outcome(Result.PASS, 1.0, "checker", "all 3 cells")
ONE = Trajectory(
    digest_of(b"one"), "sum", (Step(1, "agent", "Done."),), PASS, "runs/a.json", "chat"
)


@pytest.fixture
def store(tmp_path: Path) -> TrajectoryStore:
    return TrajectoryStore(tmp_path / "deep/store")


def names(store: TrajectoryStore) -> list[str]:
    return sorted(path.name for path in store.root.iterdir())


def test_a_trajectory_is_added_once(store: TrajectoryStore) -> None:
    assert store.save(ONE) is Saved.ADDED
    assert names(store) == [f"{ONE.id}.json", f"{ONE.id}.result.json"]
    assert store.save(ONE) is Saved.THERE
    assert store.save(replace(ONE, origin="elsewhere/b.json")) is Saved.THERE
    assert names(store) == [f"{ONE.id}.json", f"{ONE.id}.result.json"]


def test_an_outcome_may_come_later_and_never_changes(store: TrajectoryStore) -> None:
    unknown = replace(ONE, outcome=Outcome(Result.UNKNOWN))
    assert store.save(unknown) is Saved.ADDED
    assert names(store) == [f"{ONE.id}.json"]
    assert store.save(ONE) is Saved.OUTCOME_ADDED
    assert store.save(unknown) is Saved.THERE
    assert store.save(replace(ONE, outcome=replace(PASS, score=0.5))) is Saved.OUTCOME_DIFFERS
    assert store.save(ONE) is Saved.THERE


def test_another_trajectory_of_the_same_id_stays_outside(store: TrajectoryStore) -> None:
    assert store.save(ONE) is Saved.ADDED
    before = store.place(ONE).read_bytes()
    assert store.save(replace(ONE, steps=(Step(1, "agent", "Not done."),))) is Saved.DIFFERS
    assert store.place(ONE).read_bytes() == before


def test_of_two_processes_the_first_one_counts(
    store: TrajectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.hardlink_to

    def meanwhile(path: Path, target: Path) -> None:
        path.write_bytes(b"theirs")
        real(path, target)

    bare = replace(ONE, outcome=Outcome(Result.UNKNOWN))
    monkeypatch.setattr(Path, "hardlink_to", meanwhile)
    store.save(bare)
    assert store.place(ONE).read_bytes() == b"theirs"
    assert names(store) == [f"{ONE.id}.json"]


def test_what_a_power_failure_left_empty_is_written_again(store: TrajectoryStore) -> None:
    store.save(ONE)
    whole = store.place(ONE).read_bytes()
    for path in store.root.iterdir():
        path.write_bytes(b"")
    assert store.save(ONE) is Saved.ADDED
    assert store.place(ONE).read_bytes() == whole
    assert all(path.stat().st_size for path in store.root.iterdir())


def test_without_links_it_is_renamed(
    store: TrajectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refused)
    assert store.save(ONE) is Saved.ADDED
    assert store.save(ONE) is Saved.THERE


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SurroundingsError, match="writing t-"):
        TrajectoryStore(tmp_path / "file/store").save(ONE)
