"""Every setting of a round: frozen values with their defaults and their meaning.

Values only: `wiring.py` reads the layers (options, environment, `.skillgit.toml` or
`[tool.skillgit]`, the user's file, these defaults) and builds them.
Keys in a file are `table.field`, for example `consolidate.min_support`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

LOCAL = "local"
"""The executor that needs no other machine."""
SEEDS = (41, 42, 43)
"""Those of the paper (section 3.1), with which skills are measured unless others are given."""


class Signals(StrEnum):
    """Which trajectories teach (section 3.1 of the paper: +Error, +Success, +Combined)."""

    ERROR = "error"
    SUCCESS = "success"
    COMBINED = "combined"


class ErrorAnalyst(StrEnum):
    """How failures are analysed (section 4.3 of the paper compares the two)."""

    AGENTIC = "agentic"
    SINGLE_CALL = "single-call"


class Strategy(StrEnum):
    """How patches become one change (section 4.1 of the paper compares the two)."""

    HIERARCHICAL = "hierarchical"
    """All against the same base, merged in a tree."""
    SEQUENTIAL = "sequential"
    """Batch after batch, each against the skill as the batches before left it: a baseline."""


class Speech(StrEnum):
    """How an agent calls its tools: as the endpoint's tool calls, or as fenced blocks of text."""

    AUTO = "auto"
    TOOLS = "tools"
    TEXT = "text"


class Confinement(StrEnum):
    """What confines the commands that a model writes."""

    BUBBLEWRAP = "bubblewrap"
    DOCKER = "docker"
    PODMAN = "podman"


class Recalc(StrEnum):
    """What computes the formulas of a workbook before it is graded."""

    NONE = "none"
    FORMUALIZER = "formualizer"
    LIBREOFFICE = "libreoffice"


class Profile(StrEnum):
    """Whom a skill must please: the specification, every known reader, or Anthropic's tools."""

    SPEC = "spec"
    PORTABLE = "portable"
    CLAUDE = "claude"


class Grade(StrEnum):
    """How grave it is that a rule is broken, as a repository sees it."""

    ERROR = "error"
    WARNING = "warning"
    OFF = "off"


class FailOn(StrEnum):
    """What makes `skillgit check` fail."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Sampling:
    """The sampling of one role. Every value is sent: servers have defaults of their own."""

    temperature: float = 0.7
    top_p: float = 0.8
    top_k: int = 20
    min_p: float = 0.0
    presence_penalty: float = 0.0
    repetition_penalty: float = 1.0
    max_tokens: int = 2048
    thinking: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An OpenAI-compatible endpoint and how to speak to it."""

    base_url: str = "http://127.0.0.1:8000/v1"
    """Several addresses, with blanks between them, share the calls."""
    model: str = ""
    """Empty: the only model that the endpoint serves."""
    api_key_env: str = "SKILLGIT_API_KEY"
    """The environment variable that holds the key; the key itself is never configuration."""
    workers: int = 128
    timeout: float = 600.0
    """Seconds for one call, at most: what is overdue here is learnt from the other calls."""
    retries: int = 5
    patience: float = 120.0
    """Seconds to wait for an endpoint that went away in the middle of a round."""
    seed: int = 41
    success: Sampling = field(default_factory=Sampling)
    error: Sampling = field(default_factory=Sampling)
    merge: Sampling = field(default_factory=lambda: Sampling(max_tokens=4096))
    reconcile: Sampling = field(default_factory=Sampling)
    agent: Sampling = field(default_factory=lambda: Sampling(max_tokens=4096))
    diagnose: Sampling = field(default_factory=lambda: Sampling(max_tokens=4096))
    draft: Sampling = field(default_factory=lambda: Sampling(max_tokens=4096))
    remember: Sampling = field(default_factory=Sampling)


@dataclass(frozen=True, slots=True)
class Agent:
    """The ReAct loop of rollouts and of error analysts (section 3.1 of the paper: 100 turns)."""

    protocol: Speech = Speech.AUTO
    turns: int = 100
    seconds: float = 3600.0
    """Wall-clock time of one run."""
    tokens: int = 2_000_000
    """Prompt and output tokens of one run together."""
    output_chars: int = 6000
    """An observation is shown in at most this many characters; its middle goes first."""
    parallel: int = 16
    """Runs at the same time."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Where the commands of a model run, and how much they may take."""

    kind: Confinement = Confinement.BUBBLEWRAP
    image: str = "python:3.12-slim"
    """The image of a container; it must hold the Python packages that tasks need."""
    seconds: float = 120.0
    """Wall-clock time of one command."""
    memory_mb: int = 4096
    disk_mb: int = 1024
    """What the work folder may hold."""
    file_mb: int = 256
    processes: int = 128


@dataclass(frozen=True, slots=True)
class Grading:
    """How answers are graded."""

    recalc: Recalc = Recalc.NONE
    strict: bool = False
    """Mend what the official scorer gets wrong; never mixed with official scores."""


@dataclass(frozen=True, slots=True)
class Collect:
    """Which trajectories are read, and how much of them."""

    limit: int = 0
    """Use at most this many trajectories of each result (0 = all), in the order of their ids."""
    redact: bool = True
    """Hide secrets, e-mail addresses and names of people and hosts before a model sees them."""
    redact_extra: str = ""
    """A regular expression (RE2) of what else is to be hidden; a file may give a list."""
    pass_score: float = 1.0
    """A score of at least this is a pass where a file gives a score and no verdict."""


@dataclass(frozen=True, slots=True)
class Analyze:
    """The analysts."""

    signals: Signals = Signals.COMBINED
    error_analyst: ErrorAnalyst = ErrorAnalyst.AGENTIC
    turns: int = 100
    """Turns within which an error analyst must prove its cause."""
    starts: int = 3
    """Conversations that share these turns; a small model repeats a refused repair for ever."""
    max_lessons: int = 2
    """Lessons per trajectory."""
    references: bool = True
    """Also offer the files under references/ as places for a lesson."""
    trajectory_chars: int = 12000
    """A trajectory is shown in at most this many characters; repeated and middle lines go first."""


@dataclass(frozen=True, slots=True)
class Consolidate:
    """The merge tree, the prevalence thresholds and the size budget (section 2.4 of the paper)."""

    strategy: Strategy = Strategy.HIERARCHICAL
    batch: int = 1
    """Trajectories between two edits of the skill; only in a sequence, where thresholds of support
    count for nothing."""
    merge_batch: int = 32
    min_support: int = 2
    """Below it an edit is withheld as low support."""
    main_support: int = 3
    """From it on an edit may stay in SKILL.md; between the two it goes to references/."""
    max_lessons: int = 30
    """Lessons of one branch, strongest first: a branch must stay reviewable."""
    max_skill_lines: int = 499
    max_skill_tokens: int = 4999
    max_reference_lines: int = 299
    heed_refusals: bool = True
    """Hold edits against the lessons that people dropped or reverted before."""
    return_support: int = 3
    """Tasks with new runs that bring back a lesson in the words of a dropped one (0 = none do)."""


@dataclass(frozen=True, slots=True)
class Gate:
    """The replay of base and evolved skill on validation tasks."""

    search: int = 24
    """Subsets of lessons that `--gate-lessons` may try; each runs all validation tasks."""


@dataclass(frozen=True, slots=True)
class Check:
    """What `skillgit check` demands in this repository; a round demands what it always does."""

    profile: Profile = Profile.SPEC
    fail_on: FailOn = FailOn.ERROR
    baseline: str = ""
    """A file of old findings that are not told again, from the root of the repository."""
    severity: Mapping[str, Grade] = field(default_factory=dict)
    """Rules that weigh more, less or nothing here: `SG105 = "off"`."""


@dataclass(frozen=True, slots=True)
class Record:
    """The branch and the evidence."""

    branch_prefix: str = "skillgit"
    store_trajectories: bool = False


@dataclass(frozen=True, slots=True)
class Executor:
    """Where analysts and runs are: in this process, or on the machines of a Ray cluster."""

    address: str = LOCAL
    """`local`, `ray` (a cluster on this machine), `HOST:PORT` or `ray://HOST:PORT`."""


@dataclass(frozen=True, slots=True)
class Recall:
    """Retrieval of memory items, the baseline of section 4.2 of the paper: who embeds what."""

    base_url: str = ""
    """The API that serves `/v1/embeddings`; empty: that of the endpoint."""
    model: str = ""
    """The embedding model; empty: the only one that is served there."""
    api_key_env: str = "SKILLGIT_RECALL_API_KEY"
    """The variable that holds the key of another address than the endpoint's."""
    top: int = 1
    """Trajectories whose memory items a run is told."""
    instruction: str = ""
    """What a query is for, told to models that want to know (Qwen3-Embedding does)."""


@dataclass(frozen=True, slots=True)
class Config:
    """One value for each table of the configuration file."""

    endpoint: Endpoint = field(default_factory=Endpoint)
    collect: Collect = field(default_factory=Collect)
    analyze: Analyze = field(default_factory=Analyze)
    consolidate: Consolidate = field(default_factory=Consolidate)
    record: Record = field(default_factory=Record)
    agent: Agent = field(default_factory=Agent)
    sandbox: Sandbox = field(default_factory=Sandbox)
    grading: Grading = field(default_factory=Grading)
    gate: Gate = field(default_factory=Gate)
    check: Check = field(default_factory=Check)
    executor: Executor = field(default_factory=Executor)
    recall: Recall = field(default_factory=Recall)
