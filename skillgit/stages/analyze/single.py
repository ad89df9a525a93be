"""An analyst that is one call: every success analyst, and the paper's "+Error LLM" ablation.

Section 4.3 of the paper compares it with the error analyst that proves its cause.
"""

from __future__ import annotations

from skillgit.ports import Failure
from skillgit.stages.analyze.asking import Office, Question, ask_about
from skillgit.stages.analyze.citations import citations
from skillgit.stages.analyze.reply import Reading, base_text
from skillgit.stages.analyze.schema import reply_schema
from skillgit.stages.analyze.vocabulary import unmentioned
from skillgit.trajectories.lines import plain
from skillgit.trajectories.view import view
from skillgit.types import Excluded, Patch, Result, Trajectory

_HALVINGS = 2
"""So often a trajectory that does not fit into a prompt is shown in half as many characters."""
_DETAIL_CHARS = 600


async def by_single_call(office: Office, trajectory: Trajectory) -> Patch | Excluded:
    """What one call makes of a trajectory; of half of it where the whole is too long, and so on."""
    characters = office.options.trajectory_chars
    least = characters >> _HALVINGS
    while True:
        question = question_about(office, trajectory, characters)
        if isinstance(question, Excluded):
            return question
        reading = await ask_about(office, question)
        if isinstance(reading, Reading):
            return reading.patch()
        if reading.failure is not Failure.TOO_LONG or characters <= least:
            return Excluded(trajectory.id, reading.reason)
        characters //= 2


def question_about(
    office: Office, trajectory: Trajectory, characters: int | None = None
) -> Question | Excluded:
    """What the one call asks; also for a plan, which asks nothing."""
    shown = view(trajectory, characters or office.options.trajectory_chars)
    passages = citations(shown)
    if not passages:
        return Excluded(trajectory.id, "nothing of the run can be shown: analyze.trajectory_chars")
    role = "error" if trajectory.outcome.result is Result.FAIL else "success"
    text = office.model.prompts(
        f"analyst-{role}",
        trajectory=shown.text,
        detail=_one_line(trajectory.outcome.detail[:_DETAIL_CHARS]),
        unmentioned=unmentioned(trajectory, base_text(office.skill)),
    )
    schema = reply_schema(office.places, passages, office.options.max_lessons)
    return Question(role, shown, text, schema)


def _one_line(detail: str) -> str:
    """What is said of a run stands outside its numbered lines and must not look like more."""
    return " ".join(line.strip() for line in plain(detail).split("\n")).strip()
