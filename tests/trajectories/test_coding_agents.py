"""What coding agents write: the formats' own ways, on records made here and on real files."""

from __future__ import annotations

import copy
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillgit.names import Digest
from skillgit.trajectories.documents import SourceFile, digest_of
from skillgit.trajectories.drafts import Imported
from skillgit.trajectories.importers import import_file
from skillgit.trajectories.importers.coding_agents import CODING_AGENTS
from skillgit.trajectories.outcome_table import Names, assign, read_table
from skillgit.trajectories.view import view
from skillgit.types import Outcome, Result, Step, ToolCall, Trajectory

CASES = Path(__file__).parent / "cases"
REAL = Path(__file__).parents[2] / "../shared/data/trajectories"

Json = dict[str, object]


def imported(values: object, origin: str = "a.json") -> Imported:
    return import_file(SourceFile(origin, json.dumps(values).encode()))


def session(*records: Json, origin: str = "a.jsonl") -> Imported:
    return import_file(SourceFile(origin, "\n".join(map(json.dumps, records)).encode()))


def only(found: Imported) -> Trajectory:
    assert found.diagnostics == ()
    assert len(found.trajectories) == 1
    return found.trajectories[0]


def remarks(found: Imported) -> list[tuple[str, int]]:
    return [(remark.message, remark.line) for remark in found.diagnostics]


def told(run: Trajectory) -> list[tuple[str, str]]:
    return [(step.source, step.message) for step in run.steps]


# --------------------------------------------------------------------------- real files

REAL_FILES = [
    # file, trajectories, steps, pass and fail, remarks
    ("claude-code-jsonl/claude-code-log__edge_cases.jsonl", 1, 11, (0, 0), 5),
    ("claude-code-jsonl/claude-code-transcripts__sample_session.jsonl", 1, 5, (0, 0), 0),
    ("coding-agent-fixtures/agentsview__claude__valid_session.jsonl", 1, 4, (0, 0), 0),
    ("coding-agent-fixtures/agentsview__codex__function_calls.jsonl", 1, 2, (0, 0), 0),
    ("coding-agent-fixtures/agentsview__codex__standard_session.jsonl", 1, 2, (0, 0), 0),
    ("coding-agent-fixtures/agentsview__gemini__standard_session.json", 1, 4, (0, 0), 0),
    ("coding-agent-fixtures/agentsview__gemini__system_messages.json", 0, 0, (0, 0), 1),
    ("coding-agent-fixtures/agentsview__gemini__tool_calls.json", 1, 2, (0, 0), 0),
    ("evoskill-run-jsonl/opus_dabstep_test_no_skills_150examples.jsonl", 150, 150, (0, 0), 1),
    ("evoskill-run-jsonl/opus_dabstep_test_skills_150examples.jsonl", 150, 150, (0, 0), 1),
    ("openhands-event-json/basic.json", 1, 3, (0, 0), 0),
    ("openhands-event-json/basic_interactions.json", 1, 6, (0, 0), 0),
    ("openhands-output-jsonl/ProntoQA_gpt-4o_output.jsonl", 6, 35, (5, 1), 0),
    ("openhands-output-jsonl/multi_swe_bench_output.jsonl", 3, 111, (0, 0), 0),
    ("openhands-output-jsonl/resolver_output.jsonl", 2, 28, (0, 0), 0),
    ("mini-swe-agent/github_issue.traj.json", 1, 12, (0, 0), 0),
    ("mini-swe-agent/deepseek__deepseek-chat.deepseek_chat_dev.json", 0, 0, (0, 0), 1),
]
REAL_FOLDERS = [
    # folder, pattern, files, trajectories, steps, remarks
    ("mini-swe-agent", "deepseek*.traj.json", 13, 13, 758, 0),
    ("mini-swe-agent", "deepseek__*.json", 3, 0, 0, 3),
    ("swe-agent-traj", "*.traj", 12, 12, 153, 1),
]


def real(name: str) -> Path:
    path = REAL / name
    if not path.exists():
        pytest.skip(f"no shared data here: {name}")
    return path


def read_real(path: Path) -> Imported:
    return import_file(SourceFile(path.name, path.read_bytes()))


def counts(found: Iterable[Imported]) -> tuple[int, int, tuple[int, int], int]:
    files = list(found)
    runs = [run for one in files for run in one.trajectories]
    results = Counter(run.outcome.result for run in runs)
    verdicts = results[Result.PASS], results[Result.FAIL]
    steps = sum(len(run.steps) for run in runs)
    return len(runs), steps, verdicts, sum(len(one.diagnostics) for one in files)


@pytest.mark.parametrize("row", REAL_FILES, ids=lambda row: row[0].rpartition("/")[2])
def test_what_a_real_file_holds(row: tuple[str, int, int, tuple[int, int], int]) -> None:
    assert counts([read_real(real(row[0]))]) == row[1:]


@pytest.mark.parametrize("row", REAL_FOLDERS, ids=lambda row: f"{row[0]}/{row[1]}")
def test_what_a_real_folder_holds(row: tuple[str, str, int, int, int, int]) -> None:
    folder, pattern, files, runs, steps, faults = row
    found = sorted(real(folder).glob(pattern))
    assert len(found) == files
    assert counts(map(read_real, found)) == (runs, steps, (0, 0), faults)


@pytest.mark.parametrize(
    "name",
    [
        "mini-swe-agent/deepseek_chat_dev__sqlfluff__sqlfluff-2419.traj.json",
        "swe-agent-traj/demo__function_calling_simple.traj",
        "openhands-output-jsonl/multi_swe_bench_output.jsonl",
        "openhands-event-json/basic.json",
        "claude-code-jsonl/claude-code-transcripts__sample_session.jsonl",
    ],
)
def test_what_steps_say_stands_in_the_real_file(name: str) -> None:
    path = real(name)
    text = path.read_text(encoding="utf-8")
    # As JSON writes it, with and without escapes of its own.
    found = [step for run in read_real(path).trajectories for step in run.steps]
    assert found
    for step in found:
        for line in f"{step.message}\n{step.reasoning}\n{step.observation}".splitlines():
            escaped = (json.dumps(line, ensure_ascii=ascii_)[1:-1] for ascii_ in (True, False))
            assert any(one in text for one in escaped), line


def test_every_call_of_a_real_run_is_answered() -> None:
    run = only(read_real(real("mini-swe-agent/deepseek_chat_dev__pydicom__pydicom-901.traj.json")))
    agent = [step for step in run.steps if step.source == "agent"]
    assert all(step.calls and step.observation for step in agent)
    assert [step.source for step in run.steps[:2]] == ["system", "user"]
    assert len(agent) == len(run.steps) - 2


def test_a_real_report_judges_the_real_runs_of_its_tasks() -> None:
    report = real("mini-swe-agent/deepseek__deepseek-chat.deepseek_chat_dev.json")
    runs = [only(read_real(path)) for path in report.parent.glob("deepseek_chat_dev__*")]
    names = {
        run.id: Names(frozenset({run.id}), frozenset({run.origin}), frozenset({run.task}))
        for run in runs
    }
    table = read_table(SourceFile(report.name, report.read_bytes()))
    judged, _ = assign(table, names)
    assert {run.task: judged[run.id].result for run in runs} == {
        "marshmallow-code__marshmallow-1359": Result.PASS,
        "pydicom__pydicom-901": Result.FAIL,
        "sqlfluff__sqlfluff-2419": Result.PASS,
    }


# --------------------------------------------------------------------------- Claude Code


def record(kind: str, content: object = "", **more: object) -> Json:
    found: Json = {"type": kind, "sessionId": "s"}
    message: Json = {"content": content}
    if "id" in more:
        message["id"] = more.pop("id")
    return found | {"message": message} | more


def use(call_id: str, name: str = "Bash", **arguments: object) -> Json:
    return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}


def result(call_id: str, content: object) -> Json:
    return {"type": "tool_result", "tool_use_id": call_id, "content": content}


def text(said: str) -> Json:
    return {"type": "text", "text": said}


def test_the_identity_of_a_session_is_its_files_digest() -> None:
    data = "\n".join(json.dumps(record("assistant", word)) for word in ("a", "b")).encode()
    run = only(import_file(SourceFile("dir/s.jsonl", data + b"\n")))
    assert run.digest == digest_of(data + b"\n")
    assert run.origin == "dir/s.jsonl"


def test_one_turn_is_split_over_lines_and_answered_late() -> None:
    run = only(
        session(
            record("user", "Go."),
            record("assistant", [{"type": "thinking", "thinking": "hm"}], id="m1"),
            record("assistant", [text("I start."), use("1", command="a")], id="m1"),
            record("user", [result("1", "one")]),
            record("assistant", [use("2", command="b")], id="m1"),
            record("assistant", [use("3")], id="m2"),
            record("user", [result("3", "three"), result("2", None), result("9", "whose?")]),
        )
    )
    assert run.steps == (
        Step(1, "user", "Go."),
        Step(
            2,
            "agent",
            "I start.",
            "hm",
            (ToolCall("Bash", '{"command": "a"}'), ToolCall("Bash", '{"command": "b"}')),
            "one",
        ),
        Step(3, "agent", calls=(ToolCall("Bash", "{}"),), observation="three"),
        Step(4, "tool", "whose?"),
    )


def test_a_printed_stream_is_read_and_its_last_word_is_no_outcome() -> None:
    run = only(
        session(
            {"type": "system", "subtype": "init", "session_id": "s-9", "tools": []},
            {"type": "user", "session_id": "s-9", "message": {"content": "Go."}},
            {
                "type": "assistant",
                "session_id": "s-9",
                "parent_tool_use_id": None,
                "message": {"id": "m1", "content": [use("t", "Task", prompt="Look.")]},
            },
            {
                "type": "assistant",
                "session_id": "s-9",
                "parent_tool_use_id": "t",
                "message": {"id": "m2", "content": [text("I look.")]},
            },
            {"type": "assistant", "session_id": "s-9", "message": {"content": "Done."}},
            {
                "type": "result",
                "subtype": "success",
                "is_error": False,
                "result": "Done.",
                "session_id": "s-9",
            },
        )
    )
    assert run.task == "s-9"
    assert run.outcome == Outcome(Result.UNKNOWN)
    assert told(run) == [
        ("user", "Go."),
        ("agent", ""),
        ("system", "[sub-agent t begins]"),
        ("agent", "I look."),
        ("system", "[sub-agent t ends]"),
        ("agent", "Done."),
    ]


def test_sub_agents_stand_behind_the_call_that_started_them() -> None:
    side = {"isSidechain": True}
    run = only(
        session(
            record("user", "Go.", uuid="1"),
            record("assistant", [use("a", "Task", prompt="A"), use("b", "Task", prompt="B")]),
            record("user", "B", agentId="bb", **side),
            record("user", "A", agentId="aa", **side),
            record("assistant", [use("c", "Task", prompt="C")], agentId="aa", **side),
            record("assistant", "in b", agentId="bb", **side),
            record("assistant", "meanwhile"),
            record("user", "C", agentId="cc", **side),
            record("assistant", "in c", agentId="cc", **side),
            record("assistant", "in a", agentId="aa", **side),
            record("user", "nobody's", agentId="dd", **side),
        )
    )
    assert [message or "calls" for _, message in told(run)] == [
        "Go.",
        "calls",
        "[sub-agent bb begins]",
        "B",
        "in b",
        "[sub-agent bb ends]",
        "[sub-agent aa begins]",
        "A",
        "calls",
        "[sub-agent cc begins]",
        "C",
        "in c",
        "[sub-agent cc ends]",
        "in a",
        "[sub-agent aa ends]",
        "meanwhile",
        "[sub-agent dd begins]",
        "nobody's",
        "[sub-agent dd ends]",
    ]


def test_a_sub_agents_own_file_is_named_after_its_session() -> None:
    side = {"isSidechain": True, "agentId": "a1"}
    run = only(session(record("user", "Look.", **side), record("assistant", "Here.", **side)))
    assert run.task == "s/a1"
    assert told(run) == [("user", "Look."), ("agent", "Here.")]


def test_a_session_that_begins_with_a_sub_agent_keeps_it_in_front() -> None:
    run = only(
        session(
            record("user", "warm up", uuid="w", isSidechain=True),
            record("user", "Go.", uuid="1"),
            record("assistant", "Gone.", uuid="2", parentUuid="1"),
        )
    )
    assert [message for _, message in told(run)] == [
        "[sub-agent w begins]",
        "warm up",
        "[sub-agent w ends]",
        "Go.",
        "Gone.",
    ]


def test_branches_that_the_user_went_back_from_are_told_and_left_out() -> None:
    found = session(
        record("user", "Go.", uuid="1", parentUuid=None),
        record("assistant", [use("x"), use("y")], uuid="2", parentUuid="1"),
        record("user", [result("x", "seen")], uuid="3", parentUuid="2"),
        record("user", [result("y", "seen, too")], uuid="4", parentUuid="2"),
        record("user", "Wrong way.", uuid="5", parentUuid="4"),
        {"type": "progress", "uuid": "5b", "parentUuid": "5", "sessionId": "s"},
        record("assistant", "Lost.", uuid="6", parentUuid="5b"),
        record("user", "Right way.", uuid="7", parentUuid="4"),
        record("assistant", "Found.", uuid="8", parentUuid="7"),
    )
    assert [step.message for step in found.trajectories[0].steps] == [
        "Go.",
        "",
        "Right way.",
        "Found.",
    ]
    assert found.trajectories[0].steps[1].observation == "seen\nseen, too"
    assert remarks(found) == [("records of branches that the user went back from, left out: 3", 5)]


def test_messages_that_a_compaction_kept_are_no_branch() -> None:
    kept = {"preservedMessages": {"anchorUuid": "6", "uuids": ["3", "4", "7"]}}
    found = session(
        record("user", "Go.", uuid="1", parentUuid=None),
        record("assistant", "Ready.", uuid="1b", parentUuid="1"),
        record("user", "Wrong way.", uuid="x", parentUuid="1b"),
        record("assistant", "Lost.", uuid="y", parentUuid="x"),
        record("user", "Right way.", uuid="2", parentUuid="1b"),
        record("assistant", "Found.", uuid="3", parentUuid="2"),
        record("user", "More.", uuid="4", parentUuid="3"),
        {
            "type": "system",
            "content": "Compacted",
            "uuid": "5",
            "parentUuid": None,
            "logicalParentUuid": "7",
            "sessionId": "s",
            "compactMetadata": kept,
        },
        record("user", "It went on.", uuid="6", parentUuid="5", isCompactSummary=True),
        record("assistant", "More of it.", uuid="7", parentUuid="6"),
        record("user", "Thanks.", uuid="8", parentUuid="7"),
    )
    assert [step.message for step in found.trajectories[0].steps] == [
        "Go.",
        "Ready.",
        "Right way.",
        "Found.",
        "More.",
        "Compacted",
        "It went on.",
        "More of it.",
        "Thanks.",
    ]
    assert remarks(found) == [("records of branches that the user went back from, left out: 2", 3)]


def test_the_answer_to_a_call_names_the_sub_agent_that_worked_on_it() -> None:
    side = {"isSidechain": True, "agentId": "e1"}
    run = only(
        session(
            record("assistant", [use("a", "Task", prompt="Search everywhere.")], uuid="1"),
            record("user", [result("a", "Nothing.")], toolUseResult={"agentId": "e1"}),
            record("assistant", "I am done.", uuid="2"),
            record("user", "Search", **side),
            record("assistant", "I search.", **side),
        )
    )
    assert [message for _, message in told(run)] == [
        "",
        "[sub-agent e1 begins]",
        "Search",
        "I search.",
        "[sub-agent e1 ends]",
        "I am done.",
    ]


def test_parents_in_a_circle_or_missing_cost_nothing() -> None:
    run = only(
        session(
            record("user", "Go.", uuid="1", parentUuid="2"),
            record("assistant", "a", uuid="2", parentUuid="1"),
            record("user", "More.", uuid="3", parentUuid="gone"),
            record("assistant", "b", uuid="1", parentUuid="1"),
        )
    )
    assert [message for _, message in told(run)] == ["Go.", "a", "More.", "b"]


def test_what_the_program_says_is_not_the_users() -> None:
    run = only(
        session(
            record("user", "Caveat.", isMeta=True),
            record("user", "It went on.", isCompactSummary=True),
            {"type": "system", "content": "Conversation compacted", "sessionId": "s"},
            {
                "type": "attachment",
                "sessionId": "s",
                "attachment": {"type": "queued_command", "prompt": "And hurry."},
            },
            {
                "type": "attachment",
                "sessionId": "s",
                "attachment": {
                    "type": "queued_command",
                    "prompt": [text("Task 1 is over.")],
                    "commandMode": "task-notification",
                },
            },
            {"type": "attachment", "sessionId": "s", "attachment": {"type": "todo"}},
            record("assistant", [text("API Error")], isApiErrorMessage=True),
            record("assistant", "Yes."),
        )
    )
    assert told(run) == [
        ("system", "Caveat."),
        ("system", "It went on."),
        ("system", "Conversation compacted"),
        ("user", "And hurry."),
        ("system", "Task 1 is over."),
        ("system", "API Error"),
        ("agent", "Yes."),
    ]


def test_repeated_lines_count_once_and_two_sessions_are_told() -> None:
    twice = record("user", "Go.", uuid="1")
    found = session(twice, twice, record("assistant", "a", uuid="2") | {"sessionId": "other"})
    assert told(found.trajectories[0]) == [("user", "Go."), ("agent", "a")]
    assert remarks(found) == [("the lines of 2 sessions, read as one", 0)]


def test_a_session_given_as_a_list_is_read() -> None:
    run = only(imported([record("user", "Go."), record("assistant", "Gone.")]))
    assert run.format == "Claude Code session"
    assert told(run) == [("user", "Go."), ("agent", "Gone.")]


# --------------------------------------------------------------------------- Codex


def item(**payload: object) -> Json:
    return {"timestamp": "t", "type": "response_item", "payload": payload}


def test_a_rollout_without_payloads_is_read() -> None:
    run = only(
        session(
            {"id": "old-1", "timestamp": "t", "instructions": None, "git": {}},
            {"record_type": "state"},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Go"}]},
            {"type": "function_call", "name": "shell", "arguments": "{}", "call_id": "1"},
            {"type": "function_call_output", "call_id": "1", "output": "{broken"},
        )
    )
    assert (run.format, run.task) == ("Codex rollout", "old-1")
    assert run.steps == (
        Step(1, "user", "Go"),
        Step(2, "agent", calls=(ToolCall("shell", "{}"),), observation="{broken"),
    )


def test_a_fork_is_named_after_itself_and_screen_events_are_not_repeated() -> None:
    def meta(name: str) -> Json:
        return {"timestamp": "t", "type": "session_meta", "payload": {"id": name}}

    def event(said: str) -> Json:
        payload = {"type": "agent_message", "message": said}
        return {"timestamp": "t", "type": "event_msg", "payload": payload}

    agent = item(type="message", role="assistant", content=[{"type": "output_text", "text": "Hi"}])
    run = only(session(meta("fork"), meta("trunk"), agent, event("Hi")))
    assert run.task == "fork"
    assert told(run) == [("agent", "Hi")]


@pytest.mark.parametrize(
    ("output", "seen"),
    [
        ("plain", "plain"),
        ('{"output": "a\\nb"}', '{"output": "a\\nb"}'),
        ('{"output":"a\\nb","metadata":{"exit_code":1}}', 'a\nb\n{"exit_code": 1}'),
        ('{"output":' + "[" * 100_000, '{"output":' + "[" * 100_000),
        ({"content": "c", "success": False}, "c"),
        ([{"type": "input_text", "text": "d"}, {"type": "input_image"}], "d\n[input_image]"),
        (None, ""),
    ],
)
def test_answers_come_in_several_wrappings(output: object, seen: str) -> None:
    call = item(type="function_call", name="f", arguments="{}", call_id="1")
    answer = item(type="function_call_output", call_id="1", output=output)
    assert only(session(call, answer)).steps[0].observation == seen


def done(kind: str, **parts: object) -> Json:
    return {"type": "item.completed", "item": {"id": "item_1", "type": kind} | parts}


def test_what_codex_prints_is_read() -> None:
    found = session(
        {"type": "thread.started", "thread_id": "t-1"},
        {"type": "turn.started"},
        done("reasoning", text="I look first."),
        {"type": "item.started", "item": {"type": "command_execution", "command": "ls"}},
        done("command_execution", command="ls", aggregated_output="a.py\n", exit_code=0),
        done("mcp_tool_call", server="s", tool="find", arguments={"q": 1}, result={"content": []}),
        done("file_change", changes=[{"path": "a.py", "kind": "update"}], status="completed"),
        done("agent_message", text="All done."),
        done("hologram"),
        {"type": "turn.failed", "error": {"message": "stream lost"}},
        {"type": "turn.completed", "usage": {}},
    )
    run = found.trajectories[0]
    assert (run.format, run.task, run.outcome) == ("Codex stream", "t-1", Outcome(Result.UNKNOWN))
    assert run.steps == (
        Step(
            1,
            "agent",
            reasoning="I look first.",
            calls=(ToolCall("command_execution", "ls"),),
            observation="a.py\n\nexit_code: 0",
        ),
        Step(2, "agent", calls=(ToolCall("find", '{"q": 1}'),), observation='{"content": []}'),
        Step(
            3,
            "agent",
            calls=(ToolCall("file_change", '[{"path": "a.py", "kind": "update"}]'),),
            observation="completed",
        ),
        Step(4, "agent", "All done."),
        Step(5, "system", '{"message": "stream lost"}'),
    )
    assert remarks(found) == [("records of no known type, left out: 1", 9)]


# --------------------------------------------------------------------------- Gemini CLI


def test_a_log_of_changes_is_played_back() -> None:
    found = session(
        {"sessionId": "g", "projectHash": "p", "startTime": "t", "kind": "main"},
        {"id": "1", "type": "user", "content": [{"text": "Read it."}]},
        {"id": "2", "type": "gemini", "content": "", "toolCalls": [{"name": "read", "args": {}}]},
        {
            "id": "2",
            "type": "gemini",
            "content": "I read.",
            "toolCalls": [{"name": "read", "args": {}, "result": [{"text": "package"}]}],
        },
        {"id": "3", "type": "user", "content": "Wrong way."},
        {"id": "4", "type": "gemini", "content": "Lost."},
        {"$rewindTo": "3"},
        {"$rewindTo": "unheard of"},
        {"$set": {"lastUpdated": "t", "messages": [{"id": "2", "type": "gemini"}]}},
        {"$set": {"messages": [{"id": "5", "type": "gemini", "content": "Done."}]}},
    )
    run = found.trajectories[0]
    assert run.task == "g"
    assert run.steps == (
        Step(1, "user", "Read it."),
        Step(2, "agent", "I read.", calls=(ToolCall("read", "{}"),), observation="package"),
        Step(3, "agent", "Done."),
    )
    assert remarks(found) == [("messages that the user went back from, left out: 2", 5)]


# --------------------------------------------------------------------------- mini-swe-agent


def test_responses_of_the_newer_interface_are_turns() -> None:
    run = only(
        imported(
            {
                "info": {},
                "trajectory_format": "mini-swe-agent-1.1",
                "messages": [
                    {"role": "system", "content": "Shell."},
                    {"role": "user", "content": "Go."},
                    {
                        "object": "response",
                        "output": [
                            {"type": "reasoning", "summary": []},
                            {"type": "message", "role": "assistant", "content": [text("I look.")]},
                            {
                                "type": "function_call",
                                "name": "bash",
                                "arguments": "{}",
                                "call_id": "1",
                            },
                        ],
                    },
                    {"type": "function_call_output", "call_id": "1", "output": "a.py"},
                    {"role": "exit", "content": "diff"},
                ],
            }
        )
    )
    assert run.steps == (
        Step(1, "system", "Shell."),
        Step(2, "user", "Go."),
        Step(3, "agent", "I look.", calls=(ToolCall("bash", "{}"),), observation="a.py"),
        Step(4, "tool", "diff"),
    )


def test_a_later_version_is_read_with_a_remark() -> None:
    messages = [{"role": "assistant", "content": "Hi."}]
    found = imported({"trajectory_format": "mini-swe-agent-9", "messages": messages})
    assert len(found.trajectories) == 1
    assert remarks(found) == [
        ("'mini-swe-agent-9' is none of the known versions 1 and 1.1", 0),
    ]


@pytest.mark.parametrize("status", ["Submitted", "submitted", "success", "LimitsExceeded"])
def test_an_exit_status_is_no_outcome(status: str) -> None:
    info = {"exit_status": status, "submission": "diff", "result": "pass"}
    mini = imported({"info": info, "messages": [{"role": "assistant", "content": "Solved!"}]})
    turn = {"action": "submit", "observation": "", "thought": "Solved!", "response": "Solved!"}
    swe = imported({"info": info, "trajectory": [turn], "history": []})
    for found in (mini, swe):
        assert only(found).outcome == Outcome(Result.UNKNOWN)


def test_a_graders_word_beside_the_messages_counts() -> None:
    messages = [{"role": "assistant", "content": "Hi."}]
    found = imported(
        {"info": {}, "trajectory_format": "mini-swe-agent-1"}
        | {"messages": messages, "reward": 0.5, "instance_id": "o__r-1"}
    )
    assert only(found).outcome == Outcome(Result.UNKNOWN, 0.5, "reward")
    assert only(found).task == "o__r-1"


# --------------------------------------------------------------------------- SWE-agent


def test_without_a_history_the_turns_are_read() -> None:
    turns = [
        {"action": "ls\n", "observation": "a.py", "thought": "I look.", "response": "I look. ls"},
        {"action": "", "observation": "again!", "thought": "", "response": "I ponder."},
    ]
    found = imported({"trajectory": turns, "info": {}}, "runs/o__r-7.traj")
    run = only(found)
    assert run.task == "o__r-7"
    assert run.steps == (
        Step(1, "agent", "I look.", calls=(ToolCall("shell", "ls"),), observation="a.py"),
        Step(2, "agent", "I ponder.", observation="again!"),
    )


def test_a_run_that_never_began_is_a_loud_remark() -> None:
    found = imported({"trajectory": [], "history": [], "info": {"exit_status": "exit_cost"}})
    assert found.trajectories == ()
    assert remarks(found) == [("looks like SWE-agent, but holds no steps", 0)]


# --------------------------------------------------------------------------- OpenHands


def test_a_single_event_is_no_conversation() -> None:
    event = {"id": 4, "source": "agent", "action": "run", "args": {"command": "ls"}}
    found = imported(event)
    assert found.trajectories == ()
    assert remarks(found) == [
        ("a single event of OpenHands: join the events of a conversation to one list", 0)
    ]


ACTION: Json = {"id": 1, "source": "agent", "action": "finish", "args": {"thought": "Solved!"}}


@pytest.mark.parametrize(
    ("beside", "outcome"),
    [
        ({"test_result": {"result": True}}, Outcome(Result.PASS, said_by="test_result")),
        ({"test_result": {"success": False}}, Outcome(Result.FAIL, said_by="test_result")),
        ({"test_result": {"score": 0.5}}, Outcome(Result.UNKNOWN, 0.5, "test_result")),
        (
            {"test_result": {"result": {"success": True}}},
            Outcome(Result.PASS, said_by="test_result.result"),
        ),
        (
            {"test_result": {"report": {"resolved": False, "empty_generation": True}}},
            Outcome(Result.FAIL, said_by="test_result.report"),
        ),
        ({"test_result": {"git_patch": "diff"}}, Outcome(Result.UNKNOWN)),
        ({"test_result": {"result": "success"}}, Outcome(Result.UNKNOWN)),
        ({"test_result": {"report": {"resolved": "yes"}}}, Outcome(Result.UNKNOWN)),
        ({"git_patch": "d", "success": True}, Outcome(Result.UNKNOWN)),
        ({"metadata": {}, "error": None}, Outcome(Result.UNKNOWN)),
    ],
)
def test_only_what_a_test_said_is_an_outcome(beside: Json, outcome: Outcome) -> None:
    assert only(imported({"instance_id": "q", "history": [ACTION]} | beside)).outcome == outcome


def test_a_score_that_is_no_number_is_told() -> None:
    found = imported({"id": "q", "history": [ACTION], "test_result": {"score": "high"}})
    assert found.trajectories[0].outcome.result is Result.UNKNOWN
    assert remarks(found) == [("test_result: the score is not a finite number", 0)]


# --------------------------------------------------------------------------- laws


def check(found: Imported) -> None:
    assert found.trajectories or found.diagnostics, "nothing disappears in silence"
    assert not [one for one in found.diagnostics if "is broken" in one.message]
    for one in found.trajectories:
        assert isinstance(one.digest, Digest)
        repr(one).encode()
        view(one, 500)


MINE = sorted(
    path
    for name in ("claude", "codex", "evo", "gemini", "mini", "openhands", "swe")
    for path in CASES.glob(f"{name}*.json*")
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["user", "assistant", "agent", "tool_use", "message", "t1", "u4", "1"]),
)
VALUES = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=3),
    st.dictionaries(st.sampled_from(["type", "role", "content", "id", "text"]), SCALARS),
    st.just([[{"type": "text"}]]),
    st.just({"a": {"b": [{"c": None}]}}),
)
CHANGES = st.lists(st.tuples(st.integers(0, 10_000), VALUES, st.integers(0, 2)), max_size=8)


def values_of(case: Path) -> list[object]:
    found: list[object] = []
    data = case.read_text(encoding="utf-8")
    for part in data.splitlines() if case.suffix == ".jsonl" else [data]:
        try:
            found.append(json.loads(part))
        except ValueError:
            continue
    return found


Slot = tuple[dict[str, object], str] | tuple[list[object], int]


def slots(value: object) -> list[Slot]:
    found: list[Slot] = []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += [(value, key), *slots(inner)]
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            found += [(value, at), *slots(inner)]
    return found


def change(values: list[object], place: int, new: object, how: int) -> None:
    """Put the value into one of all places, or take what is there away, or repeat it."""
    places = slots(values)
    if not places:
        return
    holder, key = places[place % len(places)]
    if isinstance(holder, list) and isinstance(key, int):
        replaced = {0: [new], 1: [], 2: [holder[key], copy.deepcopy(holder[key])]}[how]
        holder[key : key + 1] = replaced
    elif isinstance(holder, dict) and isinstance(key, str):
        if how == 0:
            holder[key] = new
        elif how == 1:
            del holder[key]
        else:
            holder[f"{key}s"] = copy.deepcopy(holder[key])


@pytest.mark.parametrize("case", MINE, ids=lambda path: path.name)
@given(changes=CHANGES)
@settings(max_examples=60, deadline=None)
def test_no_change_of_a_case_crashes_an_importer(
    case: Path, changes: list[tuple[int, object, int]]
) -> None:
    values = values_of(case)
    for place, new, how in changes:
        change(values, place, copy.deepcopy(new), how)
    for importer in CODING_AGENTS:
        for value in values:
            importer.recognises(value)
    text_ = "\n".join(map(json.dumps, values))
    check(import_file(SourceFile(case.name, text_.encode())))


@pytest.mark.parametrize("case", MINE, ids=lambda path: path.name)
@given(share=st.floats(0, 1), junk=st.binary(max_size=6))
@settings(max_examples=25, deadline=None)
def test_no_cut_of_a_case_crashes_an_importer(case: Path, share: float, junk: bytes) -> None:
    data = case.read_bytes()
    at = int(share * len(data))
    check(import_file(SourceFile(case.name, data[:at] + junk)))
    check(import_file(SourceFile(case.name, data[:at] + junk + data[at:])))


def claude_chain(count: int) -> list[Json]:
    """All lines one turn, each a child of the one before, every second one a sub-agent's."""
    found: list[Json] = []
    for at in range(count):
        name = f"{at // 2}"
        calls = [use(f"c{at}", "Task", prompt=f"p{at}"), text("x" * 30)]
        more: Json = {"uuid": f"{at}", "parentUuid": f"{at - 1}"}
        if at % 2:
            more |= {"isSidechain": True, "agentId": name}
        found.append(record("assistant", calls, id="m", **more))
    return found


def claude_nested(count: int) -> list[Json]:
    """Each sub-agent starts the next one."""
    found = [record("assistant", [use("c0", "Task", prompt="p0")], id="m")]
    for at in range(1, count):
        side: Json = {"parent_tool_use_id": f"c{at - 1}"}
        found.append(record("assistant", [use(f"c{at}", "Task", prompt=f"p{at}")], id="m", **side))
    return found


def codex_turn(count: int) -> list[Json]:
    """A single turn of many items, whose answers come in the wrong order."""
    calls = [
        item(type="function_call", name="f", arguments="{}", call_id=f"{at}") for at in range(count)
    ]
    words = [item(type="reasoning", summary=[text("y" * 40)]) for _ in range(count)]
    answers = [
        item(type="function_call_output", call_id=f"{at}", output="z") for at in range(count)
    ]
    return [*calls, *words, *reversed(answers)]


def openhands_reply(count: int) -> list[Json]:
    """All events of one reply of the model."""
    return [
        {
            "kind": "ActionEvent",
            "source": "agent",
            "thought": [text(f"thought {at} {'w' * 40}")],
            "tool_call_id": f"{at}",
            "llm_response_id": "g",
        }
        for at in range(count)
    ]


def gemini_log(count: int) -> list[Json]:
    """Messages, and as many ways back that lead nowhere or to the last one."""
    head: Json = {"sessionId": "g", "projectHash": "p"}
    said: list[Json] = [{"id": f"{at}", "type": "gemini", "content": "x"} for at in range(count)]
    back: list[Json] = [{"$rewindTo": f"{at}"} for at in range(2 * count, count // 2, -1)]
    return [head, *said, *back]


MADE = [claude_chain, claude_nested, codex_turn, openhands_reply, gemini_log]


@pytest.mark.parametrize("made", MADE)
def test_a_megabyte_takes_seconds_at_most(made: Callable[[int], list[Json]]) -> None:
    """At most a quarter of a second on an idle machine, 0.7 s under coverage."""
    records = made(4000)
    data = "\n".join(map(json.dumps, records)).encode()
    records = made(int(4000 * 1_000_000 / len(data)))
    data = "\n".join(map(json.dumps, records)).encode()

    def seconds() -> float:
        began = time.process_time()
        found = import_file(SourceFile("a.jsonl", data))
        spent = time.process_time() - began
        assert len(found.trajectories) == 1
        return spent

    goes = (seconds() for _ in range(3))  # a busy machine may be slow once, not thrice
    assert any(took < 4 * len(data) / 1_000_000 for took in goes)
