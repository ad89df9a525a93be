r"""What the benchmarks' own scorers say of a solution. All of them compare texts.

They are reported beside the verdict that counts and never mixed with it. Known defects, each held
by a test:

dapo          0.5 is not 1/2 and 18.0 is not 18. Only the last 300 characters are read. `Answer:`
              in bold leaves stars that make it wrong. What stands after the last = counts, so
              that `x=1, y=2` and `y=2` are the same. Words like `ways`, `points` or `km` vanish
              wherever they stand, also inside a word; so does "a " ("banana 3" is "banan3").
dapo-strict   Nothing is normalised: `\dfrac{1}{2}` is not `\frac{1}{2}`. A box that begins before
              the last 100 characters does not count.
gsm8k         The first `#### ` counts, not the last: a heading `#### 1. Plan` is the answer `1.`.
              A dollar sign or a bold number behind it is no answer. `72.` and `72.0` are not 72.
math          The last box counts, in TeX's spelling: `x^2+1` is not `1+x^2`, `0.25` not `1/4`,
              `10,000` not `10000`; `1/2 \text{ m}` is 1/2 whatever the unit. `50` is `50\%`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from skillgit.domains.math import competition, dapo, finding
from skillgit.domains.math.expected import Form


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one scorer says, and what it took for the answer (None: it found none)."""

    passed: bool
    extracted: str | None


@dataclass(frozen=True, slots=True)
class _Scorer:
    form: Form
    extract: Callable[[str], str | None]
    same: Callable[[str, str], bool]


def _same_for_dapo(gold: str, answer: str) -> bool:
    return dapo.normalised(gold) == dapo.normalised(answer)


def _same_for_gsm8k(gold: str, answer: str) -> bool:
    return gold.replace(",", "") == answer


def _equal(gold: str, answer: str) -> bool:
    return gold == answer


_SCORERS: Mapping[str, _Scorer] = {
    "dapo": _Scorer(Form.ANSWER, finding.dapo, _same_for_dapo),
    "dapo-strict": _Scorer(Form.BOXED, finding.dapo_strict, _equal),
    "gsm8k": _Scorer(Form.HASHES, finding.gsm8k, _same_for_gsm8k),
    "math": _Scorer(Form.BOXED, finding.boxed, competition.same),
}

SCORERS = tuple(_SCORERS)
SCORER_OF: Mapping[Form, str] = {
    Form.ANSWER: "dapo",
    Form.HASHES: "gsm8k",
    Form.BOXED: "math",
}
"""Whose score a benchmark reports that asks for a form."""


def verdicts(gold: str, solution: str) -> Mapping[str, Verdict]:
    """The verdict of every scorer on a solution as it stands, by the scorer's name."""
    return {name: _verdict(scorer, gold, solution) for name, scorer in _SCORERS.items()}


def in_form(answer: str, form: Form) -> str:
    """A bare answer as a solution gives it that keeps to a form."""
    return {
        Form.ANSWER: f"Answer: {answer}",
        Form.HASHES: f"#### {answer}",
        Form.BOXED: f"\\boxed{{{answer}}}",
    }[form]


def verdicts_on_bare(gold: str, answer: str) -> Mapping[str, Verdict]:
    """The same of an answer without a solution: each scorer sees it in the form that it reads."""
    return {
        name: _verdict(scorer, gold, in_form(answer, scorer.form))
        for name, scorer in _SCORERS.items()
    }


def _verdict(scorer: _Scorer, gold: str, solution: str) -> Verdict:
    answer = scorer.extract(solution)
    return Verdict(answer is not None and scorer.same(gold, answer), answer)
