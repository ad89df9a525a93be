"""What benchmarks and tracers write: tau-bench, math, Trace2Skill, OpenTelemetry and the like."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from changed import CHANGES, Change, changed
from hypothesis import given, settings
from hypothesis import strategies as st

from skillgit.trajectories.documents import SourceFile
from skillgit.trajectories.drafts import Imported
from skillgit.trajectories.importers import IMPORTERS, import_file
from skillgit.trajectories.traces import Statement, outcome_said
from skillgit.trajectories.view import view
from skillgit.types import Outcome, Result

CASES = Path(__file__).parent / "cases"
REAL = Path(__file__).parents[2] / "../shared/data/trajectories"
MINE = ["atif", "inspect", "langfuse", "langsmith", "math", "otlp", "tau2", "tau_bench"]
MINE += ["trace2skill_records", "rollout", "chat"]
LOG = CASES / "robot_sum-3_FAILED.md"


def read(value: object, origin: str = "a.json") -> Imported:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return import_file(SourceFile(origin, data))


def lines(values: list[object]) -> bytes:
    return "".join(json.dumps(value) + "\n" for value in values).encode()


def told(found: Imported) -> list[str]:
    return [one.message for one in found.diagnostics]


def case(name: str) -> list[object]:
    """The values of a case: those of its lines, or the one that it is."""
    path = next(path for path in CASES.glob(f"{name}.json*"))
    texts = path.read_text("utf-8").splitlines() if path.suffix == ".jsonl" else [path.read_text()]
    values: list[object] = []
    for text in texts:
        try:
            values.append(json.loads(text))
        except ValueError:
            continue
    return values


# --------------------------------------------------------------------------- real files

REAL_FILES = [
    # folder or file, files, trajectories, steps, passed, failed, with a score alone, remarks
    ("gsm8k_model_solutions.jsonl", 1, 300, 600, 84, 216, 0, 0),
    ("atif/*.trajectory.json", 12, 11, 221, 0, 0, 0, 1),
    ("inspect-ai/*", 15, 28, 89, 18, 9, 1, 1),
    ("tau2-bench/*", 3, 16, 276, 0, 0, 16, 2),
    ("spreadsheet/*.json", 126, 126, 1016, 0, 0, 126, 0),
]


@pytest.mark.parametrize("row", REAL_FILES, ids=lambda row: row[0].partition("/")[0])
def test_what_real_files_hold(row: tuple[str, int, int, int, int, int, int, int]) -> None:
    paths = sorted(REAL.glob(row[0]))
    if not paths:
        pytest.skip(f"no shared data here: {row[0]}")
    found = [import_file(SourceFile(path.name, path.read_bytes())) for path in paths]
    runs = [run for one in found for run in one.trajectories]
    results = Counter(run.outcome.result for run in runs)
    scores = sum(run.outcome.score is not None for run in runs if run.outcome.result == "unknown")
    assert (
        len(paths),
        len(runs),
        sum(len(run.steps) for run in runs),
        results[Result.PASS],
        results[Result.FAIL],
        scores,
        sum(len(one.diagnostics) for one in found),
    ) == row[1:]
    assert len({run.digest for run in runs}) == len(runs)
    assert all(run.outcome.said_by for run in runs if run.outcome != Outcome(Result.UNKNOWN))


def test_tau2_text_stands_in_the_real_file() -> None:
    path = REAL / "tau2-bench/claude-sonnet-4-5_airline_default_gpt4.1_1trials.sample.json"
    if not path.exists():
        pytest.skip("no shared data here")
    source = json.loads(path.read_text("utf-8"))
    said = {m["content"] for s in source["simulations"] for m in s["messages"] if m["content"]}
    for run in import_file(SourceFile(path.name, path.read_bytes())).trajectories:
        assert run.task.startswith("airline/")
        for step in run.steps[1:]:
            assert not step.message or step.message in said
            assert bool(step.calls) == bool(step.observation)


# --------------------------------------------------------------------------- outcomes


def test_a_simulation_alone_and_its_end_is_no_outcome() -> None:
    (results,) = case("tau2")
    assert isinstance(results, dict)
    first = results["simulations"][0]
    run = read(first).trajectories[0]
    assert (run.task, run.outcome.score, run.steps[0].source) == ("7", 0.0, "agent")
    without = {key: value for key, value in first.items() if key != "reward_info"}
    assert read(without).trajectories[0].outcome == Outcome(Result.UNKNOWN)
    assert "expected_action" not in repr(run)


def test_a_simulation_without_words_is_a_loud_remark() -> None:
    silent = {"role": "assistant", "contains_speech": False}
    ticks = [{"tick_id": number, "agent_chunk": silent} for number in range(9)]
    found = read({"task_id": "1", "termination_reason": "user_stop", "ticks": ticks})
    assert told(found) == ["looks like tau-bench, but holds no steps"]
    found = read({"info": {}, "simulations": []})
    assert told(found) == ["looks like tau-bench, but holds no simulations"]


def test_the_agents_own_word_in_a_log_is_no_outcome() -> None:
    data = LOG.read_bytes()
    assert b"- Success: True" in data
    for name, result in [
        ("robot_sum-3.md", Result.UNKNOWN),
        ("robot_sum-3_FAILED.md", Result.FAIL),
        ("logs/robot_sum-3_SUCCEED.md", Result.PASS),
    ]:
        run = read(data, name).trajectories[0]
        assert (run.outcome.result, run.task) == (result, "sum-3")


def test_a_log_that_is_cut_off_or_no_text_is_told() -> None:
    data = LOG.read_bytes()
    found = read(data[: data.index(b"## RESULT")], "a.md")
    assert len(found.trajectories) == 1
    assert told(found) == ["the log has no result at its end, it may be cut off"]
    found = read(data.replace(b"40", b"\xff"), "a.md")
    assert found.trajectories == ()
    assert found.diagnostics[0].line == data[: data.index(b"40")].count(b"\n") + 1
    assert "not UTF-8" in told(found)[0]


def test_a_log_with_windows_line_ends_is_the_same() -> None:
    data = LOG.read_bytes()
    unix, dos = read(data, "a.md"), read(data.replace(b"\n", b"\r\n"), "a.md")
    assert unix.trajectories[0].steps == dos.trajectories[0].steps


def test_records_of_both_kinds_in_one_are_unknown() -> None:
    items = [{"type": "failure_cause", "title": "a"}, {"type": "success_memory", "title": "b"}]
    found = read({"instance_id": "i", "items": items})
    assert found.trajectories[0].outcome == Outcome(Result.UNKNOWN)
    assert "failures and of successes" in told(found)[0]


@pytest.mark.parametrize(
    ("said", "outcome", "words"),
    [
        ([], Outcome(Result.UNKNOWN), ""),
        ([Statement("tone", 0.5)], Outcome(Result.UNKNOWN, 0.5, "score tone"), ""),
        ([Statement("tone", 0.5), Statement("cost", 7)], Outcome(Result.UNKNOWN), "none is called"),
        (
            [Statement("tone", 0.1), Statement("Reward", 1.0)],
            Outcome(Result.UNKNOWN, 1.0, "score Reward"),
            "",
        ),
        (
            [Statement("correct", 0.8, "pass", "why")],
            Outcome(Result.PASS, 0.8, "score correct", "why"),
            "",
        ),
        (
            [Statement("correct", 0.8, "rather good")],
            Outcome(Result.UNKNOWN, 0.8, "score correct"),
            "",
        ),
        (
            [Statement("score", 0.8), Statement("reward", 0.3)],
            Outcome(Result.UNKNOWN, 0.3, "score reward"),
            "",
        ),
        (
            [Statement("passed", 1, "True"), Statement("success", 0, "False")],
            Outcome(Result.UNKNOWN),
            "contradict",
        ),
        ([Statement("score", "high")], Outcome(Result.UNKNOWN), "not a finite number"),
    ],
)
def test_what_was_said_about_a_trace(said: list[Statement], outcome: Outcome, words: str) -> None:
    found, fault = outcome_said(said)
    assert found == outcome
    assert words in fault
    assert bool(words) == bool(fault)


def test_a_status_is_no_outcome() -> None:
    values = case("langsmith")[0]
    assert isinstance(values, list)
    root = {**values[0], "feedback_stats": None, "status": "success", "error": None}
    assert read([root, *values[1:4]]).trajectories[0].outcome == Outcome(Result.UNKNOWN)


# --------------------------------------------------------------------------- traces


def generation(at: int, sent: list[object], answer: object, trace: str = "t") -> dict[str, object]:
    row = {"id": f"g{at}", "trace_id": trace, "type": "GENERATION", "start_time": f"{at:06}"}
    written = answer if isinstance(answer, str) else json.dumps(answer)
    return {**row, "input": json.dumps(sent), "output": written}


def test_what_is_said_twice_is_told_twice_and_what_is_repeated_once() -> None:
    yes = {"role": "user", "content": "yes"}
    one, two = ({"role": "assistant", "content": text} for text in ("one", "two"))
    rows = [generation(1, [yes], one), generation(2, [yes, one, yes], two)]
    run = read(lines(list(reversed(rows))), "a.jsonl").trajectories[0]
    assert [step.message for step in run.steps] == ["yes", "one", "yes", "two"]


def test_rows_of_several_traces_may_stand_mixed_and_as_an_answer_of_the_api() -> None:
    answer = {"role": "assistant", "content": "a"}
    rows = [generation(at, [], answer, f"t{at % 3}") for at in range(9)]
    found = read(lines(list(rows)), "a.jsonl")
    assert [run.task for run in found.trajectories] == ["t0", "t1", "t2"]
    assert [len(run.steps) for run in found.trajectories] == [3, 3, 3]
    page = read({"data": rows, "meta": {"cursor": "x"}})
    assert [run.digest for run in page.trajectories] == [run.digest for run in found.trajectories]


def test_a_trace_with_its_observations_inside() -> None:
    inside = generation(1, [], {"role": "assistant", "content": "a"})
    del inside["trace_id"]
    scores = [{"name": "score", "value": 0.5}]
    for trace in (
        {"id": "t-1", "observations": [inside], "scores": scores},
        {"trace": {"id": "t-1"}, "observations": [inside], "scores": scores},
    ):
        run = read(trace).trajectories[0]
        assert (run.task, run.outcome.score) == ("t-1", 0.5)


def test_an_answer_that_is_json_stays_as_it_was_written() -> None:
    written = '{"sum":3,  "of": [1, 2]}'
    row = {**generation(1, [], ""), "output": written}
    assert read(row).trajectories[0].steps[0].message == written


def test_blocks_of_tools_are_calls_and_answers() -> None:
    use = {"type": "tool_use", "id": "u1", "name": "ls", "input": {"a": 1}}
    thought = {"type": "thinking", "thinking": "hm"}
    answer = {
        "type": "tool_result",
        "tool_use_id": "u1",
        "content": [{"type": "text", "text": "f"}],
    }
    sent = [
        {"role": "assistant", "content": [thought, {"type": "text", "text": "I look."}, use]},
        {"role": "user", "content": [answer, {"type": "text", "text": "And?"}]},
    ]
    run = read(generation(1, list(sent), "Done.")).trajectories[0]
    first = run.steps[0]
    assert (first.reasoning, first.message, first.observation) == ("hm", "I look.", "f")
    assert [(call.name, call.arguments) for call in first.calls] == [("ls", '{"a": 1}')]
    assert [step.message for step in run.steps[1:]] == ["And?", "Done."]


def test_a_trace_of_something_else_is_told() -> None:
    span = {"traceId": "x", "spanId": "1", "name": "GET /", "attributes": []}
    found = read({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
    assert told(found) == ["traces without a call of a model (gen_ai.*), left out: 1"]


# --------------------------------------------------------------------------- laws


def check(found: Imported) -> None:
    assert found.trajectories or found.diagnostics, "nothing disappears in silence"
    assert [text for text in told(found) if "is broken" in text] == []
    for run in found.trajectories:
        repr(run).encode()
        view(run, 500)
        assert run.outcome.result is Result.UNKNOWN or run.outcome.said_by


@pytest.mark.parametrize("name", MINE)
@given(changes=CHANGES)
@settings(max_examples=80, deadline=None)
def test_no_change_of_a_case_crashes_an_importer(name: str, changes: list[Change]) -> None:
    values = changed(case(name), changes)
    for value in values if isinstance(values, list) else [values]:
        for importer in IMPORTERS:
            importer.recognises(value)
    check(read(lines(values if isinstance(values, list) else [values]), "a.jsonl"))
    check(read(values))


@given(
    share=st.floats(0, 1),
    junk=st.text(max_size=12),
    begin=st.sampled_from(["", "\n---\n## [5] USER\n"]),
)
@settings(max_examples=80, deadline=None)
def test_no_change_of_a_log_crashes_its_importer(share: float, junk: str, begin: str) -> None:
    text = LOG.read_text("utf-8")
    at = int(share * len(text))
    check(read((text[:at] + begin + junk + text[at:]).encode("utf-8", "replace"), "a.md"))
    check(read((text[:at] + begin + junk).encode("utf-8", "replace"), "a.md"))


def otlp_spans(count: int) -> bytes:
    def attribute(key: str, text: str) -> dict[str, object]:
        return {"key": key, "value": {"stringValue": text}}

    part = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "x" * 200}]}])
    span = {"traceId": "t", "spanId": "s", "attributes": [attribute("gen_ai.input.messages", part)]}
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span] * count}]}]}).encode()


def otlp_deep(count: int) -> bytes:
    value = '{"kvlistValue":{"values":[{"key":"a","value":' * 200 + "{}" + "}]}}" * 200
    spans = ",".join([f'{{"attributes":[{{"key":"gen_ai.x","value":{value}}}]}}'] * (count // 20))
    return f'{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{spans}]}}]}}]}}'.encode()


def langfuse_rows(count: int) -> bytes:
    answer = {"role": "assistant", "content": "x" * 200}
    return lines(
        [generation(at, [{"role": "user", "content": "y" * 50}], answer) for at in range(count)]
    )


def langfuse_nested_json(count: int) -> bytes:
    text: object = "x" * 100
    for _ in range(6):
        text = json.dumps([text])
    return lines([{**generation(at, [], ""), "output": text} for at in range(count)])


def langsmith_nested(count: int) -> bytes:
    run: dict[str, object] = {"id": "r", "run_type": "llm", "inputs": {"text": "x" * 900}}
    for at in range(60):
        run = (
            {"id": f"r{at}", "run_type": "chain", "inputs": {}, "child_runs": [run, run]}
            if at < 6
            else {"id": f"r{at}", "run_type": "chain", "inputs": {}, "child_runs": [run]}
        )
    return lines([run] * (count // 200))


def inspect_messages(count: int) -> bytes:
    message = {"role": "assistant", "content": "attachment://a"}
    sample = {"id": 1, "messages": [message] * count, "attachments": {"a": "x" * 300}}
    return json.dumps({"eval": {}, "status": "success", "plan": {}, "samples": [sample]}).encode()


def tau_ticks(count: int) -> bytes:
    tick = {
        "agent_chunk": {"role": "assistant", "content": "x" * 100},
        "user_chunk": {"role": "user"},
    }
    return json.dumps({"task_id": "1", "termination_reason": "x", "ticks": [tick] * count}).encode()


def log_of_blocks(count: int) -> bytes:
    blocks = (f"---\n\n## [{at}] ASSISTANT\n\n{'-' * 99}\n---\n" for at in range(count))
    return ("# Chat History: r\n" + "".join(blocks)).encode()


def log_of_rules(count: int) -> bytes:
    return b"# Chat History: r\n---\n## [1] ASSISTANT\n" + b"\n---\n## [1] USER" * count * 8


@pytest.mark.parametrize(
    "made",
    [
        otlp_spans,
        otlp_deep,
        langfuse_rows,
        langfuse_nested_json,
        langsmith_nested,
        inspect_messages,
        tau_ticks,
        log_of_blocks,
        log_of_rules,
    ],
)
def test_a_megabyte_takes_less_than_a_second(made: Callable[[int], bytes]) -> None:
    data = made(3000)
    megabytes = len(data) / 1e6
    assert megabytes > 0.1
    name = "a.jsonl" if data.count(b"\n") > 1 and data[:1] == b"{" else "a.json"

    def seconds() -> float:
        begun = time.process_time()
        check(read(data, name))
        return time.process_time() - begun

    goes = (seconds() for _ in range(3))  # a busy machine may be slow once, not thrice
    assert any(took < max(1.0, megabytes) for took in goes)
