"""Plans: what comes along can be read, and what cannot be used names its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from pretended import PLANS, plan_of

from skillgit.config import ErrorAnalyst, Signals
from skillgit.errors import UsageError
from skillgit.experiments.plan import FolderSkill, Kind, Mode, Score, Strategy
from skillgit.experiments.reading import read_plan

TINY = """\
schema: skillgit.experiment-plan/1
models:
  tiny: {}
skills:
  given: {folder: skills/sums}
modes:
  deepening: given
domains:
  sums: {test: test, evolve: teach}
measures:
  Sums: {domain: sums}
tables:
  - users: tiny
    measures: Sums
    references: none
    evolve: sums
    authors: tiny
    modes: deepening
"""


def read(text: str, **replaced: str) -> str:
    """What is wrong with a plan."""
    with pytest.raises(UsageError) as stop:
        read_plan(text, "plan.yaml", Path("/home"), replaced)
    return f"{stop.value.message} ({stop.value.hint})"


def test_every_table_of_the_paper_has_a_plan() -> None:
    assert sorted(path.stem for path in PLANS.glob("*.yaml")) == [f"table-{n}" for n in range(1, 7)]
    for number in range(1, 7):
        (table,) = plan_of(number).tables
        assert table.number == number
        assert table.users == ("122B", "35B")


def test_plans_ask_for_what_section_3_says() -> None:
    plan = plan_of(1)
    (table,) = plan.tables
    assert plan.seeds == (41, 42, 43)
    assert table.signals == (Signals.ERROR, Signals.SUCCESS, Signals.COMBINED)
    assert table.modes == (Mode.DEEPENING, Mode.CREATION)
    assert plan.measures["Soft"].score is Score.SOFT
    assert dict(plan.models["122B"].settings)["agent.turns"] == 100
    assert plan_of(4).tables[0].strategies == (
        Strategy(Kind.SEQUENTIAL, 4),
        Strategy(Kind.SEQUENTIAL, 1),
        Strategy(),
    )
    assert plan_of(5).tables[0].strategies[0] == Strategy(Kind.BANK)
    assert plan_of(6).tables[0].analysts == (ErrorAnalyst.AGENTIC, ErrorAnalyst.SINGLE_CALL)
    assert len(plan_of(2).domains["aime"].seeds) == 8


def test_a_small_plan_is_enough_and_paths_count_from_its_home() -> None:
    plan = read_plan(TINY, "plan.yaml", Path("/home"))
    given = plan.skills["given"]
    assert isinstance(given, FolderSkill)
    assert given.folder == Path("/home/skills/sums")
    test = plan.domains["sums"].test
    assert test
    assert test.tasks == Path("/home/test")
    assert plan.tables[0].references == ("none",)


def test_values_are_replaced_from_outside() -> None:
    more = {
        "models.tiny.model": "other",
        "domains.sums.test": "elsewhere",
        "tables.0.users": "[tiny]",
        "models.tiny.settings.agent.turns": "7",
        "settings.consolidate.min_support": "1",
        "seeds": "[1, 2]",
    }
    plan = read_plan(TINY, "plan.yaml", Path("/home"), more)
    assert plan.models["tiny"].model == "other"
    assert dict(plan.models["tiny"].settings) == {"agent.turns": 7, "consolidate.min_support": 1}
    assert plan.seeds == (1, 2)
    assert "there is no such place" in read(TINY, **{"tables.3.users": "x"})
    mistyped = read(TINY, **{"domains.sum.tasks": "elsewhere"})
    assert "domains has no sum (it has sums; domains.sum={…} adds one)" in mistyped
    added = {"domains.further": "{test: more}"}
    assert set(read_plan(TINY, "plan.yaml", Path("/home"), added).domains) == {"sums", "further"}
    odd = {"models.tiny.title": "[x", "tables.0": "{users: tiny, measures: Sums, number: 7}"}
    plan = read_plan(TINY, "plan.yaml", Path("/home"), odd)
    assert plan.models["tiny"].title == "[x", "what is no YAML is a text"
    assert plan.tables[0].number == 7
    assert plan.tables[0].authors == ()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("schema: skillgit.experiment-plan/1", "schema: x/1", "plan.yaml:1: schema: must be"),
        ("users: tiny", "user: tiny", "plan.yaml:13: tables.0.user: no such key (did you mean"),
        ("users: tiny", "users: tny", "there is no model 'tny' (did you mean 'tiny'?)"),
        ("domain: sums", "domain: none", "plan.yaml:11: measures.Sums.domain: there is no domain"),
        ("modes: deepening", "modes: [deepening, creation]", "does not say what creation begins"),
        ("evolve: teach}", "evolve: test}", "tests with the tasks that teach"),
        ("folder: skills/sums", "title: x", "give either a folder, or the name of a draft"),
        ("    evolve: sums", "    against: init\n    row: '{x}'", "there is no {x} in a row"),
        ("    evolve: sums", "    against: given", "evolve: must be a text"),
        ("authors: tiny", "authors: [same, tiny]", "'same' goes with no other author"),
        ("authors: tiny", "authors: tiny\n    strategies: [seq-4]", "'seq-4' is no strategy"),
        ("authors: tiny", "authors: tiny\n    signals: loud", "'loud' is none of error, success"),
        ("authors: tiny", "authors: tiny\n    average: 3", "must be true or false"),
        ("authors: tiny", "authors: tiny\n    against: human", "'human' is no reference"),
        ("tiny: {}", "tiny: {throughput: {prompt: 3, source: me}}", "give prompt, output and gpus"),
        ("tiny: {}", "tiny: {throughput: {call: 3}}", "there is no source"),
        ("tiny: {}", "tiny: {settings: {agent.turns: [3]}}", "must be a text, a number"),
        ("tiny: {}", "tiny: *x", "must be YAML"),
        ("  sums: {test: test,", "  sums: {test: {from: 3}, ", "there are no tasks"),
        ("modes: deepening\n", "modes: []\n", "tables.0.modes: there is none"),
        ("given: {folder", "none: {folder", "'none' is no skill"),
        ("  sums: {test: test, evolve: teach}", "  sums: {turns: 3}", "neither test nor evolve"),
        ("{test: test, evolve: teach}", "{evolve: teach}", "'sums' has no test tasks"),
        ("{test: test, evolve: teach}", "{test: test}", "has no tasks to evolve with"),
        ("  tiny: {}", "  []", "models: must be a mapping"),
        ("users: tiny", "users: []", "tables.0.users: there is none"),
        ("measures: Sums", "measures: Sums\n    number: 1.5", "must be a whole number"),
        ("authors: tiny", "authors: tiny\n    row: '{'", "tables.0.row"),
        ("domain: sums}", "domain: sums, decimals: -1}", "must be a number of at least 0"),
        ("domain: sums}", "domain: [sums]}", "must be a text"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_place(old: str, new: str, told: str) -> None:
    assert old in TINY
    assert told in read(TINY.replace(old, new))


@pytest.mark.parametrize("text", ["", "- a\n", "a: b: c\n", "{}"])
def test_no_plan_at_all_is_told(text: str) -> None:
    assert "plan.yaml" in read(text)
