"""The tools that every agent has: bash, python, read_file.

Programs run in a sandbox; files are read here, by the program, without following any link.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from skillgit.agent.episode import Seen, Tool
from skillgit.agent.inside import NotTaken, opened_inside
from skillgit.ports import Ran, Sandbox, ToolSpec

PYTHON = ToolSpec(
    "python",
    "Run a whole Python 3 program in the work folder and see what it prints. openpyxl and pandas "
    "are installed. Nothing is remembered from one program to the next but the files.",
    {
        "type": "object",
        "properties": {"code": {"type": "string", "description": "the whole program"}},
        "required": ["code"],
    },
    "code",
)
BASH = ToolSpec(
    "bash",
    "Run commands with bash in the work folder and see what they print.",
    {
        "type": "object",
        "properties": {"command": {"type": "string", "description": "one or more lines"}},
        "required": ["command"],
    },
    "command",
)
READ_FILE = ToolSpec(
    "read_file",
    "Read lines of a text file.",
    {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "a file of the work folder or of a skill"},
            "first": {"type": "integer", "description": "the first line to show, 1 if not given"},
            "count": {"type": "integer", "description": "how many lines, 200 if not given"},
        },
        "required": ["path"],
    },
    "path",
)

_LINES = 200
_MOST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Room:
    """Where commands run: a sandbox, the folder they may write to, and what else they may read."""

    sandbox: Sandbox
    work: Path
    readable: Mapping[str, Path] = field(default_factory=dict)


def usual_tools(room: Room) -> tuple[Tool, ...]:
    """What every agent has; Python first, because most work is done in it."""
    return (python(room), bash(room), read_file(room))


def python(room: Room) -> Tool:
    """Run a program that the model wrote."""

    async def run(arguments: Mapping[str, object]) -> Seen:
        return shown(await run_program(room, str(arguments["code"])))

    return Tool(PYTHON, run)


def bash(room: Room) -> Tool:
    """Run commands that the model wrote."""

    async def run(arguments: Mapping[str, object]) -> Seen:
        text = str(arguments["command"])
        return shown(await _run_script(room, "/turn.sh", text, ("bash",)))

    return Tool(BASH, run)


async def run_program(room: Room, code: str) -> Ran:
    """Run a Python program in the work folder; a traceback names it turn.py."""
    return await _run_script(room, "/turn.py", code, room.sandbox.python())


def read_file(room: Room) -> Tool:
    """Show lines of a file, and say how many there are."""

    async def run(arguments: Mapping[str, object]) -> Seen:
        first, count = arguments.get("first", 1), arguments.get("count", _LINES)
        first = max(first, 1) if isinstance(first, int) else 1
        count = max(count, 1) if isinstance(count, int) else _LINES
        path = str(arguments["path"]).strip()
        return Seen(await asyncio.to_thread(_read, room, path, first, count))

    return Tool(READ_FILE, run)


def shown(ran: Ran) -> Seen:
    """What a command printed, with how it ended in the last line."""
    printed = ran.output.rstrip()
    if ran.status is None:
        end = f"(stopped: {ran.stopped})"
    else:
        end = f"(exit status {ran.status})" if printed else f"(no output, exit status {ran.status})"
    return Seen(f"{printed}\n{end}" if printed else end)


async def _run_script(room: Room, place: str, text: str, command: Sequence[str]) -> Ran:
    # In a file: a command line is shorter than a program may be, and a traceback shows its lines.
    with tempfile.TemporaryDirectory(prefix="skillgit-turn-") as folder:
        readable = {**room.readable, place: _written(Path(folder), place, text)}
        return await room.sandbox.run(room.work, (*command, place), readable=readable)


def _written(folder: Path, place: str, text: str) -> Path:
    folder.chmod(0o755)  # a container may be another user
    file = folder / PurePosixPath(place).name
    file.write_bytes(text.encode("utf-8", "replace"))
    return file


def _read(room: Room, path: str, first: int, count: int) -> str:
    folder, name = _place(room, path)
    with opened_inside(folder, name) as file:
        if isinstance(file, NotTaken):
            return f"Not read: {file.reason}"
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        return f"Not read: {path} is larger than {_MOST_BYTES >> 20} MB; use a program"
    if b"\0" in data[:8192]:
        return f"Not read: {path} holds {len(data)} bytes that are no text; use a program"
    lines = data.decode("utf-8", "replace").splitlines()
    if not lines:
        return f"{path} is empty"
    if first > len(lines):
        return f"Not read: {path} has only {len(lines)} lines"
    chosen = lines[first - 1 : first - 1 + count]
    header = f"lines {first} to {first + len(chosen) - 1} of {len(lines)} of {path}:"
    return "\n".join([header, *chosen])


def _place(room: Room, path: str) -> tuple[Path, str]:
    """The folder on this machine that holds what the model calls `path`, and the path in it."""
    for inside, folder in room.readable.items():
        if path.startswith(f"{inside}/"):
            return folder, path.removeprefix(f"{inside}/")
    workdir = room.sandbox.workdir.rstrip("/")
    name = path.removeprefix(f"{workdir}/") if path.startswith(f"{workdir}/") else path
    return room.work, name.removeprefix("./")
