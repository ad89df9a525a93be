"""How a conversation with an agent begins: what all tasks of a skill share, then the task.

The system message and the example are byte-identical for all tasks, so that an endpoint reuses its
work on them; the skill stands last in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skillgit.agent.episode import END_WORD
from skillgit.agent.loop import observation
from skillgit.agent.tools import PYTHON, shown
from skillgit.agent.workspace import skill_name
from skillgit.config import Speech
from skillgit.errors import UsageError
from skillgit.images import Image
from skillgit.ports import Message, Prompts, Ran, ToolSpec
from skillgit.types import MANIFEST, Skill


@dataclass(frozen=True, slots=True)
class Manner:
    """What an agent is told about how it works, beside its task."""

    prompts: Prompts
    speech: Speech
    tools: Sequence[ToolSpec]
    workdir: str
    turns: int
    end_word: str = END_WORD


def opening(
    manner: Manner, skill: Skill | None, task: str, images: tuple[Image, ...] = ()
) -> tuple[Message, ...]:
    """The messages before an agent's first turn; `task` is the whole message of the user.

    Pictures of the task go with it, behind all that is the same for every task.
    """
    system = manner.prompts(
        "agent",
        workdir=manner.workdir,
        turns=manner.turns,
        speaking=speaking(manner),
        skill=_preloaded(skill) if skill else None,
    )
    return (Message("system", system), *example(manner), Message("user", task, images=images))


def speaking(manner: Manner) -> str:
    """How tools are called, as part of a system message."""
    if manner.speech is Speech.TOOLS:
        return manner.prompts("agent-tools")
    tools = [
        {
            "name": tool.name,
            "description": tool.description,
            "body": _described(tool, tool.body),
            "further": _further(tool),
        }
        for tool in manner.tools
    ]
    return manner.prompts("agent-text", tools=tools, end_word=manner.end_word)


def example(manner: Manner) -> tuple[Message, ...]:
    """A task that was done, in messages: small models imitate what they cannot follow."""
    if manner.speech is Speech.TOOLS or PYTHON.name not in {tool.name for tool in manner.tools}:
        return ()
    return (
        Message("user", manner.prompts("agent-example-task")),
        Message("assistant", manner.prompts("agent-example-turn")),
        Message("user", observation(shown(Ran("written: 3\n", 0)).text)),
        Message("assistant", manner.end_word),
    )


def _preloaded(skill: Skill) -> dict[str, str]:
    text = skill.text(MANIFEST)
    if text is None:
        raise UsageError(
            f"giving the skill {skill.root or '.'} to an agent: its SKILL.md is not UTF-8 text",
            hint="`skillgit check` says where; commit it as UTF-8",
        )
    return {"name": skill_name(skill), "text": text.strip()}


def _described(tool: ToolSpec, name: str) -> str:
    described: dict[str, dict[str, str]] = tool.parameters.get("properties", {})
    return described.get(name, {}).get("description") or name


def _further(tool: ToolSpec) -> str:
    names = [name for name in tool.parameters.get("properties", {}) if name != tool.body]
    return ", ".join(f"{name}=… ({_described(tool, name)})" for name in names)
