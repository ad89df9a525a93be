"""The importers of coding agents' formats, the more special shapes first."""

from __future__ import annotations

from skillgit.trajectories.importers.claude_code import CLAUDE_CODE
from skillgit.trajectories.importers.codex import CODEX
from skillgit.trajectories.importers.codex_stream import CODEX_STREAM
from skillgit.trajectories.importers.evoskill import EVOSKILL
from skillgit.trajectories.importers.gemini import GEMINI
from skillgit.trajectories.importers.mini_swe_agent import MINI_SWE_AGENT
from skillgit.trajectories.importers.openhands import OPENHANDS, OPENHANDS_OUTPUT
from skillgit.trajectories.importers.swe_agent import SWE_AGENT
from skillgit.trajectories.importers.swe_bench_report import SWE_BENCH_REPORT

CODING_AGENTS = (
    MINI_SWE_AGENT,
    SWE_AGENT,
    SWE_BENCH_REPORT,
    OPENHANDS_OUTPUT,
    OPENHANDS,
    CLAUDE_CODE,
    CODEX,
    CODEX_STREAM,
    GEMINI,
    EVOSKILL,
)
