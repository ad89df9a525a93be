"""From a YAML document to a plan; UsageError names line and key of what cannot be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from skillgit.config import SEEDS
from skillgit.domains.selection import Part
from skillgit.errors import UsageError
from skillgit.experiments.fields import Fields, Plain, listed
from skillgit.experiments.plan import (
    NO_SKILL,
    Assumptions,
    DomainChoice,
    DraftSkill,
    FolderSkill,
    Measure,
    Mode,
    ModelChoice,
    Plan,
    Score,
    SkillChoice,
    Split,
    Throughput,
)
from skillgit.experiments.table_reading import read_table
from skillgit.skill.plain_yaml import Document, read_yaml

SCHEMA = "skillgit.experiment-plan/1"

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


_NAMED = frozenset({"models", "skills", "domains", "measures"})
"""Below them stand names: one that is not there would replace nothing."""


def _replace(document: Document, path: str, value: str, origin: str) -> None:
    """Put a value in its place; a list has the number of an item as a key."""
    *above, last = _parts(path)
    place: object = document.value
    if len(above) > 1 and above[0] in _NAMED and isinstance(place, dict):
        known = place.get(above[0]) or {}
        if isinstance(known, dict) and above[1] not in known:
            raise UsageError(
                f"replacing {path} in the plan {origin}: {above[0]} has no {above[1]}",
                hint=f"it has {', '.join(known)}; {above[0]}.{above[1]}={{…}} adds one",
            )
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
        seeds=listed(top.at("seeds"), lambda one: one.count(0)) or SEEDS,
        evolve_seed=top.at("evolve_seed").count(SEEDS[0]),
        assume=_assumptions(top.at("assume")),
    )
    tables = tuple(read_table(one, plan) for one in top.at("tables").items())
    if not tables:
        top.at("tables").fail("there is none")
    return Plan(**{one.name: getattr(plan, one.name) for one in fields(Plan)} | {"tables": tables})


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
    place.only(("test", "evolve", "seeds", "turns", "fail_share", "opening", "tasks"))
    fails = place.at("fail_share")
    shared = place.at("tasks").text("")
    found = DomainChoice(
        name=name,
        test=_split(place.at("test"), home, shared),
        evolve=_split(place.at("evolve"), home, shared),
        seeds=listed(place.at("seeds"), lambda one: one.count(0)),
        turns=place.at("turns").number(0),
        fail_share=None if fails.value is None else min(1.0, fails.number(0)),
        opening=place.at("opening").number(0),
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
