"""Is a cause proven? A repair program is run by skillgit, never in the analyst's own folder.

Section 2.3 of the paper asks for a fix and a causal explanation. In the code released with it the
analyst says which files are graded, and the gold file lies in its reach: measured, two calls prove
anything. Here a fresh sandbox holds a case's inputs and nothing else, for each case anew; what the
program leaves is taken out and graded outside; and it must not hold the answer itself.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from skillgit.agent.loop import elide
from skillgit.agent.tools import Room, run_program, shown
from skillgit.agent.workspace import lay_out_case
from skillgit.domains.task import Case, Domain, Task
from skillgit.names import Digest
from skillgit.stages.analyze.bench import Bench
from skillgit.stages.analyze.marking import Failure, Marked, mark, scratch

PROVEN = "Proven: it passes."
_SAME = "Refused: it writes exactly the answer that was refused before"
_EMBEDDED = (
    "Refused: the program holds the answer itself. It must work it out from the input files, as it"
    " is also run with other ones."
)
_BLIND = (
    "Refused: the program writes the same answer without the input files, so it holds the answer"
    " itself. It must work it out from them."
)
_PRINTED_CHARS = 1500


@dataclass(frozen=True, slots=True)
class Trial:
    """What a repair is held against."""

    task: Task
    failure: Failure
    domain: Domain
    bench: Bench


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the program printed with the inputs of the first case, and what is thought of it.

    Both are fit for a model. `artifact` is there if, and only if, the cause is proven.
    """

    printed: str
    words: str
    artifact: Digest | None = None
    near: float = 0.0
    """How near a refused repair comes to a proof: for choosing between them, never shown."""


async def judge(program: str, trial: Trial) -> Judgement:
    """Run a repair in every case and grade what it leaves; the first reason against it ends it."""
    first, *others = trial.task.cases
    printed, marked = await _run(program, first, trial)
    if words := _refusal(1, marked, trial.failure):
        return Judgement(printed, words, near=marked.grade.closeness)
    for number, case in enumerate(others, 2):
        _, elsewhere = await _run(program, case, trial)
        if words := _refusal(number, elsewhere, trial.failure):
            passed = number - 1
            return Judgement(printed, words, near=passed + elsewhere.grade.closeness)
    if await asyncio.to_thread(_holds_the_answer, program, trial):
        return Judgement(printed, _EMBEDDED)
    if first.inputs and trial.domain.computed:
        # What is written without looking at anything was known before: also if no word of it can
        # be found in the program.
        _, blind = await _run(program, replace(first, inputs={}), trial)
        if blind.grade.passed:
            return Judgement(printed, _BLIND)
    return Judgement(printed, PROVEN, marked.artifact)


async def _run(program: str, case: Case, trial: Trial) -> tuple[str, Marked]:
    """Run a program in a new folder with a case's inputs; what it printed, and its answer."""
    bench = trial.bench
    with scratch("proof") as folder:
        room = Room(bench.sandbox, folder / "work")
        await asyncio.to_thread(lay_out_case, case, room.work)
        ran = await run_program(room, program)
        marked = await mark(trial.domain, case, room.work, bench.answer_bytes)
    return elide(shown(ran).text, _PRINTED_CHARS), marked


def _refusal(number: int, marked: Marked, failure: Failure) -> str:
    """Why an answer is not the one that was missed, in words for a model; "" where it is."""
    report = marked.grade.report()
    if number == failure.case and marked.artifact and marked.artifact == failure.artifact:
        return f"{_SAME}: {report}"
    if marked.grade.passed:
        return ""
    if number == 1:
        return f"Refused: {report}"
    return f"Refused: it passes here, but not with other inputs: {report}"


def _holds_the_answer(program: str, trial: Trial) -> bool:
    """Does the program spell an expected value that its query does not?

    What every case expects alike (a heading, a mark) is a rule of the task and not one answer.
    """
    first, *others = trial.task.cases
    literals = set(trial.domain.literals(first, trial.failure.mismatches))
    if others and literals:
        literals -= frozenset.intersection(*(trial.domain.literals(one, ()) for one in others))
    return any(_spelt(literals, program, trial.task.query))


def _spelt(literals: Iterable[str], program: str, query: str) -> Iterable[bool]:
    return (_stands_in(one, program) and not _stands_in(one, query) for one in literals)


def _stands_in(literal: str, text: str) -> bool:
    """As a whole: 100 does not stand in 1000 or x100, nor `West` in `Western`."""
    return re.search(rf"(?<![\w.]){re.escape(literal)}(?!\w|\.\d)", text) is not None
