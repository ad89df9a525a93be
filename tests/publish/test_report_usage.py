"""The heat map of a report: every number is a text, and no text becomes markup."""

from __future__ import annotations

import re

import pytest
from markup import TAGS, Page
from stories import HOSTILE, story
from traced import LEDGER, STEPS, numbered, skill, trajectory

from skillgit.publish.report import report
from skillgit.publish.report_usage import heat, level, usage_chapter
from skillgit.types import Result
from skillgit.usage import usage


def test_each_line_has_its_count_in_words_and_a_mark_of_its_width() -> None:
    runs = [numbered(1, trajectory(STEPS)), numbered(2, trajectory(STEPS[:3], Result.FAIL))]

    page = heat(LEDGER, usage(LEDGER, runs))

    rows = re.findall(r'<td class="n h(\d)">(\d+)</td><td class="n quiet">(\d+)</td>', page)
    manifest = {int(line): (int(mark), int(count)) for mark, count, line in rows[:28]}
    assert {line: one for line, one in manifest.items() if one[1]} == {
        12: (1, 1),
        15: (1, 1),
        19: (1, 1),
    }
    assert 'aria-label="used by 1 of 2 trajectories"' in page
    assert "Never used (" in page
    assert "lower bounds" in page


def test_a_hostile_skill_stays_text() -> None:
    files = {"SKILL.md": f"---\nname: x\ndescription: d\n---\n\n# {HOSTILE}\n\n{HOSTILE}\n"}
    made = skill(files)
    found = usage(made, [trajectory(STEPS)], any_version=True)

    told = story("plain")
    page = Page(report(told, usage(told.base, [trajectory(STEPS)], any_version=True)))
    alone = Page(heat(made, found))

    assert page.tags <= TAGS
    assert page.open == []
    assert alone.tags <= TAGS
    assert not {"onclick", "src", "style"} & alone.attributes.keys()


def test_without_trajectories_there_is_no_chapter() -> None:
    assert usage_chapter(LEDGER, None) == ()
    assert 'id="usage"' not in report(story("plain"))
    assert "None of the trajectories" in heat(LEDGER, usage(LEDGER, []))


@pytest.mark.parametrize(
    ("count", "had", "expected"),
    [
        (0, 9, 0),
        (1, 100, 1),
        (25, 100, 1),
        (26, 100, 2),
        (75, 100, 3),
        (76, 100, 4),
        (1, 1, 1),
        (9, 9, 4),
    ],
)
def test_levels_are_quarters(count: int, had: int, expected: int) -> None:
    assert level(count, had) == expected
