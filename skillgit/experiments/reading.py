"""From a YAML document to a plan; UsageError names line and key of what cannot be used."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TypeVar

from skillgit.config import SEEDS, ErrorAnalyst, Signals
from skillgit.domains.selection import Part
from skillgit.errors import UsageError
from skillgit.experiments.fields import Fields, Plain
from skillgit.experiments.plan import (
    INIT,
    NO_SKILL,
    SAME,
    Assumptions,
    DomainChoice,
    DraftSkill,
    FolderSkill,
    Kind,
    Measure,
    Mode,
    ModelChoice,
    Plan,
    Score,
    SkillChoice,
    Split,
    Strategy,
    Table,
    Throughput,
)
from skillgit.skill.plain_yaml import Document, read_yaml

SCHEMA = "skillgit.experiment-plan/1"
T = TypeVar("T")

_PLAN = (
    "schema",
    "name",
    "models",
    "skills",
    "modes",
    "domains",
    "measures",
    "tables",
    "seeds",
    "evolve_seed",
    "settings",
    "assume",
)
_SPLIT = ("tasks", "part", "stratified", "from", "to", "limit", "count")
_TABLE = tuple(one.name for one in fields(Table))
_SECTIONS = ("author", "mode")
_IN_ROWS = ("author", "mode", "init", "signal", "analyst", "strategy")
_STRATEGY = re.compile(r"(hierarchical|bank)|sequential-([1-9][0-9]{0,3})")


def read_plan(text: str, origin: str, home: Path, replaced: Mapping[str, str] = {}) -> Plan:
    """The plan of a text; paths in it count from `home`.

    `replaced` are values that stand for those of the plan, by dotted path, as YAML.
    """
    try:
        document = read_yaml(text)
    except ValueError as error:
        raise UsageError(f"reading the plan {origin}: {error}", hint="it must be YAML") from error
    if not isinstance(document.value, dict):
        raise UsageError(
            f"reading the plan {origin}: it is no mapping", hint=f"begin with schema: {SCHEMA}"
        )
    for path, value in replaced.items():
        _replace(document, path, value, origin)
    return _plan(Fields(origin, document), home)


def _replace(document: Document, path: str, value: str, origin: str) -> None:
    """Put a value in its place; a list has the number of an item as a key."""
    *above, last = _parts(path)
    place: object = document.value
    for part in above:
        if isinstance(place, dict):
            place = place.setdefault(part, {})
        elif isinstance(place, list) and part.isdecimal() and int(part) < len(place):
            place = place[int(part)]
        else:
            place = None
    try:
        made = read_yaml(value).value
    except ValueError:
        made = value
    if isinstance(place, dict):
        place[last] = made
    elif isinstance(place, list) and last.isdecimal() and int(last) < len(place):
        place[int(last)] = made
    else:
        raise UsageError(
            f"replacing {path} in the plan {origin}: there is no such place",
            hint="as in --set models.122B.base_url=http://127.0.0.1:8000/v1",
        )


def _parts(path: str) -> list[str]:
    """`models.35B.settings.agent.turns` in its keys: settings have dots of their own."""
    parts = path.split(".")
    if "settings" in parts[:-1]:
        at = parts.index("settings") + 1
        return [*parts[:at], ".".join(parts[at:])]
    return parts


def _plan(top: Fields, home: Path) -> Plan:
    top.only(_PLAN)
    if top.at("schema").value != SCHEMA:
        top.at("schema").fail(f"must be {SCHEMA}", f"write schema: {SCHEMA}")
    settings = _settings(top.at("settings"))
    models = {name: _model(name, one, settings) for name, one in top.at("models").each()}
    skills = {name: _skill(name, one, home, models) for name, one in top.at("skills").each()}
    domains = {name: _domain(name, one, home) for name, one in top.at("domains").each()}
    measures = {name: _measure(name, one, domains) for name, one in top.at("measures").each()}
    for empty, found in (("models", models), ("domains", domains), ("measures", measures)):
        if not found:
            top.at(empty).fail("there is none")
    plan = Plan(
        name=top.at("name").text("experiment"),
        models=models,
        skills=skills,
        modes=_modes(top.at("modes"), skills),
        domains=domains,
        measures=measures,
        tables=(),
        seeds=_list(top.at("seeds"), lambda one: one.count(0)) or SEEDS,
        evolve_seed=top.at("evolve_seed").count(SEEDS[0]),
        assume=_assumptions(top.at("assume")),
    )
    tables = tuple(_table(one, plan) for one in top.at("tables").items())
    if not tables:
        top.at("tables").fail("there is none")
    return Plan(**{one.name: getattr(plan, one.name) for one in fields(Plan)} | {"tables": tables})


def _list(place: Fields, taken: Callable[[Fields], T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(taken(one) for one in place.items()))


def _settings(place: Fields) -> tuple[tuple[str, Plain], ...]:
    """`endpoint.merge.thinking: true`; the settings themselves say what they take."""
    return tuple((key, one.plain()) for key, one in place.each())


def _model(name: str, place: Fields, shared: tuple[tuple[str, Plain], ...]) -> ModelChoice:
    place.only(("title", "model", "base_url", "settings", "throughput"))
    return ModelChoice(
        name=name,
        title=place.at("title").text(name),
        model=place.at("model").text(""),
        base_url=place.at("base_url").text(""),
        settings=_joined(shared, _settings(place.at("settings"))),
        throughput=_throughput(place.at("throughput")),
    )


def _joined(
    shared: tuple[tuple[str, Plain], ...], own: tuple[tuple[str, Plain], ...]
) -> tuple[tuple[str, Plain], ...]:
    """A model's own settings win over those of the plan."""
    return tuple({**dict(shared), **dict(own)}.items())


def _throughput(place: Fields) -> Throughput | None:
    if place.value is None:
        return None
    place.only(("source", "prompt", "output", "gpus", "call"))
    source = place.at("source").text("")
    if not source:
        place.fail("there is no source", "say who measured it: source: vLLM on 8 A800, June")
    found = Throughput(
        source,
        place.at("prompt").number(0),
        place.at("output").number(0),
        place.at("gpus").number(1),
        place.at("call").number(0),
    )
    if not found.call and not (found.prompt and found.output and found.gpus):
        place.fail("give prompt, output and gpus, or call", "tokens a second, or GPU seconds")
    return found


def _skill(name: str, place: Fields, home: Path, models: Mapping[str, ModelChoice]) -> SkillChoice:
    place.only(("title", "folder", "draft", "describe", "author"))
    title = place.at("title").text(name)
    if name == NO_SKILL:
        place.fail(f"{NO_SKILL!r} is no skill", "choose another name")
    if (place.at("folder").value is None) == (place.at("draft").value is None):
        place.fail("give either a folder, or the name of a draft")
    if place.at("folder").value is not None:
        return FolderSkill(name, title, home / place.at("folder").text())
    return DraftSkill(
        name=name,
        title=title,
        draft=place.at("draft").text(),
        describe=place.at("describe").text(),
        author=place.at("author").one_of(models, "model"),
    )


def _modes(place: Fields, skills: Mapping[str, SkillChoice]) -> dict[Mode, str]:
    place.only(tuple(Mode))
    return {Mode(name): one.one_of(skills, "skill") for name, one in place.each()}


def _domain(name: str, place: Fields, home: Path) -> DomainChoice:
    place.only(("test", "evolve", "seeds", "turns", "tasks"))
    shared = place.at("tasks").text("")
    found = DomainChoice(
        name=name,
        test=_split(place.at("test"), home, shared),
        evolve=_split(place.at("evolve"), home, shared),
        seeds=_list(place.at("seeds"), lambda one: one.count(0)),
        turns=place.at("turns").number(0),
    )
    if found.test is None and found.evolve is None:
        place.fail("it has neither test nor evolve")
    return found


def _split(place: Fields, home: Path, shared: str) -> Split | None:
    if place.value is None:
        return None
    if isinstance(place.value, str):
        return Split(home / place.text())
    place.only(_SPLIT)
    tasks = place.at("tasks").text(shared)
    if not tasks:
        place.fail("there are no tasks", "give tasks: PATH here, or for the whole domain")
    start, stop = place.at("from").count(0), place.at("to")
    return Split(
        tasks=home / tasks,
        part=place.at("part").choice(Part, Part.ALL),
        stratified=place.at("stratified").truth(default=True),
        start=start,
        stop=None if stop.value is None else stop.count(0, start + 1),
        limit=place.at("limit").count(0),
        told=place.at("count").count(0),
    )


def _measure(name: str, place: Fields, domains: Mapping[str, DomainChoice]) -> Measure:
    place.only(("domain", "score", "group", "percent", "decimals"))
    domain = place.at("domain").one_of(domains, "domain")
    if domains[domain].test is None:
        place.at("domain").fail(f"the domain {domain!r} has no test tasks")
    return Measure(
        name=name,
        domain=domain,
        score=place.at("score").choice(Score, Score.HARD),
        group=place.at("group").text(""),
        percent=place.at("percent").truth(default=True),
        decimals=place.at("decimals").count(2),
    )


def _assumptions(place: Fields) -> Assumptions:
    place.only(tuple(one.name for one in fields(Assumptions)))
    return Assumptions(**{key: one.number(0) for key, one in place.each()})


def _table(place: Fields, plan: Plan) -> Table:
    place.only(_TABLE)
    users = _list(place.at("users"), lambda one: one.one_of(plan.models, "model"))
    measures = _list(place.at("measures"), lambda one: one.one_of(plan.measures, "measure"))
    for empty, found in (("users", users), ("measures", measures)):
        if not found:
            place.at(empty).fail("there is none")
    known = (NO_SKILL, *plan.skills)
    table = Table(
        number=place.at("number").count(1, 1),
        title=place.at("title").text(""),
        users=users,
        measures=measures,
        evolve=place.at("evolve").text(""),
        references=_list(place.at("references"), lambda one: one.one_of(known, "skill")),
        authors=_list(place.at("authors"), lambda one: one.one_of((SAME, *plan.models), "model")),
        modes=_list(place.at("modes"), lambda one: one.choice(Mode)),
        strategies=_list(place.at("strategies"), _strategy) or (Strategy(),),
        signals=_list(place.at("signals"), lambda one: one.choice(Signals)) or (Signals.COMBINED,),
        analysts=_list(place.at("analysts"), lambda one: one.choice(ErrorAnalyst))
        or (ErrorAnalyst.AGENTIC,),
        against=place.at("against").text(""),
        average=place.at("average").truth(),
        time=place.at("time").truth(),
        sections=_list(place.at("sections"), lambda one: one.one_of(_SECTIONS, "heading")),
        row=_row(place.at("row")),
        names={name: one.text() for name, one in place.at("names").each()},
    )
    _fits(table, place, plan)
    return table


def _strategy(place: Fields) -> Strategy:
    word = place.text()
    found = _STRATEGY.fullmatch(word)
    if found is None:
        place.fail(f"{word!r} is no strategy", "hierarchical, sequential-1, sequential-4 or bank")
    return Strategy(Kind(found[1])) if found[1] else Strategy(Kind.SEQUENTIAL, int(found[2]))


def _row(place: Fields) -> str:
    row = place.text("+{signal}")
    try:
        named = [name for _, name, _, _ in string.Formatter().parse(row) if name is not None]
    except ValueError as error:
        place.fail(str(error))
    for name in named:
        if name not in _IN_ROWS:
            place.fail(f"there is no {{{name}}} in a row", f"known are {', '.join(_IN_ROWS)}")
    return row


def _fits(table: Table, place: Fields, plan: Plan) -> None:
    """What belongs together is there together."""
    if SAME in table.authors and table.authors[1:]:
        place.at("authors").fail(f"{SAME!r} goes with no other author")
    if table.authors:
        domain = plan.domains.get(place.at("evolve").one_of(plan.domains, "domain"))
        if domain is None or domain.evolve is None:
            place.at("evolve").fail(f"the domain {table.evolve!r} has no tasks to evolve with")
        for mode in table.modes:
            if mode not in plan.modes:
                place.at("modes").fail(
                    f"the plan does not say what {mode} begins with", f"modes: {{{mode}: SKILL}}"
                )
        if not table.modes:
            place.at("modes").fail("there is none")
    if table.against and table.against not in (INIT, *table.references):
        place.at("against").fail(
            f"{table.against!r} is no reference of this table",
            f"say {INIT}, or one of {', '.join(table.references) or 'its references'}",
        )
    groups = {plan.measures[name].percent for name in table.measures}
    if table.average and len(groups) > 1:
        place.at("average").fail("percents and shares have no common average")
    _no_overlap(plan, place, [plan.measures[name].domain for name in table.measures])


def _no_overlap(plan: Plan, place: Fields, domains: Sequence[str]) -> None:
    """A cheap look at the plan; the tasks themselves are compared when they are read."""
    for name in domains:
        one = plan.domains[name]
        if one.evolve is not None and one.evolve == one.test:
            place.fail(f"the domain {name!r} tests with the tasks that teach")
