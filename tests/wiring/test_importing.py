"""An import holds the text of one file at a time."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

from skillgit.adapters import files
from skillgit.adapters.trajectory_store import Saved
from skillgit.trajectories.documents import SourceFile
from skillgit.trajectories.importers import import_file
from skillgit.wiring.importing import ImportErrand, ImportReport, run_import


class Silent:
    def start(self, stage: str, total: int) -> None: ...
    def advance(self, stage: str, note: str = "") -> None: ...
    def finish(self, stage: str) -> None: ...


def imported(*paths: Path, out: Path | None = None, **settings: object) -> ImportReport:
    return run_import(ImportErrand(paths, out, None, settings, paths[0].parent), Silent())


def chat(text: str, **beside: object) -> bytes:
    messages = [{"role": "user", "content": "Do it."}, {"role": "assistant", "content": text}]
    return json.dumps({**beside, "messages": messages}).encode()


def test_memory_does_not_grow_with_the_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_LINES_BYTES", 200_000)
    monkeypatch.setattr(files, "PIECE_BYTES", 200_000)
    monkeypatch.setattr(files, "_MAX_FIRST_LINE", 100_000)
    path = tmp_path / "all.jsonl"
    path.write_bytes(b"\n".join(chat(f"{at} is done. " * 4_000) for at in range(300)))
    assert path.stat().st_size > 14_000_000
    import_file(SourceFile("warm.json", chat("up")))
    tracemalloc.start()
    try:
        report = imported(path, out=tmp_path / "store", **{"collect.redact": False})
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert report.saved == {Saved.ADDED: 300}
    assert (report.total.files, report.total.trajectories) == (1, 300)
    assert most < 7_000_000, "half of what the file holds, also where coverage is measured"


def test_a_file_that_changes_in_between_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "runs/a.json"
    path.parent.mkdir()
    path.write_bytes(chat("One.", success=True))

    class Meddling(Silent):
        def finish(self, stage: str) -> None:
            if stage == "read":
                path.write_bytes(chat("Two."))

    report = run_import(ImportErrand((path,), tmp_path / "store"), Meddling())
    assert report.saved == {}
    assert [one.message for one in report.diagnostics] == [
        "it has changed while it was read: import it again"
    ]


def test_copies_that_contradict_each_other_are_kept_without_an_outcome(tmp_path: Path) -> None:
    for name, verdict in (("a", "pass"), ("b", "fail")):
        (tmp_path / f"runs/{name}").mkdir(parents=True)
        (tmp_path / f"runs/{name}/t.json").write_bytes(chat("One."))
        told = json.dumps({"outcome": verdict}).encode()
        (tmp_path / f"runs/{name}/t.result.json").write_bytes(told)
    report = imported(tmp_path / "runs", out=tmp_path / "store")
    assert (report.duplicates, report.total.trajectories) == (1, 1)
    assert "contradict each other" in report.diagnostics[0].message
    (beside,) = (tmp_path / "store").glob("*.result.json")
    assert json.loads(beside.read_bytes())["outcome"] == "unknown"


def test_a_store_may_be_imported_into_another(tmp_path: Path) -> None:
    runs, one, two = tmp_path / "runs", tmp_path / "one", tmp_path / "two"
    runs.mkdir()
    (runs / "a.jsonl").write_bytes(chat("One.", success=True) + b"\n" + chat("Two."))
    imported(runs, out=one)
    report = imported(one, out=two)
    assert report.saved == {Saved.ADDED: 2}
    assert list(report.formats) == ["chat messages"]
    assert {path.name: path.read_bytes() for path in one.iterdir()} == {
        path.name: path.read_bytes() for path in two.iterdir()
    }
    # Beside its source a store adds nothing.
    assert imported(runs, one, out=two).saved == {Saved.THERE: 2}
