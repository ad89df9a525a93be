"""A lesson as a tree and a message: what `record` writes, and what is written again later.

A check writes the tree again to compare it, `keep` the whole commit to put it back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from skillgit.names import Oid, SkillPath
from skillgit.ports import Repository, TreeChange
from skillgit.provenance.evidence import LessonRecord
from skillgit.provenance.trailers import MOST_SOURCES, Trailers, message, plain
from skillgit.skill.hunks import apply_changes
from skillgit.types import MANIFEST, Change, Lesson, Skill

_NAME = re.compile(r"^name:[ \t]*[\"']?([^\s\"'#][^\"'#\n]*)", re.MULTILINE)


def tree_of(repo: Repository, skill: Skill, changes: Iterable[Change]) -> Oid:
    """The tree of the repository at the base, with these changes of the skill.

    Raises ValueError where they do not fit the base or each other.
    """
    return trees_of(repo, skill, [changes])[0]


def trees_of(
    repo: Repository, skill: Skill, variants: Sequence[Iterable[Change]]
) -> tuple[Oid, ...]:
    """The same for many sets of changes at once, each on the base alone."""
    changed = [_changed(skill, changes) for changes in variants]
    contents = dict.fromkeys(
        data for files in changed for data in files.values() if data is not None
    )
    blobs: dict[bytes | None, Oid | None] = {None: None}
    blobs |= zip(contents, repo.write_blobs(contents), strict=True)
    folder = f"{skill.root}/" if skill.root else ""
    return repo.write_trees(
        skill.commit,
        [
            [
                TreeChange(f"{folder}{path}", blobs[data], skill.modes.get(path, "100644"))
                for path, data in files.items()
            ]
            for files in changed
        ],
    )


def _changed(skill: Skill, changes: Iterable[Change]) -> dict[SkillPath, bytes | None]:
    """The files that the changes leave other than the base has them; None where they go."""
    files = apply_changes(skill, changes)
    return {
        path: files.get(path)
        for path in sorted({*skill.files, *files})
        if skill.files.get(path) != files.get(path)
    }


def message_of(claim: LessonRecord, skill: Skill, model: str, evidence: Oid) -> str:
    """The commit message: the claim in short, and where the long form lies."""
    trailers = Trailers(
        round=claim.round,
        skill=claim.skill,
        base=claim.base,
        patch=claim.patch,
        support=claim.support,
        evidence=evidence,
        sources=claim.sources[:MOST_SOURCES],
        model=model,
    )
    quotes = [quote for edit in claim.edits for quote in edit.quotes]
    lesson = Lesson(claim.title, claim.reason)
    return message(skill_name(skill), lesson, quotes, trailers, claim.returned)


def skill_name(skill: Skill) -> str:
    """The name of the skill's folder; the name it gives itself where it is the repository."""
    if skill.folder:
        return skill.folder
    head = (skill.text(MANIFEST) or "").replace("\r\n", "\n").partition("\n---")[0]
    found = _NAME.search(head)
    return (plain(found[1]) if found else "") or "skill"
