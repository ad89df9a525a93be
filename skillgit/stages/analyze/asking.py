"""One schema call about one run, and once more about what in its reply does not fit.

The system message is the same for all analysts of a round, so that an endpoint reuses its work on
it; what differs stands in the question.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from skillgit.config import Analyze
from skillgit.images import Image
from skillgit.ports import Call, Failure, Message, Model, NoReply, Reply
from skillgit.stages.analyze.repair import NOTHING, Repair
from skillgit.stages.analyze.reply import Ground, Reading, read_reply
from skillgit.trajectories.view import View
from skillgit.types import Skill


@dataclass(frozen=True, slots=True)
class Office:
    """What all analysts of a round share. `places` are those that an edit may name."""

    skill: Skill
    contract: Message
    places: tuple[str, ...]
    options: Analyze
    model: Model


@dataclass(frozen=True, slots=True)
class Question:
    """What one analyst is asked.

    `repair` is what proved its cause, if anything. `example` is a part of `text` that is the same
    for all, and whose words are no lesson. `images` are what the run was about, where it saw any.
    """

    role: str
    shown: View
    text: str
    schema: Mapping[str, object]
    repair: Repair = NOTHING
    example: str = ""
    images: tuple[Image, ...] = ()


def call_of(office: Office, question: Question) -> Call:
    """The question as it is sent first."""
    messages = (office.contract, Message("user", question.text, images=question.images))
    return Call(question.role, question.shown.trajectory.id, messages, question.schema)


async def ask_about(office: Office, question: Question) -> Reading | NoReply:
    """Ask, and read the reply; misfits go back once, and the better reading counts."""
    call = call_of(office, question)
    fits = await office.model.fits(call)
    answer = await office.model.ask(call) if fits else _TOO_LONG
    if isinstance(answer, NoReply):
        return answer
    contract = office.contract.content
    ground = Ground(office.skill, question.shown, contract, question.repair, question.example)
    reading = read_reply(ground, answer.value)
    if reading.copied:
        # Told so, a small model copies once more; without the example it has nothing to copy.
        bare = replace(call.messages[-1], content=question.text.replace(question.example, ""))
        call = replace(call, label=f"{call.label} bare", messages=(office.contract, bare))
        anew = await office.model.ask(call)
        if isinstance(anew, Reply):
            answer, reading = anew, read_reply(ground, anew.value)
    if reading.reasons:
        better = await office.model.ask(_again(call, answer, reading, office.model))
        if isinstance(better, Reply):
            reading = _best(reading, read_reply(ground, better.value))
    return reading


_TOO_LONG = NoReply("the prompt does not fit into the model's context", failure=Failure.TOO_LONG)


def _again(call: Call, answer: Reply, reading: Reading, model: Model) -> Call:
    """Misfits go back once, with the reasons; the conversation only grows (prefix caching)."""
    said = Message("assistant", json.dumps(answer.value, ensure_ascii=False))
    again = Message("user", model.prompts("analyst-again", reasons=reading.reasons))
    return replace(call, label=f"{call.label} again", messages=(*call.messages, said, again))


def _best(first: Reading, second: Reading) -> Reading:
    """The corrected reply, unless it lost what was right before."""
    return second if len(second.edits) >= len(first.edits) else first
