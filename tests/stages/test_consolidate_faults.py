"""Merges that fail, that are too long, or that answer in any order: every edit is accounted for."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from merging import Asked, by_title, ids_of, patch

from skillgit.names import EditId, TrajectoryId
from skillgit.ports import Call, Failure, NoReply, Reply
from skillgit.publish.tree import grown
from skillgit.review.totals import final_fates
from skillgit.types import ChangeSet, Patch, State


def drawn(call: Call, seed: int) -> random.Random:
    """Chance that depends on the question alone."""
    told = f"{seed} {call.messages[-1].content}"
    return random.Random(hashlib.sha256(told.encode()).digest())


def unreliable(seed: int, rate: float) -> Callable[[Call], Reply | NoReply]:
    """Joins, drops and rewords at random within the schema, and fails at this rate."""

    def operator(call: Call) -> Reply | NoReply:
        draw = drawn(call, seed)
        if draw.random() < rate:
            failure = draw.choice(list(Failure))
            return NoReply(f"scripted: {failure}", failure=failure)
        ids = ids_of(call)
        verdicts = {
            name: draw.choice(["own", "own", *ids[:number], *ids[:number], "vague"])
            for number, name in enumerate(ids)
        }
        words = [{"id": draw.choice(ids), "text": "Mind the cells."}]
        return Reply({"verdicts": verdicts, "words": words})

    return operator


def accounted(patches: Sequence[Patch], result: ChangeSet) -> None:
    """Every edit has one end, every merge hands on or explains what it took, sources are exact."""
    proposed = {one.id: one for found in patches for one in found.edits}
    ends = final_fates(proposed, result.fates)
    assert {name for name, end in ends.items() if end.state is State.APPLIED} == {
        one.id for one in result.edits
    }
    into = {fate.edit: fate.into for fate in result.fates if fate.into}
    united: dict[EditId, set[TrajectoryId]] = {}
    for one in proposed.values():
        end = one.id
        while end in into:
            end = into[end]
        united.setdefault(end, set()).update(one.sources)
    assert all(one.sources == united[one.id] for one in result.edits)
    for record in result.merges:
        gone = [fate.edit for fate in record.fates]
        assert sorted((*record.outputs, *gone)) == sorted(record.inputs)
    places = [(record.level, record.node) for record in result.merges]
    assert len(set(places)) == len(places)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10**6),
    rate=st.sampled_from((0.0, 0.1, 0.5, 1.0)),
    count=st.integers(1, 90),
    batch=st.integers(2, 12),
    fits_up_to=st.sampled_from((1, 2, 5, 20, 10_000)),
)
def test_whatever_fails_every_edit_is_accounted_for_in_whatever_order_replies_come(
    seed: int, rate: float, count: int, batch: int, fits_up_to: int
) -> None:
    patches = [patch(n, themes=30, edits=1 + n % 3) for n in range(count)]
    first = Asked(unreliable(seed, rate), fits_up_to)
    result = first.consolidate(patches, merge_batch=batch, min_support=1)
    accounted(patches, result)
    draw = random.Random(seed)
    shuffled = random.Random(seed).sample(patches, len(patches))
    again = Asked(unreliable(seed, rate), fits_up_to, late=lambda _: draw.randrange(30))
    assert again.consolidate(shuffled, merge_batch=batch, min_support=1) == result
    assert again.questions == first.questions


def test_a_merge_that_fails_joins_what_is_alike_and_says_so() -> None:
    patches = [patch(n) for n in range(40)]
    asked = Asked(lambda _: NoReply("no reply within 9 s", failure=Failure.TIMED_OUT))
    result = asked.consolidate(patches, merge_batch=8, min_support=1)
    accounted(patches, result)
    hows = {record.how for record in result.merges}
    assert hows == {"fallback: no reply within 9 s"}


def test_a_question_that_does_not_fit_is_halved_before_it_is_sent() -> None:
    patches = [patch(n, themes=4) for n in range(24)]
    asked = Asked(by_title, fits_up_to=9)
    result = asked.consolidate(patches, min_support=1)
    accounted(patches, result)
    assert max(len(ids_of(call)) for call in asked.calls) <= 9
    halves = [one for one in result.merges if "half of a question too long" in one.how]
    assert len(halves) >= 3
    [root] = (node for node in grown(result.merges) if node.record.level < 99)
    assert {one.node for one in halves} | {root.record.node} == set(range(len(result.merges)))
    whole = Asked(by_title).consolidate(patches, min_support=1)
    assert [one.support for one in result.edits] == [one.support for one in whole.edits]


@pytest.mark.parametrize("failure", [Failure.TOO_LONG, Failure.CUT_OFF])
def test_a_question_that_the_endpoint_finds_too_long_is_halved(failure: Failure) -> None:
    def operator(call: Call) -> Reply | NoReply:
        if len(ids_of(call)) > 17:
            return NoReply("too long", failure=failure)
        return by_title(call)

    patches = [patch(n, themes=4) for n in range(32)]
    result = Asked(operator).consolidate(patches, min_support=1)
    accounted(patches, result)
    assert sum(one.support for one in result.edits) == 32
    assert len(result.edits) <= 4
    assert not [one for one in result.merges if one.how.startswith("fallback")]


def test_what_never_fits_is_left_as_it_is() -> None:
    patches = [patch(n, themes=4) for n in range(12)]
    asked = Asked(by_title, fits_up_to=1)
    result = asked.consolidate(patches, min_support=1)
    accounted(patches, result)
    assert not asked.calls
    assert any("does not fit" in record.how for record in result.merges)


def test_a_short_reply_that_breaks_off_is_no_reason_to_ask_in_halves() -> None:
    asked = Asked(lambda _: NoReply("it broke off", failure=Failure.CUT_OFF))
    asked.consolidate([patch(n, themes=40) for n in range(12)], min_support=1)
    assert [call.role for call in asked.calls].count("merge") == 1


def test_far_too_many_edits_are_asked_about_place_by_place() -> None:
    patches = [patch(n, themes=400, edits=2) for n in range(300)]
    asked = Asked(lambda call: Reply({"verdicts": dict.fromkeys(ids_of(call), "own"), "words": []}))
    result = asked.consolidate(patches, min_support=1)
    accounted(patches, result)
    assert max(len(ids_of(call)) for call in asked.calls) <= 128
    parts = [record for record in result.merges if "part 1 of" in record.how]
    assert parts
    shown = [call.messages[-1].content for call in asked.calls if " part 1" in call.label]
    assert all(text.count("SKILL.md after line") > 60 for text in shown)


def test_lines_are_asked_about_again_only_where_no_question_showed_them_together() -> None:
    patches = [patch(n, themes=30) for n in range(30)]
    asked = Asked(by_title)
    asked.consolidate(patches, min_support=1)
    assert {call.role for call in asked.calls} == {"merge"}
    failing = Asked(lambda call: by_title(call) if call.role == "reconcile" else NoReply("no"))
    result = failing.consolidate(patches, min_support=1)
    assert {call.role for call in failing.calls} == {"merge", "reconcile"}
    assert any(record.level == 99 and record.how == "model" for record in result.merges)


def test_an_endpoint_that_goes_away_stops_the_other_merges() -> None:
    class GoneError(Exception):
        pass

    def operator(call: Call) -> Reply:
        if call.label == "merge 1/0":
            raise GoneError
        return by_title(call)

    asked = Asked(operator, late=lambda call: 1 if call.label == "merge 1/0" else 10**6)
    with pytest.raises(GoneError):
        asked.consolidate([patch(n, themes=40) for n in range(300)], min_support=1)
    assert not [call for call in asked.calls if not call.label.startswith("merge 1/")]


def test_thousands_of_patches_make_a_low_tree() -> None:
    patches = [patch(n, themes=60) for n in range(4000)]
    asked = Asked(by_title)
    result = asked.consolidate(patches)
    accounted(patches, result)
    assert max(one.level for one in result.merges if one.level < 99) <= 6
