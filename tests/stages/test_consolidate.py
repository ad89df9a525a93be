"""Consolidation against scripted operators: an `Ask` that answers by a function."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skillgit.adapters.prompts import JinjaPrompts
from skillgit.config import Consolidate
from skillgit.names import EditId, Oid, TrajectoryId
from skillgit.ports import Call, Model, NoReply, Reply
from skillgit.review.totals import final_fates
from skillgit.skill.hunks import Ground, apply_changes
from skillgit.skill.placement import insertion, replacement, words_of
from skillgit.stages.consolidate import consolidate
from skillgit.stages.consolidate.join import join_alike, share_words
from skillgit.types import (
    MANIFEST,
    ChangeSet,
    CreateFile,
    Edit,
    Insert,
    Lesson,
    LineRange,
    Patch,
    Replace,
    Skill,
    State,
)

BASE = Skill(
    "skills/x",
    Oid("0" * 40),
    {
        MANIFEST: (
            "---\nname: x\ndescription: y\n---\n\n# X\n\n## Read\n\n"
            + "".join(f"- Item number {n} about reading.\n" for n in range(6))
            + "\n## Write\n\n"
            + "".join(f"- Item number {n} about writing.\n" for n in range(6))
        ).encode()
    },
)
Operator = Callable[[list[str], str], "dict[str, object] | None"]


class Silent:
    def start(self, stage: str, total: int) -> None: ...

    def advance(self, stage: str, note: str = "") -> None: ...

    def finish(self, stage: str) -> None: ...


class Script:
    """Answers merges by a function of the ids and the question; counts the calls."""

    def __init__(self, operator: Operator) -> None:
        self.operator = operator
        self.calls: list[Call] = []

    async def __call__(self, call: Call) -> Reply | NoReply:
        self.calls.append(call)
        ids = list(call.schema["properties"]["verdicts"]["properties"])
        await asyncio.sleep(0)
        value = self.operator(ids, call.messages[-1].content)
        return NoReply("scripted") if value is None else Reply(value)


def apart(ids: list[str], _: str) -> dict[str, object]:
    return {"verdicts": dict.fromkeys(ids, "own"), "words": []}


def run(
    script: Script,
    patches: Sequence[Patch],
    **options: Any,  # noqa: ANN401 - fields of Consolidate
) -> ChangeSet:
    model = Model(script, JinjaPrompts(), Silent())
    return asyncio.run(consolidate(BASE, patches, Consolidate(**options), model))


def edit(source: int, words: str, line: int = 10, number: int = 1, title: str = "") -> Edit:
    name = TrajectoryId(f"t-{source:012x}")
    return Edit(
        EditId(f"{name}.{number}"),
        insertion(BASE, MANIFEST, line, words),
        Lesson(title or words[:40].strip(), "why"),
        frozenset({name}),
    )


def patch(*edits: Edit) -> Patch:
    return Patch(next(iter(edits[0].sources)), edits)


def test_identical_and_nearly_identical_edits_are_joined_without_a_call() -> None:
    patches = [
        patch(edit(1, "Reopen the file with load_workbook and compare the cells.")),
        patch(edit(2, "Reopen the file with load_workbook, and compare the cells", line=20)),
        patch(edit(3, "Reopen the file with load_workbook and compare the cells.")),
    ]
    script = Script(apart)
    result = run(script, patches)
    assert not script.calls
    assert [one.support for one in result.edits] == [3]
    assert {fate.state for fate in result.fates} == {State.MERGED}


def test_edits_whose_repairs_brought_in_the_same_are_one_lesson_wherever_they_stand() -> None:
    marks = frozenset({"{:.2f} EUR"})
    there = edit(1, "Round an amount of money.", line=10)
    away = replace(there, change=Replace(MANIFEST, LineRange(10, 10), "Say it in EUR."))
    proven = [
        replace(away, marks=marks),
        replace(edit(2, "Two digits after the point.", line=20), marks=marks),
        replace(edit(3, "Use capitals.", line=20), marks=frozenset({"upper"})),
        edit(4, "Money is in EUR.", line=20),
    ]
    result = join_alike(proven)
    assert [(one.support, words_of(one.change)) for one in result.edits] == [
        (2, "Two digits after the point."),
        (1, "Use capitals."),
        (1, "Money is in EUR."),
    ]
    assert [(fate.edit, fate.into) for fate in result.fates] == [(away.id, proven[1].id)]


def test_support_routes_a_lesson() -> None:
    words = ["Alpha beta gamma delta.", "Epsilon zeta eta theta.", "Iota kappa lambda mu."]
    patches = [
        patch(
            *(
                edit(n, text, line=10 + 2 * k, number=k + 1)
                for k, text in enumerate(words)
                if n % 3 <= k
            )
        )
        for n in range(6)
    ]
    result = run(Script(apart), patches, min_support=3, main_support=5)
    kinds = {one.lesson.title: type(one.change) for one in result.edits}
    assert kinds == {words[1]: CreateFile, words[2]: Insert}
    assert [fate.reason for fate in result.fates if fate.state is State.WITHHELD] == [
        "low support: 2 of at least 3"
    ]


def test_a_group_that_shares_no_words_is_kept_apart() -> None:
    def everything(ids: list[str], _: str) -> dict[str, object]:
        return {"verdicts": {n: "e1" if n != "e1" else "own" for n in ids}, "words": []}

    patches = [
        patch(edit(1, "Write real dates with datetime values.", line=10)),
        patch(edit(2, "Delete rows from the bottom to the top.", line=20)),
    ]
    result = run(Script(everything), patches, min_support=1, main_support=1)
    assert [one.support for one in result.edits] == [1, 1]
    assert "kept apart" in result.merges[0].how


def test_a_failing_operator_loses_nothing() -> None:
    patches = [
        patch(edit(n, f"Lesson {'abcdefghij'[n] * 9} of its own.", line=10 + n)) for n in range(8)
    ]
    result = run(Script(lambda *_: None), patches, min_support=1, main_support=1, merge_batch=3)
    states = final_fates([one.id for p in patches for one in p.edits], result.fates)
    assert all(record.how.startswith(("fallback", "program")) for record in result.merges)
    assert sum(fate.state is State.APPLIED for fate in states.values()) == len(result.edits) > 0
    assert all(
        "same line range" in f.reason for f in states.values() if f.state is not State.APPLIED
    )


def test_the_schema_asks_for_each_edit_once_and_lets_ids_point_backwards_only() -> None:
    script = Script(apart)
    patches = [
        patch(edit(n, f"{word} words.", line=10)) for n, word in enumerate(("Alpha", "Beta"))
    ]
    run(script, patches, min_support=1, main_support=1)
    verdicts = script.calls[0].schema["properties"]["verdicts"]
    assert verdicts["required"] == ["e1", "e2"]
    assert "e1" not in verdicts["properties"]["e1"]["enum"]
    assert "e1" in verdicts["properties"]["e2"]["enum"]


def test_new_words_count_only_for_a_lesson_of_several_edits_and_when_they_are_about_it() -> None:
    def rewording(ids: list[str], _: str) -> dict[str, object]:
        verdicts = {"e1": "own", "e2": "e1", "e3": "own"}
        new = ("Reopen the saved workbook and compare its cells.", "Alpha.")
        words = [{"id": "e2", "text": new[0]}, {"id": "e3", "text": new[1]}]
        return {"verdicts": {name: verdicts[name] for name in ids}, "words": words}

    patches = [
        patch(edit(1, "Reopen the workbook and compare cells.", line=10)),
        patch(edit(2, "After saving, reopen the workbook, compare.", line=12)),
        patch(edit(3, "Delete rows from the bottom up.", line=20)),
    ]
    result = run(Script(rewording), patches, min_support=1, main_support=1)
    texts = sorted(one.change.text for one in result.edits if isinstance(one.change, Insert))
    assert texts == [
        "- Delete rows from the bottom up.",
        "- Reopen the saved workbook and compare its cells.",
    ]


def test_edits_of_one_place_find_places_of_their_own() -> None:
    patches = [
        patch(edit(n, f"{word} {word}s are for {word}ing.", line=10))
        for n, word in enumerate(("alpha", "bravo", "charlie", "delta"))
    ]
    result = run(Script(apart), patches, min_support=1, main_support=1)
    assert len(result.edits) == 4
    ground = Ground(BASE, (one.change for one in result.edits))
    assert not any(ground.touch(a.change, b.change) for a, b in combinations(result.edits, 2))


def test_replacements_of_the_same_lines_leave_the_better_supported() -> None:
    def replacing(source: int, words: str) -> Edit:
        name = TrajectoryId(f"t-{source:012x}")
        change = replacement(BASE, MANIFEST, LineRange(10, 10), words)
        return Edit(EditId(f"{name}.1"), change, Lesson(words, "why"), frozenset({name}))

    patches = [
        patch(replacing(1, "Alpha beta gamma delta.")),
        patch(replacing(2, "Epsilon zeta eta.")),
        patch(replacing(3, "Epsilon zeta eta.")),
    ]
    result = run(Script(apart), patches, min_support=1, main_support=1)
    assert [one.support for one in result.edits] == [2]
    assert [f.reason for f in result.fates if f.state is State.WITHHELD] == [
        "SG202: same line range as t-000000000002.1"
    ]


def test_the_budget_demotes_the_least_supported_first() -> None:
    patches = [
        patch(
            *(
                edit(n, f"{word} words here.", line=10 + k, number=k + 1)
                for k, word in enumerate(("Alpha", "Bravo", "Delta"))
                if n >= k
            )
        )
        for n in range(3)
    ]
    lines = len(BASE.files[MANIFEST].splitlines())
    result = run(Script(apart), patches, min_support=1, main_support=1, max_skill_lines=lines + 2)
    assert [type(one.change) for one in result.edits] == [Insert, Insert]
    assert [f.reason for f in result.fates if f.state is State.WITHHELD] == [
        "budget: SKILL.md would be too long"
    ]
    size = len(apply_changes(BASE, (one.change for one in result.edits))[MANIFEST].splitlines())
    assert size == lines + 2


def test_wordings_of_one_lesson_share_words_and_others_do_not() -> None:
    one = edit(1, "Reopen the saved workbook with load_workbook and compare the written cells.")
    same = edit(2, "After saving, load the workbook again and compare every written cell.")
    other = edit(3, "Check the answer position carefully, it should be a range.")
    assert share_words(one, same)
    assert not share_words(one, other)


VOCABULARY = (
    "load",
    "workbook",
    "cells",
    "dates",
    "rows",
    "delete",
    "formula",
    "copy",
    "sheet",
    "range",
)


@st.composite
def patch_lists(draw: st.DrawFn) -> list[Patch]:
    def words() -> str:
        chosen = draw(st.lists(st.sampled_from(VOCABULARY), min_size=2, max_size=6))
        return " ".join(chosen).capitalize() + "."

    return [
        patch(
            *(
                edit(source, words(), line=draw(st.integers(4, 23)), number=number)
                for number in range(1, draw(st.integers(1, 3)) + 1)
            )
        )
        for source in range(draw(st.integers(1, 12)))
    ]


def erratic(seed: int) -> Operator:
    """Forgets, repeats, drops, joins and rewords at random, within the schema."""
    draw = random.Random(seed)

    def operator(ids: list[str], _: str) -> dict[str, object] | None:
        if draw.random() < 0.15:
            return None
        verdicts = {
            name: draw.choice(["own", "own", *ids[:number], *ids[:number], "vague"])
            for number, name in enumerate(ids)
        }
        words = [
            {"id": draw.choice(ids), "text": draw.choice(("", "Load the cells.", "\x00"))}
            for _ in range(draw.randint(0, 2))
        ]
        return {"verdicts": verdicts, "words": words}

    return operator


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(patch_lists(), st.integers(0, 10_000), st.integers(2, 8), st.integers(1, 3))
def test_every_edit_has_one_end_and_support_is_the_union_of_sources(
    patches: list[Patch], seed: int, batch: int, least: int
) -> None:
    result = run(
        Script(erratic(seed)), patches, merge_batch=batch, min_support=least, main_support=least + 1
    )
    proposed = {one.id: one for p in patches for one in p.edits}
    ends = final_fates(proposed, result.fates)
    assert set(ends) == set(proposed)
    alive = {one.id for one in result.edits}
    assert {name for name, fate in ends.items() if fate.state is State.APPLIED} == alive
    sources = _sources(result, proposed.values())
    for one in result.edits:
        assert one.sources == sources[one.id]
        assert one.support >= least
    ground = Ground(BASE, (one.change for one in result.edits))
    assert not any(ground.touch(a.change, b.change) for a, b in combinations(result.edits, 2))


def _sources(result: ChangeSet, proposed: Iterable[Edit]) -> dict[EditId, frozenset[TrajectoryId]]:
    into = {fate.edit: fate.into for fate in result.fates if fate.into}
    united: dict[EditId, frozenset[TrajectoryId]] = {}
    for one in proposed:
        end = one.id
        while end in into:
            end = into[end]
        united[end] = united.get(end, frozenset()) | one.sources
    return united


@settings(max_examples=30, deadline=None)
@given(patch_lists(), st.randoms(use_true_random=False))
def test_arrival_order_does_not_matter(patches: list[Patch], shuffler: random.Random) -> None:
    shuffled = patches.copy()
    shuffler.shuffle(shuffled)
    first, second = (run(Script(apart), order, min_support=1) for order in (patches, shuffled))
    assert first == second


def test_joining_keeps_every_source_and_quote() -> None:
    result = join_alike([edit(n, "The same words.") for n in range(5)])
    assert [one.support for one in result.edits] == [5]
    assert len(result.fates) == 4
