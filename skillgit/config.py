"""Every setting of a round: frozen values with their defaults and their meaning.

Values only: `wiring.py` reads the layers (options, environment, `.skillgit.toml` or
`[tool.skillgit]`, the user's file, these defaults) and builds them.
Keys in a file are `table.field`, for example `consolidate.min_support`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Signals(StrEnum):
    """Which trajectories teach (section 3.1 of the paper: +Error, +Success, +Combined)."""

    ERROR = "error"
    SUCCESS = "success"
    COMBINED = "combined"


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
    model: str = ""
    """Empty: the only model that the endpoint serves."""
    api_key_env: str = "SKILLGIT_API_KEY"
    """The environment variable that holds the key; the key itself is never configuration."""
    workers: int = 128
    timeout: float = 600.0
    """Seconds for one call."""
    retries: int = 5
    seed: int = 41
    success: Sampling = field(default_factory=Sampling)
    error: Sampling = field(default_factory=Sampling)
    merge: Sampling = field(default_factory=lambda: Sampling(max_tokens=4096))
    reconcile: Sampling = field(default_factory=Sampling)


@dataclass(frozen=True, slots=True)
class Collect:
    """Which trajectories are read, and how much of them."""

    limit: int = 0
    """Use at most this many trajectories of each result (0 = all), in the order of their ids."""
    redact: bool = True
    pass_score: float = 1.0
    """A score of at least this is a pass where a file gives a score and no verdict."""


@dataclass(frozen=True, slots=True)
class Analyze:
    """The analysts."""

    signals: Signals = Signals.COMBINED
    max_lessons: int = 2
    """Lessons per trajectory."""
    references: bool = True
    """Also offer the files under references/ as places for a lesson."""
    trajectory_chars: int = 12000
    """A trajectory is shown in at most this many characters; repeated and middle lines go first."""


@dataclass(frozen=True, slots=True)
class Consolidate:
    """The merge tree, the prevalence thresholds and the size budget (section 2.4 of the paper)."""

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


@dataclass(frozen=True, slots=True)
class Record:
    """The branch and the evidence."""

    branch_prefix: str = "skillgit"
    store_trajectories: bool = False


@dataclass(frozen=True, slots=True)
class Config:
    """One value for each table of the configuration file."""

    endpoint: Endpoint = field(default_factory=Endpoint)
    collect: Collect = field(default_factory=Collect)
    analyze: Analyze = field(default_factory=Analyze)
    consolidate: Consolidate = field(default_factory=Consolidate)
    record: Record = field(default_factory=Record)
