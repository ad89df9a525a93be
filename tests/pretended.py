"""Outcomes of experiments that nobody made: the same for the same plan, for tests of tables.

Whoever changes a table on purpose writes the golden files again: python tests/pretended.py
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from skillgit.experiments.layout import comma_separated, markdown, text
from skillgit.experiments.matrix import Drafted, Evaluated, Evolved, Rollouts, Step, steps
from skillgit.experiments.outcomes import Gap, Outcome, Rates, Runs, Scored, Taught, Written
from skillgit.experiments.plan import Plan
from skillgit.experiments.reading import read_plan
from skillgit.experiments.tables import Filled, fill
from skillgit.names import Digest, Oid

PLANS = Path(__file__).parents[1] / "templates" / "experiments"
GOLDEN = Path(__file__).parent / "experiments" / "golden"
TASKS = 20
FORMS = {"txt": text, "md": markdown, "csv": comma_separated}


def plan_of(number: int) -> Plan:
    """A plan that comes along."""
    path = PLANS / f"table-{number}.yaml"
    return read_plan(path.read_text(encoding="utf-8"), path.name, Path())


def outcome(step: Step) -> Outcome:
    """What came of a step, as its label says."""
    luck = hashlib.sha256(repr(step.label).encode()).digest()
    match step:
        case Drafted():
            return Written("skills/draft", Oid("1" * 40), digest(step.label))
        case Rollouts():
            return Taught("rollouts/x", 8, 12, (), ())
        case Evolved():
            seconds = float(luck[0] * 20)
            return Written("skills/x", Oid("2" * 40), digest(step.label), seconds=seconds)
        case Evaluated():
            runs = tuple(_runs(step, luck))
            return Runs(runs, step.model.model, floor=Rates(0.075, 0.1), ceiling=Rates(1, 1))


def _runs(step: Evaluated, luck: bytes) -> Iterator[Scored]:
    for task in range(TASKS):
        for seed in step.seeds:
            cases = (luck[(task * 7 + seed) % 32] % 4) / 3
            yield Scored(f"t{task}", digest(f"t{task}"), seed, cases == 1, cases)


def digest(word: str) -> Digest:
    return Digest(f"sha256:{hashlib.sha256(word.encode()).hexdigest()}")


def filled(number: int, **gaps: str) -> Filled:
    """A table with figures; `gaps` are reasons by a word of the labels of steps that failed."""
    plan = plan_of(number)
    found = {step: outcome(step) for step in steps([plan])}
    for word, reason in gaps.items():
        found |= {step: Gap(reason) for step in found if word in step.label}
    return fill(plan, plan.tables[0], found)


def golden() -> Iterator[tuple[Path, str]]:
    """Every golden file, and what belongs into it."""
    for number in range(1, 7):
        gaps = {"bank": "no endpoint embeds texts"} if number == 5 else {}
        table = filled(number, **gaps)
        for ending, write in FORMS.items():
            yield GOLDEN / f"table-{number}.{ending}", write(table)


if __name__ == "__main__":
    for place, content in golden():
        place.write_text(content, encoding="utf-8")
