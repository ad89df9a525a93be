"""`skillgit ablate`: from a round and tasks to what each lesson is worth, and to notes of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from skillgit.adapters.git import GitRepository
from skillgit.adapters.prompts import JinjaPrompts
from skillgit.adapters.settings import load_settings
from skillgit.config import SEEDS
from skillgit.doctor.speed import Speed
from skillgit.domains.loading import load_tasks
from skillgit.domains.selection import Selection, select
from skillgit.endpoint.ask import StoredAsk
from skillgit.endpoint.caps import Caps
from skillgit.endpoint.store import STATE_FOLDER, STORE_FILE, ReplyStore
from skillgit.errors import PartialError, SurroundingsError, UsageError
from skillgit.evaluation.ablation import Ablation, Terms, ablate, can_answer
from skillgit.evaluation.design import Design, questions_of
from skillgit.names import Digest, Oid, RoundId
from skillgit.pipeline.estimates import CHARS_A_TOKEN, Site
from skillgit.ports import Model, Progress, Signature
from skillgit.provenance.effects import EffectRecord
from skillgit.review.catalogue import FoundLesson
from skillgit.review.noting import note_effects
from skillgit.review.worth import standing_lessons
from skillgit.types import MANIFEST, Effect, Method, Usage
from skillgit.wiring.asking import asking, partial_stop
from skillgit.wiring.forecasting import Forecast, forecast_of
from skillgit.wiring.measuring import framed
from skillgit.wiring.places import open_repository
from skillgit.wiring.planning import probed, served
from skillgit.wiring.playing import Player, Room, Subject
from skillgit.wiring.runs import Runner, model_runner
from skillgit.wiring.timing import StopWatch
from skillgit.wiring.workplace import workplace

_NAMED = 5


@dataclass(frozen=True, slots=True)
class AblateErrand:
    """What a person asked `skillgit ablate` for, as they said it."""

    round: str
    tasks: Path
    selection: Selection
    lessons: tuple[int, ...] = ()
    """By their numbers in the round; none: all of them."""
    methods: tuple[Method, ...] = tuple(Method)
    seeds: tuple[int, ...] = ()
    confidence: float = 0.95
    margin: float = 0.02
    most_runs: int | None = None
    notes: bool = True
    options: dict[str, object] = field(default_factory=dict)
    start: Path = Path()
    replay: bool = False
    unsafe: bool = False
    caps: Caps = field(default_factory=Caps)


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that a person is shown."""

    subject: Subject
    ablation: Ablation
    model: str
    harness: Digest
    kept: int
    """Runs that were there before."""
    usage: Usage
    remarks: tuple[str, ...]
    notes: Oid | None = None
    """The tip of the notes, where some were written."""


Announce = Callable[[Forecast], None]


def run_ablation(errand: AblateErrand, progress: Progress, announce: Announce) -> Findings:
    """Measure what each lesson of a round is worth; what was run is not run again.

    `announce` hears what it will take before the first run is made.
    """
    watch = StopWatch(progress)
    with open_repository(errand.start) as repository, watch.told_at_a_stop():
        # Who has no name in Git shall hear of it before anything is paid.
        who = repository.author(int(time.time())) if errand.notes else None
        room = _room(errand, repository, watch)
        found = asyncio.run(_found(errand, room, announce))
        if who is None:
            return found
        return replace(found, notes=note_effects(repository, _told(found, who), who))


def plan_ablation(errand: AblateErrand, progress: Progress, *, probe: bool = True) -> Forecast:
    """What the same errand would take; nothing is run, and nothing is written."""
    with open_repository(errand.start) as repository:
        room = _room(errand, repository, progress)
        return asyncio.run(_planned(errand, room, probe=probe and not errand.replay))


# ------------------------------------------------------------------ what is taken apart


def _room(errand: AblateErrand, repository: GitRepository, progress: Progress) -> Room:
    config = load_settings(errand.start, errand.options).config
    subject = _subject(errand, repository)
    state = repository.common_dir / STATE_FOLDER
    return Room(config, subject, state, progress, errand.unsafe)


def _subject(errand: AblateErrand, repository: GitRepository) -> Subject:
    """The lessons that stand in the repository, and the runs that tell what they are worth."""
    tasks = select(load_tasks(errand.tasks), errand.selection)
    ids = tuple(one.id for one in tasks.tasks)
    standing = standing_lessons(repository, errand.round, ids)
    count = len(standing.lessons)
    only = _chosen(errand.lessons, standing.lessons, standing.round)
    subject = Subject(
        standing.round,
        standing.base,
        standing.lessons,
        standing.records,
        tasks,
        Design(
            lessons=count,
            tasks=ids,
            seeds=tuple(dict.fromkeys(errand.seeds)) or SEEDS,
            questions=tuple(questions_of(count, errand.methods, only)),
        ),
        (*standing.remarks, *tasks.remarks),
    )
    name = f"{subject.company} {tasks.digest}"
    return replace(subject, design=replace(subject.design, name=name))


def _chosen(
    numbers: Sequence[int], lessons: Sequence[FoundLesson], round_id: RoundId
) -> Sequence[int]:
    """The places of the lessons that are asked about, from their numbers."""
    known = {one.number: place for place, one in enumerate(lessons)}
    for number in numbers:
        if number not in known:
            raise UsageError(
                f"looking for lesson {number} of round {round_id}: it does not stand there",
                hint=f"those that stand are {', '.join(map(str, known))}",
            )
    return [known[number] for number in numbers] or list(known.values())


def _terms(errand: AblateErrand, room: Room) -> Terms:
    """How the questions are asked. A portion of tasks keeps all places busy, and no longer."""
    places = 2 * room.config.agent.parallel
    return Terms(
        confidence=errand.confidence,
        margin=errand.margin,
        most_runs=errand.most_runs,
        batch=-(-places // room.subject.design.runs_of_a_task()),
    )


# ------------------------------------------------------------------ what it will take


async def _planned(errand: AblateErrand, room: Room, *, probe: bool) -> Forecast:
    config, terms = room.config, _terms(errand, room)
    store_file = room.state / STORE_FILE
    async with asking(config, store_file, replay=errand.replay) as (ask, store):
        model, why = await served(ask, store)
        runner = None if why else await _runner(errand, room, ask, store)
        speed = None
        if probe and not why:
            found = await probed(config, model, room.subject.base.text(MANIFEST) or "")
            speed = found if isinstance(found, Speed) else None
        site = _site(room, ask, store, speed)
        forecast = forecast_of(room, terms, runner.options if runner else None, site, speed)
        return replace(forecast, model=model, unmeasured=why)


def _site(room: Room, ask: StoredAsk, store: ReplyStore, speed: Speed | None = None) -> Site:
    voice = Model(ask, JinjaPrompts(), room.progress)
    models = store.models()
    past = dict(store.past(models[0])) if len(models) == 1 else {}
    chars = (speed.chars_a_token if speed else 0.0) or CHARS_A_TOKEN
    return Site(room.config, voice, lambda _: False, past, chars_a_token=chars)


async def _runner(errand: AblateErrand, room: Room, ask: StoredAsk, store: ReplyStore) -> Runner:
    return await model_runner(
        room.config, ask, store, unsafe=errand.unsafe, replay=errand.replay, tried=False
    )


# ------------------------------------------------------------------ running


async def _found(errand: AblateErrand, room: Room, announce: Announce) -> Findings:
    config, subject, terms = room.config, room.subject, _terms(errand, room)
    frame = await framed(subject.tasks.tasks, config, room.state, room.progress)
    store_file = room.state / STORE_FILE
    async with asking(config, store_file, replay=errand.replay, caps=errand.caps) as (ask, store):
        try:
            runner = await _runner(errand, room, ask, store)
            forecast = forecast_of(room, terms, runner.options, _site(room, ask, store))
            announce(forecast)
            async with workplace(config, ask, store) as place:
                player = Player(room, runner.at(place))
                with player.told(int(forecast.runs.high)):
                    ablation = await ablate(subject.design, terms, player)
        except SurroundingsError as error:
            raise partial_stop(error, ask) from error
        except PartialError as stop:
            raise PartialError(stop.message, hint=f"{stop.hint}; no note was written") from stop
    if not ablation.effects:
        raise UsageError(
            f"measuring lessons with --max-runs {errand.most_runs}: not one task can be run",
            hint=f"a task takes {subject.design.runs_of_a_task()} runs",
        )
    return Findings(
        subject=subject,
        ablation=ablation,
        model=runner.options.model,
        harness=runner.options.harness,
        kept=player.kept,
        usage=ask.usage,
        remarks=(
            *subject.remarks,
            *_too_few(subject.design, terms),
            *_broken(frame.broken),
            *player.remarks(),
        ),
    )


def _too_few(design: Design, terms: Terms) -> Iterator[str]:
    if not can_answer(design, terms):
        yield (
            f"{len(design.tasks)} tasks are too few for {len(design.questions)} questions at once:"
            " not even a lesson that decides all of them could be told from one that does nothing;"
            " take more tasks, or ask less with --lesson and --method"
        )


def _broken(tasks: Sequence[str]) -> Iterator[str]:
    """On such a task no lesson can be worth anything."""
    if tasks:
        more = f" and {len(tasks) - _NAMED} more" if len(tasks) > _NAMED else ""
        yield (
            f"no agent can pass {len(tasks)} of these tasks, their own gold answers do not:"
            f" {', '.join(tasks[:_NAMED])}{more}"
        )


# ------------------------------------------------------------------ notes


def effects_of(ablation: Ablation) -> Mapping[int, Sequence[Effect]]:
    """The effects of each lesson by its place; those of all together belong to none."""
    found: dict[int, list[Effect]] = {}
    for question, effect in ablation.effects.items():
        if question.lesson is not None:
            found.setdefault(question.lesson, []).append(effect)
    return found


def _told(found: Findings, who: Signature) -> Mapping[Oid, Sequence[EffectRecord]]:
    """What is noted on each lesson's commit."""
    subject = found.subject
    told: dict[Oid, Sequence[EffectRecord]] = {}
    for place, effects in effects_of(found.ablation).items():
        commit = subject.lessons[place].commit
        if commit is None:
            continue
        told[commit] = [
            EffectRecord(
                patch=subject.records[place].patch,
                round=subject.round,
                base=subject.base.commit,
                company=subject.company,
                lessons=len(subject.lessons),
                tasks=subject.tasks.digest,
                seeds=subject.design.seeds,
                model=found.model[:200],
                harness=found.harness,
                effect=effect,
                by=who.name[:200],
                when=who.seconds,
            )
            for effect in effects
        ]
    return told
