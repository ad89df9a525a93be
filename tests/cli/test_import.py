"""`skillgit import`: files in, one ATIF file for each trajectory out."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skillgit import cli
from skillgit.adapters.files import read_trajectory_files
from skillgit.config import Collect
from skillgit.stages.collect import collect
from skillgit.trajectories.documents import SourceFile
from skillgit.trajectories.found import found_in
from skillgit.types import Pool, Trajectory

CASES = Path(__file__).parents[1] / "trajectories/cases"
REAL = Path(__file__).parents[2] / "../shared/data/trajectories"
SECRET = "ghp_" + "a1B2c3D4e5" * 3 + "Zz9Yy8"


def chat(text: str, **beside: object) -> str:
    messages = [{"role": "user", "content": "Do it."}, {"role": "assistant", "content": text}]
    return json.dumps({**beside, "messages": messages})


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    folder = tmp_path / "runs"
    folder.mkdir()
    lines = [
        chat("One.", success=True),
        "{broken",
        chat("Two.", score=0.5),
        chat("One.", success=True),
    ]
    (folder / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / "b.json").write_text(chat(f"The token is {SECRET}."), encoding="utf-8")
    (folder / "notes.json").write_text('{"name": "no run"}', encoding="utf-8")
    (folder / "torn.json").write_text('{"messages": [', encoding="utf-8")
    return folder


def run(*args: object) -> int:
    return cli.run(["import", *map(str, args)])


def told(capsys: pytest.CaptureFixture[str], *args: object) -> dict[str, Any]:
    run(*args, "--json")
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def pool(folder: Path, *, redact: bool = True) -> Pool:
    return collect(read_trajectory_files([folder]), Collect(redact=redact))


def everything(found: Pool) -> list[Trajectory]:
    kept = [*found.passed, *found.failed, *found.unknown]
    return [replace(one, stored_as=None) for one in kept]


# --------------------------------------------------------------------------- what comes out


def test_every_trajectory_becomes_one_file_and_the_rest_is_told(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "deep/store"
    assert run(runs, "-o", store) == 0
    shown, progress = capsys.readouterr()
    one, two, three = sorted(everything(pool(store)), key=lambda each: each.origin)
    assert shown.splitlines()[:5] == [
        "Files         4: 2 read, 1 skipped, 1 failed",
        "Trajectories  3 with 6 steps, 1 more told again",
        "Outcomes      1 pass, 1 fail, 1 unknown",
        "Hidden        1 token",
        f"Stored        3 added in {store}",
    ]
    assert [line.partition(": ")[2][:22] for line in shown.splitlines()[5:]] == [
        "a.jsonl:2: not JSON: E",
        "notes.json: no traject",
        "torn.json:1: not JSON:",
    ]
    assert "read: 4/4 done" in progress
    assert sorted(contents(store)) == sorted(
        [f"{each.id}.json" for each in (one, two, three)]
        + [f"{each.id}.result.json" for each in (one, two)]
    )
    assert json.loads((store / f"{two.id}.result.json").read_text(encoding="utf-8")) == {
        "schema": "skillgit.outcome/1",
        "score": 0.5,
        "said_by": "score",
        "detail": "",
    }


def test_secrets_stay_outside_unless_that_is_said_twice(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(runs, "-o", tmp_path / "clean") == 0
    assert all(SECRET.encode() not in data for data in contents(tmp_path / "clean").values())
    assert run(runs, "-o", tmp_path / "raw", "--no-redact") == 2
    assert not (tmp_path / "raw").exists()
    sent = "--i-know-that-secrets-are-sent"
    assert run(runs, "-o", tmp_path / "raw", "--no-redact", sent) == 0
    assert any(SECRET.encode() in data for data in contents(tmp_path / "raw").values())
    assert run(runs, "-o", tmp_path / "own", "--redact-extra", "Two") == 0
    assert all(b"Two." not in data for data in contents(tmp_path / "own").values())
    capsys.readouterr()


def test_what_one_file_tells_is_hidden_in_those_before_it(tmp_path: Path) -> None:
    runs, store = tmp_path / "runs", tmp_path / "store"
    runs.mkdir()
    (runs / "a.json").write_text(chat("I type qX7!kaveRn9 there."), encoding="utf-8")
    (runs / "b.json").write_text(chat('{"password": "qX7!kaveRn9"}'), encoding="utf-8")
    assert run(runs, "-o", store, "-q") == 0
    assert all(b"qX7!kaveRn9" not in data for data in contents(store).values())
    assert everything(pool(store)) == everything(pool(runs))


def test_a_round_over_the_store_reads_what_a_round_over_the_sources_reads(tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    shutil.copytree(CASES, sources, ignore=shutil.ignore_patterns("*.expected.txt"))
    assert run(sources, "-o", tmp_path / "store", "-q") == 0
    found = everything(pool(sources))
    assert everything(pool(tmp_path / "store")) == found
    assert len({one.format for one in found}) > 15


def test_real_files_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not REAL.is_dir():
        pytest.skip("the shared trajectories are not on this machine")
    sent = ("--no-redact", "--i-know-that-secrets-are-sent")
    assert run(REAL, "-o", tmp_path / "store", "-q", *sent) == 0
    assert "827 with 3,638 steps" in capsys.readouterr().out
    found, again = ({one.id: one for one in read(each)} for each in (REAL, tmp_path / "store"))
    assert len(again) == 827
    assert again == found


def read(folder: Path) -> list[Trajectory]:
    """All that a folder holds, with the outcomes that their places give them."""
    kept = []
    for item in read_trajectory_files([folder]):
        if isinstance(item, SourceFile):
            kept += [replace(one.trajectory, stored_as=None) for one in found_in(item).found]
    return kept


# --------------------------------------------------------------------------- a second time


def test_importing_again_adds_only_what_is_new(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "store"
    assert told(capsys, runs, "-o", store)["saved"] == {"added": 3}
    before = contents(store)
    assert told(capsys, runs, "-o", store)["saved"] == {"there": 3}
    assert contents(store) == before
    (runs / "new.json").write_text(chat("Three."), encoding="utf-8")
    # The same file by another way has another origin, and is the same.
    found = told(capsys, runs / "a.jsonl", runs / "new.json", "-o", store)
    assert found["saved"] == {"there": 2, "added": 1}
    assert {name: contents(store)[name] for name in before} == before


def test_outcomes_that_come_later_are_added_and_none_is_replaced(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, table = tmp_path / "store", tmp_path / "outcomes.csv"
    table.write_text("file,success\nb.json,true\na.jsonl:3,true\nzzz,true\n", encoding="utf-8")
    told(capsys, runs, "-o", store)
    before = contents(store)
    found = told(capsys, runs, "-o", store, "--outcomes", table)
    assert found["saved"] == {"outcome_differs": 1, "outcome_added": 1, "there": 1}
    assert found["outcomes"] == {"pass": 3, "fail": 0, "unknown": 0}
    remarks = [one["message"] for one in found["remarks"]]
    assert any("there is another outcome beside it; it stays" in one for one in remarks)
    assert any("rows that match no trajectory: 1 ('zzz')" in one for one in remarks)
    assert {name: contents(store)[name] for name in before} == before
    assert [len(pool(store).passed), len(pool(store).failed)] == [2, 1]


def test_another_file_of_the_same_name_stays(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "store"
    told(capsys, runs, "-o", store)
    place = next(path for path in store.iterdir() if not path.name.endswith(".result.json"))
    for other in (b"no JSON", json.dumps({"messages": []}).encode()):
        place.write_bytes(other)
        found = told(capsys, runs, "-o", store)
        assert found["saved"] == {"differs": 1, "there": 2}
        assert place.read_bytes() == other
        assert any(f"{place.name}: there is another" in one["message"] for one in found["remarks"])


def test_nothing_half_written_is_left(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "store"

    def full(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(data[:10])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(Path, "write_bytes", full)
        assert run(runs, "-o", store, "-q") == 3
    assert "No space left on device" in capsys.readouterr().err
    assert contents(store) == {}
    assert run(runs, "-o", store, "-q") == 0


# --------------------------------------------------------------------------- reports and errors


def test_the_report_writes_nothing_and_has_a_line_for_each_format(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert run(runs, "--report", "-q") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[3:7] == [
        "",
        (
            "format           files  read  skipped  failed  trajectories  steps"
            "  pass  fail  unknown  diagnostics"
        ),
        (
            "chat messages        2     2        0       0             3      6"
            "     1     1        1            1"
        ),
        (
            "no known format      2     0        1       1             0      0"
            "     0     0        0            2"
        ),
    ]
    assert sorted(tmp_path.rglob("*")) == before


def test_json_has_the_same(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, runs, "--report")
    assert found["schema"] == "skillgit.import/1"
    assert {name: found[name] for name in ("files", "read", "skipped", "failed")} == {
        "files": 4,
        "read": 2,
        "skipped": 1,
        "failed": 1,
    }
    assert (found["trajectories"], found["steps"], found["duplicates"]) == (3, 6, 1)
    assert found["outcomes"] == {"pass": 1, "fail": 1, "unknown": 1}
    assert found["formats"]["chat messages"]["trajectories"] == 3
    assert found["saved"] == found["hidden"] == {}
    assert [(one["origin"], one["line"]) for one in found["remarks"]] == [
        ("a.jsonl", 2),
        ("notes.json", 0),
        ("torn.json", 1),
    ]


def test_where_nothing_is_read_the_exit_code_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert run(tmp_path / "empty", "-o", tmp_path / "store", "-q") == 1
    assert "Files         0" in capsys.readouterr().out
    assert not (tmp_path / "store").exists()


def test_what_cannot_be_meant(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(runs) == 2
    assert "--report to write nothing" in capsys.readouterr().err
    assert run(tmp_path / "missing", "--report") == 2
    assert run(runs, "-o", runs / "store") == 2
    assert "lies in it" in capsys.readouterr().err
    assert run() == 2


def test_own_sessions_and_reports_of_others_are_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(CASES / "swe_bench_report.json", tmp_path)
    found = told(capsys, tmp_path, "--report")
    assert (found["skipped"], found["failed"]) == (1, 0)
    assert "give it with --outcomes" in found["remarks"][0]["message"]


def test_names_of_strangers_do_not_steer_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a\x1b[2J.json").write_text("{", encoding="utf-8")
    assert run(tmp_path, "--report", "-q") == 1
    assert "\x1b" not in capsys.readouterr().out
