"""What an import writes is read back as what it was made of, and is ATIF as Harbor has it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillgit.names import Digest
from skillgit.trajectories.documents import SourceFile, digest_of
from skillgit.trajectories.importers import import_file
from skillgit.trajectories.lines import step_lines
from skillgit.trajectories.outcomes import sibling_outcome
from skillgit.trajectories.stored import outcome_bytes, stored_bytes
from skillgit.types import Outcome, Result, Step, ToolCall, Trajectory

CASES = sorted(
    path
    for path in (Path(__file__).parent / "cases").iterdir()
    if not path.name.endswith(".expected.txt")
)
# Importers leave no lone surrogates in a text.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
ARGUMENTS = (
    st.dictionaries(TEXT, JSON, max_size=3).map(lambda one: json.dumps(one, ensure_ascii=False))
    | st.dictionaries(TEXT, JSON, max_size=3).map(lambda one: json.dumps(one, indent=1))
    | JSON.map(json.dumps)
    | TEXT
    | st.sampled_from(('{"a": 1, "a": 2}', '{"a": 1e999}', "[" * 3000, '{"text": "x"}', '{"a":1}'))
)
CALLS = st.lists(st.builds(ToolCall, TEXT.filter(bool), ARGUMENTS), max_size=3).map(tuple)
SOURCES = st.sampled_from(("system", "user", "agent", "tool"))
STEPS = st.lists(st.builds(Step, st.just(1), SOURCES, TEXT, TEXT, CALLS, TEXT), max_size=4)
ACTING = Step(1, "agent", "I look.")
SCORES = st.none() | st.floats(allow_nan=False, allow_infinity=False)
OUTCOMES = st.builds(
    Outcome,
    st.sampled_from(Result),
    SCORES,
    st.just("checker"),
    st.sampled_from(("", "A1 differs")),
)


def built(steps: list[Step], outcome: Outcome, names: tuple[str, str]) -> Trajectory:
    numbered = tuple(replace(step, number=at) for at, step in enumerate([*steps, ACTING], 1))
    digest = digest_of(repr(numbered).encode())
    had = (digest_of(b"a skill"),) if len(steps) % 2 else ()
    return Trajectory(digest, names[0], numbered, outcome, "a.json:3", "robot", names[1], had)


TRAJECTORIES = st.builds(built, STEPS, OUTCOMES, st.tuples(TEXT, TEXT))


def read(data: bytes) -> Trajectory:
    found = import_file(SourceFile("store/t.json", data))
    assert not found.diagnostics
    (trajectory,) = found.trajectories
    return trajectory


@given(TRAJECTORIES)
def test_written_and_read_is_the_same(one: Trajectory) -> None:
    data = stored_bytes(one)
    found = read(data)

    assert replace(found, outcome=one.outcome, stored_as=None) == one
    assert found.stored_as == digest_of(data)
    assert list(map(step_lines, found.steps)) == list(map(step_lines, one.steps))
    assert stored_bytes(replace(found, stored_as=None)) == data


@given(OUTCOMES)
def test_an_outcome_is_read_from_beside_it(outcome: Outcome) -> None:
    one = built([], outcome, ("", ""))
    data = outcome_bytes(one)
    assert data is not None
    name = f"{one.id}.result.json"
    found, task, fault = sibling_outcome(SourceFile(f"{one.id}.json", b"", {name: data}), name)

    # A score beside "unknown" is one that nobody has judged yet.
    assert (found, task, fault) == (outcome, "", "")
    assert outcome_bytes(replace(one, outcome=Outcome(Result.UNKNOWN))) is None
    infinite = replace(one, outcome=replace(outcome, score=float("inf")))
    assert b"Infinity" not in (outcome_bytes(infinite) or b"")


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_every_format_goes_there_and_back(path: Path) -> None:
    found = import_file(SourceFile(path.name, path.read_bytes())).trajectories
    if path.name != "swe_bench_report.json":
        assert found
    for one in found:
        data = stored_bytes(one)
        again = read(data)
        assert replace(again, outcome=one.outcome, stored_as=None) == one
        assert faults(json.loads(data)) == []


# --------------------------------------------------------------------------- whose digest it is


def test_only_a_whole_claim_is_one() -> None:
    document = json.loads(stored_bytes(built([], Outcome(Result.PASS), ("sum", "robot"))))
    told = document["extra"]["imported"]
    wrongs: tuple[object, ...] = ("sha256:12", None, 7, {}, "sha256:" + "g" * 64)
    for wrong in wrongs:
        document["extra"]["imported"] = told | {"digest": wrong}
        data = json.dumps(document).encode()
        found = read(data)
        assert (found.digest, found.stored_as, found.format) == (digest_of(data), None, "ATIF")
    document["extra"] = ["imported"]
    assert read(json.dumps(document).encode()).stored_as is None


def test_names_that_a_file_claims_are_one_short_line() -> None:
    document = json.loads(stored_bytes(built([], Outcome(Result.PASS), ("sum", "robot"))))
    document["extra"]["imported"] |= {"origin": "a\n\x1b[2Jb\u202e" + "c" * 999, "format": "\n"}
    found = read(json.dumps(document).encode())
    assert found.origin == "a b" + "c" * 497
    assert found.format == "ATIF"


def test_what_is_shown_elsewhere_is_what_is_read_here() -> None:
    call = ToolCall("bash", '{"command":"ls"}')
    one = built([Step(1, "user", "Hello.", calls=(call,))], Outcome(Result.PASS), ("", ""))
    document = json.loads(stored_bytes(one))
    assert document["steps"][0]["source"] == "agent"
    assert document["steps"][0]["tool_calls"][0]["arguments"] == {"command": "ls"}
    assert read(json.dumps(document).encode()).steps == one.steps

    document["steps"][0]["tool_calls"][0]["extra"]["arguments"] = '{"command": "rm -r ."}'
    document["steps"][1]["extra"] = {"skillgit_source": "user"}
    first, second = read(json.dumps(document).encode()).steps
    assert first.calls[0].arguments == '{"command": "ls"}'
    assert second.source == "agent"


# --------------------------------------------------------------------------- ATIF


@pytest.mark.skipif(
    find_spec("harbor") is None, reason="harbor is not installed (it needs Python 3.12 or newer)"
)
@given(TRAJECTORIES)
@settings(deadline=None)
def test_harbor_accepts_what_is_stored(one: Trajectory) -> None:
    trajectories = import_module("harbor.models.trajectories")
    found = trajectories.Trajectory.model_validate_json(stored_bytes(one))
    assert len(found.steps) == len(one.steps)


@given(TRAJECTORIES)
def test_it_keeps_the_rules_of_atif(one: Trajectory) -> None:
    assert faults(json.loads(stored_bytes(one))) == []


def test_the_rules_of_atif_find_what_breaks_them() -> None:
    call = ToolCall("bash", "{}")
    one = built([Step(1, "agent", calls=(call,), observation="x")], Outcome(Result.PASS), ("", ""))
    good = stored_bytes(one).decode()
    broken = {
        '"step_id": 2': '"step_id": 3',
        '"source_call_id": "call-1-1"': '"source_call_id": "call-9"',
        '"arguments": {}': '"arguments": "{}"',
        '"final_metrics"': '"metrics"',
        '"source": "agent"': '"source": "tool"',
        '"schema_version": "ATIF-v1.7"': '"schema_version": "ATIF-v9"',
        '"version": "unknown"': '"release": "unknown"',
    }
    for word, other in broken.items():
        assert word in good
        assert faults(json.loads(good.replace(word, other, 1))) != []


_ROOT = {"session_id": str, "agent": dict, "steps": list, "final_metrics": dict, "extra": dict}
_STEP = {"step_id": int, "source": str, "message": str}
_STEP_MORE = {"reasoning_content": str, "tool_calls": list, "observation": dict, "extra": dict}
_CALL = {"tool_call_id": str, "function_name": str, "arguments": dict}


def faults(document: Mapping[str, object]) -> list[str]:
    """What Harbor's models of ATIF 1.7 refuse, of the fields that are written; no field else."""
    root = dict(document)
    found = misfits(root, {"schema_version": str, **_ROOT}, {})
    if found:
        return found
    if not re.fullmatch(r"ATIF-v1\.[0-8]", str(root["schema_version"])):
        found.append("schema_version")
    agent, steps = root["agent"], root["steps"]
    assert isinstance(agent, dict)
    assert isinstance(steps, list)
    found += misfits(agent, {"name": str, "version": str}, {})
    for number, step in enumerate(steps, 1):
        found += misfits(step, _STEP, _STEP_MORE)
        if step.get("step_id") != number or step.get("source") not in {"system", "user", "agent"}:
            found.append(f"step {number}")
        if step.get("source") != "agent" and {"reasoning_content", "tool_calls"} & set(step):
            found.append(f"step {number}: only agents")
        calls = step.get("tool_calls", [])
        for call in calls:
            found += misfits(call, _CALL, {"extra": dict})
        ids = [call.get("tool_call_id") for call in calls]
        if len(set(ids)) < len(ids):
            found.append(f"step {number}: an id twice")
        for result in step.get("observation", {"results": []})["results"]:
            found += misfits(result, {"content": str}, {"source_call_id": str})
            if result.get("source_call_id", next(iter(ids), None)) not in {*ids, None}:
                found.append(f"step {number}: an observation of no call")
    return found


def misfits(value: object, needed: Mapping[str, type], more: Mapping[str, type]) -> list[str]:
    if not isinstance(value, dict):
        return [f"{value!r} is no object"]
    odd = [name for name in value if name not in {**needed, **more}]
    odd += [name for name in needed if name not in value]
    known = {**needed, **more}
    return odd + [
        name for name, part in value.items() if name in known and not isinstance(part, known[name])
    ]


def test_digests_are_those_of_the_source() -> None:
    source = json.dumps({"messages": [{"role": "assistant", "content": "Done."}]}).encode()
    (one,) = import_file(SourceFile("a.json", source)).trajectories
    assert read(stored_bytes(one)).digest == one.digest == digest_of(source)
    assert isinstance(read(stored_bytes(one)).digest, Digest)
