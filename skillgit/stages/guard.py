"""The guardrails of a round: rules on each edit against the base, then on the assembled tree.

Section 2.4 of the paper, "programmatic conflict prevention", and more (SKILLS_FORMAT.md, SG2xx).
No model is asked. An error withholds the edit that causes it; what still fails fails the round.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from skillgit.names import SkillPath
from skillgit.skill.hunks import Ground, apply_changes, hunks
from skillgit.skill.markdown import structure
from skillgit.skill.rules import check_skill
from skillgit.types import (
    MANIFEST,
    Change,
    CreateFile,
    DeleteFile,
    Edit,
    Fate,
    Finding,
    Insert,
    Replace,
    Severity,
    Skill,
    State,
    Verdict,
)

_Rule = Callable[[Skill, Change], str]


def guard(skill: Skill, edits: Sequence[Edit]) -> Verdict:
    """Keep the edits that break no rule; strongest first, so the weaker of two rivals goes."""
    kept, fates = _each_on_its_own(skill, edits)
    kept, rivals = _apart(skill, kept)
    kept, torn, findings = _in_the_tree(skill, kept)
    return Verdict(tuple(kept), (*fates, *rivals, *torn), findings)


def _each_on_its_own(skill: Skill, edits: Sequence[Edit]) -> tuple[list[Edit], list[Fate]]:
    kept: list[Edit] = []
    fates: list[Fate] = []
    for edit in edits:
        reason = next(filter(None, (rule(skill, edit.change) for rule in _EDIT_RULES)), "")
        if reason:
            fates.append(Fate(edit.id, State.REJECTED, reason))
        else:
            kept.append(edit)
    return kept, fates


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
    findings = _new(before, _check(skill, kept))
    for edit in reversed(edits):
        errors = _errors(findings)
        if not errors:
            break
        others = [one for one in kept if one is not edit]
        without = _new(before, _check(skill, others))
        if len(_errors(without)) < len(errors):
            first = errors[0]
            fates.append(Fate(edit.id, State.WITHHELD, f"{first.rule}: {first.message}"))
            kept, findings = others, without
    return kept, fates, findings


def _check(skill: Skill, edits: Sequence[Edit]) -> tuple[Finding, ...]:
    files = apply_changes(skill, (edit.change for edit in edits))
    return check_skill(files, skill.folder, modes=skill.modes)


def _new(before: Sequence[Finding], after: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings that the base had not; line numbers move, so they do not count."""
    known = Counter((found.rule, found.path, found.message) for found in before)
    new = []
    for found in after:
        key = (found.rule, found.path, found.message)
        known[key] -= 1
        if known[key] < 0:
            new.append(found)
    return tuple(new)


def _errors(findings: Sequence[Finding]) -> list[Finding]:
    return [found for found in findings if found.severity is Severity.ERROR]


# ------------------------------------------------------------------ rules on one edit


def _exists(skill: Skill, change: Change) -> str:
    """SG201: what is changed must be there."""
    paths = [change.path] if not isinstance(change, CreateFile) else [change.link.path]
    if isinstance(change, DeleteFile):
        paths += [part.path for part in change.unlink]
    missing = [path for path in paths if skill.text(path) is None]
    return f"SG201: {missing[0]} does not exist in the base" if missing else ""


def _fits(skill: Skill, change: Change) -> str:
    """SG206 and SG201: a new file must be new, and lines must be there."""
    try:
        hunks(skill, change)
    except ValueError as error:
        return f"{'SG206' if isinstance(change, CreateFile) else 'SG201'}: {error}"
    return ""


def _in_its_place(_: Skill, change: Change) -> str:
    """SG203: new files belong under references/, one level deep."""
    if not isinstance(change, CreateFile):
        return ""
    folder, name = change.path.rpartition("/")[::2]
    if folder != "references" or not name.endswith(".md"):
        return f"SG203: a lesson may create references/<name>.md, not {change.path}"
    return ""


def _linked(_: Skill, change: Change) -> str:
    """SG206: a new file needs a link that leads to it."""
    if isinstance(change, CreateFile) and f"({change.path})" not in change.link.text:
        return f"SG206: the link does not lead to {change.path}"
    return ""


def _unprotected(skill: Skill, change: Change) -> str:
    """SG205: scripts, licences, the frontmatter, and all but Markdown are a person's to change."""
    for path, first in _touched(change):
        if not path.endswith(".md") or path.startswith(("scripts/", "assets/")):
            return f"SG205: {path} is protected"
        if path.rpartition("/")[2].upper().startswith(("LICENSE", "LICENCE", "NOTICE")):
            return f"SG205: {path} is protected"
        if path == MANIFEST and first < structure(skill.text(path) or "").frontmatter_end:
            return "SG205: the frontmatter of SKILL.md is protected"
    return ""


def _touched(change: Change) -> list[tuple[SkillPath, int]]:
    """Each file that a change alters, and how many base lines stay above the alteration."""
    match change:
        case Insert(path, after, _):
            return [(path, after)]
        case Replace(path, lines, _):
            return [(path, lines.first - 1)]
        case CreateFile(_, _, link):
            return [(link.path, link.after)]
        case DeleteFile(path, unlink):
            return [(path, 0), *((part.path, part.lines.first - 1) for part in unlink)]


def _not_empty(skill: Skill, change: Change) -> str:
    """SG207: an edit must change something."""
    return "" if any(not hunk.empty for hunk in hunks(skill, change)) else "SG207: changes nothing"


def _tears_nothing(skill: Skill, change: Change) -> str:
    """SG209: no insertion inside a fence or table, no replacement of half of one."""
    place = change.link if isinstance(change, CreateFile) else change
    if isinstance(place, DeleteFile):
        return ""
    found = structure(skill.text(place.path) or "")
    if isinstance(place, Insert):
        inside = place.after not in found.gaps
        return f"SG209: line {place.after} of {place.path} is inside a block" if inside else ""
    for block in found.blocks:
        if block.kind not in {"fence", "table"}:
            continue
        first, last = place.lines.first, place.lines.last
        meets = first <= block.lines.last and block.lines.first <= last
        covers = first <= block.lines.first and block.lines.last <= last
        within = block.lines.first < first and last < block.lines.last
        if meets and not (covers or within):
            return f"SG209: lines {place.lines} of {place.path} tear a {block.kind}"
    return ""


_EDIT_RULES: tuple[_Rule, ...] = (
    _exists,
    _fits,
    _in_its_place,
    _linked,
    _unprotected,
    _not_empty,
    _tears_nothing,
)
