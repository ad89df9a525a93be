"""One row of a public math set, whatever its keys are called: known by its shape."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from skillgit.domains.math.expected import Form
from skillgit.domains.math.finding import boxed
from skillgit.domains.math.numbers import plain

Row: TypeAlias = Mapping[str, Any]

_TEXT = ("problem", "question", "prompt")
_ANSWER = ("answer", "final_answer", "expected_answer", "ground_truth")
_NAME = ("unique_id", "id", "problem_idx", "index")
_GROUP = ("subject", "type")
_FOREIGN = frozenset({"image", "images", "context", "choices", "options", "table"})
"""Of other kinds of questions, which have a question and an answer as well."""

_HASHES = re.compile(r"####\s*([^\n]+)")
_DAPO_BEFORE = re.compile(r"Solve the following math problem step by step\.[^\n]*\n+")
_DAPO_AFTER = re.compile(r"\n+Remember to put your answer on its own line after \"Answer:\"\.\s*")


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem as a set publishes it; `name` is "" where it has none."""

    name: str
    text: str
    answer: str
    form: Form
    group: str = ""


def problem(row: object) -> Problem | str:
    """The problem of a row, or why it is none."""
    if not isinstance(row, dict):
        return "it is no object"
    row = {str(key).lower(): value for key, value in row.items()}
    if _FOREIGN & row.keys():
        return "it is of another kind of question"
    text = _text(row)
    if not text:
        return "it has no problem"
    found = _answer(row)
    if found is None:
        return "it has no final answer"
    answer, form = found
    return Problem(_first(row, _NAME, _name_within(row)), text, answer, form, _first(row, _GROUP))


def _text(row: Row) -> str:
    for key in _TEXT:
        value = row.get(key)
        if isinstance(value, list):
            value = _of_messages(value)
        if isinstance(value, str) and value.strip():
            return _DAPO_AFTER.sub("", _DAPO_BEFORE.sub("", value.strip(), count=1)).strip()
    return ""


def _of_messages(messages: Iterable[object]) -> str:
    users = [m for m in messages if isinstance(m, dict) and m.get("role") == "user"]
    return str(users[-1].get("content", "")) if users else ""


def _answer(row: Row) -> tuple[str, Form] | None:
    """The final answer and the form in which the set's own scorer looks for it."""
    reward, solution = row.get("reward_model"), row.get("solution")
    if isinstance(reward, dict) and _scalar(reward.get("ground_truth")):
        return _scalar(reward["ground_truth"]), Form.ANSWER
    given = next((text for key in _ANSWER if (text := _scalar(row.get(key)))), "")
    worked = [text for text in (given, solution) if isinstance(text, str)]
    for text in worked:
        if hashes := _HASHES.findall(text):
            return hashes[-1].strip().replace(",", ""), Form.HASHES
    of_math = bool({"subject", "level", "type"} & row.keys())
    if not given:
        given = next((inside.strip() for text in worked if (inside := boxed(text))), "")
    if not given or ("question" in row and not of_math and not _is_mathematics(given)):
        return None
    return given, Form.BOXED if of_math else Form.ANSWER


def _is_mathematics(answer: str) -> bool:
    return plain(answer) is not None or "\\" in answer


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip() if isinstance(value, str | int | float) else ""


def _name_within(row: Row) -> str:
    extra = row.get("extra_info")
    return _first(extra, _NAME) if isinstance(extra, dict) else ""


def _first(row: Row, keys: Iterable[str], default: str = "") -> str:
    return next((text for key in keys if (text := _scalar(row.get(key)))), default)
