"""Rounds to be taken apart: lessons that help, hurt and do nothing, and an agent that minds them.

What a task needs stands in its own name: the agent passes `needs-1-…` with the first lesson alone,
`shuns-2-…` without the second alone, `always-…` in any case and `never-…` in none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from repositories import Repository
from rounds import insert, recorded
from scripted import Answer, Request
from sums import HONEST, WRONG

from skillgit.adapters.git import GitRepository
from skillgit.types import Branch

SKILL = "skills/sums"
TEXT = (
    "---\nname: sums\ndescription: Add numbers.\n---\n\n# Sums\n\nOne.\n\nTwo.\n\nThree.\n\nFour.\n"
)
EDITS = (
    insert(1, 8, "\nLesson-one: count, never guess.", (0, 1, 2, 3)),
    insert(2, 10, "\nLesson-two: guess.", (2, 3, 4)),
    insert(3, 12, "\nLesson-three: be polite.", (5, 6)),
)
WORDS = ("Lesson-one", "Lesson-two", "Lesson-three")


def with_round(made: Repository) -> Branch:
    """Record the round in a repository whose HEAD has the base."""
    with GitRepository.open(made.path) as repo:
        return recorded(repo, repo.read_skill(SKILL, "HEAD"), EDITS)


def passes(task: str, lessons: Sequence[bool]) -> bool:
    """Does the agent pass a task with these lessons?"""
    kind, _, rest = task.partition("-")
    if kind in {"needs", "shuns"}:
        return lessons[int(rest[0]) - 1] is (kind == "needs")
    return kind == "always"


def agent(request: Request) -> Answer:
    """Writes the right sum, or a wrong one; then it is done."""
    messages = request["messages"]
    text = "\n".join(message["content"] for message in messages)
    asked = [n for n, message in enumerate(messages) if "Add the numbers." in message["content"]]
    if not asked:
        return Answer("One.", prompt_tokens=50, output_tokens=3)  # a probe of its speed
    if len(messages) - asked[-1] > 1:
        return Answer("DONE", prompt_tokens=300, output_tokens=2)
    (task,) = set(re.findall(r"\(((?:needs|shuns|always|never)-[^)]*)\)", text))
    system = messages[0]["content"]
    program = HONEST if passes(task, [word in system for word in WORDS]) else WRONG
    return Answer(f"I add them.\n\n```python\n{program}\n```", prompt_tokens=200)
