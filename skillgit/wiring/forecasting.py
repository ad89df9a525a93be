"""What an ablation will take, before it begins: runs, calls, tokens, time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import fmean

from skillgit.doctor.speed import Speed
from skillgit.evaluation.ablation import Terms, fewest_tasks
from skillgit.evaluation.design import Asked
from skillgit.evaluation.runs import RunResult
from skillgit.evaluation.sample import Cell
from skillgit.pipeline.estimates import Site, agent_runs
from skillgit.pipeline.spending import Span, Step, lasting
from skillgit.stages.rollout.terms import Options
from skillgit.wiring.measuring import found_runs
from skillgit.wiring.playing import Room, Subject
from skillgit.wiring.runs import Work

_SEEN = 400
"""Kept runs that are looked at, to tell what one takes."""
_ASSUMED = "assumptions, for no run of this agent on these tasks is kept"


@dataclass(frozen=True, slots=True)
class Forecast:
    """From the least, where every question is answered as soon as it can be, to the most."""

    subject: Subject
    terms: Terms
    runs: Span
    kept: int
    """Of the most, how many are there already."""
    step: Step
    """What those that are not there take."""
    model: str = ""
    seconds: Span | None = None
    basis: str = ""
    """What calls, tokens and time rest on."""
    unmeasured: str = ""
    """Why the endpoint could not be asked."""


def forecast_of(
    room: Room, terms: Terms, options: Options | None, site: Site, speed: Speed | None = None
) -> Forecast:
    """What is to come; from kept runs of the same agent on these tasks, where there are any.

    `options` None: nobody knows which agent it will be.
    """
    design = room.subject.design
    first = [Cell(task, design.seeds[0]) for task in design.order]
    few = list(design.runs(design.questions, first[: fewest_tasks(design, terms)]))
    cells = [Cell(task, seed) for seed in design.seeds for task in design.order]
    every = list(design.runs(design.questions, cells))
    most = min(len(every), terms.most_runs or len(every))
    known = dict(_known(room, options, every)) if options else {}
    high = max(most - len(known), 0)
    left = Span(min(sum(one not in known for one in few), high), high)
    told = list(islice(known.values(), _SEEN))
    step, seconds = _as_before(room, told, left) if told else _assumed(room, left, site, speed)
    return Forecast(
        subject=room.subject,
        terms=terms,
        runs=Span(min(len(few), most), most),
        kept=len(known),
        step=step,
        model=options.model if options else "",
        seconds=seconds,
        basis=f"{len(told)} kept runs of these tasks" if told else _ASSUMED,
    )


def _known(
    room: Room, options: Options, asked: Sequence[Asked]
) -> Iterator[tuple[Asked, RunResult]]:
    tasks = {one.id: one for one in room.subject.tasks.tasks}
    skills = {lessons: room.subject.skill(lessons) for lessons in {one.lessons for one in asked}}
    for one in asked:
        work = Work(skills[one.lessons], (tasks[one.cell.task],), (one.cell.seed,))
        for result in found_runs(work, options, room.state):
            yield one, result


def _as_before(room: Room, told: Sequence[RunResult], runs: Span) -> tuple[Step, Span]:
    """As many calls, tokens and seconds as such runs took."""
    calls = fmean(max(one.usage.calls + one.usage.cached_calls, one.turns) for one in told)
    prompt = fmean(one.usage.prompt_tokens for one in told)
    output = fmean(one.usage.output_tokens for one in told)
    shared = fmean(one.usage.cached_tokens for one in told)
    step = Step(
        "runs",
        "runs of an agent, as before",
        subjects=int(runs.high),
        remembered=None,
        calls=runs * calls,
        prompt=runs * prompt,
        shared=runs * shared,
        output=runs * output,
        at_once=room.config.agent.parallel,
    )
    return step, runs * (fmean(one.seconds for one in told) / room.config.agent.parallel)


def _assumed(room: Room, runs: Span, site: Site, speed: Speed | None) -> tuple[Step, Span | None]:
    """As an agent may work that is not known yet: from one turn to all that it may take."""
    everything = room.subject.skill(frozenset(range(room.subject.design.lessons)))
    step = agent_runs("runs", everything, runs, site)
    return step, lasting([step], speed) if speed else None
