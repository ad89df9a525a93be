from __future__ import annotations

import io
import json
import struct
import sys
import time
import warnings
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillgit.trajectories.documents import SourceFile
from skillgit.trajectories.drafts import Imported
from skillgit.trajectories.importers import import_file, inspect_messages, inspect_zip
from skillgit.trajectories.importers.inspect_log import FORMAT

CASE = json.loads((Path(__file__).parent / "cases" / "inspect.json").read_text("utf-8"))
SHARED = Path(__file__).parents[2] / "../shared/data/trajectories/inspect-ai"
HEADER = {key: value for key, value in CASE.items() if key != "samples"}
STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED


def packed(members: dict[str, bytes], method: int = DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return target.getvalue()


def members() -> dict[str, bytes]:
    samples = {
        f"samples/{sample['id']}_epoch_{sample['epoch']}.json": json.dumps(sample).encode()
        for sample in CASE["samples"]
    }
    return {
        "_journal/start.json": json.dumps(HEADER).encode(),
        **samples,
        "summaries.json": b"[]",
        "header.json": json.dumps(HEADER).encode(),
    }


def read(data: bytes, origin: str = "log.eval") -> Imported:
    return import_file(SourceFile(origin, data))


def told(found: Imported) -> list[str]:
    return [f"{one.origin}: {one.message}" for one in found.diagnostics]


def test_a_zip_holds_the_same_trajectories_as_the_json() -> None:
    whole = import_file(SourceFile("log.json", json.dumps(CASE).encode()))
    for origin in ("log.eval", "log.zip", "any name"):
        found = read(packed(members()), origin)
        assert {one.digest: one.steps for one in found.trajectories} == {
            one.digest: one.steps for one in whole.trajectories
        }
        assert {one.outcome for one in found.trajectories} == {
            one.outcome for one in whole.trajectories
        }
        assert len(found.diagnostics) == len(whole.diagnostics) == 3


def test_a_log_that_did_not_end_is_read_as_far_as_it_goes() -> None:
    parts = members()
    del parts["header.json"]
    assert len(read(packed(parts)).trajectories) == 4
    parts["samples/9_epoch_1.json"] = b'{"id": 9, "messages": [{"role'
    found = read(packed(parts))
    assert len(found.trajectories) == 4
    assert any("samples/9_epoch_1.json: not JSON" in text for text in told(found))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({**HEADER, "samples": [], "status": "cancelled"}, "no samples (status 'cancelled')"),
        ({**HEADER, "status": "error"}, "no samples (status 'error')"),
        ({**CASE, "version": 9}, "'9' is none of the known versions"),
        ({**CASE, "samples": [7]}, "a sample that is no object"),
    ],
)
def test_what_is_wrong_with_a_log_is_told(value: object, words: str) -> None:
    found = read(json.dumps(value).encode(), "log.json")
    assert any(words in text for text in told(found))
    assert {one.format for one in found.trajectories} <= {FORMAT}


@pytest.mark.parametrize(
    ("grade", "result", "score"),
    [
        ("C", "pass", 1.0),
        ("I", "fail", 0.0),
        ("N", "fail", 0.0),
        ("P", "unknown", 0.5),
        (True, "pass", 1.0),
        (0.7, "unknown", 0.7),
        (None, "unknown", None),
        ("correct?", "unknown", None),
        (float("nan"), "unknown", None),
        (10**400, "unknown", None),
    ],
)
def test_grades(grade: object, result: str, score: float | None) -> None:
    sample = {**CASE["samples"][1], "scores": {"match": {"value": grade}}}
    found = read(json.dumps({**HEADER, "samples": [sample]}).encode(), "log.json")
    outcome = found.trajectories[0].outcome
    assert (outcome.result.value, outcome.score) == (result, score)
    assert bool(found.diagnostics) == (score is None)


# --------------------------------------------------------------------------- Zstandard


def zstandard_packed(parts: dict[str, bytes]) -> bytes:
    """A zip whose members are Zstandard: a stored zip of the frames, with the sizes put right."""
    zstandard = pytest.importorskip("zstandard")
    frames = {name: zstandard.ZstdCompressor().compress(data) for name, data in parts.items()}
    data = bytearray(packed(frames, STORED))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        infos = archive.infolist()
    at = data.index(b"PK\x01\x02")
    for info in infos:
        size, crc = len(parts[info.filename]), zlib.crc32(parts[info.filename])
        struct.pack_into("<H", data, info.header_offset + 8, 93)
        struct.pack_into("<I", data, info.header_offset + 14, crc)
        struct.pack_into("<I", data, info.header_offset + 22, size)
        struct.pack_into("<H", data, at + 10, 93)
        struct.pack_into("<I", data, at + 16, crc)
        struct.pack_into("<I", data, at + 24, size)
        at = data.find(b"PK\x01\x02", at + 4)
    return bytes(data)


def test_zstandard_is_read() -> None:
    assert len(read(zstandard_packed(members())).trajectories) == 4


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="Python unpacks Zstandard itself")
def test_without_the_extra_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    data = zstandard_packed(members())
    monkeypatch.setitem(sys.modules, "zstandard", None)
    found = read(data)
    assert found.trajectories == ()
    assert "pip install 'skillgit[inspect]'" in told(found)[0]


# --------------------------------------------------------------------------- hostile zips


def test_bombs_are_refused_without_unpacking_them() -> None:
    parts = {"header.json": json.dumps(HEADER).encode()}
    bomb = packed({**parts, "samples/1_epoch_1.json": b" " * 150_000_000})
    begun = time.process_time()
    found = read(bomb)
    assert time.process_time() - begun < 2
    assert found.trajectories == ()
    assert "claim to hold 150 MB is not unpacked" in told(found)[0]


def test_many_files_and_large_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspect_zip, "_MOST_MEMBERS", 3)
    assert "a zip of 7 files is not unpacked" in told(read(packed(members())))[0]
    monkeypatch.undo()
    monkeypatch.setattr(inspect_zip, "_MOST_MEMBER_BYTES", 500)
    found = read(packed(members()))
    assert any("it claims to hold" in text for text in told(found))
    assert len(found.trajectories) < 4


def test_a_size_that_is_a_lie_is_found_out() -> None:
    data = bytearray(packed({**members(), "samples/x_epoch_1.json": b" " * 100_000}))
    at = data.rindex(b"samples/x_epoch_1.json") - 46
    struct.pack_into("<I", data, at + 24, 10)
    found = read(bytes(data))
    assert len(found.trajectories) == 4
    assert any("x_epoch_1.json: cannot be unpacked" in text for text in told(found))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_compression_are_refused(method: int) -> None:
    found = read(packed(members(), method))
    assert found.trajectories == ()
    assert f"compressed by method {method}, which no log is" in told(found)[0]


def test_other_zips_and_broken_ones_are_one_diagnostic() -> None:
    assert "header.json is not in it" in told(read(packed({"a.txt": b"x"})))[0]
    whole = packed(members())
    found = read(whole[: len(whole) // 2])
    assert len(found.diagnostics) == 1
    assert "a zip that cannot be opened" in told(found)[0]


def test_references_cannot_make_a_huge_sample_of_a_small_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inspect_messages, "_MOST_ATTACHED", 10_000)
    messages = [{"role": "assistant", "content": "attachment://a"}] * 50
    sample = {"id": 1, "messages": messages, "attachments": {"a": "x" * 1000}}
    found = read(json.dumps({**HEADER, "samples": [sample]}).encode(), "log.json")
    assert sum(len(step.message) for step in found.trajectories[0].steps) < 11_000
    assert told(found)[0].endswith("attachments that are not in the log, or too large: 40")


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_change_of_a_zip_is_read_or_told(data: st.DataObject) -> None:
    changed = bytearray(packed(members(), data.draw(st.sampled_from([STORED, DEFLATED]))))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(4, len(changed) - 1))
        changed[at] = data.draw(st.integers(0, 255))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read(bytes(changed))
    assert found.trajectories or found.diagnostics
    assert [text for text in told(found) if "is broken" in text] == []


@pytest.mark.parametrize("path", sorted(SHARED.glob("*")), ids=lambda path: path.name)
def test_inspects_own_reader_sees_the_same(path: Path) -> None:
    log = pytest.importorskip("inspect_ai.log", reason="inspect_ai is not installed")
    mine = import_file(SourceFile(path.name, path.read_bytes())).trajectories
    with path.open("rb") as file:
        theirs = log.read_eval_log(file, format=path.suffix[1:], resolve_attachments=True)
    samples = {f"{one.id}/{one.epoch}": one for one in theirs.samples}
    for one in mine:
        sample = samples.pop(one.origin.partition("#")[2])
        said = "\n".join(f"{step.message}\n{step.observation}" for step in one.steps)
        assert [text for text in (each.text for each in sample.messages) if text not in said] == []
        grades = [score.value for score in (sample.scores or {}).values()]
        assert [value for value in grades if value in {"C", "I"}] == [
            {1.0: "C", 0.0: "I"}[one.outcome.score] for _ in grades if one.outcome.score is not None
        ] or isinstance(grades[0], float)
    assert [
        one for one in samples.values() if any(m.role == "assistant" for m in one.messages)
    ] == []
