"""Solutions of math problems: the problem, what a model answered, and whether it was right.

- One solution to an object: `{problem | question, response | generation | …, correct?, …}`.
- GSM8K's model solutions: `{question, ground_truth, SYSTEM: {solution, is_correct}, …}`.

A right answer that stands beside is not compared: whether a solution is right is said by
`correct`, or unknown. A `solution` without a verdict is a data set's own, not a model's.
"""

from __future__ import annotations

from collections.abc import Iterator

from skillgit.trajectories.documents import Document, JsonObject, JsonValue, part_of
from skillgit.trajectories.drafts import (
    Draft,
    Label,
    finished,
    first_text,
    one_by_one,
    remark,
    text_of,
)
from skillgit.trajectories.outcomes import outcome_of
from skillgit.types import Diagnostic, Outcome, Result, Trajectory

FORMAT = "math solution"

_PROBLEMS = ("problem", "question")
_ANSWERS = ("response", "model_answer", "generation", "completion")
_JUDGED_ANSWERS = (*_ANSWERS, "solution", "output")
_VERDICTS = ("correct", "is_correct")
_BESIDE = ("gold", "ground_truth", "reference", "expected_answer", "level", "subject", "system")


def _root_of(value: JsonValue) -> JsonObject | None:
    if not isinstance(value, dict) or not _text(value, _PROBLEMS):
        return None
    judged = any(key in value for key in _VERDICTS) and _text(value, _JUDGED_ANSWERS)
    told = any(key in value for key in _BESIDE) and _text(value, _ANSWERS)
    return value if judged or told or any(_by_system(value)) else None


def _text(value: JsonObject, keys: tuple[str, ...]) -> str:
    found = next((value[key] for key in keys if key in value), None)
    return first_text({"text": found}, "text") if isinstance(found, str) else ""


def _by_system(value: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    for name, answer in value.items():
        if isinstance(answer, dict) and "is_correct" in answer and _text(answer, ("solution",)):
            yield text_of(name), answer


def _read(document: Document, root: JsonObject) -> Iterator[Trajectory | Diagnostic]:
    problem = _text(root, _PROBLEMS)
    task = first_text(root, "id", "unique_id", "problem_id", "task_id")
    several = list(_by_system(root))
    for name, answer in several:
        part = part_of(document, {"problem": problem, name: answer}, name)
        yield from _solution(part, problem, answer, Label(FORMAT, task, name))
    if not several:
        label = Label(FORMAT, task, first_text(root, "model", "system", "agent"))
        yield from _solution(document, problem, root, label)


def _solution(
    document: Document, problem: str, answer: JsonObject, label: Label
) -> Iterator[Trajectory | Diagnostic]:
    drafts = [Draft("user", problem), Draft("agent", _text(answer, _JUDGED_ANSWERS))]
    verdict = next((answer[key] for key in _VERDICTS if key in answer), None)
    outcome = Outcome(Result.UNKNOWN)
    if verdict is not None:
        outcome, fault = outcome_of({"outcome": verdict}, said_by="correct")
        if fault:
            yield remark(document, fault)
    yield finished(document, drafts, label, outcome)


MATH_SOLUTION = one_by_one(FORMAT, _root_of, _read)
