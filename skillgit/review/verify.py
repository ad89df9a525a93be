"""Is what a range of commits says about its lessons true? Answered from Git alone.

    SG301  the trailers are complete and well formed         SG306  nothing else changes
    SG302  the evidence is there                             SG307  lessons share no base lines
    SG303  the support adds up                               SG308  the edits give the commit
    SG304  the commit changes what its digest says           SG309  trailers and evidence agree
    SG305  the base is known, and an ancestor                SG403  a person approved of it

Lessons may be dropped, reordered, reverted, rebased or picked; they may not be edited. Commits of
people, without trailers, may stand between them and are not looked at. The skills at the end of
the range must break no rule on trees that their bases did not break, and no edit a rule on edits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from skillgit.errors import UsageError
from skillgit.names import Oid, SkillPath
from skillgit.ports import Commit, History, Workshop
from skillgit.provenance.trailers import Malformed, parse
from skillgit.review import claims
from skillgit.review.claims import Archive, Claim, Problem
from skillgit.review.gains import gains_of
from skillgit.rules import check_skill
from skillgit.rules.capabilities import named
from skillgit.rules.compare import new_findings
from skillgit.skill.hunks import Ground, apply_changes
from skillgit.types import Finding, Severity, Skill

UNAPPROVED = "SG403"


def verify_range(history: History, *revisions: str) -> tuple[Finding, ...]:
    """Everything that is wrong with the lesson commits of a range, and with the skills at its end.

    The range is `A..B`, or several revisions as in `git rev-list`: `B ^A ^C`. The `path` of a
    finding on a commit is `commit <id>`. UsageError where the range is none.
    """
    commits = history.commits(*revisions)
    findings: list[Finding] = []
    seen: list[Claim] = []
    archive = Archive(history)
    with history.scratch() as scratch:
        for commit in commits:
            claim, problems = _read(archive, commit)
            findings += _findings(commit, problems)
            if claim is not None:
                seen.append(claim)
                findings += _findings(commit, _check(history, archive, scratch, claim))
    findings += _shared_lines(archive, seen)
    for root in sorted({claim.trailers.skill for claim in seen}):
        bases = {claim.trailers.base for claim in seen if claim.trailers.skill == root}
        findings += _tree_rules(history, root, bases, commits[-1].id)
    return tuple(findings)


def _read(archive: Archive, commit: Commit) -> tuple[Claim | None, list[Problem]]:
    """SG301, SG302: what a commit claims; None where it claims nothing, or in vain."""
    trailers = parse(commit.message)
    if trailers is None:
        return None, []
    if isinstance(trailers, Malformed):
        return None, [("SG301", trailers.reason)]
    if len(commit.parents) != 1:
        return None, [("SG301", f"a lesson has one parent; this has {len(commit.parents)}")]
    return archive.claim(commit, trailers)


def _check(
    history: History, archive: Archive, scratch: Workshop, claim: Claim
) -> Iterator[Problem]:
    yield from claims.support_adds_up(claim)
    yield from claims.matches_digest(history, claim)
    rootless = list(claims.grows_from_base(history, claim))
    yield from rootless
    yield from claims.stays_inside(history, claim)
    yield from claims.agrees_with_evidence(claim)
    if claim.record is not None and not rootless:
        yield from claims.gives_the_change(archive, scratch, claim)
        yield from claims.breaks_no_edit_rule(archive, claim)
        yield from _is_approved(archive, claim)


def _is_approved(archive: Archive, claim: Claim) -> Iterator[Problem]:
    """SG403: what brings in a command, a network call and the like has a person's word."""
    gains = gains_of(archive, claim.record) if claim.record else None
    if gains and not claim.trailers.approvals:
        hint = f"skillgit approve {claim.commit.id[:12]}"
        yield UNAPPROVED, f"it brings in {named(gains)}, and no person approved of that: {hint}"


def _findings(commit: Commit, problems: Iterator[Problem] | Sequence[Problem]) -> list[Finding]:
    subject = commit.message.partition("\n")[0]
    return [
        Finding(rule, Severity.ERROR, f"commit {commit.id[:12]}", f"{subject!r}: {what}")
        for rule, what in problems
    ]


def _shared_lines(archive: Archive, seen: Sequence[Claim]) -> Iterator[Finding]:
    """SG307, for the lessons of each round and base; a lesson that was picked twice counts once."""
    rounds: defaultdict[tuple[str, str, Oid], dict[Oid, Claim]] = defaultdict(dict)
    for claim in seen:
        trailers = claim.trailers
        if claim.record is not None:
            key = (trailers.round, trailers.skill, trailers.base)
            rounds[key].setdefault(trailers.evidence, claim)
    for (_, root, base), lessons in rounds.items():
        try:
            skill = archive.base(root, base)
        except UsageError:
            continue  # SG305 has said so
        yield from _touching(skill, [claim for claim in lessons.values() if _fits(skill, claim)])


def _fits(skill: Skill, claim: Claim) -> bool:
    """Can its edits be applied? If not, SG308 has said so."""
    try:
        apply_changes(skill, claim.changes)
    except ValueError:
        return False
    return True


def _touching(skill: Skill, lessons: Sequence[Claim]) -> Iterator[Finding]:
    ground = Ground(skill, (change for claim in lessons for change in claim.changes))
    for number, claim in enumerate(lessons):
        for other in lessons[:number]:
            if any(ground.touch(a, b) for a in claim.changes for b in other.changes):
                what = f"it shares base lines with {other.commit.id[:12]} of the same round"
                yield from _findings(claim.commit, [("SG307", what)])


def _tree_rules(history: History, root: str, bases: set[Oid], tip: Oid) -> Iterator[Finding]:
    """What is wrong with the skill at the end, and was not so in any base of its lessons."""
    before = [one for base in sorted(bases) for one in _check_tree(history, root, base)]
    for found in new_findings(before, _check_tree(history, root, tip)):
        yield replace(found, path=f"{root}/{found.path}" if root else found.path)


def _check_tree(history: History, root: str, tip: Oid) -> tuple[Finding, ...]:
    try:
        skill = history.read_skill(root, tip)
    except UsageError:
        return _check_what_is_left(history, root, tip)
    return check_skill(skill.files, skill.folder, modes=skill.modes)


def _check_what_is_left(history: History, root: str, tip: Oid) -> tuple[Finding, ...]:
    """The rules on a folder that is no skill any more; nothing where it is gone."""
    files: dict[SkillPath, bytes] = {}
    refused: dict[str, str] = {}
    for name, blob in history.tree(tip, root).items():
        try:
            files[SkillPath(name)] = history.read_blob(blob) or b""
        except ValueError as reason:
            refused[name] = str(reason)
    if not files and not refused:
        return ()
    return check_skill(files, root.rpartition("/")[2], refused=refused)
