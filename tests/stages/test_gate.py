"""The gate on a simulated agent: which tasks pass is decided by the lessons that a skill holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from random import Random

import graded
import pytest
from graded import digest
from rounds import EDITS, TEXT

from skillgit.evaluation.runs import RunResult, SkillVersion
from skillgit.names import Oid
from skillgit.stages.gate import Passage, Trial, gate
from skillgit.types import MANIFEST, Edit, Skill, State

BASE = Skill("skills/xlsx", Oid("a" * 40), {MANIFEST: TEXT.encode()})
TASKS = 40
Rate = Callable[[frozenset[int]], float]
"""How likely a task passes with these of the three lessons."""


class Agent:
    """Passes a task where a number drawn for task and seed lies below the rate of the skill."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self.asked: list[tuple[frozenset[int], tuple[int, ...]]] = []

    async def measure(self, skill: Skill, seeds: Sequence[int]) -> list[RunResult]:
        text = skill.files[MANIFEST].decode()
        said = ("After one.", "After two.", "Vier.")
        held = frozenset(number for number, words in enumerate(said) if words in text)
        self.asked.append((held, tuple(seeds)))
        version = SkillVersion(skill.root, None, digest(text))
        return [
            graded.run(
                f"task-{number:03}",
                seed,
                passed=Random(f"{number} {seed}").random() < self.rate(held),
                skill=version,
            )
            for number in range(TASKS)
            for seed in seeds
        ]


def through(agent: Agent, *rivals: Sequence[Edit], search: int = 0) -> tuple[int, Passage]:
    trial = Trial(agent.measure, (41, 42, 43), search)
    return asyncio.run(gate(BASE, rivals or (EDITS,), trial))


def test_a_skill_that_helps_passes() -> None:
    agent = Agent(lambda held: 0.2 + 0.2 * len(held))

    number, passage = through(agent)

    report = passage.report
    assert (number, passage.edits, passage.fates) == (0, EDITS, ())
    assert report.passed
    assert report.evolved - report.base == pytest.approx(report.difference)
    assert 0.3 < report.difference < 0.9
    assert 0 < report.low < report.difference < report.high
    assert (report.tasks, report.seeds, report.won + report.lost + report.tied) == (
        TASKS,
        (41, 42, 43),
        TASKS,
    )


@pytest.mark.parametrize(
    ("rate", "verdict"),
    [
        (lambda held: 0.8 - 0.2 * len(held), "worse"),
        (lambda _: 0.5, "unclear"),
        (lambda held: 0.5 + 0.01 * len(held), "unclear"),
    ],
)
def test_what_is_not_shown_to_be_better_does_not_pass(rate: Rate, verdict: str) -> None:
    _, passage = through(Agent(rate))

    assert passage.report.verdict == verdict
    assert not passage.report.passed
    assert passage.edits == EDITS  # kept, for a draft


def test_a_lesson_that_hurts_is_dropped_and_the_rest_measured_with_other_seeds() -> None:
    agent = Agent(lambda held: 0.3 + 0.2 * len(held - {1}) - 0.3 * (1 in held))

    _, passage = through(agent, search=10)

    assert passage.edits == (EDITS[0], EDITS[2])
    (fate,) = passage.fates
    assert (fate.edit, fate.state) == (EDITS[1].id, State.WITHHELD)
    assert "without" in fate.reason
    (harm,) = passage.report.dropped
    assert harm.score_without > harm.score_with
    assert passage.report.seeds == (44, 45, 46)
    assert passage.report.passed
    chosen_with = {seeds for held, seeds in agent.asked if held == {0, 2}}
    assert chosen_with == {(41, 42, 43), (44, 45, 46)}


def test_where_every_lesson_hurts_nothing_is_left_and_nothing_passes() -> None:
    _, passage = through(Agent(lambda held: 0.9 - 0.3 * len(held)), search=20)

    assert passage.edits == ()
    assert not passage.report.passed
    assert passage.report.difference == 0
    assert {fate.edit for fate in passage.fates} == {edit.id for edit in EDITS}


def test_a_short_budget_ends_the_search() -> None:
    agent = Agent(lambda held: 0.9 - 0.3 * len(held))

    _, passage = through(agent, search=2)

    assert passage.report.searched == 2


def test_the_best_of_several_is_measured_again_with_seeds_that_did_not_choose_it() -> None:
    agent = Agent(lambda held: 0.2 + 0.3 * (1 in held))

    number, passage = through(agent, EDITS[:1], EDITS[1:2], EDITS[2:])

    assert number == 1
    assert passage.edits == EDITS[1:2]
    assert (passage.report.rivals, passage.report.seeds) == (3, (44, 45, 46))
    assert passage.report.passed
