"""Notes of what lessons are worth: written, read, added up; whatever else they hold."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.names import Digest, Oid, RoundId
from skillgit.provenance.effects import EffectRecord, Note, merged, newest, read_note, render_note
from skillgit.types import Effect, Method, Worth


def digest(letter: str) -> Digest:
    return Digest(f"sha256:{letter * 64}")


EFFECT = Effect(
    Method.SHAPLEY, 0.125, -0.0123456789, 0.3, Worth.UNCLEAR, "all is used", 24, 72, 0.95, 7
)
RECORD = EffectRecord(
    patch=digest("a"),
    round=RoundId("20261121T231905Z-7f3ac1"),
    base=Oid("b" * 40),
    company=digest("c"),
    lessons=3,
    tasks=digest("d"),
    seeds=(41, 42, 43),
    model="tiny",
    harness=digest("e"),
    effect=EFFECT,
    by="A U Thor",
    when=1_795_000_000,
)
LATER = replace(RECORD, when=RECORD.when + 1, effect=replace(EFFECT, estimate=0.2))
LEFT_OUT = replace(RECORD, effect=replace(EFFECT, method=Method.LEAVE_ONE_OUT))
OTHERS = replace(LATER, by="somebody else")


def text(*records: EffectRecord) -> bytes:
    return render_note(Note(records))


def ours(data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(data.split(b"\n")[0])
    return found


def test_a_note_is_one_line_of_json_with_a_schema_and_comes_back() -> None:
    data = text(RECORD, LEFT_OUT)
    found = ours(data)

    assert data.count(b"\n") == 1
    assert found["schema"] == "skillgit.note/1"
    assert found["effects"][0]["effect"]["low"] == -0.012346, "six digits"
    assert set(read_note(data).effects) == {
        replace(one, effect=replace(one.effect, low=-0.012346)) for one in (RECORD, LEFT_OUT)
    }
    assert render_note(read_note(data)) == render_note(read_note(render_note(read_note(data))))


def test_of_the_same_measurement_the_later_one_stays_and_of_others_all() -> None:
    assert newest([RECORD, LATER]) == newest([LATER, RECORD]) == (LATER,)
    assert set(newest([RECORD, LEFT_OUT, OTHERS])) == {RECORD, LEFT_OUT, OTHERS}
    assert newest([RECORD, OTHERS])[0] == OTHERS, "the latest first"
    other_tasks = replace(RECORD, tasks=digest("f"))
    assert set(newest([RECORD, other_tasks])) == {RECORD, other_tasks}


def test_what_somebody_else_wrote_into_a_note_stays_as_it_is() -> None:
    foreign = b"Reviewed by me.\n\n  {\n  }\n  }\n\xff\xfe not UTF-8\r\n"
    note = read_note(foreign + text(RECORD))
    again = render_note(merged(note, Note((LATER,))))

    assert again.endswith(foreign)
    assert [one["effect"]["estimate"] for one in ours(again)["effects"]] == [0.2]
    assert render_note(read_note(again)) == again


def test_lines_that_git_brought_together_are_added_up() -> None:
    both = b"".join(sorted([text(RECORD), text(OTHERS)]))
    assert {one.by for one in read_note(both).effects} == {"A U Thor", "somebody else"}
    assert ours(render_note(read_note(both)))["effects"][0]["by"] == "somebody else"


def test_merging_knows_no_order_and_says_nothing_twice() -> None:
    one, other = Note((RECORD,), ("a",)), Note((LATER, LEFT_OUT), ("a", "b"))
    assert merged(one, other).effects == merged(other, one).effects
    assert merged(one, other).others == ("a", "b")
    assert merged(one, one) == one


def broken(**changes: object) -> dict[str, Any]:
    document = ours(text(RECORD))
    part = document["effects"][0]
    for name, value in changes.items():
        where = part["effect"] if name in part["effect"] else part
        where[name] = value
    return document


@pytest.mark.parametrize(
    "changes",
    [
        {"estimate": 7},
        {"low": 0.9},
        {"high": "much"},
        {"estimate": float("nan")},
        {"worth": "splendid"},
        {"method": "guessing"},
        {"tasks": 0},
        {"pairs": True},
        {"patch": "sha256:../../etc"},
        {"round": "latest"},
        {"by": "x" * 201},
        {"model": "m" * 10_000},
        {"when": -1},
        {"when": 10**30},
        {"lessons": 0},
        {"unknown": "field"},
        {"seeds": [[]]},
    ],
)
def test_what_is_no_effect_is_left_out_said_and_not_thrown_away(changes: dict[str, object]) -> None:
    document = broken(**changes)
    document["effects"].append(ours(text(LEFT_OUT))["effects"][0])
    line = json.dumps(document)
    note = read_note(line.encode())

    assert [one.effect.method for one in note.effects] == [Method.LEAVE_ONE_OUT]
    assert len(note.refused) == 1
    assert line in render_note(note).decode().split("\n"), "somebody may yet read it"
    assert read_note(render_note(note)) == note


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b"null",
        b"[]",
        b"{}",
        b'{"schema": "skillgit.note/1"}',
        b'{"schema": "skillgit.note/1", "effects": 3}',
        b'{"schema": "skillgit.note/1", "effects": [' + b"{}," * 300 + b"{}]}",
        b'{"schema": "skillgit.note/2", "effects": []}',
        b"[" * 100_000,
        b"x" * 2_000_000,
        b'{"schema": "skillgit.note/1", "effects": [' + b"9" * 5000 + b"]}",
    ],
)
def test_nothing_that_a_note_holds_stops_a_reader(data: bytes) -> None:
    note = read_note(data)

    assert note.effects == ()
    assert render_note(note).strip() == data.strip()


def test_a_later_schema_of_a_later_skillgit_is_kept() -> None:
    document = {**ours(text(RECORD)), "usage": {"opened": 3}}
    line = json.dumps(document)
    note = read_note(line.encode())

    assert len(note.effects) == 1
    assert line in note.others


def test_every_field_is_documented_and_no_other() -> None:
    text = (Path(__file__).parents[2] / "SKILLS_FORMAT.md").read_text(encoding="utf-8")
    section = text.partition("`skillgit.note/1`: what")[2].partition("\n## ")[0]
    record, effect = section.partition("field of `effect`")[::2]

    for part, kind in ((record, EffectRecord), (effect, Effect)):
        fields = re.findall(r"(?m)^\| `(\w+)` \|", part)
        assert fields == [one.name for one in dataclasses.fields(kind)]


@given(data=st.binary(max_size=200))
def test_any_bytes_are_read_and_kept(data: bytes) -> None:
    note = read_note(data)
    assert render_note(note).strip(b"\n") == data.strip(b"\n")
