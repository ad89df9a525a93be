"""One run: an agent works on the first case, and what it did is done again on the others.

What an agent leaves is taken out of its folder by the program and graded outside of the sandbox.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from skillgit.agent.episode import Brief, Budget, Episode
from skillgit.agent.inside import NotTaken
from skillgit.agent.loop import work
from skillgit.agent.opening import opening
from skillgit.agent.replay import replay
from skillgit.agent.tools import Room, usual_tools
from skillgit.agent.workspace import lay_out_case, lay_out_skill, take_out
from skillgit.domains.answers import ceiling_answer, floor_answer
from skillgit.domains.task import Case, Domain, Grade, Task
from skillgit.errors import PartialError, SurroundingsError
from skillgit.evaluation.runs import RunIdentity, SkillVersion
from skillgit.images import Image
from skillgit.ports import Message
from skillgit.stages.rollout.document import trajectory_bytes, unread, unread_memories
from skillgit.stages.rollout.harness import manner_of, task_message
from skillgit.stages.rollout.terms import Actor, Bench, Model, Options
from skillgit.types import Skill


@dataclass(frozen=True, slots=True)
class Order:
    """What a run is about. `version` names the skill, where there is one."""

    task: Task
    identity: RunIdentity
    skill: Skill | None
    version: SkillVersion | None


@dataclass(slots=True)
class Attempt:
    """A run as far as it has come; what is missing in the end did not happen."""

    order: Order
    told: tuple[Message, ...]
    work: Path | None = None
    images: tuple[Image, ...] = ()
    """What the agent was shown."""
    episode: Episode | None = None
    grades: tuple[Grade, ...] = ()
    problem: str = ""

    def trajectory(self) -> bytes:
        """The run as a document."""
        order = self.order
        return trajectory_bytes(order.identity, order.version, self.told, self.episode)


@asynccontextmanager
async def attempt(order: Order, options: Options, bench: Bench) -> AsyncIterator[Attempt]:
    """Make a run; its work folder is there until the block ends.

    A mistake of the run's own is its `problem`. Raises SurroundingsError and PartialError: where
    the endpoint or the sandbox is gone, no other run could succeed either.
    """
    with _scratch() as folder:
        made = Attempt(order, (Message("user", order.task.query),))
        try:
            if options.actor is Actor.MODEL:
                await _by_model(made, options, bench, folder)
            else:
                made.grades = await asyncio.to_thread(
                    _without_model, order.task, options.actor, _domain(bench, order.task), folder
                )
        except (SurroundingsError, PartialError):
            raise
        except Exception as error:  # noqa: BLE001 - recorded with the run, and the others go on
            made.problem = f"{type(error).__name__}: {error}"
        yield made


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="skillgit-run-", ignore_cleanup_errors=True) as folder:
        # Resolved: a sandbox binds it, and on some systems the temporary folder is a link.
        yield Path(folder).resolve()


async def _by_model(made: Attempt, options: Options, bench: Bench, folder: Path) -> None:
    if bench.model is None:
        raise ValueError("there is no model to work with")
    order, model = made.order, bench.model
    case = order.task.cases[0]
    domain = _domain(bench, order.task)
    readable = lay_out_skill(order.skill, folder / "skills") if order.skill else {}
    room = Room(model.sandbox, folder / "case-1", readable)
    made.images = await asyncio.to_thread(domain.images, case)
    made.work = await asyncio.to_thread(lay_out_case, case, room.work)
    preview = await asyncio.to_thread(domain.preview, case)
    brief = replace(
        _brief(made, options, model, room, preview), unfinished=partial(_unfinished, case, room)
    )
    made.episode = await work(brief, model.mind)
    made.grades = (await _graded(domain, case, room.work, options, folder),)
    for number, further in enumerate(order.task.cases[1:], 2):
        elsewhere = replace(room, work=folder / f"case-{number}")
        await replay(made.episode.calls, further, elsewhere)
        made.grades += (await _graded(domain, further, elsewhere.work, options, folder),)


def _brief(made: Attempt, options: Options, model: Model, room: Room, preview: str) -> Brief:
    """What the agent is asked; and how a trajectory tells it, without the skill's own text."""
    order, seed = made.order, made.order.identity.seed
    manner = manner_of(options.agent, options.speech, model.prompts, model.sandbox)
    task = task_message(model.prompts, order.task.query, order.task.cases[0].answer, preview)
    shown = unread(order.skill, order.version) if order.skill and order.version else None
    recalled = options.recalled.get(order.task.digest, "")
    told = opening(manner, shown, _behind(task, unread_memories(recalled)), made.images)
    made.told = (told[0], told[-1])  # an example between the two is not what this agent did
    return Brief(
        role="agent",
        label=f"{order.task.id} seed {seed}",
        opening=opening(manner, order.skill, _behind(task, recalled), made.images),
        tools=usual_tools(room),
        speech=options.speech,
        budget=Budget.of(options.agent),
        seed=seed,
    )


def _behind(task: str, recalled: str) -> str:
    """Behind the task, so that all that tasks share comes before it."""
    return f"{task}\n\n{recalled}" if recalled else task


def _unfinished(case: Case, room: Room) -> str:
    """Whatever an agent says, without an answer file nothing is done."""
    if os.path.lexists(room.work / case.answer):
        return ""
    return (
        f"There is no file {case.answer} yet, and only what a program writes into it counts."
        " Write the whole program that does it."
    )


async def _graded(
    domain: Domain, case: Case, folder: Path, options: Options, scratch: Path
) -> Grade:
    with tempfile.TemporaryDirectory(prefix="answer-", dir=scratch) as into:
        answer = await asyncio.to_thread(
            take_out, folder, case.answer, Path(into), options.answer_bytes
        )
        if isinstance(answer, NotTaken):
            return Grade(passed=False, score=0.0, problem=answer.reason)
        return await asyncio.to_thread(domain.grade, case, answer)


def _without_model(task: Task, actor: Actor, domain: Domain, folder: Path) -> tuple[Grade, ...]:
    grades: list[Grade] = []
    for number, case in enumerate(task.cases, 1):
        place = folder / f"case-{number}"
        place.mkdir()
        if actor is Actor.GOLD:
            answer = ceiling_answer(domain, case, place)
        else:
            answer = floor_answer(case, place)
        grades.append(domain.grade(case, answer or place / case.answer))
    return tuple(grades)


def _domain(bench: Bench, task: Task) -> Domain:
    try:
        return bench.domains[task.domain]
    except KeyError:
        known = ", ".join(sorted(bench.domains))
        raise ValueError(f"no domain {task.domain!r}; there is {known}") from None


def told_of(grades: Sequence[Grade]) -> str:
    """What the graders say of a run, without any expected value: which cases failed, and where."""
    if len(grades) == 1:
        return grades[0].report()
    failed = [(number, grade) for number, grade in enumerate(grades, 1) if not grade.passed]
    if not failed:
        return f"passed in all {len(grades)} cases"
    return "\n".join(f"{_case_words(number)}: {grade.report()}" for number, grade in failed)


def _case_words(number: int) -> str:
    if number == 1:
        return "case 1, which the agent worked on"
    return f"case {number}, other inputs for the same programs"
