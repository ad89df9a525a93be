"""`skillgit evolve --dry-run`: the plan of a round; no analyst is asked, and nothing is written.

Only the endpoint is asked two small questions, to tell how long the round will take.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from skillgit.adapters.files import read_outcomes_file, read_trajectory_files
from skillgit.adapters.git import GitRepository
from skillgit.adapters.prompts import JinjaPrompts
from skillgit.adapters.settings import load_settings
from skillgit.config import Config
from skillgit.doctor.speed import PROBES, Speed, measure_speed
from skillgit.domains.loading import load_tasks
from skillgit.domains.registry import DOMAINS
from skillgit.domains.task import TaskSet
from skillgit.endpoint.address import addresses, without_password
from skillgit.endpoint.ask import StoredAsk
from skillgit.endpoint.pictures import tokens_of
from skillgit.endpoint.store import STATE_FOLDER, STORE_FILE, Past, ReplyStore
from skillgit.endpoint.wire import Wire
from skillgit.errors import PartialError, SurroundingsError, UsageError
from skillgit.names import Digest
from skillgit.pipeline import must_be_provable, readable
from skillgit.pipeline.estimates import CHARS_A_TOKEN, Site
from skillgit.pipeline.planning import Plan, plan_from_tasks, plan_round
from skillgit.pipeline.safeguards import changeable
from skillgit.pipeline.spending import Span
from skillgit.ports import Model, Progress
from skillgit.stages.analyze import terms_of
from skillgit.stages.collect import collect
from skillgit.trajectories.documents import SourceFile
from skillgit.trajectories.outcome_table import read_table
from skillgit.types import Diagnostic, Pool, Skill
from skillgit.wiring.asking import asking, key_of
from skillgit.wiring.bench import exhibits
from skillgit.wiring.errands import Errand
from skillgit.wiring.places import open_repository, skill_root, uncommitted

_PROBE_SECONDS = 60.0
_LOOKED_AT = 50
"""Tasks whose pictures are measured."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """A plan, and what it rests on."""

    plan: Plan
    skill: Skill
    model: str
    """"" where nobody says which is served."""
    endpoint: str
    config: Config
    past: dict[str, Past]
    speed: Speed | None = None
    unmeasured: str = ""
    """Why there is no speed."""
    probes: int = 0
    """Small calls that were sent to measure it."""

    @property
    def chars_a_token(self) -> float:
        """What the tokens of the prompts are counted with."""
        return _chars_a_token(self.speed)


def plan_evolution(errand: Errand, progress: Progress, *, probe: bool = True) -> Outlook:
    """What the same errand would ask of the model."""
    if not errand.trajectories and errand.tasks is None:
        raise UsageError(
            "looking for what teaches: neither trajectories nor tasks are given",
            hint="give --trajectories PATH, or --tasks PATH to run the agent first",
        )
    with open_repository(errand.start) as repository:
        ground = _ground(errand, repository, progress)
        return asyncio.run(_outlook(ground, probe=probe and not errand.replay))


@dataclass(frozen=True, slots=True)
class _Ground:
    errand: Errand
    config: Config
    skill: Skill
    tasks: TaskSet | None
    gate: Span | None
    remarks: tuple[Diagnostic, ...]
    store_file: Path
    progress: Progress


def _ground(errand: Errand, repository: GitRepository, progress: Progress) -> _Ground:
    root = skill_root(errand.skill, errand.start, repository)
    config = load_settings(errand.start, errand.options).config
    return _Ground(
        errand,
        config,
        changeable(
            readable(repository.read_skill(root, errand.base)), rights_held=errand.rights_held
        ),
        load_tasks(errand.tasks) if errand.tasks else None,
        _gate_runs(errand, config),
        tuple(uncommitted(repository, root, errand.base)),
        repository.common_dir / STATE_FOLDER / STORE_FILE,
        progress,
    )


async def _outlook(ground: _Ground, *, probe: bool) -> Outlook:
    errand, config = ground.errand, ground.config
    async with asking(config, ground.store_file, replay=errand.replay) as (ask, store):
        model, why = await served(ask, store)
        voice = Model(ask, JinjaPrompts(), ground.progress)
        speed: Speed | str = why if probe else "--no-probe"
        if probe and not why:
            text = terms_of(ground.skill, config.analyze, voice).contract.content
            speed = await probed(config, model, text)
        past = dict(store.past(model))
        measured = speed if isinstance(speed, Speed) else None
        site = Site(
            config,
            voice,
            lambda call: bool(model) and ask.remembers(call, model),
            past,
            _provable(errand, ground.tasks),
            _chars_a_token(measured),
            errand.gate.evolutions if errand.gate else 1,
            _pictures(ground.tasks),
        )
        return Outlook(
            plan=_planned(ground, site),
            skill=ground.skill,
            model=model,
            endpoint=" ".join(map(without_password, addresses(config.endpoint.base_url))),
            config=config,
            past=past,
            speed=measured,
            unmeasured=speed if isinstance(speed, str) else "",
            probes=PROBES if measured else 0,
        )


def _planned(ground: _Ground, site: Site) -> Plan:
    errand, config = ground.errand, ground.config
    if not errand.trajectories and ground.tasks:
        return plan_from_tasks(ground.skill, len(ground.tasks.tasks), site, ground.gate)
    pool = _pool(ground, read_trajectory_files(errand.trajectories))
    must_be_provable(pool, config.analyze, tasks=ground.tasks is not None)
    return plan_round(ground.skill, pool, site, ground.gate)


def _pool(ground: _Ground, files: Iterable[SourceFile | Diagnostic]) -> Pool:
    outcomes = ground.errand.outcomes
    table = read_table(read_outcomes_file(outcomes)) if outcomes else None
    return collect(chain(ground.remarks, files), ground.config.collect, table)


def _pictures(tasks: TaskSet | None) -> float:
    """The tokens of what a task shows, by the first of them."""
    some = tasks.tasks[:_LOOKED_AT] if tasks else ()
    tokens = 0
    for one in some:
        with suppress(UsageError):  # the run itself will say what is wrong with its picture
            tokens += sum(map(tokens_of, DOMAINS[one.domain].images(one.cases[0])))
    return tokens / max(len(some), 1)


def _provable(errand: Errand, tasks: TaskSet | None) -> frozenset[Digest]:
    return frozenset(exhibits(errand.trajectories, tasks)) if tasks else frozenset()


def _chars_a_token(speed: Speed | None) -> float:
    return (speed.chars_a_token if speed else 0.0) or CHARS_A_TOKEN


def _gate_runs(errand: Errand, config: Config) -> Span | None:
    """No run where no lesson survives; else base and skill, with each subset that may be tried."""
    gate = errand.gate
    if gate is None:
        return None
    sets = 1 + gate.evolutions
    if gate.lessons:
        sets = gate.evolutions * (config.gate.search + 2)
    if gate.evolutions > 1:
        sets += 2
    return Span(0, sets * len(load_tasks(gate.tasks).tasks) * len(gate.seeds))


async def served(ask: StoredAsk, store: ReplyStore) -> tuple[str, str]:
    """The model whose replies count; and why the endpoint cannot be probed, if it cannot."""
    try:
        return await ask.model(), ""
    except (SurroundingsError, PartialError) as error:
        known = store.models()
        return known[0] if len(known) == 1 else "", error.message


async def probed(config: Config, model: str, text: str) -> Speed | str:
    """How fast the endpoint is with prompts like `text`; the reason where that cannot be told."""
    endpoint = config.endpoint
    seconds = min(endpoint.timeout, _PROBE_SECONDS)
    wire = Wire(addresses(endpoint.base_url)[0], key_of(config), timeout=seconds)
    try:
        return await measure_speed(wire, model, text)
    finally:
        await wire.close()
