"""Real histories of skills: a round of ours on an old commit, and what people did since on top."""

from __future__ import annotations

from pathlib import Path

import pytest
from repositories import Repository
from rounds import insert, recorded

from skillgit.adapters.git import GitRepository
from skillgit.names import SkillPath
from skillgit.review.catalogue import read_catalogue
from skillgit.review.why import why_lines
from skillgit.review.words import blocks_of, normal
from skillgit.skill.lines import text_lines
from skillgit.types import MANIFEST, CreateFile, Edit, Insert, LineRange, Skill

HISTORIES = Path(__file__).parents[2] / "../shared/data/skill_histories"
CASES = [
    # bundle, the skill today, how many of its revisions the round had seen
    ("superpowers-skills", "skills/subagent-driven-development", 25),
    ("superpowers-skills", "skills/writing-skills", 12),
    ("superpowers-skills", "skills/brainstorming", 18),
    ("letta-skills", "letta/letta-api-client", 2),  # it was called letta/app-development then
]


@pytest.fixture(params=CASES, ids=lambda case: case[1])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Repository, str, int]:
    bundle, skill, seen = request.param
    if not (HISTORIES / f"{bundle}.bundle").is_file():
        pytest.skip("the histories of others are not part of this repository")
    made = Repository(tmp_path)
    made.git("clone", "--quiet", str((HISTORIES / f"{bundle}.bundle").resolve()), "real")
    return Repository(tmp_path / "real"), skill, seen


def lessons_for(skill: Skill) -> list[Edit]:
    """Lessons in the gaps of the real SKILL.md, and one with a file of its own."""
    lines = text_lines(skill.text(MANIFEST) or "")
    gaps = [n for n, line in enumerate(lines, start=1) if n > 6 and not line.strip()]
    places = [gaps[len(gaps) * part // 7] for part in (1, 3, 5)]
    found = [
        insert(n, after, f"Lesson {n} says: do this.\n\n- and that of lesson {n}\n", (n, n + 1))
        for n, after in enumerate(places)
    ]
    link = Insert(MANIFEST, len(lines), "\nSee [notes](references/field-notes.md).")
    notes = CreateFile(SkillPath("references/field-notes.md"), "# Notes\n\nMind the field.", link)
    one = found[0]
    return [*found, Edit(type(one.id)("m1-0.9"), notes, one.lesson, one.sources, one.quotes)]


def test_every_line_is_of_a_known_lesson_or_of_a_person(
    history: tuple[Repository, str, int],
) -> None:
    made, today, seen = history
    path = f"{today}/SKILL.md"
    told = made.git("log", "--follow", "--format=%H", "--name-only", "--", path).split("\n")
    steps = [line for line in told if line]
    commit, was = steps[-2 * seen], steps[1 - 2 * seen].removesuffix("/SKILL.md")
    people = set(made.git("rev-list", "HEAD").split())
    with GitRepository.open(made.path) as repo:
        skill = repo.read_skill(was, commit)
        edits = lessons_for(skill) if was == today else lessons_for(skill)[:3]
        branch = recorded(repo, skill, edits)
        # Where people rewrote the place meanwhile, theirs stays.
        made.git("merge", "--quiet", "-X", "ours", "--no-edit", branch.tip)
        known = {one.evidence: one.record for one in read_catalogue(repo).lessons}
        words = {
            evidence: {line for block in blocks_of(record) for line in block.lines}
            for evidence, record in known.items()
            if record
        }
        named = set()
        folder = repo.tree(repo.resolve("HEAD"), today)
        for name in (one for one in folder if one.endswith(".md")):
            lines = made.git("show", f"HEAD:{today}/{name}").split("\n")
            for answer in why_lines(repo, f"{today}/{name}", LineRange(1, len(lines))):
                if answer.lesson is None:
                    assert answer.commit.id in people
                    assert not any("esson" in one and "says: do" in one for one in answer.texts)
                else:
                    assert answer.commit.id not in people
                    assert {normal(one) for one in answer.texts} <= words[answer.lesson.evidence]
                    named.add(answer.lesson.evidence)
    assert len(named) >= 2
