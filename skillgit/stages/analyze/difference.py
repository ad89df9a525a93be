"""What a repair changes in the failed run's own program: the change is what teaches."""

from __future__ import annotations

import difflib
import json

from skillgit.types import ToolCall, Trajectory

_MOST_LINES = 60


def calls_of(trajectory: Trajectory) -> tuple[ToolCall, ...]:
    """Every tool call of the agent, in order."""
    return tuple(call for step in trajectory.steps if step.source == "agent" for call in step.calls)


def last_program(trajectory: Trajectory, answer: str) -> str:
    """The last program of the run that names the answer file, else its last one, else "".

    Commands for bash count only where there is no Python at all.
    """
    calls = calls_of(trajectory)
    for tool, argument in (("python", "code"), ("bash", "command")):
        programs = [text for call in calls if call.name == tool if (text := _text(call, argument))]
        if programs:
            return next((one for one in reversed(programs) if answer in one), programs[-1])
    return ""


def _text(call: ToolCall, argument: str) -> str:
    try:
        given = json.loads(call.arguments)
    except (ValueError, RecursionError):
        return ""
    text = given.get(argument) if isinstance(given, dict) else None
    return text.strip("\n") if isinstance(text, str) else ""


def difference(before: str, after: str) -> str:
    """The change as a unified diff, without names of files; the whole text where all is new."""
    if not before:
        return after.strip("\n")
    lines = list(difflib.unified_diff(_lines(before), _lines(after), n=3, lineterm=""))[2:]
    shown = [line if line[:2] != "@@" else "@@" for line in lines[:_MOST_LINES]]
    return "\n".join(shown + (["…"] if len(lines) > _MOST_LINES else []))


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]
