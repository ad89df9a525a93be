"""All that a run depends on beside the task, the skill, the model and the seed, as one digest.

Two runs under another digest are not comparable; changing a prompt or a budget changes it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict

from skillgit.agent.opening import Manner, opening
from skillgit.agent.tools import BASH, PYTHON, READ_FILE
from skillgit.config import Agent, Config, Confinement, Speech
from skillgit.names import Digest, Oid
from skillgit.ports import Prompts, Sandbox, ToolSpec
from skillgit.stages.rollout.terms import Actor
from skillgit.types import MANIFEST, Skill

VERSION = 3
"""Goes up whenever the loop, its tools or the graders behave otherwise."""

_BUDGET = frozenset({"turns", "seconds", "tokens", "output_chars"})
_CONTAINERS = frozenset({Confinement.DOCKER, Confinement.PODMAN})

TOOLS: tuple[ToolSpec, ...] = (PYTHON, BASH, READ_FILE)


def harness_digest(
    config: Config, actor: Actor, speech: Speech, prompts: Prompts, sandbox: Sandbox | None
) -> Digest:
    """The digest of prompts, tools, sampling, budgets, limits and grading, as far as they count."""
    told: dict[str, object] = {
        "version": VERSION,
        "actor": actor,
        "grading": asdict(config.grading),
    }
    if actor is Actor.MODEL and sandbox:
        limits = {name: value for name, value in asdict(config.sandbox).items() if name != "kind"}
        if sandbox.name not in _CONTAINERS:
            del limits["image"]
        told |= {
            "speech": speech,
            "sampling": asdict(config.endpoint.agent),
            "budget": {
                name: value for name, value in asdict(config.agent).items() if name in _BUDGET
            },
            "sandbox": limits | {"name": sandbox.name, "workdir": sandbox.workdir},
            "messages": _messages(config.agent, speech, prompts, sandbox),
            "tools": [asdict(spec) for spec in TOOLS],
        }
    text = json.dumps(told, sort_keys=True)
    return Digest(f"sha256:{hashlib.sha256(text.encode()).hexdigest()}")


def with_memories(harness: Digest, told: Mapping[str, object]) -> Digest:
    """The digest of the same harness where runs are told memory items; `told` says which."""
    text = json.dumps([harness, told], sort_keys=True)
    return Digest(f"sha256:{hashlib.sha256(text.encode()).hexdigest()}")


def task_message(prompts: Prompts, query: str, answer: str, preview: str) -> str:
    """The user's message that begins an agent's work."""
    return prompts("agent-task", query=query, answer=answer, preview=preview)


def manner_of(agent: Agent, speech: Speech, prompts: Prompts, sandbox: Sandbox) -> Manner:
    """What an agent is told about how it works."""
    return Manner(prompts, speech, TOOLS, sandbox.workdir, agent.turns)


def _messages(
    agent: Agent, speech: Speech, prompts: Prompts, sandbox: Sandbox
) -> list[tuple[str, str]]:
    """The prompts as an agent sees them, about a task and a skill that stand for any."""
    manner = manner_of(agent, speech, prompts, sandbox)
    any_skill = Skill("skills/any", Oid("0" * 40), {MANIFEST: b"text"})
    task = task_message(prompts, "query", "answer", "preview")
    return [
        (message.role, message.content)
        for skill in (None, any_skill)
        for message in opening(manner, skill, task)
    ]
