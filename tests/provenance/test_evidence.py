from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.names import Digest, EditId, Oid, RoundId, SkillPath, TrajectoryId
from skillgit.provenance.canonical import json_bytes, to_json
from skillgit.provenance.evidence import (
    Document,
    LessonRecord,
    Refusal,
    RoundRecord,
    Source,
    Support,
    TrajectoryList,
    TrajectoryRecord,
    Unreadable,
    WithheldList,
    WithheldRecord,
    lesson_path,
    merge_paths,
    read,
    render,
)
from skillgit.types import (
    CreateFile,
    DeleteFile,
    Edit,
    Excluded,
    Fate,
    GateReport,
    Harm,
    Insert,
    Lesson,
    LineRange,
    MergeRecord,
    Outcome,
    Patch,
    Quote,
    Replace,
    Result,
    State,
    Step,
    ToolCall,
    Trajectory,
)

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
SAID = TEXT.filter(str.strip)
LINE = SAID.filter(lambda text: "\n" not in text)
IDS = st.integers(0, 40).map(lambda n: TrajectoryId(f"t-{n:012x}"))
OIDS = st.sampled_from(("a" * 40, "b" * 64)).map(Oid)
DIGESTS = st.integers(0, 40).map(lambda n: Digest(f"sha256:{n:064x}"))
ROUNDS = st.just(RoundId("20261121T231905Z-7f3ac1"))
EDITS = st.one_of(
    st.builds(lambda t, n: EditId(f"{t}.{n}"), IDS, st.integers(0, 9)),
    st.builds(lambda a, b, n: EditId(f"m{a}-{b}.{n}"), *[st.integers(0, 9)] * 3),
)
RANGES = st.builds(lambda a, b: LineRange(a, a + b), st.integers(1, 9), st.integers(0, 9))
PATHS = st.sampled_from(("SKILL.md", "references/ü b.md")).map(SkillPath)
NEW = st.just(SkillPath("references/new.md"))
INSERTS = st.builds(Insert, PATHS, st.integers(0, 9), SAID)
REPLACES = st.builds(Replace, PATHS, RANGES, TEXT)
CHANGES = st.one_of(
    INSERTS,
    REPLACES,
    st.builds(CreateFile, NEW, SAID, INSERTS),
    st.builds(DeleteFile, NEW, st.lists(REPLACES, max_size=2).map(tuple)),
)
LESSONS = st.builds(Lesson, LINE, TEXT)
QUOTES = st.builds(Quote, IDS, st.integers(1, 9), RANGES, TEXT)
ONE_EDIT = st.builds(
    Edit,
    EDITS,
    CHANGES,
    LESSONS,
    st.frozensets(IDS, min_size=1),
    st.lists(QUOTES, max_size=2).map(tuple),
)
FATES = st.one_of(
    st.builds(Fate, EDITS, st.just(State.MERGED), TEXT, EDITS),
    st.builds(Fate, EDITS, st.sampled_from((State.WITHHELD, State.REJECTED, State.APPLIED)), TEXT),
)
OUTCOMES = st.builds(
    Outcome,
    st.sampled_from(Result),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    TEXT,
    TEXT,
)
SETTINGS = st.dictionaries(TEXT, TEXT | st.integers() | st.booleans() | st.floats(0, 1), max_size=3)
SOURCES = st.builds(Source, IDS, DIGESTS, st.sampled_from(Result))


def some(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, max_size=3).map(tuple)


LESSON_RECORDS = st.builds(
    LessonRecord,
    ROUNDS,
    TEXT,
    OIDS,
    LINE,
    TEXT,
    some(ONE_EDIT),
    st.dictionaries(EDITS, some(EDITS), max_size=2),
    st.integers(0, 400),
    some(SOURCES),
    DIGESTS,
)
STEPS = st.builds(
    Step,
    st.integers(1, 9),
    st.sampled_from(("user", "agent", "tool", "system")),
    TEXT,
    TEXT,
    some(st.builds(ToolCall, TEXT, TEXT)),
    TEXT,
)
RATES = st.floats(-1, 1)
GATES = st.builds(
    GateReport,
    *(st.integers(1, 400), some(st.integers(0, 99)), *[RATES] * 5, *[st.integers(0, 9)] * 3),
    *(RATES, TEXT, some(st.builds(Harm, LINE, some(EDITS), RATES, RATES))),
    *(st.integers(0, 9), st.integers(1, 9)),
)
DOCUMENTS: st.SearchStrategy[Document] = st.one_of(
    LESSON_RECORDS,
    GATES,
    st.builds(
        RoundRecord,
        *(ROUNDS, TEXT, OIDS, st.integers(0), TEXT, TEXT, SETTINGS, some(IDS)),
        *(some(st.builds(Excluded, IDS, TEXT)), some(TEXT), st.integers(0), st.integers(0)),
        rebased_from=st.none() | ROUNDS,
    ),
    st.builds(
        TrajectoryList,
        some(
            st.builds(
                TrajectoryRecord, IDS, DIGESTS, TEXT, TEXT, OUTCOMES, some(QUOTES), some(DIGESTS)
            )
        ),
    ),
    st.builds(Patch, IDS, some(ONE_EDIT), some(FATES)),
    st.builds(
        MergeRecord, st.integers(0), st.integers(0), some(EDITS), some(EDITS), some(FATES), TEXT
    ),
    st.builds(WithheldList, some(st.builds(WithheldRecord, FATES, st.none() | ONE_EDIT))),
    st.builds(Trajectory, DIGESTS, TEXT, some(STEPS).filter(bool), OUTCOMES, TEXT, TEXT, TEXT),
    st.builds(Refusal, ROUNDS, TEXT, OIDS, LINE, some(TEXT), TEXT, TEXT, st.integers(0)),
)


@given(DOCUMENTS)
def test_what_is_rendered_is_read(document: Document) -> None:
    data = render(document)
    assert read(type(document), data) == document
    assert data == render(document)
    assert data.endswith(b"\n}\n")
    found = json.loads(data)
    assert list(found) == sorted(found)
    assert found["schema"].startswith("skillgit.")


@given(LESSON_RECORDS, st.data())
def test_no_damage_is_read_in_silence(record: LessonRecord, data: st.DataObject) -> None:
    found = json.loads(render(record))
    name = data.draw(st.sampled_from(sorted(found)))
    damage = data.draw(st.sampled_from(("drop", "add", "change")))
    if damage == "drop":
        del found[name]
    elif damage == "add":
        found[f"{name} too"] = 1
    else:
        found[name] = {"not": "this"} if name == "merged" else [None]
        if name == "merged":
            found[name] = 3
    assert isinstance(read(LessonRecord, json_bytes(found)), Unreadable)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "Expecting value"),
        (b"\xff", "utf-8"),
        (b"[]", "not a JSON object"),
        (b"[" * 100_000, ""),
        (b'{"schema": "skillgit.lesson/2"}', "schema"),
        (b'{"schema": "skillgit.lesson/1"}', "missing"),
    ],
)
def test_strange_bytes_are_a_value_with_a_reason(data: bytes, why: str) -> None:
    found = read(LessonRecord, data)
    assert isinstance(found, Unreadable)
    assert found.reason
    assert why in found.reason


def test_evidence_of_older_rounds_is_read() -> None:
    """They told no skills, and nothing was stored by an import."""
    digest = Digest("sha256:" + "0" * 64)
    one = Trajectory(digest, "sum", (Step(1, "agent", "Done."),), Outcome(Result.PASS), "a.json")
    told = TrajectoryRecord(one.id, digest, "sum", "a.json", one.outcome, ())
    for document in (one, TrajectoryList((told,))):
        found = json.loads(render(document))
        for record in (found, *found.get("trajectories", ())):
            record.pop("skills", None)
            record.pop("stored_as", None)
        assert read(type(document), json_bytes(found)) == document


def test_a_reason_names_the_place() -> None:
    edit = Edit(
        EditId("m1-0.1"),
        Insert(SkillPath("SKILL.md"), 3, "x"),
        Lesson("t", "r"),
        frozenset({TrajectoryId("t-" + "0" * 12)}),
    )
    patch = to_json(Patch(TrajectoryId("t-" + "0" * 12), (edit,)))
    patch["edits"][0]["change"]["path"] = "../x"
    found = read(Patch, json_bytes({"schema": "skillgit.patch/1", **patch}))
    assert isinstance(found, Unreadable)
    assert "document.edits[0].change.path: unsafe path" in found.reason


def test_a_claimed_support_must_be_the_counted_one() -> None:
    source = Source(TrajectoryId("t-" + "0" * 12), Digest("sha256:" + "0" * 64), Result.FAIL)
    record = LessonRecord(
        RoundId("20261121T231905Z-7f3ac1"),
        "x",
        Oid("a" * 40),
        "t",
        "r",
        (),
        {},
        9,
        (source,),
        Digest("sha256:" + "1" * 64),
    )
    forged = render(record).replace(b"1/9 (1 fail", b"8/9 (8 fail")
    assert isinstance(read(LessonRecord, forged), Unreadable)


def test_bytes_are_what_they_were() -> None:
    fate = Fate(EditId("m1-0.1"), State.WITHHELD, "low support: é\ud800")
    assert (
        render(WithheldList((WithheldRecord(fate, None),)))
        == (
            '{\n "schema": "skillgit.withheld/1",\n "withheld": [\n  {\n   "edit": null,\n'
            '   "fate": {\n    "edit": "m1-0.1",\n    "into": null,\n'
            '    "reason": "low support: é?",\n    "state": "withheld"\n   }\n  }\n ]\n}\n'
        ).encode()
    )


def test_numbers_that_json_has_not_become_null() -> None:
    assert to_json(Outcome(Result.PASS, float("nan")))["score"] is None


def test_support_counts_and_reads_well() -> None:
    sources = [
        Source(TrajectoryId(f"t-{n:012x}"), Digest(f"sha256:{n:064x}"), result)
        for n, result in enumerate((Result.FAIL, Result.PASS, Result.PASS, Result.UNKNOWN))
    ]
    assert str(Support.of(sources, 9)) == "4/9 (1 fail, 2 pass, 1 unknown)"
    assert str(Support.of(sources[:3], 9)) == "3/9 (1 fail, 2 pass)"
    with pytest.raises(ValueError, match="never negative"):
        Support(-1, 2)


def test_merge_paths_reach_back_to_the_analysts() -> None:
    ids = [EditId(text) for text in ("t-000000000001.0", "t-000000000002.0", "m1-0.1", "m2-0.1")]
    fates = [
        Fate(ids[0], State.MERGED, "", ids[2]),
        Fate(ids[1], State.MERGED, "", ids[2]),
        Fate(ids[2], State.MERGED, "", ids[3]),
        Fate(ids[3], State.APPLIED),
    ]
    assert merge_paths(fates) == {ids[2]: (ids[0], ids[1]), ids[3]: (ids[2], ids[0], ids[1])}
    circle = [Fate(ids[2], State.MERGED, "", ids[3]), Fate(ids[3], State.MERGED, "", ids[2])]
    assert merge_paths(circle)[ids[2]] == (ids[3],)


def test_lesson_names_are_plain() -> None:
    assert lesson_path(7, "Check ../../É every `cell`!") == "lessons/007-check-every-cell.json"
    assert lesson_path(1, "漢字") == "lessons/001-lesson.json"
