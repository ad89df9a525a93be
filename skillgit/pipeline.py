"""A round from its first line to its last: the table of contents of the house."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from skillgit.config import Config
from skillgit.errors import UsageError
from skillgit.names import Digest, EditId, RoundId
from skillgit.ports import Model, Workshop
from skillgit.review.totals import final_fates
from skillgit.stages.analyze import analyze
from skillgit.stages.collect import collect
from skillgit.stages.consolidate import consolidate
from skillgit.stages.guard import guard
from skillgit.stages.record import Account, record
from skillgit.trajectories.documents import SourceFile
from skillgit.trajectories.outcome_table import OutcomeTable
from skillgit.types import MANIFEST, Diagnostic, Evolution, Patch, Pool, Round, Skill, Usage


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks for: the skill as of a revision, and what teaches it."""

    skill: str
    base: str
    files: Iterable[SourceFile | Diagnostic]
    config: Config
    outcomes: OutcomeTable | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Tools:
    """The outside world of a round."""

    repository: Workshop
    model: Model
    model_name: str
    usage: Callable[[], Usage]
    begun: Callable[[Digest], int]
    """When a round that was asked to do exactly this began: now, or long ago if it resumes."""


async def evolve(request: Request, tools: Tools) -> Evolution:
    """Turn trajectories into one branch that a person can review."""
    config = request.config
    skill = _readable(tools.repository.read_skill(request.skill, request.base))
    pool = collect(request.files, config.collect, request.outcomes)
    this = begin(request, skill, pool, tools)
    analysis = await analyze(skill, pool, config.analyze, tools.model)
    changes = await consolidate(skill, analysis.patches, config.consolidate, tools.model)
    verdict = guard(skill, changes.edits)
    misfits = tuple(fate for patch in analysis.patches for fate in patch.fates)
    fates = (*misfits, *changes.fates, *verdict.fates)
    evolution = Evolution(
        round=this,
        pool=pool,
        analysed=analysis.analysed,
        patches=analysis.patches,
        excluded=analysis.excluded,
        fates=final_fates(_proposed(analysis.patches), fates),
        findings=verdict.findings,
        usage=tools.usage(),
        merges=changes.merges,
    )
    if request.dry_run or not verdict.passed:
        return evolution
    account = Account(
        pool=pool,
        analysed=analysis.analysed,
        patches=analysis.patches,
        excluded=analysis.excluded,
        merges=changes.merges,
        fates=fates,
        reworded=changes.edits,
    )
    branch = record(tools.repository, skill, verdict.edits, this, account, config.record)
    return replace(evolution, branch=branch)


def _readable(skill: Skill) -> Skill:
    """Before any call is paid for: without lines there is nothing that an edit could name."""
    if skill.text(MANIFEST) is None:
        raise UsageError(
            f"reading the skill {skill.root or '.'}: its SKILL.md is not UTF-8 text",
            hint="`skillgit check` says where; commit it as UTF-8",
        )
    return skill


def _proposed(patches: Sequence[Patch]) -> list[EditId]:
    """Every edit that an analyst proposed, also those that did not fit the base."""
    return [
        *(edit.id for patch in patches for edit in patch.edits),
        *(fate.edit for patch in patches for fate in patch.fates),
    ]


def begin(request: Request, skill: Skill, pool: Pool, tools: Tools) -> Round:
    """Name the round after what it is asked to do: the same request gives the same commits."""
    asked = json.dumps(
        {
            "skill": skill.root,
            "base": skill.commit,
            "model": tools.model_name,
            "settings": (settings := _settings(request.config)),
            "trajectories": sorted(
                (trajectory.digest, trajectory.outcome.result)
                for trajectory in (*pool.passed, *pool.failed, *pool.unknown)
            ),
            "prompts": tools.model.prompts.digest(),
        },
        sort_keys=True,
    )
    digest = Digest(f"sha256:{hashlib.sha256(asked.encode()).hexdigest()}")
    started = tools.begun(digest)
    stamp = datetime.fromtimestamp(started, UTC).strftime("%Y%m%dT%H%M%SZ")
    return Round(
        RoundId(f"{stamp}-{digest[7:13]}"),
        skill.root,
        skill.commit,
        started,
        tools.model_name,
        request.config.analyze.signals,
        settings,
    )


def _settings(config: Config) -> dict[str, str | int | float | bool]:
    """What changes the result; where the endpoint is and how hard it is driven does not."""
    elsewhere = {"base_url", "api_key_env", "workers", "timeout", "retries", "model"}
    return {
        f"{table}.{key}": value if isinstance(value, (str, int, float, bool)) else json.dumps(value)
        for table, values in asdict(config).items()
        for key, value in values.items()
        if not (table == "endpoint" and key in elsewhere)
    }
