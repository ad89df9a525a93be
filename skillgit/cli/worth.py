"""What a lesson is worth, wherever a lesson is told: as a line, as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from skillgit.provenance.effects import EffectRecord
from skillgit.types import Effect, Method

_BY = {Method.LEAVE_ONE_OUT: "left out", Method.SHAPLEY: "Shapley value"}


def effect_payload(effect: Effect) -> dict[str, object]:
    """An effect as JSON: differences of success rates, from −1 to 1."""
    return {
        "method": effect.method,
        "estimate": _number(effect.estimate),
        "low": _number(effect.low),
        "high": _number(effect.high),
        "worth": effect.worth,
        "ended": effect.ended,
        "tasks": effect.tasks,
        "pairs": effect.pairs,
        "confidence": effect.confidence,
        "intervals": effect.intervals,
    }


def record_payload(record: EffectRecord) -> dict[str, object]:
    """The same with what it was measured on, and by whom, as a note claims."""
    return {
        **effect_payload(record.effect),
        "lessons": record.lessons,
        "company": record.company,
        "tasks_digest": record.tasks,
        "seeds": list(record.seeds),
        "model": record.model,
        "by": record.by,
        "when": record.when,
    }


def worth_line(records: Sequence[EffectRecord]) -> str:
    """The one effect that a line of `log` has room for; "" where none was noted."""
    values = [one for one in records if one.effect.method is Method.SHAPLEY]
    return next((_in_words(one.effect) for one in values or records), "")


def worth_lines(records: Iterable[EffectRecord]) -> list[str]:
    """All that was noted of a lesson, the latest first."""
    return [
        f"{_in_words(one.effect)}, {_BY[one.effect.method]} of {one.lessons}; {one.effect.tasks}"
        f" tasks, {one.model}, noted by {one.by}"
        for one in records
    ]


def _in_words(effect: Effect) -> str:
    from skillgit.evaluation.effects_report import in_words  # noqa: PLC0415 - most have no notes

    return in_words(effect)


def _number(figure: float) -> float:
    return round(figure, 6) + 0.0  # + 0.0: a rounded −0.0 is 0
