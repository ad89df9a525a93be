"""The scripts that recorded the demo's trajectories still work, without a model."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from openpyxl import Workbook  # type: ignore[import-untyped]  # ships no types
from recording.grade import grade
from recording.make_tasks import Task, all_tasks, workbook
from recording.run_agent import SKILL, Setup, run_task, split_reply
from recording.sandbox import Sandbox, find_bubblewrap

TASKS = {task.name: task for task in all_tasks()}


def test_there_are_ten_kinds_on_four_levels_always_the_same() -> None:
    assert len(TASKS) == 40
    assert all_tasks() == all_tasks()


def solved(task: Task, path: Path) -> None:
    """Write the workbook that the task wants."""
    book: Workbook = workbook(task)
    for sheet, cells in task.expected.items():
        page = book[sheet] if sheet in book.sheetnames else book.create_sheet(sheet)
        for cell, value in cells.items():
            dated = isinstance(value, str) and value.startswith("date:")
            page[cell] = date.fromisoformat(str(value)[5:]) if dated else value
    book.save(path)


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_solution_passes_and_the_input_does_not(task: Task, tmp_path: Path) -> None:
    solved(task, tmp_path / "output.xlsx")
    workbook(task).save(tmp_path / "input.xlsx")
    assert grade(tmp_path / "output.xlsx", task.expected).passed
    assert not grade(tmp_path / "input.xlsx", task.expected).passed


@pytest.mark.parametrize(
    ("value", "want", "said"),
    [
        ("=1+1", 2, "found the formula =1+1 without a stored value"),
        ("2", 2, "expected the number 2, found the text '2'"),
        (True, 1, "found the bool True"),
        ("2024-03-05", "date:2024-03-05", "expected the date 2024-03-05, found the text"),
        (None, "x", "expected the text 'x', found an empty cell"),
        ("x", None, "expected an empty cell, found the text 'x'"),
    ],
)
def test_the_grader_says_what_differs(
    tmp_path: Path, value: object, want: str | float | None, said: str
) -> None:
    book = Workbook()
    book.active["A1"] = value
    book.save(tmp_path / "output.xlsx")
    verdict = grade(tmp_path / "output.xlsx", {book.active.title: {"A1": want}})
    assert not verdict.passed
    assert said in verdict.detail


def test_the_grader_takes_dates_with_and_without_a_time(tmp_path: Path) -> None:
    book = Workbook()
    book.active["A1"], book.active["A2"] = date(2024, 3, 5), datetime(2024, 3, 5)  # noqa: DTZ001 - a cell has no time zone
    book.save(tmp_path / "output.xlsx")
    cells = {"A1": "date:2024-03-05", "A2": "date:2024-03-05"}
    assert grade(tmp_path / "output.xlsx", {book.active.title: cells}).passed


def test_no_workbook_and_a_broken_one_are_failures(tmp_path: Path) -> None:
    assert "was not written" in grade(tmp_path / "output.xlsx", {}).detail
    (tmp_path / "output.xlsx").write_bytes(b"PK")
    assert "cannot be opened" in grade(tmp_path / "output.xlsx", {}).detail


@pytest.mark.parametrize(
    ("reply", "words", "code"),
    [
        ("I look.\n```python\nprint(1)\n```\nmore", "I look.", "print(1)"),
        ("```\nprint(1)", "", "print(1)"),
        ("DONE", "DONE", ""),
    ],
)
def test_a_reply_is_words_and_code(reply: str, words: str, code: str) -> None:
    assert split_reply(reply) == (words, code)


# --------------------------------------------------------------------------- the sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    found = find_bubblewrap()
    if not found:
        pytest.skip("bubblewrap is not installed, or may not make namespaces here")
    work = tmp_path / "work"
    work.mkdir()
    return Sandbox(work, SKILL, found)


def test_code_sees_its_folder_the_skill_and_little_else(sandbox: Sandbox) -> None:
    seen = sandbox.run(
        "import os, openpyxl\n"
        "print(os.getcwd(), sorted(os.listdir('/')), os.listdir('/skills/xlsx'), len(os.environ))\n"
        "open('out', 'w').write('x')"
    )
    assert seen.startswith("/task ['bin', 'dev', 'lib', 'lib64', 'proc', 'python', 'site'")
    assert "SKILL.md" in seen
    assert (sandbox.work / "out").read_text() == "x"


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("import socket\nsocket.create_connection(('1.1.1.1', 53), 2)", "Network is unreachable"),
        ("open('/skills/xlsx/SKILL.md', 'w')", "Read-only file system"),
        ("open('x', 'wb').write(bytes(50_000_000))", "File too large"),
        ("bytes(3_000_000_000)", "MemoryError"),
    ],
)
def test_code_is_confined(sandbox: Sandbox, code: str, seen: str) -> None:
    assert seen in sandbox.run(code)


def test_what_is_printed_is_shortened(sandbox: Sandbox) -> None:
    assert "[3501 characters left out]" in sandbox.run("print('a' * 2500 + 'b' + 'c' * 2500)")


# --------------------------------------------------------------------------- the agent


@pytest.fixture
def endpoint() -> Iterator[tuple[str, list[str]]]:
    """An endpoint that gives the replies of a list, in turn."""
    replies: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Say nothing."""

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            message = {"content": replies.pop(0)}
            usage = {"prompt_tokens": 7, "completion_tokens": 2}
            body = json.dumps({"choices": [{"message": message}], "usage": usage}).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1", replies
    server.shutdown()
    thread.join()
    server.server_close()
    assert not replies


WORK = """I add them up.
```python
from openpyxl import load_workbook
wb = load_workbook("input.xlsx")
ws = wb["Sales"]
ws["G2"] = sum(ws.cell(row=r, column=3).value for r in range(2, ws.max_row + 1))
wb.save("output.xlsx")
```"""


@pytest.mark.parametrize(
    ("replies", "reward", "steps"),
    [
        ([WORK, "DONE"], 1.0, 4),
        (["DONE"], 0.0, 3),
        (["I am sure that it is right.", "DONE"], 0.0, 5),
        ([WORK.replace("column=3", "column=1")] * 2, 0.0, 4),
    ],
    ids=["solved", "claimed", "talk", "stuck"],
)
def test_the_reward_is_what_the_workbook_deserves(
    sandbox: Sandbox,
    endpoint: tuple[str, list[str]],
    tmp_path: Path,
    replies: list[str],
    reward: float,
    steps: int,
) -> None:
    task = TASKS["total-cell-0"]
    folder = tmp_path / task.name
    folder.mkdir()
    workbook(task).save(folder / "input.xlsx")
    content = {"name": task.name, "query": task.query, "expected": task.expected}
    (folder / "task.json").write_text(json.dumps(content))
    url, queue = endpoint
    queue.extend(replies)
    run_task(Setup(url, "scripted", 41, sandbox.bubblewrap, tmp_path), folder)
    result = json.loads((tmp_path / f"{task.name}.result.json").read_text())
    assert result["rewards"] == {"reward": reward}
    recorded = json.loads((tmp_path / f"{task.name}.trajectory.json").read_text())
    assert [step["step_id"] for step in recorded["steps"]] == list(range(1, steps + 1))
    assert "input.xlsx" in recorded["steps"][1]["message"]
    assert str(tmp_path) not in json.dumps(recorded)
