"""What becomes of edits that are made one upon the other, whoever proposes them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from merging import Asked, Silent, by_title
from rounds import trajectory
from strategies import changes

from skillgit.adapters.prompts import JinjaPrompts
from skillgit.config import Analyze, Config, Consolidate, ErrorAnalyst, Strategy
from skillgit.names import EditId, Oid
from skillgit.pipeline.sequence import Room, batches, in_sequence
from skillgit.ports import Model
from skillgit.review.memory import Memory
from skillgit.review.totals import final_fates
from skillgit.skill.hunks import apply_changes
from skillgit.stages.analyze import Crew
from skillgit.stages.analyze.crew import Terms
from skillgit.types import (
    MANIFEST,
    Change,
    ChangeSet,
    Edit,
    Insert,
    Lesson,
    LineRange,
    Patch,
    Pool,
    Replace,
    Skill,
    State,
    Trajectory,
)

TEXT = """---
name: x
description: y
---

# X

## Work

- Look first.
- Then work.

## Check

- Look again.
"""
BASE = Skill("skills/x", Oid("0" * 40), {MANIFEST: TEXT.encode()})
Proposal = Callable[[Skill, int], Change]


@dataclass
class Analysts:
    """An executor that knows what each analyst says: a function of the skill that it is shown."""

    proposal: Proposal
    shown: list[str]
    order: Sequence[Trajectory]

    async def each(
        self,
        work: Callable[..., Coroutine[Any, Any, Any]],
        shared: object,
        items: Sequence[Any],
        told: Callable[[Any], None],
        at_once: int,
    ) -> list[Any]:
        """A patch of one edit for each trajectory."""
        del work, at_once
        skill = cast("Terms", shared).skill
        found = []
        for one in items:
            self.shown.append(skill.text(MANIFEST) or "")
            number = self.order.index(one)
            edit = Edit(
                EditId(f"{one.id}.1"),
                self.proposal(skill, number),
                Lesson(f"Mind the case {number}", "why"),
                frozenset({one.id}),
            )
            found.append(Patch(one.id, (edit,)))
            told(found[-1])
        return found


def sequence(
    proposal: Proposal, count: int, *, batch: int = 1
) -> tuple[list[Trajectory], list[str], ChangeSet, dict[EditId, State]]:
    """Who was asked in which order, what they were shown, what came out, how each edit ended."""
    found = [trajectory(number) for number in range(count)]
    pool = Pool(passed=tuple(found[1::2]), failed=tuple(found[0::2]))
    consolidate = Consolidate(strategy=Strategy.SEQUENTIAL, batch=batch)
    config = Config(
        analyze=Analyze(error_analyst=ErrorAnalyst.SINGLE_CALL), consolidate=consolidate
    )
    order = [one for some in batches(pool, config) for one in some]
    analysts = Analysts(proposal, [], order)
    asked = Asked(by_title)
    model = Model(asked, JinjaPrompts(), Silent(), asked.fits)
    room = Room(config, model, Crew(cast("Any", analysts)), Memory())
    analysis, changed = asyncio.run(in_sequence(BASE, pool, room))
    fates = final_fates(
        [edit.id for patch in analysis.patches for edit in patch.edits], changed.fates
    )
    return order, analysts.shown, changed, {edit: fate.state for edit, fate in fates.items()}


def line_of(skill: Skill, words: str) -> int:
    lines = (skill.text(MANIFEST) or "").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if words in line)


def test_a_later_batch_that_words_a_lesson_anew_carries_it_on() -> None:
    def proposal(skill: Skill, number: int) -> Change:
        if number == 0:
            return Insert(MANIFEST, line_of(skill, "Then work"), "- Call `first()`.")
        line = line_of(skill, "Call `")
        return Replace(MANIFEST, LineRange(line, line), f"- Call `number{number}()`.")

    order, shown, changed, states = sequence(proposal, 3)
    [edit] = changed.edits
    assert edit.change == Insert(MANIFEST, 11, "- Call `number2()`.")
    assert (edit.id, edit.lesson.title) == (f"{order[2].id}.1", "Mind the case 2")
    assert edit.sources == {one.id for one in order}
    assert [text.count("Call `") for text in shown] == [0, 1, 1]
    assert sorted(states.values()) == [State.APPLIED, State.MERGED, State.MERGED]


def test_what_would_change_the_skill_and_a_lesson_at_once_is_withheld_with_the_reason() -> None:
    def proposal(skill: Skill, number: int) -> Change:
        line = line_of(skill, "Then work")
        if number == 0:
            return Insert(MANIFEST, line, "- Call `first()`.")
        return Replace(MANIFEST, LineRange(line, line + 1), "- Work by calling `first()`.")

    order, _, changed, states = sequence(proposal, 2)
    assert states[EditId(f"{order[1].id}.1")] is State.WITHHELD
    [fate] = changed.fates
    assert fate.reason == "SG202: it changes lines of the skill and of an earlier lesson at once"


def test_of_one_batch_none_sees_the_others_and_merges_are_counted_through() -> None:
    def proposal(skill: Skill, number: int) -> Change:
        words = ("alpha first of all", "the second, with care", "omega", "after a while", "b", "c")
        return Insert(MANIFEST, line_of(skill, "Look again"), f"- Call `{words[number]}`.")

    _, shown, changed, _ = sequence(proposal, 6, batch=3)
    assert [text.count("Call `") for text in shown] == [0, 0, 0, *[shown[3].count("Call `")] * 3]
    assert shown[3].count("Call `") > 0
    places = [(one.level, one.node) for one in changed.merges]
    assert len(set(places)) == len(places) == 2


@pytest.mark.parametrize("batch", [1, 3])
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_edits_of_the_base_give_what_the_last_batch_is_shown(
    batch: int, data: st.DataObject
) -> None:
    last: list[Skill] = []

    def proposal(skill: Skill, number: int) -> Change:
        if number < 5 * batch:
            return data.draw(changes(skill, number))
        last.append(skill)
        return Insert(MANIFEST, 1, "no lesson may stand in the frontmatter")

    order, _, changed, states = sequence(proposal, 6 * batch, batch=batch)
    final = apply_changes(BASE, (edit.change for edit in changed.edits))
    assert final == last[-1].files
    assert len(states) == len(order)
    ended = {one.edit for one in changed.fates} | {one.id for one in changed.edits}
    assert ended >= set(states)
    assert all(states[EditId(f"{one.id}.1")] is State.REJECTED for one in order[-batch:])
