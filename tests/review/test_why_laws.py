"""Whatever is recorded: `why` gives each line of the evolved skill to the lesson that added it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from repositories import Repository
from rounds import edit, recorded

from skillgit.adapters.git import GitRepository
from skillgit.names import Oid, SkillPath
from skillgit.provenance.evidence import LessonRecord
from skillgit.review.catalogue import read_catalogue
from skillgit.review.why import why_lines
from skillgit.skill.hunks import apply_changes, hunks
from skillgit.skill.lines import text_lines
from skillgit.types import Change, CreateFile, Insert, LineRange, Replace, Skill

ROOT = "skills/xlsx"
MANIFEST = SkillPath("SKILL.md")
COMMON = ("", "```", "- and so on", "")
"""Lines that base and lessons share: Git may give them to either."""


@pytest.fixture
def made(repository: Callable[..., Repository]) -> Repository:
    return repository({"unrelated.txt": "x\n"})


@st.composite
def texts(draw: st.DrawFn, name: str) -> str:
    """Some telling lines, and some that anybody could have written."""
    lines: list[str] = []
    for number in range(draw(st.integers(1, 3))):
        lines += draw(st.lists(st.sampled_from(COMMON), max_size=2))
        lines.append(f"{name} says number {number}.")
    return "\n".join(lines)


@st.composite
def rounds(draw: st.DrawFn) -> tuple[str, list[Change]]:
    paragraphs = [draw(texts(f"Base {number}")) for number in range(draw(st.integers(3, 9)))]
    text = "\n\n".join(paragraphs) + draw(st.sampled_from(("\n", "")))
    size = len(text_lines(text))
    changes: list[Change] = []
    for number in range(draw(st.integers(1, 5))):
        new = draw(texts(f"Lesson {number}"))
        after = draw(st.integers(0, size))
        kind = draw(st.sampled_from(("insert", "insert", "replace", "create")))
        if kind == "replace" and after:
            changes.append(Replace(MANIFEST, LineRange(after, min(size, after + 1)), new))
        elif kind == "create":
            path = SkillPath(f"references/n{number}.md")
            changes.append(CreateFile(path, new, Insert(MANIFEST, after, f"\nSee n{number}.")))
        else:
            changes.append(Insert(MANIFEST, after, new))
    return text, changes


def fitting(skill: Skill, changes: list[Change]) -> list[Change]:
    chosen: list[Change] = []
    for change in changes:
        try:
            apply_changes(skill, [*chosen, change])
        except ValueError:
            continue
        if any(not hunk.empty for hunk in hunks(skill, change)):
            chosen.append(change)
    return chosen


def added(record: LessonRecord, skill: Skill, path: str) -> Iterator[str]:
    """The lines that the evidence says the lesson adds to a file."""
    for one in record.edits:
        for hunk in hunks(skill, one.change):
            if hunk.path == path:
                yield from (line.decode() for line in hunk.new)


@settings(
    max_examples=15,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # each example makes a history
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(case=rounds(), squash=st.booleans())
def test_each_line_is_of_the_lesson_that_added_it(
    made: Repository, *, case: tuple[str, list[Change]], squash: bool
) -> None:
    text, changes = case
    made.git("checkout", "--quiet", "--detach", "main")
    base = made.commit({f"{ROOT}/SKILL.md": text}, "base")
    with GitRepository.open(made.path) as repo:
        skill = repo.read_skill(ROOT, base)
        chosen = fitting(skill, changes)
        assume(chosen)
        edits = [edit(n, change, (n, n + 1)) for n, change in enumerate(chosen)]
        branch = recorded(repo, skill, edits)
        try:
            tip = branch.tip
            if squash:
                made.git("merge", "--quiet", "--squash", branch.tip)
                made.git("commit", "--quiet", "-m", "squashed")
                tip = Oid(made.git("rev-parse", "HEAD"))
            records = {
                one.evidence: one.record for one in read_catalogue(repo).lessons if one.record
            }
            for path, data in repo.read_skill(ROOT, tip).files.items():
                lines = text_lines(data.decode())
                answers = why_lines(repo, f"{ROOT}/{path}", LineRange(1, len(lines)), tip)
                assert [line for one in answers for line in one.texts] == lines
                for answer in answers:
                    lesson = answer.lesson.evidence if answer.lesson else None
                    for line in answer.texts:
                        owners = {
                            oid
                            for oid, record in records.items()
                            if line in set(added(record, skill, path))
                        }
                        was_there = line in text_lines(skill.text(path) or "")
                        assert lesson in (owners | ({None} if was_there or not owners else set()))
                        if line not in COMMON and owners:
                            assert owners == {lesson}
        finally:
            made.git("update-ref", "-d", f"refs/heads/{branch.name}")
            made.git("update-ref", "-d", branch.evidence_ref)
