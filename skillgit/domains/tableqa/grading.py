"""The grade of an answer that is a few texts, and what may be said of it."""

from __future__ import annotations

from collections.abc import Sequence

from skillgit.domains.tableqa.denotation import Value, unmatched, values
from skillgit.domains.tableqa.expected import Expected
from skillgit.domains.task import Grade, Mismatch

COUNT = "number of values"
_MOST_SHOWN = 200
_MOST_LISTED = 20


def graded(expected: Expected, found: Sequence[str]) -> Grade:
    """The official verdict; `score` is 1 or 0. Listed is what is missing, by its place in the gold.

    A hint tells how many values there should be and of what kind, never which.
    """
    wanted, seen = expected.values, values(found)
    missing = unmatched(wanted, seen)
    extra = [one for one in seen if not any(value.matches(one) for value in wanted)]
    mismatches = []
    if len(wanted) != len(seen):
        told = f"{_counted(len(seen))}, where {_counted(len(wanted))} should be"
        mismatches.append(Mismatch(COUNT, str(len(seen)), str(len(wanted)), told))
    mismatches += [
        Mismatch(place(number), _listed(extra), _shown(value.words), _hint(value, extra))
        for number, value in enumerate(wanted, 1)
        if value in missing
    ]
    passed = not mismatches
    return Grade(
        passed=passed,
        score=float(passed),
        compared=max(len(wanted), len(seen)),
        mismatches=tuple(mismatches),
    )


def place(number: int) -> str:
    """Where the value with this number of the right answer is found missing."""
    return f"value {number}"


def _hint(wanted: Value, extra: Sequence[Value]) -> str:
    if len(extra) != 1:
        return f"{wanted.kind} is missing"
    if wanted.kind == extra[0].kind:
        return f"{wanted.kind}, but another one"
    return f"{extra[0].kind} ({_shown(extra[0].words)!r}), where {wanted.kind} is expected"


def _listed(extra: Sequence[Value]) -> str:
    return _shown(" | ".join(one.words for one in extra[:_MOST_LISTED])) or "(nothing else)"


def _shown(words: str) -> str:
    return words if len(words) <= _MOST_SHOWN else f"{words[:_MOST_SHOWN]}…"


def _counted(many: int) -> str:
    if many < 2:
        return "one value" if many else "no value"
    return f"{many} different values"
