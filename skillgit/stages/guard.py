"""The guardrails of a round: rules on each edit against the base, then on the assembled tree.

Section 2.4 of the paper, "programmatic conflict prevention", and more (SKILLS_FORMAT.md, SG2xx).
No model is asked. An error withholds the edit that causes it; what still fails fails the round.
"""

from __future__ import annotations

from collections.abc import Sequence

from skillgit.rules import check_skill
from skillgit.rules.capabilities import added_texts
from skillgit.rules.compare import new_findings
from skillgit.rules.edits import broken_rule
from skillgit.rules.leaks import leaks
from skillgit.rules.unsafe import unsafe
from skillgit.skill.hunks import Ground, apply_changes
from skillgit.trajectories.redaction.giving import gives_away
from skillgit.types import Edit, Fate, Finding, Pool, Severity, Skill, State, Verdict


def guard(
    skill: Skill, edits: Sequence[Edit], pool: Pool | None = None, *, apart: bool = True
) -> Verdict:
    """Keep the edits that break no rule; strongest first, so the weaker of two rivals goes.

    With the `pool` that taught them, none that repeats what a few of its trajectories say.
    `apart` False: edits that touch were made one upon the other, and stay as one lesson.
    """
    kept, fates = _each_on_its_own(skill, edits)
    kept, leaking = _general(skill, kept, pool)
    kept, rivals = _apart(skill, kept) if apart else (kept, [])
    kept, torn, findings = _in_the_tree(skill, kept)
    return Verdict(tuple(kept), (*fates, *leaking, *rivals, *torn), findings)


def _each_on_its_own(skill: Skill, edits: Sequence[Edit]) -> tuple[list[Edit], list[Fate]]:
    kept: list[Edit] = []
    fates: list[Fate] = []
    for edit in edits:
        reason = broken_rule(skill, edit.change)
        if reason:
            fates.append(Fate(edit.id, State.REJECTED, reason))
        elif danger := unsafe(skill, edit.change) or _gives_away(skill, edit):
            fates.append(Fate(edit.id, State.WITHHELD, danger))
        else:
            kept.append(edit)
    return kept, fates


def _gives_away(skill: Skill, edit: Edit) -> str:
    """An analyst's words were looked through; a merge may have put others in their place."""
    base = "\n".join(skill.text(path) or "" for path in skill.files)
    return gives_away("\n".join(added_texts(edit.change)), base)


def _general(
    skill: Skill, edits: Sequence[Edit], pool: Pool | None
) -> tuple[list[Edit], list[Fate]]:
    told = leaks(skill, edits, pool) if pool else {}
    fates = [Fate(one, State.WITHHELD, reason) for one, reason in told.items()]
    return [edit for edit in edits if edit.id not in told], fates


def _apart(skill: Skill, edits: Sequence[Edit]) -> tuple[list[Edit], list[Fate]]:
    ground = Ground(skill, (edit.change for edit in edits))
    kept: list[Edit] = []
    fates: list[Fate] = []
    for edit in edits:
        rival = next((one for one in kept if ground.touch(one.change, edit.change)), None)
        if rival:
            fates.append(Fate(edit.id, State.WITHHELD, f"SG202: same line range as {rival.id}"))
        else:
            kept.append(edit)
    return kept, fates


def _in_the_tree(
    skill: Skill, edits: Sequence[Edit]
) -> tuple[list[Edit], list[Fate], tuple[Finding, ...]]:
    """Drop edits, weakest first, until the assembled tree has no error that the base had not."""
    kept = list(edits)
    fates: list[Fate] = []
    before = _check(skill, ())
    findings = new_findings(before, _check(skill, kept))
    for edit in reversed(edits):
        errors = _errors(findings)
        if not errors:
            break
        others = [one for one in kept if one is not edit]
        without = new_findings(before, _check(skill, others))
        if len(_errors(without)) < len(errors):
            first = errors[0]
            fates.append(Fate(edit.id, State.WITHHELD, f"{first.rule}: {first.message}"))
            kept, findings = others, without
    return kept, fates, findings


def _check(skill: Skill, edits: Sequence[Edit]) -> tuple[Finding, ...]:
    files = apply_changes(skill, (edit.change for edit in edits))
    return check_skill(files, skill.folder, modes=skill.modes)


def _errors(findings: Sequence[Finding]) -> list[Finding]:
    return [found for found in findings if found.severity is Severity.ERROR]
