"""What a task is: a query, one to many cases with inputs, and a way to grade the answer.

The first case is the one that an agent works on. Further cases have other inputs for the same
query: what an agent did is replayed on them, so that a value typed in by hand is found out.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from skillgit.images import Image
from skillgit.names import Digest


@dataclass(frozen=True, slots=True)
class Case:
    """One set of inputs and what is expected of it.

    `inputs` are files by the name that they have in the work folder. `gold` (None = unknown) and
    `region` (what is compared, in the domain's own words) are for the grader alone; nothing that a
    model runs ever sees the gold file.
    """

    inputs: Mapping[str, Path]
    answer: str
    """The name of the file that the agent must write."""
    gold: Path | None = None
    region: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", MappingProxyType(dict(self.inputs)))


@dataclass(frozen=True, slots=True)
class Task:
    """One task. `digest` covers the query, all inputs, the gold files and how it is graded."""

    id: str
    domain: str
    query: str
    cases: tuple[Case, ...]
    digest: Digest
    group: str = ""
    """A kind of task within its set, for stratified splits and tables."""

    def __post_init__(self) -> None:
        if not self.id or not self.query.strip() or not self.cases:
            raise ValueError(f"a task needs an id, a query and a case: {self.id!r}")


@dataclass(frozen=True, slots=True)
class TaskSet:
    """Tasks in a fixed order, and what all of them say together."""

    tasks: tuple[Task, ...]
    digest: Digest
    origin: str
    remarks: tuple[str, ...] = ()
    """What a person must hear of: tasks left out, odd ranges, misnamed files."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One place where an answer differs. Only `hint` may be shown to a model.

    `hint` tells kinds and shapes ("a formula without a stored value", "text, where a number is
    expected"), never the expected value itself; `found` and `expected` are for people.
    """

    place: str
    found: str
    expected: str
    hint: str
    near: float = 0.0
    """How alike the two are in form, 0 to below 1; for choosing between attempts, never shown."""


@dataclass(frozen=True, slots=True)
class Grade:
    """What a grader says of one answer. `report()` is fit for a model, `mismatches` are not."""

    passed: bool
    score: float
    compared: int = 0
    """How many places were compared; 0 with `passed` is a vacuous pass."""
    mismatches: tuple[Mismatch, ...] = ()
    problem: str = ""
    """Why nothing could be compared (no file, not a workbook, no such sheet); no gold in it."""
    notes: Mapping[str, str] = field(default_factory=dict)
    official: Mapping[str, bool] = field(default_factory=dict)
    """What the scorers of benchmarks say, by name: beside `passed`, and never mixed with it."""

    @property
    def closeness(self) -> float:
        """How near an answer is to the expected one, 0 to 1; never shown to a model."""
        if self.passed:
            return 1.0
        missing = sum(1 - one.near for one in self.mismatches)
        return 0.0 if self.problem else max(0.0, 1 - missing / max(self.compared, 1))

    def report(self, most: int = 8) -> str:
        """What a model may know: where it differs and of what kind, never what is expected."""
        if self.passed:
            return f"passed: {self.compared} places compared"
        if self.problem:
            return f"failed: {self.problem}"
        shown = "; ".join(f"{one.place}: {one.hint}" for one in self.mismatches[:most])
        rest = len(self.mismatches) - most
        more = f"; and {rest} more" if rest > 0 else ""
        return f"failed: {len(self.mismatches)} of {self.compared} places differ: {shown}{more}"


@dataclass(frozen=True, slots=True)
class Stated:
    """What a manifest says of the right answer of a case, under the keys that the domain knows."""

    gold: Path | None = None
    values: Mapping[str, object] = field(default_factory=dict)

    def text(self, key: str, default: str | None = None) -> str:
        """A text that is not empty; Misstated where it is none, or lacks without a default."""
        if default is not None and key not in self.values:
            return default
        value = self.values.get(key)
        if value is None:
            raise Misstated(f"{key!r} is missing")
        if not isinstance(value, str) or not value.strip():
            raise Misstated(f"{key!r} must be a text in quotes, and not empty")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Several texts, or one, which may be empty; Misstated where they are none, or lack."""
        value = self.values.get(key)
        many = [value] if isinstance(value, str) else value
        if many is None:
            raise Misstated(f"{key!r} is missing")
        if not isinstance(many, list) or not many or not all(isinstance(one, str) for one in many):
            raise Misstated(f"{key!r} must be a text in quotes, or a list of texts")
        return tuple(many)


class Misstated(Exception):  # noqa: N818 - never leaves this room: it becomes a UsageError
    """What is wrong with what a manifest says of a case, and perhaps what to do."""

    def __init__(self, wrong: str, hint: str = "") -> None:
        super().__init__(wrong)
        self.hint = hint


class Domain(Protocol):
    """A kind of task. The registry is `skillgit.domains.registry.DOMAINS`.

    A domain inherits from this class: what has a body here may be left as it is.
    """

    name: str
    answer: str
    """The file that an agent must leave, where a manifest names no other."""
    keys: tuple[str, ...]
    """What a manifest may say of a case beside `inputs`; `gold` is a file of the task folder."""
    computed: bool = True
    """Can a program work the answer out from the inputs? If not, it holds what a model read."""

    def grade(self, case: Case, answer: Path) -> Grade:
        """Grade the file at `answer` (it may be missing, hostile, or no regular file).

        Never raises for what an answer holds. Runs in a thread; takes no lock.
        """
        ...

    def literals(self, case: Case, mismatches: tuple[Mismatch, ...]) -> frozenset[str]:
        """Expected values, as text, that an honest program cannot contain.

        Those of the places where the failed answer differs, longer than two characters and not in
        the inputs. A proof whose program has one of them (and the query has not) embeds the answer.
        """
        ...

    def preview(self, case: Case) -> str:
        """A short look at the inputs for the agent's first message; "" where there is none."""
        ...

    def images(self, case: Case) -> tuple[Image, ...]:  # noqa: ARG002 - for those who have any
        """The pictures that a model is shown with the query; UsageError where one cannot be."""
        return ()

    def region(self, stated: Stated) -> str:
        """`Case.region` from what a manifest says; Misstated where it does not say enough."""
        ...

    def doubt(self, case: Case) -> str:  # noqa: ARG002 - for those who have any
        """What a person must hear of before this case is used; "" where there is nothing."""
        return ""

    def ideal(self, case: Case, place: Path) -> Path | None:
        """Write the gold answer to `place` as an agent would leave it; None where none is known."""
        if case.gold is None:
            return None
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(case.gold, place)
        return place
