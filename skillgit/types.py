"""The hand-over values of a round, in the order in which a round makes them.

Reading this file from top to bottom is reading the pipeline:

    (names)      SkillPath, Oid, Digest, RoundId            text that cannot be unsafe: names.py
    base         Skill                                      the frozen copy that everyone reads
    collect      Trajectory, Diagnostic, Pool               what happened, and did it succeed?
    analyze      Lesson, Quote, Change, Edit, Patch         what would each analyst change, and why?
    consolidate  Fate, MergeRecord, ChangeSet               which edits survive together?
    guard        Finding, Verdict                           is it allowed and well formed?
    gate         GateReport                                 is the skill better for it?
    record       LessonCommit, Branch                       how does the history tell it?
    afterwards   Method, Worth, Effect                      what is each lesson worth?
    the end      Usage, Round, Evolution                    what a person is shown

Every value is frozen and checks itself when it is built: what exists is well formed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import TypeAlias

from skillgit.names import Digest, EditId, Oid, RoundId, SkillPath, TrajectoryId


@dataclass(frozen=True, slots=True, order=True)
class LineRange:
    """Lines `first` to `last` of a text, both included, counted from 1."""

    first: int
    last: int

    def __post_init__(self) -> None:
        if not 1 <= self.first <= self.last:
            raise ValueError(f"not a line range: {self.first} to {self.last}")

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first}-{self.last}"


# --------------------------------------------------------------------------- the base

MANIFEST = SkillPath("SKILL.md")


@dataclass(frozen=True, slots=True)
class Skill:
    """A skill as it stood at one commit. `root` is its folder in the repository ("" = the root)."""

    root: str
    commit: Oid
    files: Mapping[SkillPath, bytes]
    modes: Mapping[SkillPath, str] = field(default_factory=dict)
    """Git modes, where they are not 100644."""

    def __post_init__(self) -> None:
        if self.root:
            SkillPath(self.root)
        if MANIFEST not in self.files:
            raise ValueError(f"no SKILL.md in {self.root or 'the repository root'}")
        object.__setattr__(self, "files", MappingProxyType(dict(sorted(self.files.items()))))
        object.__setattr__(self, "modes", MappingProxyType(dict(self.modes)))

    @property
    def folder(self) -> str:
        """The name of the skill's folder ("" when the skill is the repository itself)."""
        return PurePosixPath(self.root).name

    def text(self, path: SkillPath) -> str | None:
        """The file as text, or None where it is missing or not UTF-8."""
        try:
            return self.files[path].decode("utf-8")
        except (KeyError, UnicodeDecodeError):
            return None


# --------------------------------------------------------------------------- collect


class Result(StrEnum):
    """How a trajectory ended, as a verifier, a test, a reward or a person says."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result, the score if there is one, who says so, and what they said."""

    result: Result
    score: float | None = None
    said_by: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool; `arguments` as text (JSON where it was JSON)."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Step:
    """One turn of a trajectory, counted from 1. `source` is system, user, agent or tool."""

    number: int
    source: str
    message: str = ""
    reasoning: str = ""
    calls: tuple[ToolCall, ...] = ()
    observation: str = ""

    def __post_init__(self) -> None:
        if self.number < 1 or self.source not in {"system", "user", "agent", "tool"}:
            raise ValueError(f"not a step: {self.number} {self.source!r}")


@dataclass(frozen=True, slots=True)
class Trajectory:
    """What an agent did on one task. Identity is the SHA-256 of the raw bytes."""

    digest: Digest
    task: str
    steps: tuple[Step, ...]
    outcome: Outcome
    origin: str
    """The file it was read from, with `:line` in a file of several."""
    format: str = ""
    agent: str = ""
    skills: tuple[Digest, ...] = ()
    """The skills that it had, where its run says so: Harbor's digests of their files."""
    stored_as: Digest | None = None
    """What `skillgit import` made of it, where it was read from that: the digest of the file."""

    def __post_init__(self) -> None:
        if not self.steps:
            raise ValueError(f"a trajectory without steps: {self.origin}")

    @property
    def id(self) -> TrajectoryId:
        """Short, stable, and free of the origin's name."""
        return TrajectoryId(f"t-{self.digest[7:19]}")


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Something about the input that a person must hear of. `line` is 0 where unknown."""

    origin: str
    message: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Pool:
    """The trajectories of a round by class; `found` = all classes and duplicates together."""

    passed: tuple[Trajectory, ...]
    failed: tuple[Trajectory, ...]
    unknown: tuple[Trajectory, ...] = ()
    duplicates: int = 0
    beyond_limit: int = 0
    """Read, but more than `collect.limit` lets teach."""
    redactions: int = 0
    """How many secrets and names were hidden, and below of which kinds."""
    hidden: Mapping[str, int] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def found(self) -> int:
        """How many trajectories the files held."""
        kept = len(self.passed) + len(self.failed) + len(self.unknown)
        return kept + self.duplicates + self.beyond_limit


# --------------------------------------------------------------------------- analyze


@dataclass(frozen=True, slots=True)
class Quote:
    """Verbatim lines of one step of a trajectory, cut out by the program."""

    trajectory: TrajectoryId
    step: int
    lines: LineRange
    text: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """What should be remembered: a title in the imperative, and why."""

    title: str
    reason: str

    def __post_init__(self) -> None:
        if not self.title.strip() or "\n" in self.title:
            raise ValueError(f"a lesson needs a title of one line: {self.title!r}")


@dataclass(frozen=True, slots=True)
class Insert:
    """New lines after base line `after` (0 = before the first). `text` has no final newline."""

    path: SkillPath
    after: int
    text: str

    def __post_init__(self) -> None:
        if self.after < 0 or not self.text.strip():
            raise ValueError("an insertion needs a place and a text")


@dataclass(frozen=True, slots=True)
class Replace:
    """Other text instead of base lines; an empty text deletes them. No final newline."""

    path: SkillPath
    lines: LineRange
    text: str


@dataclass(frozen=True, slots=True)
class CreateFile:
    """A new file and the lines that lead to it: one value, so neither lands without the other."""

    path: SkillPath
    text: str
    link: Insert

    def __post_init__(self) -> None:
        if not self.text.strip() or self.link.path == self.path:
            raise ValueError("a new file needs a text, and a link from another file")


@dataclass(frozen=True, slots=True)
class DeleteFile:
    """A file that goes, together with the base lines that lead to it."""

    path: SkillPath
    unlink: tuple[Replace, ...]

    def __post_init__(self) -> None:
        if self.path == MANIFEST or any(change.path == self.path for change in self.unlink):
            raise ValueError("SKILL.md cannot be deleted, nor a file be its own link")


Change: TypeAlias = Insert | Replace | CreateFile | DeleteFile


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of the base, the lesson it teaches, and the trajectories that taught it."""

    id: EditId
    change: Change
    lesson: Lesson
    sources: frozenset[TrajectoryId]
    quotes: tuple[Quote, ...] = ()
    marks: frozenset[str] = frozenset()
    """What the proven repair brought in that it teaches: equal marks are one lesson."""

    def __post_init__(self) -> None:
        if not self.sources:
            raise ValueError(f"edit {self.id} has no source trajectory")

    @property
    def support(self) -> int:
        """The number of distinct source trajectories."""
        return len(self.sources)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a run failed, as its analyst sees it, with the lines that show it."""

    what: str
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class Memory:
    """A memory item: what holds beyond this run (appendix B.2 of the paper)."""

    title: str
    content: str


@dataclass(frozen=True, slots=True)
class Proof:
    """The program with which an error analyst proved its cause (section 2.3 of the paper).

    It was run by skillgit on fresh inputs, and what it wrote passed the grader in `cases` cases,
    where the failed run's artifact did not.
    """

    program: str
    artifact: Digest
    cases: int
    attempts: int
    turns: int


@dataclass(frozen=True, slots=True)
class Patch:
    """What one analyst proposes. Without edits it says that there is nothing to learn."""

    trajectory: TrajectoryId
    edits: tuple[Edit, ...]
    fates: tuple[Fate, ...] = ()
    """Edits of the reply that could not be placed on the base."""
    causes: tuple[Cause, ...] = ()
    memories: tuple[Memory, ...] = ()
    proof: Proof | None = None


class Exclusion(StrEnum):
    """Why a trajectory teaches nothing."""

    NO_REPLY = "no reply"
    UNPROVEN = "unproven"
    """No repaired artifact passed within the budget."""
    FALSE_FAILURE = "false failure"
    """The grader passes what the run left behind."""
    NO_ARTIFACTS = "no artifacts"
    """The task or the files of the run are not at hand, so nothing can be proven."""


@dataclass(frozen=True, slots=True)
class Excluded:
    """An analyst without a patch, and why."""

    trajectory: TrajectoryId
    reason: str
    kind: Exclusion = Exclusion.NO_REPLY


# --------------------------------------------------------------------------- consolidate


class State(StrEnum):
    """The one final state of a proposed edit."""

    APPLIED = "applied"
    MERGED = "merged-into"
    WITHHELD = "withheld"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Fate:
    """How an edit ended, and why. `into` is the edit that carries it on (merged-into only)."""

    edit: EditId
    state: State
    reason: str = ""
    into: EditId | None = None

    def __post_init__(self) -> None:
        if (self.state is State.MERGED) != (self.into is not None):
            raise ValueError(f"{self.edit}: 'into' belongs to merged-into alone")


@dataclass(frozen=True, slots=True)
class MergeRecord:
    """One node of the merge tree: what went in, what came out, what the operator said."""

    level: int
    node: int
    inputs: tuple[EditId, ...]
    outputs: tuple[EditId, ...]
    fates: tuple[Fate, ...] = ()
    how: str = ""
    """`program` (nothing to ask), `model`, or `fallback: <reason>`."""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """What consolidation hands on: the surviving edits, strongest first, and the account."""

    edits: tuple[Edit, ...]
    fates: tuple[Fate, ...] = ()
    merges: tuple[MergeRecord, ...] = ()


# --------------------------------------------------------------------------- guard


class Severity(StrEnum):
    """An error withholds or fails; a warning is shown."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says about one place. `line` and `column` count from 1, 0 = whole file."""

    rule: str
    severity: Severity
    path: str
    message: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The edits that may be committed, what befell the others, and the remarks on the tree."""

    edits: tuple[Edit, ...]
    fates: tuple[Fate, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def passed(self) -> bool:
        """Is there something to commit, and nothing in the tree that forbids it?"""
        return bool(self.edits) and all(f.severity is not Severity.ERROR for f in self.findings)


# --------------------------------------------------------------------------- gate


@dataclass(frozen=True, slots=True)
class Harm:
    """A lesson that was dropped because the agent did better without it (success rates, 0 to 1)."""

    title: str
    edits: tuple[EditId, ...]
    score_with: float
    score_without: float


@dataclass(frozen=True, slots=True)
class GateReport:
    """Base and evolved skill on tasks that gave no trajectory; rates and differences 0 to 1.

    `verdict` is that of `evaluation.comparison`; only `better` passes. `searched` counts the
    subsets of lessons that were tried, `rivals` the evolutions of which this is the best.
    """

    tasks: int
    seeds: tuple[int, ...]
    base: float
    evolved: float
    difference: float
    low: float
    high: float
    won: int
    lost: int
    tied: int
    p: float
    verdict: str
    dropped: tuple[Harm, ...] = ()
    searched: int = 0
    rivals: int = 1
    remarks: tuple[str, ...] = ()
    """What a person must hear of before they believe these figures."""

    @property
    def passed(self) -> bool:
        """Is the evolved skill shown to be better?"""
        return self.verdict == "better"


# --------------------------------------------------------------------------- record


@dataclass(frozen=True, slots=True)
class LessonCommit:
    """One lesson in the history: the edits whose hunks belong together, as one commit."""

    commit: Oid
    evidence: Oid
    patch: Digest
    title: str
    edits: tuple[Edit, ...]
    sources: frozenset[TrajectoryId]


@dataclass(frozen=True, slots=True)
class Branch:
    """The branch of a round, with its lessons in commit order (strongest support first)."""

    name: str
    tip: Oid
    evidence_ref: str
    lessons: tuple[LessonCommit, ...]


# --------------------------------------------------------------------------- afterwards


class Method(StrEnum):
    """How a lesson's effect is measured, as a difference of success rates."""

    LEAVE_ONE_OUT = "leave-one-out"
    """All lessons of the round, less all but this one."""
    SHAPLEY = "shapley"
    """What it changes when it comes to the others, on average over all orders of coming."""


class Worth(StrEnum):
    """What the interval of an effect says; tried in this order."""

    HELPS = "helps"
    """It lies above 0."""
    HURTS = "hurts"
    """It lies below 0."""
    EQUAL = "equal"
    """It holds 0 and lies within the margin: shown to make next to no difference."""
    UNCLEAR = "unclear"
    """It holds 0 and more: these runs do not tell."""


ROUNDED = 1e-6
"""Figures are kept with six digits."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a lesson is worth on a task set, from −1 to 1; positive helps.

    With a chance of `confidence` all `intervals` of its ablation hold at once, though each was
    looked at again and again, and stopped for what was seen.
    """

    method: Method
    estimate: float
    low: float
    high: float
    worth: Worth
    ended: str
    """Why no more runs were made."""
    tasks: int
    pairs: int
    """Of runs that differ by this lesson, in all tasks."""
    confidence: float
    intervals: int

    def __post_init__(self) -> None:
        if not -1 <= self.low <= self.estimate <= self.high <= 1:
            raise ValueError("an effect lies within its interval, between -1 and 1")
        if not 0 < self.confidence < 1 or not 1 <= self.tasks <= self.pairs or self.intervals < 1:
            raise ValueError("an effect is measured in pairs of runs, with some confidence")
        above, below = self.low >= -ROUNDED, self.high <= ROUNDED
        says = {Worth.HELPS: above, Worth.HURTS: below}.get(self.worth)
        if says is False or (says is None and not self.low <= 0 <= self.high):
            raise ValueError("an effect says what its interval says")


# --------------------------------------------------------------------------- the end


@dataclass(frozen=True, slots=True)
class Usage:
    """What the endpoint was asked and what it counted; tokens as the endpoint reports them.

    `calls` counts every request that was sent. Of those some failed, and `retried_calls` were the
    same requests again; `hedged_calls` were copies of requests that took too long.
    """

    calls: int = 0
    cached_calls: int = 0
    failed_calls: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    retried_calls: int = 0
    hedged_calls: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.calls + other.calls,
            self.cached_calls + other.cached_calls,
            self.failed_calls + other.failed_calls,
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.output_tokens + other.output_tokens,
            self.retried_calls + other.retried_calls,
            self.hedged_calls + other.hedged_calls,
        )


NO_MODEL = "no-model"
"""Who assisted with a round that asked none: nobody but the program."""


@dataclass(frozen=True, slots=True)
class Round:
    """What a round was asked to do. Its id and its dates make the commit ids repeatable."""

    id: RoundId
    skill: str
    base: Oid
    started: int
    """Seconds since 1970, UTC; also the date of every commit of the round."""
    model: str
    signals: str
    settings: Mapping[str, str | int | float | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evolution:
    """Everything that a person is shown at the end of a round."""

    round: Round
    pool: Pool
    analysed: tuple[TrajectoryId, ...]
    patches: tuple[Patch, ...]
    excluded: tuple[Excluded, ...]
    fates: Mapping[EditId, Fate]
    findings: tuple[Finding, ...]
    usage: Usage
    branch: Branch | None = None
    merges: Sequence[MergeRecord] = ()
    gate: GateReport | None = None
    """None where no tasks were given to replay on."""
    rollouts: str = ""
    """Where the runs lie that the round made itself; empty where trajectories were given."""
    remarks: tuple[str, ...] = ()
    """What happened meanwhile that a person should know."""
