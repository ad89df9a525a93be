"""What lessons were measured to be worth, in a report: every effect with its interval."""

from __future__ import annotations

from collections.abc import Iterable

from skillgit.evaluation.effects_report import span
from skillgit.evaluation.report import points
from skillgit.provenance.effects import EffectRecord
from skillgit.publish.html import NOTHING, Html, element, joined, prose, table
from skillgit.publish.story import Story, Told
from skillgit.types import Effect, Method, Worth

_MOST_ROWS = 200
_TITLE = 120
_TONES = {Worth.HELPS: ("good", "pass"), Worth.HURTS: ("bad", "fail")}
_BY = {Method.LEAVE_ONE_OUT: "left out", Method.SHAPLEY: "Shapley"}


def worth(story: Story) -> Html:
    """A row for each effect that was noted on a lesson, in the order of the lessons."""
    noted = [(one, record) for one in story.kept for record in story.worth_of(one)]
    if not noted:
        return element(
            "p",
            "Nobody has measured it yet, or nobody's notes are here: ",
            element("code", f"skillgit ablate {story.id} --tasks PATH"),
        )
    head = ("Lesson", "By", "Points", "Interval", "−100 to +100", "", "Measured on")
    rows = [_row(one, record) for one, record in noted[:_MOST_ROWS]]
    more = len(noted) - len(rows)
    return joined(
        [
            table(head, rows),
            element("p", f"and {more:,} more", class_="small") if more else NOTHING,
            element("p", _said(record for _, record in noted), class_="small"),
        ]
    )


def badge(records: Iterable[EffectRecord]) -> Html:
    """The latest effect of a lesson, beside its title."""
    for record in records:
        effect = record.effect
        words = f"{effect.worth}: {points(effect.estimate)} points"
        return element("span", words, class_=f"badge {_tone(effect)[0]}")
    return NOTHING


def _row(one: Told, record: EffectRecord) -> tuple[str, ...]:
    effect = record.effect
    link = element(
        "a",
        f"{one.number}. ",
        prose(one.record.title[:_TITLE]),
        href=f"#lesson-{one.number}",
    )
    seeds = f"{len(record.seeds)} seed{'s' * (len(record.seeds) != 1)}"
    return (
        link,
        _BY[effect.method],
        points(effect.estimate),
        span(effect),
        _drawn(effect),
        element("span", str(effect.worth), class_=f"end {_tone(effect)[0]}"),
        f"{effect.tasks:,} tasks, up to {seeds}, {record.model[:60]}, {record.by[:60]}",
    )


def _tone(effect: Effect) -> tuple[str, str]:
    return _TONES.get(effect.worth, ("even", "c1"))


def _drawn(effect: Effect) -> Html:
    """The interval, 0 in the middle, and the estimate in it."""

    def place(figure: float) -> float:
        return 500 * (1 + figure)

    low, high = place(effect.low), place(effect.high)
    parts = (
        ("rest", 498.0, 4.0),
        (_tone(effect)[1], low, max(high - low, 4.0)),
        ("c0", min(max(place(effect.estimate) - 4, 0), 992), 8.0),
    )
    return element(
        "svg",
        *(
            element("rect", x=f"{x:.1f}", y=0, width=f"{width:.1f}", height=10, class_=kind)
            for kind, x, width in parts
        ),
        viewBox="0 0 1000 10",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"{points(effect.estimate)} points, {span(effect)}",
        class_="bar",
    )


def _said(records: Iterable[EffectRecord]) -> str:
    first = next(iter(records))
    surely = f"{100 * first.effect.confidence:g} %"
    return (
        "An effect is a difference of success rates: positive helps. Left out: all lessons of the"
        " round, less all but this one. Shapley: what it changes as it joins others, on average"
        f" over all orders. With {surely} the {first.effect.intervals} intervals of one ablation"
        " hold at once, though it was stopped for what was seen. These are Git notes on the lesson"
        " commits: claims of those who wrote them, not evidence."
    )
