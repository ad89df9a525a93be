from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path

import pytest

from skillgit.adapters import files
from skillgit.adapters.files import read_outcomes_file, read_trajectory_files
from skillgit.errors import UsageError
from skillgit.trajectories.documents import SourceFile
from skillgit.trajectories.importers import import_file
from skillgit.types import Diagnostic, Trajectory


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


# --------------------------------------------------------------------------- large files of lines


def run(number: int) -> bytes:
    messages = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": f"{number} " * 50},
    ]
    return json.dumps({"id": f"task-{number}", "messages": messages}).encode()


def small_limits(monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 10_000)
    monkeypatch.setattr(files, "MAX_LINES_BYTES", 10_000)
    monkeypatch.setattr(files, "PIECE_BYTES", piece)
    monkeypatch.setattr(files, "_MAX_FIRST_LINE", 5_000)


def found_in(path: Path) -> tuple[list[Trajectory], list[tuple[str, int]]]:
    runs: list[Trajectory] = []
    remarks: list[tuple[str, int]] = []
    for item in read_trajectory_files([path]):
        found = import_file(item) if isinstance(item, SourceFile) else None
        runs += found.trajectories if found else ()
        remarks += [
            (one.message, one.line)
            for one in (found.diagnostics if found else [item])
            if isinstance(one, Diagnostic)
        ]
    return runs, remarks


@pytest.mark.parametrize("piece", [1_000, 3_000, 100_000])
def test_a_large_file_of_lines_is_read_in_pieces(
    piece: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [run(number) for number in range(100)]
    lines[7:7] = [b"", b"{bad"]
    path = tmp_path / "all.json"
    path.write_bytes(b"\n".join(lines))
    whole, (bad,) = found_in(path)
    small_limits(monkeypatch, piece)
    runs, remarks = found_in(path)
    assert runs == whole
    assert len(runs) == 100
    assert remarks[0] == bad
    assert bad[1] == 9
    assert len(remarks) == 2
    assert "pieces: a session or a trace that more than one of them holds is torn" in remarks[1][0]


def test_lines_are_read_in_pieces_sooner_than_one_value_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_limits(monkeypatch, 1_000)
    monkeypatch.setattr(files, "MAX_LINES_BYTES", 2_000)
    monkeypatch.setattr(files, "_MAX_FIRST_LINE", 1_000)
    (tmp_path / "lines.jsonl").write_bytes(b"\n".join(map(run, range(10))))
    value = json.dumps([json.loads(run(one)) for one in range(10)]).encode()
    (tmp_path / "value.json").write_bytes(value)
    assert 2_000 < len(value) < 10_000
    found = [item for item in read_trajectory_files([tmp_path]) if isinstance(item, SourceFile)]
    assert [item.origin for item in found].count("value.json") == 1
    assert [item.origin for item in found].count("lines.jsonl") > 1
    assert sum(len(import_file(item).trajectories) for item in found) == 20


def test_a_line_that_is_too_long_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_limits(monkeypatch, 2_000)
    lines = [run(0), run(1), b'{"messages": "' + b"x" * 30_000, run(3), b"[" * 2_500]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    runs, remarks = found_in(tmp_path / "a.jsonl")
    assert [one.origin for one in runs] == ["a.jsonl:1", "a.jsonl:2", "a.jsonl:4"]
    assert remarks[:2] == [("a line of more than 0.002 MB is left out", line) for line in (3, 5)]


def test_one_large_value_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_limits(monkeypatch, 2_000)
    (tmp_path / "a.json").write_bytes(b"[\n" + b",\n".join([run(0)] * 50) + b"]")
    (tmp_path / "b.json").write_bytes(b"[" + b",".join([run(0)] * 50) + b"]")
    assert [text for text, _ in found_in(tmp_path)[1]] == [
        "larger than 0 MB: split it, or give its parts one by one"
    ] * 2


def test_a_large_file_of_lines_needs_little_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_limits(monkeypatch, 50_000)
    path = tmp_path / "all.jsonl"
    path.write_bytes(b"\n".join(map(run, range(6_000))))
    assert path.stat().st_size > 1_700_000
    tracemalloc.start()
    try:
        count = sum(
            len(import_file(item).trajectories)
            for item in read_trajectory_files([path])
            if isinstance(item, SourceFile)
        )
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 6_000
    assert most < 900_000
