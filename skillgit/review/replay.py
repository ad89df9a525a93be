"""Changes of a skill as a tree of the repository: what `record` writes and a check writes again."""

from __future__ import annotations

from collections.abc import Iterable

from skillgit.names import Oid
from skillgit.ports import Repository, TreeChange
from skillgit.skill.hunks import apply_changes
from skillgit.types import Change, Skill


def tree_of(repo: Repository, skill: Skill, changes: Iterable[Change]) -> Oid:
    """The tree of the repository at the base, with these changes of the skill.

    Raises ValueError where they do not fit the base or each other.
    """
    files = apply_changes(skill, changes)
    folder = f"{skill.root}/" if skill.root else ""
    return repo.write_tree(
        skill.commit,
        [
            TreeChange(
                f"{folder}{path}",
                repo.write_blob(files[path]) if path in files else None,
                skill.modes.get(path, "100644"),
            )
            for path in sorted({*skill.files, *files})
            if skill.files.get(path) != files.get(path)
        ],
    )
