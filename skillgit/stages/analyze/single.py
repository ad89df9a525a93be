"""An analyst that is one call: every success analyst, and the paper's "+Error LLM" ablation.

Section 4.3 of the paper compares it with the error analyst that proves its cause.
"""

from __future__ import annotations

from skillgit.ports import NoReply
from skillgit.stages.analyze.asking import Office, Question, ask_about
from skillgit.stages.analyze.citations import citations
from skillgit.stages.analyze.reply import base_text
from skillgit.stages.analyze.schema import reply_schema
from skillgit.stages.analyze.vocabulary import unmentioned
from skillgit.trajectories.view import view
from skillgit.types import Excluded, Patch, Result, Trajectory


async def by_single_call(office: Office, trajectory: Trajectory) -> Patch | Excluded:
    """What one call makes of a trajectory."""
    question = question_about(office, trajectory)
    if isinstance(question, Excluded):
        return question
    reading = await ask_about(office, question)
    if isinstance(reading, NoReply):
        return Excluded(trajectory.id, reading.reason)
    return reading.patch()


def question_about(office: Office, trajectory: Trajectory) -> Question | Excluded:
    """What the one call asks; also for a plan, which asks nothing."""
    shown = view(trajectory, office.options.trajectory_chars)
    passages = citations(shown)
    if not passages:
        return Excluded(trajectory.id, "nothing of the run can be shown: analyze.trajectory_chars")
    role = "error" if trajectory.outcome.result is Result.FAIL else "success"
    text = office.model.prompts(
        f"analyst-{role}",
        trajectory=shown.text,
        detail=trajectory.outcome.detail[:600].strip(),
        unmentioned=unmentioned(trajectory, base_text(office.skill)),
    )
    schema = reply_schema(office.places, passages, office.options.max_lessons)
    return Question(role, shown, text, schema)
