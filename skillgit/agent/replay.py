"""What an agent did, done again elsewhere: its programs and commands, without a model.

So a task's further cases are answered (as SpreadsheetBench runs one solution on all of its test
cases), and a value that was typed in by hand is found out.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from skillgit.agent.arguments import read_arguments
from skillgit.agent.tools import Room, bash, python
from skillgit.agent.workspace import lay_out_case
from skillgit.domains.task import Case
from skillgit.types import ToolCall


async def replay(calls: Iterable[ToolCall], case: Case, room: Room) -> Path:
    """Lay out a case in the room's new work folder and run the python and bash calls there.

    What they print and how they end is nobody's concern; what they leave in the folder is.
    Raises UsageError for unfit inputs, SurroundingsError where the sandbox cannot be used.
    """
    lay_out_case(case, room.work)
    tools = {tool.spec.name: tool for tool in (python(room), bash(room))}
    for call in calls:
        tool = tools.get(call.name)
        arguments = read_arguments(tool.spec, call.arguments) if tool else ""
        if tool and not isinstance(arguments, str):  # else it was not run the first time either
            await tool.run(arguments)
    return room.work
