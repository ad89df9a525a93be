from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from strategies import BASE_COMMIT, skill_and_changes

from skillgit.names import EditId, SkillPath, TrajectoryId
from skillgit.skill.diff import diff_size, unified_diff
from skillgit.skill.hunks import Ground, Standing, apply_changes, group_edits, touch
from skillgit.skill.lines import split_lines
from skillgit.types import (
    Change,
    CreateFile,
    DeleteFile,
    Edit,
    Insert,
    Lesson,
    LineRange,
    Replace,
    Skill,
)

MANIFEST = SkillPath("SKILL.md")


def skill_of(data: bytes, **more: bytes) -> Skill:
    return Skill("", BASE_COMMIT, {MANIFEST: data} | {SkillPath(k): v for k, v in more.items()})


def edit_of(change: Change, number: int) -> Edit:
    return Edit(
        EditId(f"t-{0:012}.{number}"),
        change,
        Lesson(f"lesson {number}", ""),
        frozenset({TrajectoryId(f"t-{0:012}")}),
    )


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        (b"a\nb\n", Insert(MANIFEST, 1, "x"), b"a\nx\nb\n"),
        (b"a\nb\n", Insert(MANIFEST, 0, "x\ny"), b"x\ny\na\nb\n"),
        (b"a\r\nb\r\n", Insert(MANIFEST, 2, "x"), b"a\r\nb\r\nx\r\n"),
        (b"a\nb", Insert(MANIFEST, 2, "x"), b"a\nb\nx"),
        (b"a\nb", Replace(MANIFEST, LineRange(2, 2), "x"), b"a\nx"),
        (b"a\nb", Replace(MANIFEST, LineRange(2, 2), ""), b"a"),
        (b"a\r\nb\nc\n", Replace(MANIFEST, LineRange(2, 2), "x\ny"), b"a\r\nx\r\ny\r\nc\n"),
        (b"a\rb\n", Insert(MANIFEST, 1, "x"), b"a\rb\nx\n"),
        (b"a\r", Insert(MANIFEST, 0, "x"), b"x\na\r"),
    ],
)
def test_a_change_keeps_the_bytes_of_lines_it_does_not_name(
    before: bytes, change: Change, after: bytes
) -> None:
    assert apply_changes(skill_of(before), [change])[MANIFEST] == after


def test_a_replacement_that_repeats_base_lines_is_cut_down_to_the_difference() -> None:
    skill = skill_of(b"a\nb\nc\nd\n")
    long_way = Replace(MANIFEST, LineRange(1, 2), "a\nb\nx")
    assert not touch(skill, long_way, Replace(MANIFEST, LineRange(4, 4), "z"))
    assert not touch(skill, long_way, Insert(MANIFEST, 0, "top"))


def test_a_blank_or_repeated_line_does_not_keep_two_changes_apart() -> None:
    skill = skill_of(b"a\n\nb\nb\nc\nd\n")
    assert touch(skill, Insert(MANIFEST, 1, "x"), Insert(MANIFEST, 2, "y"))
    assert touch(skill, Insert(MANIFEST, 3, "x"), Insert(MANIFEST, 4, "y"))
    assert not touch(skill, Insert(MANIFEST, 4, "x"), Insert(MANIFEST, 5, "y"))
    assert touch(skill, Insert(MANIFEST, 4, "c"), Insert(MANIFEST, 5, "y"))


def test_create_and_link_stand_and_fall_together() -> None:
    created = CreateFile(SkillPath("references/x.md"), "text", Insert(MANIFEST, 1, "see x"))
    after = apply_changes(skill_of(b"a\r\n"), [created])
    assert after == {MANIFEST: b"a\r\nsee x\r\n", SkillPath("references/x.md"): b"text\r\n"}


def test_delete_and_unlink_stand_and_fall_together() -> None:
    skill = skill_of(b"a\nsee x\n", **{"references/x.md": b"text\n"})
    gone = DeleteFile(SkillPath("references/x.md"), (Replace(MANIFEST, LineRange(2, 2), ""),))
    assert apply_changes(skill, [gone]) == {MANIFEST: b"a\n"}


def test_overlaps_are_refused() -> None:
    skill = skill_of(b"a\nb\nc\n")
    with pytest.raises(ValueError, match="meet at line 2"):
        apply_changes(
            skill,
            [Replace(MANIFEST, LineRange(1, 2), "x"), Replace(MANIFEST, LineRange(2, 3), "y")],
        )


def test_groups_join_through_a_common_neighbour() -> None:
    skill = skill_of(b"a\nb\nc\n\nd\n")
    changes = [Insert(MANIFEST, 4, "x"), Insert(MANIFEST, 1, "y"), Insert(MANIFEST, 3, "z")]
    groups = group_edits(skill, [edit_of(change, n) for n, change in enumerate(changes)])
    assert [[edit.lesson.title for edit in group] for group in groups] == [
        ["lesson 0", "lesson 2"],
        ["lesson 1"],
    ]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(skill_and_changes())
def test_groups_and_rivals_are_those_of_all_pairs(case: tuple[Skill, list[Change]]) -> None:
    skill, changes = case
    ground = Ground(skill, changes)
    standing = Standing(ground)
    for number, change in enumerate(changes):
        met = [n for n, other in enumerate(changes[:number]) if ground.touch(change, other)]
        assert standing.in_the_way(change) == min(met, default=None)
        standing.take(change)
    groups = group_edits(skill, [edit_of(change, n) for n, change in enumerate(changes)])
    found = [[int(edit.lesson.title.split()[1]) for edit in group] for group in groups]
    assert found == _groups_of_all_pairs(ground, changes)


def _groups_of_all_pairs(ground: Ground, changes: list[Change]) -> list[list[int]]:
    groups: list[list[int]] = []
    for number, change in enumerate(changes):
        met = [g for g in groups if any(ground.touch(change, changes[n]) for n in g)]
        groups = [g for g in groups if g not in met]
        groups.append(sorted([number, *(n for g in met for n in g)]))
    return sorted(groups)


def git(cwd: Path, *args: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *args], cwd=cwd, input=stdin, capture_output=True, check=False)


def write(folder: Path, skill: Skill) -> None:
    for path, data in skill.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


def apart(skill: Skill, changes: list[Change]) -> list[Change]:
    """A subset of the changes no two of which touch."""
    ground = Ground(skill, changes)
    chosen: list[Change] = []
    for change in changes:
        if not any(ground.touch(change, other) for other in chosen):
            chosen.append(change)
    return chosen


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(skill_and_changes())
@example((skill_of(b"a\nb"), [Insert(MANIFEST, 2, "x\n")]))
@example(
    (
        skill_of(b"a b\r\n", **{"references/a.md": b""}),
        [Insert(SkillPath("references/a.md"), 0, "x")],
    )
)
def test_git_applies_every_diff_and_unidiff_counts_it(case: tuple[Skill, list[Change]]) -> None:
    skill, changes = case
    chosen = apart(skill, changes)
    after = apply_changes(skill, chosen)
    diff = unified_diff(skill.files, after)
    assume(diff)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        git(folder, "init", "-q")
        git(folder, "config", "core.autocrlf", "false")
        write(folder, skill)
        done = git(
            folder,
            "apply",
            "--whitespace=nowarn",
            "-",
            stdin=diff.encode("utf-8", "surrogateescape"),
        )
        assert done.returncode == 0, (done.stderr, diff)
        found = {
            SkillPath(p.relative_to(folder).as_posix()): p.read_bytes()
            for p in folder.rglob("*")
            if p.is_file() and ".git/" not in p.as_posix()
        }
    assert found == after
    size = diff_size(diff)
    body = [line for line in diff.split("\n") if not line.startswith(("--- ", "+++ "))]
    assert size.added == sum(line.startswith("+") for line in body) + sum(
        line.startswith("+++ ") and not line.startswith(("+++ b/", "+++ /dev/null"))
        for line in diff.split("\n")
    )


@settings(max_examples=300, deadline=None)
@given(skill_and_changes())
def test_the_order_of_separate_changes_does_not_matter(case: tuple[Skill, list[Change]]) -> None:
    skill, changes = case
    chosen = apart(skill, changes)
    assert apply_changes(skill, chosen) == apply_changes(skill, reversed(chosen))


@settings(max_examples=300, deadline=None)
@given(skill_and_changes(most=1))
def test_lines_outside_a_change_survive(case: tuple[Skill, list[Change]]) -> None:
    skill, [change] = case
    after = apply_changes(skill, [change])
    path = change.link.path if isinstance(change, CreateFile) else change.path
    assert isinstance(change, (Insert, Replace, CreateFile))
    insert = change.link if isinstance(change, CreateFile) else change
    old, new = split_lines(skill.files[path]), split_lines(after[path])
    first, last = (
        (insert.after, insert.after)
        if isinstance(insert, Insert)
        else (insert.lines.first - 1, insert.lines.last)
    )
    assert new[:first] == old[:first]
    assert new[len(new) - len(old) + last :] == old[last:]
