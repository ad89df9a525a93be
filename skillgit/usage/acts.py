"""What an agent did, call by call: commands, programs, files that a tool was asked to show.

Agents that speak in blocks of code instead of calls are understood, too: the blocks of their
messages are their acts, where the trajectory has no call at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from skillgit.types import Step, ToolCall, Trajectory

_FENCE = re.compile(r"(`{3,}|~{3,})[ \t]*([\w+-]*)[^`]*")
_SHELL = re.compile(r"(?:^|_)(?:bash|sh|shell|terminal|commands?|console|zsh)(?:$|_)")
_PYTHON = re.compile(r"python|jupyter|ipy|notebook")
_READING = re.compile(r"(?:^|_)(?:read|view|cat|open|show|display)(?:$|_)")
_CHANGING = re.compile(r"write|edit|create|replace|delete|insert|append|patch|undo")
_COMMANDS = ("command", "cmd", "commands", "script", "keystrokes")
_PROGRAMS = ("code", "source", "program", "ipython")
_PATHS = ("path", "file_path", "filename", "file", "absolute_path", "target_file", "filepath")


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that was done. `text` is all that was said to the tool, `seen` what came of it."""

    step: int
    text: str
    shell: str = ""
    python: str = ""
    reads: str = ""
    """The path that a tool for reading was given."""
    skill: str = ""
    """The skill that a tool for skills was asked for."""
    seen: str = ""


def acts(trajectory: Trajectory) -> Mapping[int, Sequence[Act]]:
    """The acts of each step that has any."""
    steps = trajectory.steps
    if any(step.calls for step in steps):
        return {
            step.number: [_act(step, call, _seen(steps, n)) for call in step.calls]
            for n, step in enumerate(steps)
            if step.calls
        }
    found = {
        step.number: list(_blocks(step, _seen(steps, n)))
        for n, step in enumerate(steps)
        if step.source == "agent"
    }
    return {number: done for number, done in found.items() if done}


def prose(step: Step, *, without_blocks: bool) -> str:
    """What an agent said; its blocks left out where they are its acts."""
    if not without_blocks:
        return f"{step.reasoning}\n{step.message}"
    outside = (text for word, text in _parted(step.message) if word is None)
    return "\n".join([step.reasoning, *outside])


def _seen(steps: Sequence[Step], number: int) -> str:
    """What came back: in the step, else in the answer that follows it."""
    own = [steps[number].observation] if steps[number].observation else []
    for step in steps[number + 1 :]:
        if step.source == "agent" or own:
            break
        own = [one for one in (step.observation, step.message) if one]
    return "\n".join(own)


def _parted(message: str) -> Iterator[tuple[str | None, str]]:
    """The closed blocks of code of a message with their words, and between them text (None)."""
    lines: list[str] = []
    mark, word = "", ""
    for line in message.split("\n"):
        opening = None if mark else _FENCE.fullmatch(line)
        if opening:
            yield None, "\n".join(lines)
            mark, word = opening[1], opening[2].casefold()
            lines = []
        elif mark and line.rstrip() == mark:
            yield word, "\n".join(lines)
            mark, lines = "", []
        else:
            lines.append(line)
    # A block that is never closed was not run; it is text.
    yield None, "\n".join(lines)


def _blocks(step: Step, seen: str) -> Iterator[Act]:
    for word, body in _parted(step.message):
        if word is None:
            continue
        if word.startswith("py"):
            yield Act(step.number, body, python=body, seen=seen)
        elif word in {"bash", "sh", "shell", "zsh", "console"}:
            yield Act(step.number, body, shell=body, seen=seen)
        elif word == "read_file":
            yield Act(step.number, body, reads=body.strip(), seen=seen)
        else:
            yield Act(step.number, body, seen=seen)


def _act(step: Step, call: ToolCall, seen: str) -> Act:
    name, given = _snake(call.name), _arguments(call.arguments)
    text = "\n".join(given.values())
    order = given.get("command", "")
    shell = _first(given, _COMMANDS) or (given.get("input", "") if _SHELL.search(name) else "")
    python = _first(given, _PROGRAMS)
    if not python and _PYTHON.search(name):
        python, shell = shell or text, ""
    elif "" in given and _SHELL.search(name):
        shell = given[""]
    is_view = order == "view" or (_READING.search(name) and not _CHANGING.search(name))
    path = _first(given, _PATHS)
    return Act(
        step.number,
        text,
        shell="" if path else shell,
        python=python,
        reads=path if is_view else "",
        skill=_first(given, ("skill", "skill_name", "name", "command")) if name == "skill" else "",
        seen=seen,
    )


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[^A-Za-z]+", "_", name).casefold()


def _first(given: Mapping[str, str], keys: Sequence[str]) -> str:
    return next((given[key] for key in keys if given.get(key)), "")


def _arguments(text: str) -> dict[str, str]:
    """The arguments that are texts; one without a name where they are no JSON object."""
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return {"": text}
    if not isinstance(found, dict):
        return {"": found if isinstance(found, str) else text}
    return {str(key): words for key, value in found.items() if (words := _words(value))}


def _words(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        # As Codex has it: ["bash", "-lc", "cat notes.md"].
        shell = len(value) > 2 and value[1] in {"-c", "-lc"}
        return str(value[2]) if shell else " ".join(value)
    return ""
