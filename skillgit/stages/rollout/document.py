"""An agent's work as a trajectory: what it was told, what it did, what it saw."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

from skillgit.agent.episode import Episode, TurnTaken
from skillgit.evaluation.runs import Ended, RunIdentity, SkillVersion
from skillgit.ports import Message
from skillgit.trajectories.writing import WrittenCall, WrittenRun, WrittenStep, atif_bytes
from skillgit.types import MANIFEST, Skill

_BUDGETS = frozenset({Ended.TURNS, Ended.SECONDS, Ended.TOKENS})


def trajectory_bytes(
    identity: RunIdentity,
    skill: SkillVersion | None,
    told: Sequence[Message],
    episode: Episode | None,
) -> bytes:
    """The run as ATIF. `told` is how it began; without an episode nothing came after that.

    No dates are in it, and durations are those of the first time: the same replies from memory
    give the same bytes.
    """
    steps = [WrittenStep(message.role, message.content, images=message.images) for message in told]
    extra: dict[str, object] = {
        "seed": identity.seed,
        "harness": identity.harness,
        "skill": asdict(skill) if skill else None,
    }
    if episode:
        steps.extend(_steps(episode))
        extra |= {"ended": str(episode.ended), "reason": episode.reason}
    run = WrittenRun(
        _session(identity),
        identity.model,
        tuple(steps),
        episode.seconds if episode else None,
        extra,
    )
    return atif_bytes(run)


def unread_memories(recalled: str) -> str:
    """What stands for memory items in a trajectory, for the same reason as `unread`."""
    digest = hashlib.sha256(recalled.encode("utf-8", "replace")).hexdigest()
    return f"[memory items as the agent was given them, sha256:{digest}]" if recalled else ""


def unread(skill: Skill, version: SkillVersion) -> Skill:
    """A skill that stands for this one in a trajectory.

    The text that an agent was given must not come back as evidence of what it did, and every
    trajectory would be longer by it; the digest says exactly which text it was.
    """
    line = f"[SKILL.md as the agent was given it, of the skill {version.digest}]"
    return replace(skill, files={MANIFEST: line.encode()}, modes={})


def _steps(episode: Episode) -> Iterator[WrittenStep]:
    last = len(episode.turns) if episode.ended in _BUDGETS else 0
    for number, turn in enumerate(episode.turns, 1):
        if number == last and not turn.acts:
            words = f"(The {episode.ended} is used up; the agent is asked for its answer.)"
            yield WrittenStep("user", words)
        yield _agent_step(turn)
        if turn.told:
            yield WrittenStep("user", turn.told)


def _agent_step(turn: TurnTaken) -> WrittenStep:
    calls = tuple(WrittenCall(act.name, act.arguments, act.observation) for act in turn.acts)
    return WrittenStep("agent", turn.words, turn.reasoning, calls, turn.usage, seconds=turn.seconds)


def _session(identity: RunIdentity) -> str:
    """A name of this run alone, also where two runs said the same; it tells no task."""
    told = json.dumps(asdict(identity), sort_keys=True)
    return f"run-{hashlib.sha256(told.encode()).hexdigest()[:16]}"
