from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillgit.names import Digest
from skillgit.trajectories.documents import SourceFile, digest_of
from skillgit.trajectories.drafts import Imported
from skillgit.trajectories.importers import IMPORTERS, import_file
from skillgit.trajectories.outcomes import sibling_outcome
from skillgit.trajectories.view import step_lines, view
from skillgit.types import Outcome, Result, Step, ToolCall, Trajectory

CASES = Path(__file__).parent / "cases"
PROMPTS = Path(__file__).parents[2] / "templates" / "prompts"


def imported(data: bytes | str | object, origin: str = "runs/a.json") -> Imported:
    if not isinstance(data, bytes):
        data = (data if isinstance(data, str) else json.dumps(data)).encode()
    return import_file(SourceFile(origin, data))


def only(found: Imported) -> Trajectory:
    assert found.diagnostics == ()
    assert len(found.trajectories) == 1
    return found.trajectories[0]


def remarks(found: Imported) -> list[tuple[str, int]]:
    return [(remark.message, remark.line) for remark in found.diagnostics]


USER = {"role": "user", "content": "Add a sheet."}
AGENT = {"role": "assistant", "content": "Done."}
CHAT = {"messages": [USER, AGENT]}


# --------------------------------------------------------------------------- golden files


@pytest.mark.parametrize(
    "case",
    sorted(path for path in CASES.iterdir() if not path.name.endswith(".expected.txt")),
    ids=lambda path: path.name,
)
def test_golden(case: Path) -> None:
    found = import_file(SourceFile(case.name, case.read_bytes()))
    lines: list[str] = []
    for one in found.trajectories:
        outcome = one.outcome
        lines += [
            f"{one.origin}: {one.format}, task {one.task!r}, agent {one.agent!r}",
            f"outcome: {outcome.result} {outcome.score} {outcome.said_by!r} {outcome.detail!r}",
            view(one, 10_000).text,
            "",
        ]
    lines += [f"remark {one.origin}:{one.line}: {one.message}" for one in found.diagnostics]
    expected = case.with_suffix(".expected.txt")
    assert "\n".join(lines).strip() + "\n" == expected.read_text(encoding="utf-8")


# --------------------------------------------------------------------------- identity and shape


def test_identity_is_the_digest_of_the_raw_bytes() -> None:
    data = json.dumps(CHAT, indent=1).encode()
    assert only(imported(data)).digest == digest_of(data)
    line = json.dumps(CHAT).encode()
    other = json.dumps({"id": 2, **CHAT}).encode()
    found = imported(b"\xef\xbb\xbf" + line + b"\r\n\n" + other, "a.jsonl").trajectories
    assert [one.digest for one in found] == [digest_of(line), digest_of(other)]
    assert [one.origin for one in found] == ["a.jsonl:1", "a.jsonl:3"]
    assert only(imported(line + b"\n", "b.jsonl")).digest == digest_of(line)


def test_lines_are_recognised_without_the_suffix_and_a_long_object_with_it() -> None:
    two = json.dumps(CHAT) + "\n" + json.dumps(CHAT)
    assert len(imported(two, "log.json").trajectories) == 2
    assert only(imported(json.dumps(CHAT, indent=2), "one.jsonl")).origin == "one.jsonl"


def test_a_bare_list_of_messages_is_one_trajectory() -> None:
    run = only(imported([USER, AGENT]))
    assert run.format == "chat messages"
    assert [step.source for step in run.steps] == ["user", "agent"]
    assert run.outcome == Outcome(Result.UNKNOWN)


def test_parts_roles_and_reasoning_of_messages() -> None:
    run = only(
        imported(
            {
                "messages": [
                    {"role": "developer", "content": [{"type": "text", "text": "a"}, "b"]},
                    {"role": "user", "content": [{"type": "image_url", "image_url": {}}]},
                    {"role": "assistant", "content": None, "reasoning": "hm"},
                    {"role": "assistant", "content": None, "refusal": "no", "reasoning": ""},
                    {"role": "tool", "content": "no id"},
                ]
            }
        )
    )
    assert run.steps == (
        Step(1, "system", "a\nb"),
        Step(2, "user", "[image_url]"),
        Step(3, "agent", reasoning="hm"),
        Step(4, "agent"),
        Step(5, "tool", "no id"),
    )


def test_answers_of_tools_join_the_step_that_called_them() -> None:
    calls = [
        {"id": "1", "type": "function", "function": {"name": "ls", "arguments": '{"a": 1}'}},
        {"id": "2", "type": "function", "function": {"name": "cat", "arguments": {"b": [2]}}},
        {"id": "3", "type": "custom", "custom": {"name": "sh", "input": "pwd"}},
    ]
    run = only(
        imported(
            [
                USER,
                {"role": "assistant", "content": "", "tool_calls": calls},
                {"role": "tool", "tool_call_id": "2", "content": "two"},
                {"role": "tool", "tool_call_id": "1", "content": "one"},
                {"role": "tool", "tool_call_id": "1", "content": "once more"},
                {"role": "tool", "tool_call_id": "9", "content": "nobody asked"},
                {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}},
                {"role": "function", "name": "f", "content": "old style"},
            ]
        )
    )
    assert [(step.source, step.message, step.observation) for step in run.steps] == [
        ("user", "Add a sheet.", ""),
        ("agent", "", "two\none"),
        ("tool", "once more", ""),
        ("tool", "nobody asked", ""),
        ("agent", "", ""),
        ("tool", "old style", ""),
    ]
    assert run.steps[1].calls == (
        ToolCall("ls", '{"a": 1}'),
        ToolCall("cat", '{"b": [2]}'),
        ToolCall("sh", "pwd"),
    )


@pytest.mark.parametrize("version", [f"ATIF-v1.{minor}" for minor in range(9)])
def test_all_versions_of_atif_are_read_without_a_remark(version: str) -> None:
    step = {"step_id": 1, "source": "agent", "message": "hi"}
    assert only(imported({"schema_version": version, "steps": [step]})).format == "ATIF"


def test_later_versions_of_atif_are_read_with_a_remark() -> None:
    found = imported(
        {"schema_version": "ATIF-v2.0", "steps": [{"source": "agent", "message": "m"}]}
    )
    assert len(found.trajectories) == 1
    assert remarks(found) == [("'ATIF-v2.0' is none of the known versions 1.0 to 1.8", 0)]


# --------------------------------------------------------------------------- outcomes in the file


@pytest.mark.parametrize(
    ("beside", "outcome"),
    [
        ({}, Outcome(Result.UNKNOWN)),
        ({"outcome": "pass"}, Outcome(Result.PASS, said_by="outcome")),
        ({"outcome": "Failed"}, Outcome(Result.FAIL, said_by="outcome")),
        ({"outcome": "unknown", "score": 1}, Outcome(Result.UNKNOWN, said_by="outcome")),
        (
            {"outcome": {"result": "fail", "score": 0.2, "detail": "B2"}},
            Outcome(Result.FAIL, 0.2, "outcome", "B2"),
        ),
        ({"success": True}, Outcome(Result.PASS, said_by="success")),
        ({"passed": False, "reward": 1}, Outcome(Result.FAIL, 1.0, "passed")),
        ({"reward": 0.5}, Outcome(Result.UNKNOWN, 0.5, "reward")),
        ({"score": {"reward": 1, "feedback": "ok"}}, Outcome(Result.UNKNOWN, 1.0, "score", "ok")),
        ({"result": "pass", "exit_status": "Submitted"}, Outcome(Result.UNKNOWN)),
        ({"success": None, "reward": None}, Outcome(Result.UNKNOWN)),
    ],
)
def test_the_outcome_stands_beside_the_messages(
    beside: dict[str, object], outcome: Outcome
) -> None:
    assert only(imported({**beside, **CHAT})).outcome == outcome


@pytest.mark.parametrize(
    ("beside", "reason"),
    [
        ('"outcome": "maybe"', "the verdict is neither pass nor fail nor unknown"),
        ('"outcome": [1]', "the verdict is neither pass nor fail nor unknown"),
        ('"success": true, "passed": false', "the verdicts contradict each other"),
        ('"score": NaN', "the score is not a finite number"),
        ('"score": 1' + "0" * 400, "the score is not a finite number"),
        ('"reward": "good"', "the score is not a finite number"),
    ],
)
def test_an_outcome_that_cannot_be_read_is_unknown_with_a_remark(beside: str, reason: str) -> None:
    found = imported(f'{{{beside}, "messages": {json.dumps([USER, AGENT])}}}')
    assert found.trajectories[0].outcome.result is Result.UNKNOWN
    assert found.trajectories[0].outcome.score is None
    assert len(found.diagnostics) == 1
    assert reason in found.diagnostics[0].message


# --------------------------------------------------------------------------- what JSON can do


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"", 0, "empty"),
        (b"\xef\xbb\xbf\n \n", 0, "empty"),
        (b'{\n"messages": [\n{"role": "user", "con', 3, "cut off"),
        (b'{"messages": [', 1, "cut off"),
        (b'{"messages": [\n\n "\xff"]}', 3, "not UTF-8: byte 18"),
        (b'{"a": 1,}', 1, "not JSON"),
        (b"[" * 200_000, 0, "deep"),
        (b'{"a":' * 200_000, 0, "deep"),
        (b"9" * 5000, 0, "cannot be read as JSON"),
        (b"null", 0, "no trajectory of a known format"),
        (b'{"sessionId": "x", "messages": [{"type": "gemini"}]}', 0, "the keys 'sessionId'"),
        (b'{"messages": []}', 0, "holds no steps"),
        (b'{"messages": [{"role": "user", "content": "q"}]}', 0, "no step of it is an agent's"),
        (b'{"schema_version": "ATIF-v1.5", "steps": []}', 0, "holds no steps"),
        (b'{"rollout": {"trace": []}, "score": null}', 0, "holds no steps"),
        ("{}\n{}".encode("utf-16"), 1, "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_loud_remark(data: bytes, line: int, words: str) -> None:
    found = imported(data)
    assert found.trajectories == ()
    assert len(found.diagnostics) == 1
    assert words in found.diagnostics[0].message
    assert found.diagnostics[0].line == line
    assert found.diagnostics[0].origin == "runs/a.json"


def test_one_bad_line_does_not_cost_the_others() -> None:
    good = json.dumps(CHAT)
    lines = [good, "{bad", "", '{"other": 1}', '"\\ud800"', good[:-4], good]
    found = imported("\n".join(lines), "log.jsonl")
    assert [one.origin for one in found.trajectories] == ["log.jsonl:1", "log.jsonl:7"]
    assert [line for _, line in remarks(found)] == [2, 4, 5, 6]


def test_a_bad_first_line_does_not_hide_that_there_are_lines() -> None:
    found = imported("{cut\n" + json.dumps(CHAT), "log.jsonl")
    assert len(found.trajectories) == 1
    assert remarks(found)[0][1] == 1


def test_a_million_bad_lines_are_few_remarks() -> None:
    found = imported(json.dumps(CHAT) + "\n" + "{bad\n" * 5000, "log.jsonl")
    assert len(found.trajectories) == 1
    assert len(found.diagnostics) == 21
    assert found.diagnostics[-1].message == "4980 more lines of this file have such faults"


def test_repeated_keys_are_told_and_the_last_one_counts() -> None:
    found = imported(f'{{"success": true, "success": false, "messages": {json.dumps([AGENT])}}}')
    assert found.trajectories[0].outcome.result is Result.FAIL
    assert remarks(found) == [("keys given twice in one object, the last one counts: 'success'", 0)]


def test_not_a_number_elsewhere_does_no_harm() -> None:
    run = only(imported(f'{{"cost": NaN, "big": Infinity, "messages": {json.dumps([AGENT])}}}'))
    assert run.outcome == Outcome(Result.UNKNOWN)


def test_lone_surrogates_cannot_reach_anyone() -> None:
    data = rb'{"id": "\ud800", "messages": [{"role": "assistant", "content": "a\udfffb"}]}'
    run = only(imported(data))
    assert run.task == "\ufffd"
    assert run.steps[0].message == "a\ufffdb"
    repr(run).encode()


def test_messages_and_steps_of_no_known_kind_are_counted() -> None:
    found = imported([USER, AGENT, {"role": "exit"}, 7, {"role": ["x"]}])
    assert remarks(found) == [("messages without a known role, left out: 3", 0)]
    found = imported(
        {"schema_version": "ATIF-v1.6", "steps": [{"source": "agent", "message": "m"}, {}, 1]}
    )
    assert remarks(found) == [("steps without a known source, left out: 2", 0)]


# --------------------------------------------------------------------------- laws


def check(found: Imported) -> None:
    assert found.trajectories or found.diagnostics, "nothing disappears in silence"
    assert [text for text, _ in remarks(found) if "is broken" in text] == []
    for one in found.trajectories:
        assert isinstance(one.digest, Digest)
        assert any(step_lines(step) for step in one.steps) or one.steps
        for step in one.steps:
            f"{step.message}{step.reasoning}{step.observation}".encode()
            "".join(f"{call.name} {call.arguments}" for call in step.calls).encode()
        f"{one.task}{one.agent}{one.origin}{one.outcome.detail}".encode()
        view(one, 500)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
@settings(max_examples=150)
def test_no_bytes_crash_an_importer(data: bytes) -> None:
    check(imported(data))
    check(imported(data, "x.jsonl"))


KNOWN_KEYS = """messages role content tool_calls function name arguments id tool_call_id outcome
success score reward feedback rollout trace task_id steps schema_version source message observation
results reasoning_content text type metadata agent model function_call"""
KEYS = st.sampled_from(KNOWN_KEYS.split())
WORDS = st.sampled_from(
    ["user", "assistant", "tool", "system", "agent", "ATIF-v1.4", "text", "pass", "x", "1.0", ""]
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), WORDS
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=6)),
    max_leaves=20,
)
SHAPED = st.one_of(
    VALUES,
    st.fixed_dictionaries(
        {"messages": st.lists(st.dictionaries(KEYS, VALUES), max_size=4)},
        optional={"outcome": VALUES, "success": VALUES, "score": VALUES, "task_id": VALUES},
    ),
    st.fixed_dictionaries(
        {
            "schema_version": st.just("ATIF-v1.7"),
            "steps": st.lists(st.dictionaries(KEYS, VALUES), max_size=4),
            "agent": VALUES,
        }
    ),
    st.fixed_dictionaries(
        {"rollout": st.fixed_dictionaries({"trace": VALUES, "metadata": VALUES}), "score": VALUES}
    ),
    st.lists(
        st.fixed_dictionaries({"role": WORDS, "content": VALUES}, optional={"tool_calls": VALUES}),
        max_size=4,
    ),
)


@given(SHAPED)
@settings(max_examples=120, deadline=None)
def test_no_json_crashes_an_importer(value: object) -> None:
    for importer in IMPORTERS:
        importer.recognises(value)
    check(imported(value))
    check(imported(f"{json.dumps(value)}\n{json.dumps(CHAT)}\n", "x.jsonl"))


def test_lone_surrogates_are_left_nowhere() -> None:
    parts = [{"type": "image", "source": {"path": "\ud800"}}]
    steps = [{"source": "user", "message": parts}, {"source": "agent", "message": "ok"}]
    document = {"schema_version": "ATIF-v1.6", "steps": steps, "task_id": "\udfff"}
    (one,) = imported(document).trajectories
    assert one.steps[0].message == "[image: \ufffd]"
    check(imported(document))


# --------------------------------------------------------------------------- lists and first lines


def test_a_list_of_runs_is_as_many_trajectories_each_with_its_own_identity() -> None:
    other = {"messages": [USER, {"role": "assistant", "content": "Twice."}]}
    found = imported([CHAT, other, CHAT])
    one, two, again = found.trajectories
    assert [run.origin for run in found.trajectories] == [
        "runs/a.json#1",
        "runs/a.json#2",
        "runs/a.json#3",
    ]
    assert one.digest == again.digest != two.digest
    assert imported([{"messages": CHAT["messages"]}]).trajectories[0].digest == one.digest


def test_what_is_wrong_in_a_list_is_told_with_its_place() -> None:
    found = imported([CHAT, {"other": 1}, {"messages": []}])
    assert len(found.trajectories) == 1
    assert [(remark.origin, remark.message) for remark in found.diagnostics] == [
        ("runs/a.json#2", "no chat messages, unlike the first value of this file"),
        ("runs/a.json#3", "looks like chat messages, but holds no steps"),
    ]


def test_first_lines_that_say_nothing_do_not_hide_the_format() -> None:
    found = imported('{"note": 1}\n{bad\n' + json.dumps(CHAT), "log.jsonl")
    assert len(found.trajectories) == 1
    assert [line for _, line in remarks(found)] == [1, 2]
    found = imported('{"note": 1}\n' * 100 + json.dumps(CHAT), "log.jsonl")
    assert found.trajectories == ()
    assert remarks(found)[0][1] == 1


# --------------------------------------------------------------------------- our own sessions


@pytest.mark.parametrize("template", ["analyst", "diagnose", "merge", "draft"])
def test_sessions_of_our_own_analysts_are_left_out(template: str) -> None:
    prompt = (PROMPTS / f"{template}.md.j2").read_text(encoding="utf-8")
    for role in ("system", "user"):
        own = {"messages": [{"role": role, "content": f"\n{prompt}"}, USER, AGENT]}
        found = imported(f"{json.dumps(own)}\n{json.dumps(CHAT)}\n", "log.jsonl")
        assert [one.origin for one in found.trajectories] == ["log.jsonl:2"]
        ((message, line),) = remarks(found)
        assert message.startswith("sessions of skillgit's own analysts")
        assert message.endswith("left out: 1 (log.jsonl:1)")
        assert line == 0


def test_runs_of_our_own_agent_and_runs_that_quote_our_prompts_are_kept() -> None:
    prompt = (PROMPTS / "agent.md.j2").read_text(encoding="utf-8")
    quoted = "Why? " + (PROMPTS / "analyst.md.j2").read_text(encoding="utf-8")
    for text in (prompt, quoted):
        assert imported([{"role": "system", "content": text}, USER, AGENT]).trajectories
    step = {"source": "agent", "message": "m"}
    ours = (("skillgit", 1), ("skillgit-demo-agent", 1), ("skillgit-analyst", 0), ("skillgit:m", 0))
    for name, kept in ours:
        run = {"schema_version": "ATIF-v1.7", "agent": {"name": name}, "steps": [step]}
        assert len(imported(run).trajectories) == kept


def test_what_a_verifier_says_beside_its_rewards_is_the_detail() -> None:
    said = {"rewards": {"reward": 0.0}, "detail": "B2: expected a date, found a text"}
    file = SourceFile("a.trajectory.json", b"{}", {"a.result.json": json.dumps(said).encode()})
    outcome, _, fault = sibling_outcome(file, "a.result.json")
    assert (outcome.score, outcome.said_by, fault) == (0.0, "verifier", "")
    assert outcome.detail == "B2: expected a date, found a text"
