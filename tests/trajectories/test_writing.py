"""What is written is what the importer reads, and what Harbor's own validator accepts."""

from __future__ import annotations

import json
from importlib import import_module
from importlib.util import find_spec

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.trajectories.documents import SourceFile
from skillgit.trajectories.drafts import text_of
from skillgit.trajectories.importers import import_file
from skillgit.trajectories.writing import WrittenCall, WrittenRun, WrittenStep, atif_bytes
from skillgit.types import Step, Trajectory, Usage

TEXT = st.text(st.characters(codec=None), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
ARGUMENTS = (
    st.dictionaries(TEXT, JSON, max_size=3).map(json.dumps)
    | JSON.map(json.dumps)
    | TEXT
    | st.sampled_from(('{"a": 1e999}', "[" * 5000, '{"a": ' + "9" * 5000 + "}"))
)
CALLS = st.builds(WrittenCall, TEXT.filter(bool), ARGUMENTS, TEXT, st.none() | st.floats(0, 1e6))
TIMES = st.none() | st.floats(0, 4e9)
USAGES = st.none() | st.builds(Usage, *[st.integers(0, 10**6)] * 6)
AGENT_STEPS = st.builds(
    WrittenStep,
    st.just("agent"),
    TEXT,
    TEXT,
    st.lists(CALLS, max_size=3).map(tuple),
    USAGES,
    TIMES,
    TIMES,
)
OTHER_STEPS = st.builds(
    WrittenStep, st.sampled_from(("system", "user")), TEXT, at=TIMES, seconds=TIMES
)
RUNS = st.builds(
    WrittenRun,
    st.just("run-1"),
    st.sampled_from(("", "tiny")),
    st.lists(AGENT_STEPS | OTHER_STEPS, min_size=1, max_size=5).map(tuple),
    TIMES,
    st.dictionaries(st.sampled_from(("seed", "skill")), st.integers() | TEXT),
)


def read(data: bytes) -> Trajectory:
    imported = import_file(SourceFile("trajectory.json", data))
    assert not imported.diagnostics
    (trajectory,) = imported.trajectories
    return trajectory


def expected(step: WrittenStep, number: int) -> Step:
    seen = "\n".join(text_of(call.observation) for call in step.calls if call.observation)
    return Step(number, step.source, text_of(step.message), text_of(step.reasoning), (), seen)


def acts(step: WrittenStep) -> bool:
    said = [step.message, step.reasoning, *(call.observation for call in step.calls)]
    return step.source == "agent" and (
        bool(step.calls) or any(text_of(part).strip() for part in said)
    )


@given(RUNS.filter(lambda run: any(map(acts, run.steps))))
def test_what_is_written_is_read_again(run: WrittenRun) -> None:
    data = atif_bytes(run)
    trajectory = read(data)
    assert (trajectory.format, trajectory.agent, trajectory.task) == ("ATIF", "skillgit", "run-1")
    for number, (step, found) in enumerate(zip(run.steps, trajectory.steps, strict=True), 1):
        calls, without = found.calls, Step(number, found.source, *_words(found))
        assert without == expected(step, number)
        assert [call.name for call in calls] == [text_of(call.name) for call in step.calls]
        for call, written in zip(calls, step.calls, strict=True):
            arguments = json.loads(call.arguments)
            if arguments != {"text": text_of(written.arguments)}:
                assert call.arguments == text_of(
                    json.dumps(json.loads(written.arguments), ensure_ascii=False)
                )
    assert atif_bytes(run) == data


def _words(step: Step) -> tuple[str, str, tuple[()], str]:
    return step.message, step.reasoning, (), step.observation


@pytest.mark.skipif(
    find_spec("harbor") is None, reason="harbor is not installed (it needs Python 3.12 or newer)"
)
@given(RUNS)
def test_harbor_accepts_it(run: WrittenRun) -> None:
    trajectories = import_module("harbor.models.trajectories")
    found = trajectories.Trajectory.model_validate_json(atif_bytes(run))
    assert len(found.steps) == len(run.steps)


def test_a_document_as_it_is() -> None:
    run = WrittenRun(
        "run-1",
        "tiny",
        (
            WrittenStep("system", "Work."),
            WrittenStep("user", "Sum column C.", at=1_795_000_000.5),
            WrittenStep(
                "agent",
                "I look.",
                "Where is it?",
                (
                    WrittenCall("bash", '{"command": "ls"}', "in.xlsx\n", 0.25),
                    WrittenCall("python", "print(1)"),
                ),
                Usage(calls=2, prompt_tokens=30, cached_tokens=20, output_tokens=7),
                1_795_000_002.0,
                1.5,
            ),
        ),
        2.0004,
        {"seed": 41},
    )
    document = json.loads(atif_bytes(run))
    assert document["schema_version"] == "ATIF-v1.7"
    assert document["agent"]["name"] == "skillgit"
    assert document["agent"]["model_name"] == "tiny"
    assert document["final_metrics"] == {
        "total_prompt_tokens": 30,
        "total_completion_tokens": 7,
        "total_cached_tokens": 20,
        "total_steps": 3,
        "extra": {"seconds": 2.0},
    }
    assert document["extra"] == {"seed": 41}
    assert document["steps"][1] == {
        "step_id": 2,
        "source": "user",
        "message": "Sum column C.",
        "timestamp": "2026-11-18T11:06:40.500+00:00",
    }
    assert document["steps"][2] == {
        "step_id": 3,
        "source": "agent",
        "message": "I look.",
        "timestamp": "2026-11-18T11:06:42.000+00:00",
        "reasoning_content": "Where is it?",
        "metrics": {"prompt_tokens": 30, "completion_tokens": 7, "cached_tokens": 20},
        "llm_call_count": 2,
        "extra": {"seconds": 1.5},
        "tool_calls": [
            {"tool_call_id": "call-3-1", "function_name": "bash", "arguments": {"command": "ls"}},
            {
                "tool_call_id": "call-3-2",
                "function_name": "python",
                "arguments": {"text": "print(1)"},
            },
        ],
        "observation": {
            "results": [
                {
                    "source_call_id": "call-3-1",
                    "content": "in.xlsx\n",
                    "extra": {"seconds": 0.25},
                },
                {"source_call_id": "call-3-2", "content": ""},
            ]
        },
    }


def test_what_atif_cannot_say_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="source"):
        WrittenStep("tool", "")
    with pytest.raises(ValueError, match="only an agent"):
        WrittenStep("user", "", reasoning="hm")
    with pytest.raises(ValueError, match="without steps"):
        WrittenRun("s", "m", ())
