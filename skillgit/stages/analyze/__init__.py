"""Stage 2: one analyst per trajectory, all against the frozen base, none sees another's patch.

Section 2.3 of the paper. A success analyst is one call. The error analyst is one call here as
well (the paper's "+Error LLM" ablation); an analyst that works in a sandbox and proves its cause
takes the place of `_single_call` for failed trajectories.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace

from skillgit.config import Analyze, Signals
from skillgit.names import TrajectoryId
from skillgit.ports import Call, Message, Model, NoReply, Reply
from skillgit.skill.anchors import anchors, editable
from skillgit.skill.lines import numbered
from skillgit.stages.analyze.citations import citations
from skillgit.stages.analyze.reply import Reading, base_text, read_reply
from skillgit.stages.analyze.schema import reply_schema
from skillgit.stages.analyze.vocabulary import unmentioned
from skillgit.trajectories.view import View, view
from skillgit.types import Excluded, Patch, Pool, Result, Skill, Trajectory


@dataclass(frozen=True, slots=True)
class Analysis:
    """The patches, the trajectories without one, and who was analysed: the support's "of N"."""

    patches: tuple[Patch, ...]
    excluded: tuple[Excluded, ...]

    @property
    def analysed(self) -> tuple[TrajectoryId, ...]:
        """The trajectories whose analyst gave a usable reply, with edits or without."""
        return tuple(patch.trajectory for patch in self.patches)


async def analyze(skill: Skill, pool: Pool, options: Analyze, model: Model) -> Analysis:
    """Ask one analyst for each trajectory that may teach; results in the order of their ids."""
    chosen = _teachers(pool, options.signals)
    model.progress.start("analyze", len(chosen))
    contract = Message("system", model.prompts("analyst", files=_shown_files(skill)))
    places = tuple(anchors(skill, references=options.references))

    async def analyst(trajectory: Trajectory) -> Patch | Excluded:
        shown = view(trajectory, options.trajectory_chars)
        schema = reply_schema(places, citations(shown), options.max_lessons)
        result = await _single_call(skill, contract, schema, shown, model)
        model.progress.advance("analyze", f"{trajectory.id} {_summary(result)}")
        return result

    # The first call goes alone: when it is answered, the shared prefix is in the server's cache.
    results = [await analyst(chosen[0])] if chosen else []
    results += await asyncio.gather(*map(analyst, chosen[1:]))
    model.progress.finish("analyze")
    return Analysis(
        tuple(result for result in results if isinstance(result, Patch)),
        tuple(result for result in results if isinstance(result, Excluded)),
    )


def _teachers(pool: Pool, signals: Signals) -> tuple[Trajectory, ...]:
    """The trajectories that may teach under these signals, in the order of their ids."""
    failed = pool.failed if signals is not Signals.SUCCESS else ()
    passed = pool.passed if signals is not Signals.ERROR else ()
    return tuple(sorted((*failed, *passed), key=lambda trajectory: trajectory.id))


async def _single_call(
    skill: Skill, contract: Message, schema: dict[str, object], shown: View, model: Model
) -> Patch | Excluded:
    trajectory = shown.trajectory
    if not citations(shown):
        return Excluded(trajectory.id, "nothing of the run can be shown: analyze.trajectory_chars")
    role = "error" if trajectory.outcome.result is Result.FAIL else "success"
    question = model.prompts(
        f"analyst-{role}",
        trajectory=shown.text,
        detail=trajectory.outcome.detail[:600].strip(),
        unmentioned=unmentioned(trajectory, base_text(skill)),
    )
    call = Call(role, trajectory.id, (contract, Message("user", question)), schema)
    answer = await model.ask(call)
    if isinstance(answer, NoReply):
        return Excluded(trajectory.id, answer.reason)
    reading = read_reply(skill, shown, answer.value, contract.content)
    if reading.misfits:
        better = await model.ask(_again(call, answer, reading, model))
        if isinstance(better, Reply):
            reading = _best(reading, read_reply(skill, shown, better.value, contract.content))
    return reading.patch()


def _again(call: Call, answer: Reply, reading: Reading, model: Model) -> Call:
    """Misfits go back once, with the reasons; the conversation only grows (prefix caching)."""
    reasons = [f"edit {fate.edit.rpartition('.')[2]}: {fate.reason}" for fate in reading.misfits]
    said = Message("assistant", json.dumps(answer.value, ensure_ascii=False))
    again = Message("user", model.prompts("analyst-again", reasons=reasons))
    return replace(call, label=f"{call.label} again", messages=(*call.messages, said, again))


def _best(first: Reading, second: Reading) -> Reading:
    """The corrected reply, unless it lost what was right before."""
    return second if len(second.edits) >= len(first.edits) else first


def _shown_files(skill: Skill) -> list[dict[str, str]]:
    return [
        {"path": path, "text": numbered(text)}
        for path in editable(skill)
        if (text := skill.text(path)) is not None
    ]


def _summary(result: Patch | Excluded) -> str:
    return result.reason if isinstance(result, Excluded) else f"{len(result.edits)} edits"
