from __future__ import annotations

import os
from pathlib import Path

import pytest

from skillgit.adapters import files
from skillgit.adapters.files import read_outcomes_file, read_trajectory_files
from skillgit.errors import UsageError
from skillgit.trajectories.documents import SourceFile
from skillgit.types import Diagnostic


def write(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def origins(*paths: Path) -> list[str]:
    return [item.origin for item in read_trajectory_files(paths) if isinstance(item, SourceFile)]


def test_folders_are_searched_in_a_fixed_order(tmp_path: Path) -> None:
    write(tmp_path, "b/2.json", "b/1.jsonl", "a.JSON", "note.md", ".hidden/x.json", "b/.y.json")
    assert origins(tmp_path) == ["a.JSON", "b/1.jsonl", "b/2.json"]


def test_other_suffixes_and_texts_that_are_logs(tmp_path: Path) -> None:
    write(tmp_path, "a.traj", "b.eval", "c.ndjson", "d.txt", "README.md", "e.log", "g.md/x.json")
    (tmp_path / "f.MD").write_text("\n# Chat History: robot\n---\n" + "x" * 10_000)
    found = {item.origin: item for item in read_trajectory_files([tmp_path])}
    assert found.keys() == {"a.traj", "b.eval", "c.ndjson", "f.MD", "g.md/x.json"}
    log = found["f.MD"]
    assert isinstance(log, SourceFile)
    assert len(log.data) > 10_000
    assert origins(tmp_path / "README.md") == ["README.md"], "a file that is named is read"


def test_what_harnesses_write_beside_trajectories_is_none(tmp_path: Path) -> None:
    beside = ["result.json", "config.json", "lock.json", "x.result.json", "outcomes.jsonl"]
    write(tmp_path, "x.json", *beside)
    assert origins(tmp_path) == ["x.json"]
    assert origins(tmp_path / "result.json") == ["result.json"], "a file that is named is read"


def test_origins_do_not_tell_where_the_folder_lies(tmp_path: Path) -> None:
    write(tmp_path, "one/x.json", "two/x.json")
    assert origins(tmp_path / "one") == ["x.json"]
    assert origins(tmp_path / "one", tmp_path / "two") == ["one/x.json", "two/x.json"]
    assert origins(tmp_path / "one" / "x.json", tmp_path / "two") == ["x.json", "two/x.json"]


def test_siblings(tmp_path: Path) -> None:
    write(
        tmp_path,
        "trial/agent/trajectory.json",
        "trial/result.json",
        "flat/x.trajectory.json",
        "flat/x.result.json",
        "flat/result.json",
    )
    found = {item.origin: item for item in read_trajectory_files([tmp_path])}
    trial, flat = found["trial/agent/trajectory.json"], found["flat/x.trajectory.json"]
    assert isinstance(trial, SourceFile)
    assert isinstance(flat, SourceFile)
    assert trial.siblings == {"../result.json": b"trial/result.json"}
    assert list(flat.siblings) == ["x.result.json", "result.json"]


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path, "outside/secret.json", "outside/result.json", "in/real.json")
    inside = tmp_path / "in"
    (inside / "link.json").symlink_to(tmp_path / "outside" / "secret.json")
    (inside / "folder").symlink_to(tmp_path / "outside")
    (inside / "same.json").symlink_to("real.json")
    (inside / "broken.json").symlink_to("nowhere.json")
    (inside / "loop").symlink_to(inside)
    (inside / "result.json").symlink_to(tmp_path / "outside" / "result.json")
    found = list(read_trajectory_files([inside]))
    assert [item.origin for item in found] == ["broken.json", "link.json", "real.json", "same.json"]
    assert [isinstance(item, Diagnostic) for item in found] == [True, True, False, False]
    assert isinstance(found[1], Diagnostic)
    assert "out of the folder" in found[1].message
    assert all(not item.siblings for item in found if isinstance(item, SourceFile))


def test_what_cannot_be_read_is_told_and_the_rest_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "big.json", "ok.json")
    (tmp_path / "big.json").write_bytes(b" " * 3_000_001)
    (tmp_path / "folder.json").mkdir()
    os.mkfifo(tmp_path / "pipe.json")
    monkeypatch.setattr(files, "MAX_BYTES", 3_000_000)
    found = {item.origin: item for item in read_trajectory_files([tmp_path])}
    assert found.keys() == {"big.json", "ok.json", "pipe.json"}
    assert isinstance(found["ok.json"], SourceFile)
    assert found["big.json"] == Diagnostic(
        "big.json", "larger than 3 MB: split it, or give its parts one by one"
    )
    assert found["pipe.json"] == Diagnostic("pipe.json", "not a regular file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_forbidden_file_is_told(tmp_path: Path) -> None:
    write(tmp_path, "a.json")
    (tmp_path / "a.json").chmod(0)
    assert list(read_trajectory_files([tmp_path])) == [
        Diagnostic("a.json", "cannot be read: Permission denied")
    ]


def test_names_that_terminals_and_files_cannot_take(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\x1b[31m\n.json")).write_text("x")
    assert origins(tmp_path) == ["\ufffd .json"]


def test_a_path_that_does_not_exist_is_an_error_before_anything_is_read(tmp_path: Path) -> None:
    write(tmp_path, "a.json")
    with pytest.raises(UsageError, match="does not exist") as caught:
        next(read_trajectory_files([tmp_path, tmp_path / "nowhere"]))
    assert caught.value.hint


def test_the_outcomes_file(tmp_path: Path) -> None:
    write(tmp_path, "outcomes.csv")
    assert read_outcomes_file(tmp_path / "outcomes.csv").data == b"outcomes.csv"
    for bad in (tmp_path, tmp_path / "nowhere.csv"):
        with pytest.raises(UsageError, match="reading the outcomes"):
            read_outcomes_file(bad)
