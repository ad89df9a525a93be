"""What files say about how a trajectory ended.

Only explicit words count: a verdict (`outcome`, `success`, `passed`, `resolved`) or a number
(`reward`, `score`) under its name. Texts, exit statuses and the agent's own claims never do.
"""

from __future__ import annotations

import math
from dataclasses import replace

from skillgit.trajectories.documents import JsonObject, JsonValue, SourceFile, value_of
from skillgit.trajectories.drafts import first_text, objects_in, text_of
from skillgit.types import Diagnostic, Outcome, Result

DETAIL_CHARS = 2000
OUTCOME_SCHEMA = "skillgit.outcome/1"
"""What `skillgit import` writes beside a trajectory."""

_VERDICT_KEYS = ("outcome", "success", "passed", "resolved")
_SCORE_KEYS = ("reward", "score")
_DETAIL_KEYS = ("feedback", "detail", "explanation", "reason")
_WORDS = {
    Result.PASS: ("pass", "passed", "success", "succeeded", "resolved", "true", "yes", "1", "1.0"),
    Result.FAIL: ("fail", "failed", "failure", "unresolved", "false", "no", "0", "0.0"),
    Result.UNKNOWN: ("unknown", "n/a", "none", "null"),
}
# Exceptions after which a reward is still the agent's: it took too long, too much, or refused.
_THE_AGENTS_OWN = frozenset(
    {"AgentTimeoutError", "ContextWindowExceededError", "OutputTokenExceededError"}
    | {"ContextLengthExceededError", "OutputLengthExceededError"}
    | {"AgentSafetyRefusalError", "ContentPolicyViolationError"}
)
_OWN_SCHEMA = "skillgit.run/1"
_MISHAPS = frozenset({"crashed", "endpoint failed"})
"""How runs of ours end that say nothing about their agents: `evaluation.runs.MISHAPS`."""
_RESULTS = {word: result for result, words in _WORDS.items() for word in words}


def judged(outcome: Outcome, pass_score: float) -> Outcome:
    """The outcome with a result, where there is a score and nobody gave a verdict."""
    if outcome.result is not Result.UNKNOWN or outcome.score is None:
        return outcome
    return replace(outcome, result=Result.PASS if outcome.score >= pass_score else Result.FAIL)


def outcome_of(record: JsonObject, said_by: str = "") -> tuple[Outcome, str]:
    """The outcome that a record states, and what is wrong with the statement ("" = nothing).

    A verdict outweighs a score. A score without a verdict leaves the result unknown, for
    `judged`. The value of a key may be an object with the same keys; there `result` is a verdict,
    too, while beside the messages it is often the agent's answer.
    """
    keys = (*_VERDICT_KEYS, *_SCORE_KEYS)
    stated = {key: record[key] for key in keys if _given(record.get(key))}
    detail = first_text(record, *_DETAIL_KEYS)
    holder = next((key for key in keys if isinstance(record.get(key), dict)), "")
    inner = record.get(holder)
    if isinstance(inner, dict):
        said_by = said_by or holder
        stated = {key: inner[key] for key in keys if _given(inner.get(key))} | stated
        if _given(inner.get("result")):
            stated.setdefault("outcome", inner["result"])
        detail = first_text(inner, *_DETAIL_KEYS) or detail
    verdicts = {key: _verdict(value) for key, value in stated.items() if key in _VERDICT_KEYS}
    scores = {key: _number(value) for key, value in stated.items() if key in _SCORE_KEYS}
    said_by, detail = said_by or next(iter([*verdicts, *scores]), ""), detail[:DETAIL_CHARS]
    unknown = Outcome(Result.UNKNOWN, None, said_by, detail)
    if None in verdicts.values():
        return unknown, f"{said_by}: the verdict is neither pass nor fail nor unknown"
    if len(set(verdicts.values())) > 1:
        return unknown, f"{', '.join(verdicts)}: the verdicts contradict each other"
    score = next(iter(scores.values()), None)
    result = next(iter(verdicts.values()), None)
    if result is None and scores and score is None:
        return unknown, f"{said_by}: the score is not a finite number"
    if result is Result.UNKNOWN:
        return unknown, ""
    return Outcome(result or Result.UNKNOWN, score, said_by, detail), ""


def _given(value: JsonValue) -> bool:
    return value is not None and not isinstance(value, dict) and value != ""


def _verdict(value: JsonValue) -> Result | None:
    text = text_of(value).strip().lower() if isinstance(value, str | bool | int | float) else ""
    return _RESULTS.get(text)


def _number(value: JsonValue) -> float | None:
    """A finite number, also one written as text (in CSV everything is text)."""
    if not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def sibling_outcome(file: SourceFile, name: str) -> tuple[Outcome, str, str]:
    """What a result file beside a trajectory says: the outcome, the task, what is wrong with it.

    Harbor writes `verifier_result.rewards` (or `rewards`), numbers by name: `reward` decides,
    else the lowest of them. Other statements count only in a file named after the trajectory's.
    After `#` stands which of several steps of a Harbor trial the trajectory is.
    """
    path, _, step = name.partition("#")
    nothing = Outcome(Result.UNKNOWN)
    if path.endswith("/reward.txt"):
        outcome, fault = _rewards_outcome({"reward": file.siblings[name].decode(errors="replace")})
        return outcome, "", f"{path} beside it: {fault}" if fault else ""
    value = value_of(SourceFile(path, file.siblings[name]))
    if isinstance(value, Diagnostic):
        return nothing, "", f"{path} beside it: {value.message}"
    if path.endswith("/reward.json"):
        value = {"rewards": value if isinstance(value, dict) else {"reward": value}}
    if not isinstance(value, dict):
        return nothing, "", f"{path} beside it is no object"
    task = first_text(value, "task_name", "task_id")
    trial = _step_of(value, step) if step else value
    verifier = trial.get("verifier_result")
    rewards = verifier.get("rewards") if isinstance(verifier, dict) else trial.get("rewards")
    if isinstance(rewards, dict) and rewards:
        outcome, fault = _rewards_outcome(rewards)
        said = first_text(value, *_DETAIL_KEYS)
        outcome = replace(outcome, detail=said[:DETAIL_CHARS]) if said else outcome
        if broken := _broken_by(trial, value):
            outcome, fault = nothing, f"the trial broke ({broken}), so its reward says nothing"
    elif path.rpartition("/")[2] == "result.json":
        return nothing, task, ""
    else:
        outcome, fault = outcome_of(value, _said_by(value))
    return outcome, task, f"{path} beside it: {fault}" if fault else ""


def outcome_document(outcome: Outcome) -> dict[str, object] | None:
    """What `<name>.result.json` says of an outcome; None where there is nothing to say."""
    if outcome == Outcome(Result.UNKNOWN):
        return None
    score = outcome.score if outcome.score is not None and math.isfinite(outcome.score) else None
    found: dict[str, object] = {"schema": OUTCOME_SCHEMA, "outcome": str(outcome.result)}
    if score is not None:
        found["score"] = score
        if outcome.result is Result.UNKNOWN:
            # Nobody gave a verdict, and "unknown" would be one: `judged` gives it.
            del found["outcome"]
    return found | {"said_by": outcome.said_by, "detail": outcome.detail[:DETAIL_CHARS]}


def _said_by(value: JsonObject) -> str:
    return first_text(value, "said_by") if value.get("schema") == OUTCOME_SCHEMA else ""


def _step_of(trial: JsonObject, name: str) -> JsonObject:
    """The result of one step of a Harbor trial that has several."""
    steps = objects_in(trial.get("step_results"))
    return next((step for step in steps if text_of(step.get("step_name")) == name), {})


def _broken_by(*results: JsonObject) -> str:
    """The exception after which, as Harbor judges it, a reward says nothing about the agent.

    Or the mishap that ended a run of ours.
    """
    for result in results:
        ended = text_of(result.get("ended"))
        if result.get("schema") == _OWN_SCHEMA and ended in _MISHAPS:
            return ended
        told = result.get("exception_info")
        if isinstance(told, dict):
            kind = first_text(told, "exception_type") or "an exception"
            if kind not in _THE_AGENTS_OWN:
                return kind[:100]
    return ""


def _rewards_outcome(rewards: JsonObject) -> tuple[Outcome, str]:
    numbers = {name: _number(value) for name, value in rewards.items()}
    known = {name: number for name, number in numbers.items() if number is not None}
    if len(known) < len(numbers):
        return Outcome(Result.UNKNOWN, None, "verifier"), "a reward is not a finite number"
    score = known.get("reward", min(known.values()))
    detail = ", ".join(f"{text_of(name)} {number:g}" for name, number in known.items())
    return Outcome(Result.UNKNOWN, score, "verifier", detail[:DETAIL_CHARS]), ""
