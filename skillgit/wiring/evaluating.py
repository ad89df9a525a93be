"""`skillgit eval`: from what a person asked to figures."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from skillgit.adapters.settings import load_settings
from skillgit.config import SEEDS, Config
from skillgit.endpoint.caps import Caps
from skillgit.errors import SurroundingsError, UsageError
from skillgit.ports import Progress
from skillgit.types import Usage
from skillgit.wiring.asking import asking, partial_stop
from skillgit.wiring.measuring import IDLE, Frame, forget, framed, kept, measured
from skillgit.wiring.places import open_repository, skill_root, uncommitted
from skillgit.wiring.recalling import Retriever, read_bank, taught_by
from skillgit.wiring.runs import Runner, Work, model_runner
from skillgit.wiring.timing import StopWatch
from skillgit.wiring.workplace import workplace

if TYPE_CHECKING:  # heavy imports: each function takes what it needs
    from skillgit.adapters.git import GitRepository
    from skillgit.domains.selection import Selection
    from skillgit.domains.task import TaskSet
    from skillgit.endpoint.ask import StoredAsk
    from skillgit.endpoint.store import ReplyStore
    from skillgit.evaluation.comparison import Comparison, Measurement
    from skillgit.evaluation.runs import RunResult
    from skillgit.provenance.bank import Bank
    from skillgit.types import Skill

NO_SKILL = "none"
"""Instead of a revision: the same agent without any skill."""

# A folder may begin with @ (`skills/@team/xlsx`), the folder of a skill itself may not; so `/@` is
# part of a path if a path goes on behind it, and else a revision after a final slash.
_AT = re.compile(r"(.+?)(?:(?<=[^/])@|/@(?!.*/))(.*)", re.DOTALL)
_NAMED = 5


@dataclass(frozen=True, slots=True)
class EvalErrand:
    """What a person asked `skillgit eval` for, as they said it."""

    tasks: Path
    selection: Selection
    skill: str | None = None
    """`FOLDER`, `FOLDER@REVISION` or `none`; None where no model is at work."""
    against: str | None = None
    """The revision that is the base of a comparison, or `none`."""
    actor: str = "model"
    seeds: tuple[int, ...] = ()
    """None: those of the paper."""
    options: dict[str, object] = field(default_factory=dict)
    start: Path = Path()
    replay: Path | bool = False
    unsafe: bool = False
    caps: Caps = field(default_factory=Caps)
    again: bool = False
    bank: Path | None = None
    """A memory bank, which runs with `skill` recall and those of the base do not."""


@dataclass(frozen=True, slots=True)
class Side:
    """A skill as of a revision (None: no skill), and its runs."""

    name: str
    revision: str
    skill: Skill | None
    results: tuple[RunResult, ...] = ()
    recalls: bool = False
    """Were its runs told what a memory bank holds?"""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that a person is shown: of a comparison two sides, the base first."""

    of: Measurement | Comparison
    tasks: TaskSet
    actor: str
    sides: tuple[Side, ...]
    kept: int
    """Runs that were there before."""
    state: Path
    usage: Usage
    remarks: tuple[str, ...]


def run_eval(errand: EvalErrand, progress: Progress) -> Evaluation:
    """Measure a skill, or compare it with another version of it; what was run is not run again."""
    from skillgit.domains.loading import load_tasks  # noqa: PLC0415
    from skillgit.domains.selection import select  # noqa: PLC0415

    config = load_settings(errand.start, errand.options).config
    tasks = select(load_tasks(errand.tasks), errand.selection)
    bank = read_bank(errand.bank) if errand.bank else None
    watch = StopWatch(progress)
    with _home(errand) as (repository, state), watch.told_at_a_stop():
        sides, remarks = _sides(errand, repository)
        room = _Room(errand, config, tasks, state, watch, bank)
        found = asyncio.run(_evaluated(room, sides))
    told = taught_by(bank, tasks.tasks) if bank else ()
    return replace(found, remarks=(*remarks, *told, *found.remarks, *tasks.remarks))


@dataclass(frozen=True, slots=True)
class _Room:
    """What all parts of an evaluation share."""

    errand: EvalErrand
    config: Config
    tasks: TaskSet
    state: Path
    progress: Progress
    bank: Bank | None = None


@contextmanager
def _home(errand: EvalErrand) -> Iterator[tuple[GitRepository | None, Path]]:
    """The repository and its private state; who runs no model may be in none."""
    from skillgit.endpoint.store import STATE_FOLDER  # noqa: PLC0415

    try:
        repository = open_repository(errand.start)
    except SurroundingsError:
        if errand.actor not in IDLE:
            raise
        with tempfile.TemporaryDirectory(prefix="skillgit-") as folder:
            yield None, Path(folder)
        return
    with repository:
        yield repository, repository.common_dir / STATE_FOLDER


def parted(text: str) -> tuple[str, str]:
    """`FOLDER@REVISION` in its two parts; without a revision it is HEAD."""
    found = _AT.fullmatch(text)
    if found is None:
        return text, "HEAD"
    if not found[2]:
        raise UsageError(
            f"looking for the skill {text}: there is no revision after the @",
            hint=f"say {found[1]}@HEAD~1, or {found[1]} for HEAD",
        )
    return found[1], found[2]


def _sides(
    errand: EvalErrand, repository: GitRepository | None
) -> tuple[tuple[Side, ...], tuple[str, ...]]:
    """What is measured, the base first; and what a person might believe to be read, and is not."""
    if repository is None or errand.skill is None:
        return (), ()
    recalls = errand.bank is not None
    if errand.skill == NO_SKILL:
        if errand.against is None:
            return (Side("agent", "", None, recalls=recalls),), ()
        return (Side("base", "", None), Side("other", "", None, recalls=recalls)), ()
    named, revision = parted(errand.skill)
    root = skill_root(named, errand.start, repository)
    skill = repository.read_skill(root, revision)
    unread = uncommitted(repository, root, revision)
    remarks = tuple(
        f"{one.origin} has changes that are not committed; HEAD was measured, not them"
        for one in unread
    )
    if errand.against is None:
        return (Side("skill", revision, skill, recalls=recalls),), remarks
    if errand.against == NO_SKILL:
        base = Side("base", "", None)
    else:
        base = Side("base", errand.against, repository.read_skill(root, errand.against))
    return (base, Side("other", revision, skill, recalls=recalls)), remarks


async def _evaluated(room: _Room, sides: tuple[Side, ...]) -> Evaluation:
    from skillgit.evaluation.comparison import compare, measure  # noqa: PLC0415

    again = room.errand.again
    frame = await framed(room.tasks.tasks, room.config, room.state, room.progress, again=again)
    before, usage = 0, Usage()
    if room.errand.actor in IDLE:
        results = frame.floor if room.errand.actor == "do-nothing" else frame.ceiling
        sides = (Side("agent", "", None, results),)
    else:
        sides, before, usage = await _with_model(room, sides)
    if len(sides) == 1:
        of: Measurement | Comparison = measure(sides[0].results, frame.bounds)
    else:
        of = compare(sides[0].results, sides[1].results, frame.bounds)
    return Evaluation(
        of=of,
        tasks=room.tasks,
        actor=room.errand.actor,
        sides=sides,
        kept=before,
        state=room.state,
        usage=usage,
        remarks=tuple(_broken(frame)),
    )


async def _with_model(room: _Room, sides: Sequence[Side]) -> tuple[tuple[Side, ...], int, Usage]:
    """The sides with their runs, how many of these were kept, and what the model was asked."""
    from skillgit.endpoint.store import STORE_FILE  # noqa: PLC0415
    from skillgit.sandbox import open_sandbox  # noqa: PLC0415

    errand, config, state = room.errand, room.config, room.state
    seeds = tuple(dict.fromkeys(errand.seeds)) or SEEDS
    works = [Work(side.skill, room.tasks.tasks, seeds) for side in sides]
    async with asking(config, state / STORE_FILE, replay=errand.replay, caps=errand.caps) as (
        ask,
        store,
    ):
        try:
            runner = await model_runner(
                config, ask, store, unsafe=errand.unsafe, replay=bool(errand.replay), tried=False
            )
            runners = await _runners(room, sides, runner, ask, store)
            if errand.again:
                for work, each in zip(works, runners, strict=True):
                    forget(work, each.options, state)
            before = [
                kept(work, each.options, state) for work, each in zip(works, runners, strict=True)
            ]
            if sum(before) < len(works) * len(seeds) * len(room.tasks.tasks):
                await asyncio.to_thread(open_sandbox, config.sandbox, unsafe=errand.unsafe)
            async with workplace(config, ask, store) as place:
                results = [
                    await measured(work, each.at(place), state, room.progress, name=side.name)
                    for side, work, each in zip(sides, works, runners, strict=True)
                ]
        except SurroundingsError as error:
            raise partial_stop(error, ask) from error
        usage = ask.usage
    measured_sides = tuple(
        replace(side, results=each) for side, each in zip(sides, results, strict=True)
    )
    return measured_sides, sum(before), usage


async def _runners(
    room: _Room, sides: Sequence[Side], runner: Runner, ask: StoredAsk, store: ReplyStore
) -> list[Runner]:
    """For each side, the runner or one that recalls."""
    if room.bank is None:
        return [runner] * len(sides)
    retriever = Retriever(room.config, ask, store)
    recalling = await retriever.recalling(runner, room.bank, room.tasks.tasks)
    return [recalling if side.recalls else runner for side in sides]


def _broken(frame: Frame) -> Iterator[str]:
    """A task that nobody can pass makes every rate too small."""
    tasks = frame.broken
    if tasks:
        more = f" and {len(tasks) - _NAMED} more" if len(tasks) > _NAMED else ""
        yield (
            f"no agent can pass {len(tasks)} of {len(frame.ceiling)} tasks, their own gold answers"
            f" do not: {', '.join(tasks[:_NAMED])}{more}"
        )
