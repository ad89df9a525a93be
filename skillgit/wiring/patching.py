"""`skillgit check --patch`: a diff against HEAD, and the skills as they would be after it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from skillgit.adapters.folders import SkillFolder
from skillgit.adapters.git_index import GitIndex
from skillgit.errors import UsageError
from skillgit.findings.placed import Placed, placed
from skillgit.rules import Demands, check_skill
from skillgit.rules.compare import new_findings
from skillgit.rules.diffs import Ground, diff_findings
from skillgit.skill.diff import FileDiff, read_diff
from skillgit.types import Finding, Severity
from skillgit.wiring.checking import Checked, folders_above, skills_in


@dataclass(frozen=True, slots=True)
class _Effect:
    """The skills that a diff touches, before and after it, by folder from the root.

    `refusal` says why it cannot be applied; then there is no after. `astray` are paths that Git
    changes and the diff did not seem to.
    """

    before: Mapping[str, SkillFolder]
    after: Mapping[str, SkillFolder]
    refusal: str = ""
    astray: tuple[str, ...] = ()


def check_patch(name: str, data: bytes, demands: Demands) -> Checked:
    """The rules on edits on a diff, and what would be wrong with skills that was not before.

    `name` is the patch itself, for findings on no file of it. Nothing is changed.
    """
    try:
        diffs = read_diff(data.decode("utf-8", "surrogateescape"))
    except ValueError as error:
        raise UsageError(
            f"reading the patch {name}: {error}",
            hint="make it with `git diff HEAD`, and put nothing behind it",
        ) from error
    index = GitIndex.open(Path.cwd(), needs_index=False)
    effect = _effect(index, diffs, data)
    found = demands.regraded(_of_the_diff(name, diffs, effect))
    shown = [
        *(Placed(replace(one, path=_shown(index.top, one.path))) for one in found),
        *_of_the_skills(index.top, effect, demands),
    ]
    return Checked(tuple(shown), len(effect.after))


def _effect(index: GitIndex, diffs: Sequence[FileDiff], data: bytes) -> _Effect:
    paths = list(dict.fromkeys(p for one in diffs for p in (one.source, one.target) if p))
    with index.of_head() as tree:
        entries, _ = tree.look()
        before = tree.read(dict(skills_in(entries, paths)))
        refusal = tree.apply(data) if diffs else ""
        if refusal:
            return _Effect(before, {}, refusal)
        entries, changed = tree.look()
        after = tree.read(dict(skills_in(entries, paths)))
        astray = tuple(one.path for one in changed if one.path not in paths)
        return _Effect(before, after, astray=astray)


def _of_the_diff(name: str, diffs: Sequence[FileDiff], effect: _Effect) -> Iterator[Finding]:
    if not diffs:
        yield Finding("SG207", Severity.ERROR, name, "the patch changes nothing")
    if effect.refusal:
        place = next((one.path for one in diffs if one.path in effect.refusal), name)
        yield Finding("SG201", Severity.ERROR, place, f"Git refuses it: {effect.refusal}")
    for path in effect.astray:
        yield Finding("SG203", Severity.ERROR, path, "changed, and not by the name that is told")
    for diff in diffs:
        yield from diff_findings(diff, _ground(diff.path, effect))


def _ground(path: str, effect: _Effect) -> Ground:
    known = {*effect.before, *effect.after}
    root = next((up for up in folders_above(path) if up in known), None)
    if root is None:
        return Ground(None)
    none = SkillFolder("", {}, {}, {})
    before, after = effect.before.get(root, none), effect.after.get(root, none)
    return Ground(root, before.files, None if effect.refusal else after.files)


def _of_the_skills(top: Path, effect: _Effect, demands: Demands) -> Iterator[Placed]:
    for root, skill in effect.after.items():
        before = effect.before.get(root)
        known = _check(before, demands) if before else ()
        new = new_findings(known, _check(skill, demands))
        yield from placed(new, skill.files, _shown(top, root))


def _check(skill: SkillFolder, demands: Demands) -> tuple[Finding, ...]:
    return check_skill(
        skill.files, skill.name, modes=skill.modes, profile=demands, refused=skill.refused
    )


def _shown(top: Path, path: str) -> str:
    """A path from the current folder; one that leads out of the repository stays as it is told."""
    if path.startswith(("/", "-")) or ".." in path.split("/"):
        return path
    shown = os.path.relpath(top / path)
    return "" if shown == "." else shown
