"""From the document of a plan to its tables."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from dataclasses import fields

from skillgit.config import ErrorAnalyst, Signals
from skillgit.experiments.fields import Fields, listed
from skillgit.experiments.plan import INIT, NO_SKILL, SAME, Kind, Mode, Plan, Strategy, Table

_TABLE = tuple(one.name for one in fields(Table))
_SECTIONS = ("author", "mode")
_IN_ROWS = ("author", "mode", "init", "signal", "analyst", "strategy")
_STRATEGY = re.compile(r"(hierarchical|bank)|sequential-([1-9][0-9]{0,3})")


def read_table(place: Fields, plan: Plan) -> Table:
    """A table of a plan whose other parts are read."""
    place.only(_TABLE)
    users = listed(place.at("users"), lambda one: one.one_of(plan.models, "model"))
    measures = listed(place.at("measures"), lambda one: one.one_of(plan.measures, "measure"))
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
        references=listed(place.at("references"), lambda one: one.one_of(known, "skill")),
        authors=listed(place.at("authors"), lambda one: one.one_of((SAME, *plan.models), "model")),
        modes=listed(place.at("modes"), lambda one: one.choice(Mode)),
        strategies=listed(place.at("strategies"), _strategy) or (Strategy(),),
        signals=listed(place.at("signals"), lambda one: one.choice(Signals)) or (Signals.COMBINED,),
        analysts=listed(place.at("analysts"), lambda one: one.choice(ErrorAnalyst))
        or (ErrorAnalyst.AGENTIC,),
        against=place.at("against").text(""),
        average=place.at("average").truth(),
        time=place.at("time").truth(),
        sections=listed(place.at("sections"), lambda one: one.one_of(_SECTIONS, "heading")),
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
