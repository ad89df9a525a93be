"""Measurements and comparisons as JSON, with every task; shares and differences from −1 to 1."""

from __future__ import annotations

from typing import Any

from skillgit.evaluation.comparison import Bounds, Comparison, Measurement, Rates, Spread
from skillgit.evaluation.sample import Subject
from skillgit.evaluation.statistics import CONFIDENCE, Interval

Json = dict[str, Any]  # explicit Any: JSON that is only written


def document(of: Measurement | Comparison) -> Json:
    """`{"kind": "measurement"…}` or `{"kind": "comparison"…}`; numbers with six digits."""
    return _measurement(of) if isinstance(of, Measurement) else _comparison(of)


def _measurement(of: Measurement) -> Json:
    return {
        "kind": "measurement",
        "subject": _subject(of.subject),
        "tasks": of.tasks,
        "runs": of.runs,
        "success": _interval(of.success),
        "soft": _number(of.soft),
        **_official(of),
        "seeds": {str(seed): _number(rate) for seed, rate in of.by_seed.items()},
        "groups": {
            name: {"tasks": group.tasks, "hard": _number(group.hard)}
            for name, group in of.by_group.items()
        },
        "tokens": _spread(of.tokens),
        "turns": _spread(of.turns),
        "ended": {str(reason): count for reason, count in of.ended.items()},
        **_bounds(of.bounds),
        "remarks": list(of.remarks),
    }


def _comparison(of: Comparison) -> Json:
    return {
        "kind": "comparison",
        "verdict": str(of.verdict),
        "difference": _interval(of.difference),
        "mcnemar": {
            "wins": len(of.wins),
            "losses": len(of.losses),
            "ties": len(of.ties),
            "p": _number(of.test.exact),
            "mid_p": _number(of.test.mid),
        },
        "pairs": {
            "both": of.pairs.both,
            "only_base": of.pairs.only_base,
            "only_other": of.pairs.only_other,
            "neither": of.pairs.neither,
        },
        "tasks": [
            {
                "task": task.task,
                "group": task.group,
                "runs": task.runs,
                "base": task.base,
                "other": task.other,
            }
            for task in of.tasks
        ],
        "base": _measurement(of.base),
        "other": _measurement(of.other),
        **_bounds(of.bounds),
        "remarks": list(of.remarks),
    }


def _official(of: Measurement) -> Json:
    rates = {name: _number(rate) for name, rate in of.official.items()}
    return {"official": rates} if rates else {}


def _subject(of: Subject) -> Json:
    skill = of.skill
    return {
        "skill": skill and {"root": skill.root, "commit": skill.commit, "digest": skill.digest},
        "model": of.model,
        "harness": of.harness,
        "recalc": of.recalc,
    }


def _bounds(of: Bounds) -> Json:
    def rates(one: Rates | None) -> Json | None:
        return None if one is None else {"hard": _number(one.hard), "soft": _number(one.soft)}

    return {"floor": rates(of.floor), "ceiling": rates(of.ceiling)}


def _interval(of: Interval) -> Json:
    return {
        "estimate": _number(of.estimate),
        "low": _number(of.low),
        "high": _number(of.high),
        "confidence": CONFIDENCE,
    }


def _spread(of: Spread) -> Json:
    return {"mean": _number(of.mean), "median": _number(of.median)}


def _number(figure: float) -> float:
    return round(float(figure), 6) + 0.0  # + 0.0: a rounded −0.0 is 0
