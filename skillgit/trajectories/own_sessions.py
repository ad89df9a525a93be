"""Which trajectories are sessions of skillgit's own analysts: they must never teach a skill.

A proxy or a tracer in front of the endpoint records those, too, beside the agent's runs.
"""

from __future__ import annotations

from skillgit.types import Trajectory

OPENINGS = (
    "You improve a skill. A skill is a folder of instructions that an AI agent reads",
    "An AI agent worked on a task, and a grader refused its answer. You find out why",
    "Many analysts read runs of an agent and proposed edits of one skill.",
    "You write the first version of a skill. A skill is a text that an AI agent reads",
)
"""How the prompts of everyone but the agent of `rollout` begin, also those of earlier releases."""

DEMO_AGENT = "skillgit-demo-agent"
"""It worked on the tasks of the demo, before there was `rollout`."""
_STEPS = 3


def is_own_session(trajectory: Trajectory) -> bool:
    """Does it begin with one of our prompts, or is its agent one of ours but that of `rollout`?"""
    ours = trajectory.agent.startswith(("skillgit:", "skillgit-"))
    if ours and not trajectory.agent.startswith(DEMO_AGENT):
        return True
    return any(
        step.source in {"system", "user"} and step.message.lstrip().startswith(OPENINGS)
        for step in trajectory.steps[:_STEPS]
    )
