"""What notes claim of lessons, on the page: as figures, and as nothing but text."""

from __future__ import annotations

import re
from dataclasses import replace

from stories import HOSTILE, digest, oid, story

from skillgit.provenance.effects import EffectRecord
from skillgit.publish.report import report
from skillgit.publish.report_worth import badge, worth
from skillgit.publish.story import Story
from skillgit.review.noting import Noted
from skillgit.types import Effect, Method, Worth

EFFECT = Effect(Method.SHAPLEY, 0.125, 0.03, 0.22, Worth.HELPS, "answered", 24, 72, 0.95, 7)


def record(of: Story, effect: Effect = EFFECT, words: str = "tiny") -> EffectRecord:
    told = of.kept[0].record
    return EffectRecord(
        told.patch,
        told.round,
        oid("base"),
        digest("company"),
        3,
        digest("tasks"),
        (41, 42, 43),
        words,
        digest("harness"),
        effect,
        words,
        1,
    )


def noted(*effects: Effect, words: str = "tiny") -> Story:
    made = story(lessons=2)
    records = tuple(record(made, effect, words) for effect in effects)
    return replace(made, noted=Noted({made.kept[0].record.patch: records}))


def test_each_effect_has_a_row_and_the_lesson_a_badge() -> None:
    left_out = Method.LEAVE_ONE_OUT
    hurts = Effect(left_out, -0.2, -0.4, -0.1, Worth.HURTS, "answered", 9, 9, 0.95, 7)
    made = noted(EFFECT, hurts)
    page = report(made)

    assert "+3.0 to +22.0" in page
    assert 'aria-label="−20.0 points, −40.0 to −10.0"' in page
    assert "24 tasks, up to 3 seeds, tiny, tiny" in page
    assert "With 95 % the 7 intervals" in page
    assert page.count("helps: +12.5 points") == 1, "of two effects the latest is the badge"
    assert badge(()) == ""


def test_without_notes_it_says_how_to_measure() -> None:
    made = story()
    assert f"skillgit ablate {made.id} --tasks PATH" in worth(made)


def test_words_of_strangers_stay_words() -> None:
    page = report(noted(EFFECT, words=HOSTILE[:200]))

    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;" in page


def test_an_interval_is_drawn_within_its_picture() -> None:
    for low, estimate, high, says in (
        (-1.0, -1.0, -1.0, Worth.HURTS),
        (1.0, 1.0, 1.0, Worth.HELPS),
        (-1.0, 0.0, 1.0, Worth.UNCLEAR),
    ):
        effect = replace(EFFECT, low=low, estimate=estimate, high=high, worth=says)
        drawn = re.findall(r'x="([\d.]+)" y="0" width="([\d.]+)"', worth(noted(effect)))
        assert len(drawn) == 3
        assert all(float(x) >= 0 and float(x) + float(width) <= 1004 for x, width in drawn)
