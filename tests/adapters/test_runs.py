"""Folders of runs: whole or not at all, one place for one run, nothing followed out of them."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.adapters import leftovers
from skillgit.adapters.files import read_trajectory_files
from skillgit.adapters.leftovers import copy_leftovers
from skillgit.adapters.runs import RunFolder, StoredRun
from skillgit.config import Collect
from skillgit.errors import SurroundingsError, UsageError
from skillgit.evaluation.runs import MISHAPS, Ended, RunResult, SkillVersion
from skillgit.names import Digest, Oid
from skillgit.stages.collect import collect
from skillgit.trajectories.documents import SourceFile
from skillgit.trajectories.writing import WrittenRun, WrittenStep, atif_bytes
from skillgit.types import Usage


def digest(text: str) -> Digest:
    return Digest(f"sha256:{hashlib.sha256(text.encode()).hexdigest()}")


def trajectory(name: str = "run-1") -> bytes:
    steps = (WrittenStep("user", "Sum column C."), WrittenStep("agent", "Done."))
    return atif_bytes(WrittenRun(name, "tiny", steps))


def result(task: str = "13-1", seed: int = 41, **changes: object) -> RunResult:
    made = RunResult(
        task=task,
        task_digest=digest("task"),
        domain="spreadsheet",
        seed=seed,
        skill=SkillVersion("skills/xlsx", Oid("1" * 40), digest("skill")),
        model="tiny",
        harness=digest("harness"),
        passed=False,
        score=0.5,
        cases_passed=1,
        cases=2,
        ended=Ended.ANSWERED,
        detail="case 2: failed: 1 of 3 places differ: C2: a number is expected",
        turns=4,
        usage=Usage(4, 0, 0, 900, 0, 80),
        seconds=1.5,
        trajectory=Digest(f"sha256:{hashlib.sha256(trajectory(f'{task}/{seed}')).hexdigest()}"),
    )
    return replace(made, **changes)  # type: ignore[arg-type] # fields of the class, by name


def save(folder: RunFolder, task: str = "13-1", seed: int = 41, **changes: object) -> StoredRun:
    work = changes.pop("work", None)
    assert work is None or isinstance(work, Path)
    return folder.save(result(task, seed, **changes), trajectory(f"{task}/{seed}"), work)


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "runs")
    work = write(tmp_path / "work", answer="42")
    kept = [save(folder, "b", 42), save(folder, "b", 41, work=work), save(folder, "a", skill=None)]
    read = folder.read()
    assert read.diagnostics == ()
    assert read.runs == (kept[2], kept[1], kept[0])
    assert folder.results() == tuple(run.result for run in read.runs)
    assert read.by_trajectory()[kept[1].result.trajectory].work == kept[1].place / "work"
    assert (kept[1].work / "answer").read_text() == "42"
    assert kept[0].trajectory.read_bytes() == trajectory("b/42")
    assert RunFolder(tmp_path / "nowhere").read().runs == ()


def test_result_json_is_canonical_and_says_what_other_readers_look_for(tmp_path: Path) -> None:
    place = save(RunFolder(tmp_path), passed=True, score=1.0).place
    data = (place / "result.json").read_bytes()
    told = json.loads(data)
    assert told["schema"] == "skillgit.run/1"
    assert told["task_name"] == told["task"] == "13-1"
    assert told["rewards"] == {"reward": 1.0, "soft": 1.0}
    assert data == json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def test_what_benchmarks_say_is_kept_where_they_say_something(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    silent, judged = save(folder, "a"), save(folder, "b", official={"dapo": False})

    assert "official" not in json.loads((silent.place / "result.json").read_bytes())
    assert json.loads((judged.place / "result.json").read_bytes())["official"] == {"dapo": False}
    assert folder.read().diagnostics == ()
    assert [dict(one.official) for one in folder.results()] == [{}, {"dapo": False}]


def test_collect_takes_outcome_task_and_report_from_it_and_reads_no_work(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    work = write(
        tmp_path.with_name("work"),
        **{"trajectory.json": trajectory("forged").decode(), "x.json": "[]"},
    )
    save(folder, "a b", passed=True, score=1.0, work=work)
    save(folder, "c", work=work)
    files = list(read_trajectory_files([tmp_path]))
    assert [file.origin for file in files if isinstance(file, SourceFile)] == [
        "a-b~c8687a08aa5d6ed2/41/trajectory.json",
        "c/41/trajectory.json",
    ]
    pool = collect(files, Collect())
    assert pool.diagnostics == ()
    assert [one.task for one in (*pool.passed, *pool.failed)] == ["a b", "c"]
    assert pool.failed[0].outcome.detail == result().detail
    assert pool.failed[0].outcome.score == 0.0
    assert pool.failed[0].digest in folder.read().by_trajectory()


@pytest.mark.parametrize("how", Ended)
def test_a_run_that_met_with_a_mishap_says_nothing_about_its_agent(
    tmp_path: Path, how: Ended
) -> None:
    save(RunFolder(tmp_path), "c", ended=how)
    pool = collect(read_trajectory_files([tmp_path]), Collect())
    assert len(pool.failed) == (how not in MISHAPS)
    assert len(pool.unknown) == (how in MISHAPS)
    told = [one.message for one in pool.diagnostics]
    wanted = f"result.json beside it: the trial broke ({how}), so its reward says nothing"
    assert told == ([wanted] if how in MISHAPS else [])


def test_work_beside_results_of_others_is_searched(tmp_path: Path) -> None:
    write(tmp_path / "work", **{"a.json": "[]"})
    write(tmp_path, **{"trajectory.json": "[]", "result.json": '{"rewards": {}}'})
    found = [item.origin for item in read_trajectory_files([tmp_path])]
    assert found == ["trajectory.json", "work/a.json"]


@given(st.lists(st.text(st.characters(codec=None), min_size=1, max_size=120), max_size=6))
def test_tasks_have_places_of_their_own_inside_the_folder(tasks: list[str]) -> None:
    folder = RunFolder(Path("runs"))
    ids = {*tasks, *(task.upper() for task in tasks), *(f"{task}." for task in tasks)}
    places = {str(folder.place(task, 41)).casefold() for task in ids}
    assert len(places) == len(ids)
    for place in places:
        top, name, seed = place.split("/")
        assert (top, seed) == ("runs", "41")
        assert len(name) <= 80
        assert not name.startswith(".")
        assert name.isascii()
        assert name.isprintable()


@pytest.mark.parametrize(
    ("task", "name"),
    [
        ("13-1", "13-1"),
        ("a_b.c", "a_b.c"),
        ("../../etc", "etc~"),
        ("..", "task~"),
        ("CON", "CON~"),
        ("a~b", "a-b~"),
        ("a.", "a~"),
        ("x" * 500, "x" * 40 + "~"),
    ],
)
def test_names_stay_readable_where_they_can(task: str, name: str) -> None:
    found = RunFolder(Path("runs")).place(task, 1).parent.name
    assert found.startswith(name.partition("~")[0])
    assert ("~" in found) == ("~" in name)


def test_a_finished_run_is_found_by_all_it_depends_on(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    identity = result().identity
    assert folder.finished(identity) is None
    save(folder)
    assert folder.finished(identity) == result()
    moved = replace(identity, seed=42)
    assert folder.finished(moved) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"skill": None}, "a finished run of the skill sha256:"),
        ({"skill": digest("other")}, "not the skill sha256:"),
        ({"model": "large"}, "the model 'tiny', not 'large'"),
        ({"harness": digest("other")}, "other settings or prompts"),
        ({"task_digest": digest("other")}, "another version of the task"),
    ],
)
def test_another_run_in_the_same_place_is_an_error_that_says_so(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    save(RunFolder(tmp_path))
    other = replace(result().identity, **changes)  # type: ignore[arg-type] # fields, by name
    with pytest.raises(UsageError) as caught:
        RunFolder(tmp_path).finished(other)
    assert words in caught.value.message
    assert str(tmp_path / "13-1" / "41") in caught.value.message
    assert "-o" in caught.value.hint
    assert "--overwrite" in caught.value.hint
    assert RunFolder(tmp_path, overwrite=True).finished(other) is None


def test_one_run_replaces_another_only_where_that_is_wanted(tmp_path: Path) -> None:
    save(RunFolder(tmp_path), work=write(tmp_path.with_name("w1"), old="1"))
    with pytest.raises(UsageError, match="the model 'tiny', not 'large'"):
        save(RunFolder(tmp_path), model="large")
    assert [run.result.model for run in RunFolder(tmp_path).read().runs] == ["tiny"]
    folder = RunFolder(tmp_path, overwrite=True)
    kept = save(folder, model="large", work=write(tmp_path.with_name("w2"), new="2"))
    assert [run.result.model for run in folder.read().runs] == ["large"]
    assert os.listdir(kept.work) == ["new"]  # noqa: PTH208 - names alone
    assert os.listdir(tmp_path / "13-1") == ["41"]  # noqa: PTH208 - nothing half is left


def test_a_run_that_crashed_is_finished_unless_it_may_be_overwritten(tmp_path: Path) -> None:
    save(RunFolder(tmp_path), ended=Ended.CRASHED)
    identity = result().identity
    assert RunFolder(tmp_path).finished(identity) is not None
    again = RunFolder(tmp_path, overwrite=True)
    assert again.finished(identity) is None
    save(again)
    assert again.finished(identity) == result()


def test_the_same_run_saved_twice_is_there_once(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    first = save(folder, seconds=1.0)
    assert save(folder, seconds=2.0) == first
    assert folder.results() == (first.result,)


def _put(name: str, data: bytes) -> Callable[[Path], object]:
    return lambda place: (place / name).write_bytes(data)


def _changed(old: bytes, new: bytes) -> Callable[[Path], object]:
    def change(place: Path) -> None:
        data = (place / "result.json").read_bytes()
        assert old in data
        (place / "result.json").write_bytes(data.replace(old, new))

    return change


def _gone(name: str) -> Callable[[Path], object]:
    return lambda place: (place / name).unlink()


def _as_a_pipe(place: Path) -> None:
    (place / "result.json").unlink()
    os.mkfifo(place / "result.json")


def _as_a_link(place: Path) -> None:
    (place / "result.json").rename(place / "x")
    (place / "result.json").symlink_to("x")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_put("result.json", b'{"schema": "skillgit.run/1"'), "damaged"),
        (_put("result.json", b"[" * 100_000), "damaged"),
        (_put("result.json", b"[]"), "not of skillgit.run/1"),
        (_changed(b"run/1", b"run/9"), "not of skillgit.run/1"),
        (_changed(b'"turns": 4', b'"turns": "4"'), "turns"),
        (_changed(b'"turns"', b'"turn"'), "turn"),
        (_changed(b'"answered"', b'"won"'), "ended"),
        (_changed(b'"left_out": {}', b'"left_out": 3'), "left_out"),
        (_changed(b'"reward": 0.0', b'"reward": 1.0'), "contradicts itself"),
        (_changed(b'_name": "13-1"', b'_name": "14"'), "contradicts itself"),
        (_put("trajectory.json", b"{}"), "not the one"),
        (_gone("trajectory.json"), "No such file"),
        (_gone("result.json"), "No such file"),
        (_as_a_pipe, "not a regular file"),
        (_as_a_link, "symbolic link"),
    ],
)
def test_a_damaged_run_is_a_value_with_a_reason_and_is_never_reused(
    tmp_path: Path, spoil: Callable[[Path], object], words: str
) -> None:
    folder = RunFolder(tmp_path)
    save(folder, "whole")
    spoil(save(folder).place)
    read = folder.read()
    assert [run.result.task for run in read.runs] == ["whole"]
    (fault,) = read.diagnostics
    assert fault.origin == "13-1/41"
    assert words in fault.message
    with pytest.raises(UsageError, match="13-1"):
        folder.finished(result().identity)
    save(RunFolder(tmp_path, overwrite=True))
    assert not folder.read().diagnostics


def test_links_of_the_folder_are_no_runs(tmp_path: Path) -> None:
    elsewhere = RunFolder(tmp_path / "elsewhere")
    save(elsewhere)
    (tmp_path / "runs" / "b").mkdir(parents=True)
    (tmp_path / "runs" / "a").symlink_to(tmp_path / "elsewhere" / "13-1")
    (tmp_path / "runs" / "b" / "41").symlink_to(tmp_path / "elsewhere" / "13-1" / "41")
    assert RunFolder(tmp_path / "runs").read().runs == ()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(SurroundingsError, match="writing the run") as caught:
        save(RunFolder(tmp_path / "runs"))
    assert "-o" in caught.value.hint


# ------------------------------------------------------------------ what an agent left


def test_what_an_agent_left_is_copied_without_following_anything(tmp_path: Path) -> None:
    secret = write(tmp_path / "home", key="secret")
    work = write(tmp_path / "work", **{"answer.xlsx": "42", "näme\n.txt": "odd"})
    write(work / "a" / "b", deep="deep")
    (work / "answer.lnk").symlink_to(secret / "key")
    (work / "home").symlink_to(secret)
    (work / "loop").symlink_to(work)
    os.mkfifo(work / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(work)  # a socket's path must be short
        listening.bind("socket")
        os.chdir(here)
        target = tmp_path / "copy"
        target.mkdir()
        left_out = copy_leftovers(work, target)
    assert left_out == {"links": 3, "special files": 2}
    found = {
        path.relative_to(target).as_posix(): path.read_text()
        for path in target.rglob("*")
        if path.is_file()
    }
    assert found == {"answer.xlsx": "42", "näme\n.txt": "odd", "a/b/deep": "deep"}


def test_what_was_left_out_is_counted_in_the_run(tmp_path: Path) -> None:
    work = write(tmp_path / "work", answer="42")
    (work / "link").symlink_to("/etc/passwd")
    folder = RunFolder(tmp_path / "runs")
    assert save(folder, work=work).left_out == {"links": 1}
    assert folder.read().runs[0].left_out == {"links": 1}


def test_there_is_an_end_to_number_and_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "MOST_FILES", 40)
    monkeypatch.setattr(leftovers, "MOST_BYTES", 100)
    work = write(tmp_path / "work", a="1" * 90, b="2" * 90)
    write(work / "many", **{f"{number}": "" for number in range(60)})
    (tmp_path / "copy").mkdir()
    # `b` is too large; of `a`, `many` and its 60 files 40 come along.
    assert copy_leftovers(work, tmp_path / "copy") == {"beyond the limits": 1 + 62 - 40}
    assert (tmp_path / "copy" / "a").read_text() == "1" * 90
    assert not (tmp_path / "copy" / "b").exists()


def test_there_is_an_end_to_depth(tmp_path: Path) -> None:
    deep = "/".join("d" * 200)
    os.makedirs(tmp_path / "work" / deep)  # noqa: PTH103 - Path.mkdir recurses
    (tmp_path / "copy").mkdir()
    assert copy_leftovers(tmp_path / "work", tmp_path / "copy") == {"beyond the limits": 1}
    assert len(list((tmp_path / "copy").rglob("d"))) == leftovers.MOST_FOLDERS_DEEP


def test_names_that_are_too_long_together_do_not_stop_the_rest(tmp_path: Path) -> None:
    work = write(tmp_path / "work", answer="42")
    here = os.open(work, os.O_RDONLY)
    for _ in range(25):
        os.mkdir("n" * 200, dir_fd=here)
        here, above = os.open("n" * 200, os.O_RDONLY, dir_fd=here), here
        os.close(above)
    os.close(os.open("lost", os.O_CREAT, dir_fd=here))
    os.close(here)
    (tmp_path / "copy").mkdir()
    assert copy_leftovers(work, tmp_path / "copy") == {"unreadable": 1}
    assert (tmp_path / "copy" / "answer").read_text() == "42"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_an_agent_locked_is_unlocked(tmp_path: Path) -> None:
    work = write(tmp_path / "work" / "locked", answer="42").parent
    (work / "locked" / "answer").chmod(0)
    (work / "locked").chmod(0)
    (tmp_path / "copy").mkdir()
    assert copy_leftovers(work, tmp_path / "copy") == {}
    assert (tmp_path / "copy" / "locked" / "answer").read_text() == "42"
