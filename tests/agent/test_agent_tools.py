from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unconfined import Unconfined

from skillgit.agent.arguments import read_arguments
from skillgit.agent.episode import Tool
from skillgit.agent.replay import replay
from skillgit.agent.tools import BASH, PYTHON, READ_FILE, Room, bash, python, read_file, usual_tools
from skillgit.domains.task import Case
from skillgit.ports import ToolSpec
from skillgit.types import ToolCall


@pytest.fixture
def room(tmp_path: Path) -> Room:
    (tmp_path / "work").mkdir()
    (tmp_path / "xlsx").mkdir()
    return Room(Unconfined(), tmp_path / "work", {"/skills/xlsx": tmp_path / "xlsx"})


def use(tool: Tool, **arguments: object) -> str:
    async def run() -> str:
        return (await tool.run(arguments)).text

    return asyncio.run(run())


def test_the_usual_tools_begin_with_python(room: Room) -> None:
    assert [tool.spec.name for tool in usual_tools(room)] == ["python", "bash", "read_file"]
    for tool in usual_tools(room):
        assert tool.spec.body in tool.spec.parameters["required"]


def test_a_program_is_a_file_outside_of_the_work_folder(room: Room) -> None:
    code = "import os\nprint(os.listdir())\nraise ValueError('ä\ud800')"

    seen = use(python(room), code=code)

    assert seen.startswith("[]\n")
    assert 'turn.py", line 3, in <module>' in seen
    assert seen.endswith("ValueError: ä?\n(exit status 1)")


def test_a_program_may_be_longer_than_a_command_line(room: Room) -> None:
    assert use(python(room), code=f"print(len('{'x' * 3_000_000}'))") == "3000000\n(exit status 0)"
    assert use(bash(room), command=f": {'x' * 300_000}\necho ok") == "ok\n(exit status 0)"


def test_both_streams_and_silence_are_shown(room: Room) -> None:
    assert use(bash(room), command="echo a; echo b >&2; exit 3") == "a\nb\n(exit status 3)"
    assert use(bash(room), command="touch c") == "(no output, exit status 0)"
    assert (room.work / "c").exists()


def test_what_was_stopped_says_why(room: Room) -> None:
    room = Room(Unconfined(seconds=0.3), room.work)

    assert use(bash(room), command="sleep 9") == "(stopped: after 0.3 s)"


# ------------------------------------------------------------------ reading


def test_a_file_is_shown_page_by_page(room: Room) -> None:
    (room.work / "notes.txt").write_text("".join(f"line {n}\n" for n in range(1, 502)))
    read = read_file(room)

    first = use(read, path="notes.txt\n")
    middle = use(read, path="/work/notes.txt", first=201, count=2)
    last = use(read, path="./notes.txt", first=500)

    assert first.startswith("lines 1 to 200 of 501 of notes.txt:\nline 1\n")
    assert first.endswith("\nline 200")
    assert middle == "lines 201 to 202 of 501 of /work/notes.txt:\nline 201\nline 202"
    assert last.startswith("lines 500 to 501 of 501")
    assert use(read, path="notes.txt", first=-3, count=0).startswith("lines 1 to 1 of 501")
    assert use(read, path="notes.txt", first=502) == "Not read: notes.txt has only 501 lines"


def test_a_file_of_the_skill_is_read_where_the_agent_knows_it(room: Room) -> None:
    (room.readable["/skills/xlsx"] / "more.md").write_text("More.\n")

    assert use(read_file(room), path="/skills/xlsx/more.md").endswith("more.md:\nMore.")
    assert "unsafe path" in use(read_file(room), path="/skills/xlsx/../../secret")


def test_what_is_no_text_or_no_file_is_not_read(room: Room, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (room.work / "link").symlink_to(tmp_path / "secret")
    (room.work / "up").symlink_to(tmp_path)
    (room.work / "book.xlsx").write_bytes(b"PK\0\3")
    (room.work / "empty").touch()
    (room.work / "latin").write_bytes(b"caf\xe9")
    with (room.work / "vast").open("wb") as file:
        file.truncate(65 << 20)
    read = read_file(room)

    assert use(read, path="link") == "Not read: link is a link, not a file"
    for path in ("up/secret", "../secret", str(tmp_path / "secret"), "/etc/passwd", "none", "."):
        assert use(read, path=path).startswith("Not read: ")
        assert "secret\n" not in use(read, path=path)
    assert "4 bytes that are no text" in use(read, path="book.xlsx")
    assert use(read, path="empty") == "empty is empty"
    assert use(read, path="latin").endswith("caf\ufffd")
    assert "larger than 64 MB" in use(read, path="vast")


# ------------------------------------------------------------------ arguments


def test_arguments_are_read_as_the_tool_wants_them() -> None:
    given_text = '{"path": "a", "first": "10", "count": 5.0, "other": 1}'

    assert read_arguments(READ_FILE, given_text) == {"path": "a", "first": 10, "count": 5}
    assert "count must be of type integer" in read_arguments(READ_FILE, '{"path":"a","count":true}')
    assert "first must be of type integer" in read_arguments(READ_FILE, '{"path":"a","first":"x"}')


def test_a_tool_may_take_nothing_or_anything() -> None:
    nothing = ToolSpec("look", "Look.", {"type": "object"}, "")
    anything = ToolSpec("say", "Say.", {"properties": {"what": {}}, "required": ["what"]}, "what")

    assert read_arguments(nothing, " ") == {}
    assert read_arguments(anything, '{"what": [1]}') == {"what": [1]}


@given(st.text() | st.recursive(st.none() | st.text(), st.lists).map(repr))
def test_no_arguments_are_too_strange(text: str) -> None:
    for spec in (PYTHON, BASH, READ_FILE):
        assert isinstance(read_arguments(spec, text), str | dict)
    assert isinstance(read_arguments(PYTHON, "[" * 100_000), str)


# ------------------------------------------------------------------ replaying

PROGRAM = """
n = int(open("copy.txt").read())
open("output.txt", "w").write(str(n + 1))
"""
CALLS = (
    ToolCall("bash", '{"command": "cp input.txt copy.txt"}'),
    ToolCall("grade", "{}"),
    ToolCall("python", "print(1)"),
    ToolCall("python", '{"text": "x"}'),
    ToolCall("python", '{"code": "raise SystemExit(1)"}'),
    ToolCall("python", json.dumps({"code": PROGRAM})),
)


def test_what_was_done_once_is_done_again_on_other_inputs(tmp_path: Path) -> None:
    answers = []
    for number in (1, 41):
        source = tmp_path / f"{number}.txt"
        source.write_text(str(number))
        sandbox = Unconfined()
        room = Room(sandbox, tmp_path / f"work-{number}")

        place = asyncio.run(replay(CALLS, Case({"input.txt": source}, "output.txt"), room))

        assert sandbox.ran == 3
        answers.append((place / "output.txt").read_text())
    assert answers == ["2", "42"]
