"""Whatever is recorded, any lessons of it can go, and in any order, as far as Git is concerned."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st
from repositories import Repository
from rounds import edit, recorded
from strategies import skill_and_changes

from skillgit.adapters.git import GitRepository
from skillgit.errors import FindingsError
from skillgit.names import SkillPath
from skillgit.ports import TreeChange
from skillgit.review.verify import verify_range
from skillgit.skill.hunks import apply_changes, hunks
from skillgit.types import Branch, Change, Skill


@pytest.fixture
def made(repository: Callable[..., Repository]) -> Repository:
    return repository({"unrelated.txt": "x\n"})


def legal(skill: Skill, changes: list[Change]) -> list[Change]:
    """The changes that can be applied together and do something."""
    chosen: list[Change] = []
    for change in changes:
        try:
            apply_changes(skill, [*chosen, change])
        except ValueError:
            continue
        if any(not hunk.empty for hunk in hunks(skill, change)):
            chosen.append(change)
    return chosen


def committed(repo: GitRepository, skill: Skill, root: str) -> Skill:
    """The skill as a commit beside other files."""
    main = repo.resolve("main")
    files = [
        TreeChange(f"{root}/{path}", repo.write_blob(data)) for path, data in skill.files.items()
    ]
    base = repo.write_commit(repo.write_tree(main, files), [main], "base\n", repo.author(0))
    return repo.read_skill(root, base)


def files_at(made: Repository, root: str) -> dict[SkillPath, bytes]:
    folder = made.path / root
    found = (path for path in folder.rglob("*") if path.is_file())
    return {SkillPath(path.relative_to(folder).as_posix()): path.read_bytes() for path in found}


def edits_of(lessons: list[int], branch: Branch) -> list[Change]:
    return [one.change for number in lessons for one in branch.lessons[number].edits]


ROOT = "skills/ü x"


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(case=skill_and_changes(most=5), data=st.data())
def test_any_lessons_can_be_reverted_or_left_out(
    made: Repository, case: tuple[Skill, list[Change]], data: st.DataObject
) -> None:
    base, changes = case
    chosen = legal(base, changes)
    assume(chosen)
    edits = [
        edit(number, change, data.draw(st.sets(st.integers(0, 8), min_size=1)))
        for number, change in enumerate(chosen)
    ]
    with GitRepository.open(made.path) as repo:
        skill = committed(repo, base, ROOT)
        try:
            branch = recorded(repo, skill, edits)
        except FindingsError as nothing:
            assert "undo each other" in str(nothing)  # noqa: PT017 - only this may be refused
            reject()
    try:
        numbers = range(len(branch.lessons))
        assert sorted(e.id for one in branch.lessons for e in one.edits) == sorted(
            e.id for e in edits
        )
        assert apply_changes(skill, edits_of(list(numbers), branch)) == apply_changes(skill, chosen)

        gone = data.draw(st.permutations(numbers)) if len(numbers) > 1 else list(numbers)
        gone = gone[: data.draw(st.integers(1, len(numbers)))]
        made.git("checkout", "--quiet", "--detach", branch.tip)
        made.git("revert", "--no-edit", *(branch.lessons[n].commit for n in gone))
        rest = [n for n in numbers if n not in gone]
        assert files_at(made, ROOT) == apply_changes(skill, edits_of(rest, branch))

        kept = data.draw(st.permutations(numbers)) if len(numbers) > 1 else list(numbers)
        kept = kept[: data.draw(st.integers(1, len(numbers)))]
        made.git("checkout", "--quiet", "--detach", skill.commit)
        made.git("cherry-pick", *(branch.lessons[n].commit for n in kept))
        assert files_at(made, ROOT) == apply_changes(skill, edits_of(sorted(kept), branch))
        with GitRepository.open(made.path) as repo:
            found = verify_range(repo, f"{skill.commit}..HEAD")
        assert [one for one in found if one.rule.startswith("SG3")] == []
    finally:
        made.git("checkout", "--quiet", "--force", "main")
        made.git("update-ref", "-d", f"refs/heads/{branch.name}")
        made.git("update-ref", "-d", branch.evidence_ref)
