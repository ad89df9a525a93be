from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from stories import BASE, HOSTILE, ROOT, oid, story

from skillgit.provenance.squash import Squash, parse_squash
from skillgit.provenance.trailers import parse
from skillgit.publish.body import BUDGET, LIMIT, MOST_TRAILERS, body, title

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
OURS = {"<br>", "<details>", "</details>", "<summary>", "</summary>"}
CHAPTERS = [
    "Lessons",
    "Dropped from this branch",
    "To leave one out",
    "Size",
    "Measured on other tasks",
    "Proofs",
    "What did not make it",
    "To check it, and to make it again",
]


def headings(page: str) -> list[str]:
    tokens = PARSER.parse(page)
    return [after.content for token, after in pairwise(tokens) if token.type == "heading_open"]


def strange(page: str) -> list[str]:
    """Links, pictures and markup that are not the body's own."""
    found = []
    for token in PARSER.parse(page):
        for child in (token, *(token.children or ())):
            if child.type in {"image", "link_open"}:
                found.append(child.type)
            if child.type in {"html_inline", "html_block"}:
                found += set(re.findall(r"<[^>]*>", child.content)) - OURS
    return found


def test_it_tells_everything_in_its_order() -> None:
    page = body(story(dropped=1))

    assert headings(page) == CHAPTERS
    assert "**plain words**" in page
    assert "| 2 |" in page
    assert "- plain words: plain words" in page  # what was dropped, and why
    assert "| SKILL.md, tokens | 100 | 180 | +80 |" in page
    assert "**UNCLEAR**: 50.0 % → 60.0 %" in page
    assert "3 of 5 error analysts proved" in page
    assert "15 edits proposed = 3 applied + 12 rejected." in page
    assert "```mermaid\nflowchart LR\n" in page


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.one_of(st.just(HOSTILE), st.text(min_size=1, max_size=60)))
def test_no_text_becomes_markup(words: str) -> None:
    page = body(story(words, dropped=1))

    assert strange(page) == []
    assert headings(page) == CHAPTERS
    assert not re.search(r"@\w|#\d|\bGH-\d", page.rpartition("\n\n")[0])


def test_its_last_paragraph_says_what_a_squash_holds() -> None:
    told = story(lessons=3, dropped=1)

    found = parse_squash(f"a title (#7)\n\n{body(told)}")

    assert isinstance(found, Squash)
    assert (found.round, found.skill, found.base) == (told.id, ROOT, BASE)
    assert found.evidence == told.evidence
    assert [one.evidence for one in found.lessons] == [oid("blob", 1), oid("blob", 2)]
    assert body(told).rstrip("\n").rpartition("\n\n")[2].startswith("Skillgit-Squash-Round: ")


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.text(min_size=1, max_size=60))
def test_a_squash_of_it_is_no_broken_lesson(words: str) -> None:
    assert parse(f"a title\n\n{body(story(words))}") is None


@pytest.mark.parametrize("words", ["a word ", "\U0001f600*|", "𝔞@b|"])
@pytest.mark.parametrize(("lessons", "dropped"), [(1, 0), (100, 30), (190, 0)])
def test_it_always_fits(words: str, lessons: int, dropped: int) -> None:
    told = story(words * 300, lessons=lessons, trajectories=40, dropped=dropped)

    page = body(told)

    assert len(page.encode()) <= BUDGET < LIMIT
    found = parse_squash(f"t\n\n{page}")
    assert isinstance(found, Squash)
    assert len(found.lessons) == min(lessons - dropped, MOST_TRAILERS)
    rows = re.findall(r"^\| (\d+) \| \*\*", page, re.MULTILINE)
    assert rows == [str(one.number) for one in told.kept[: len(rows)]]
    assert len(rows) == len(told.kept) or f"{len(told.kept)} in all" in page
    assert rows


def test_what_there_is_not_is_said() -> None:
    told = story(kept=(), branch="", tip=None)

    page = body(told)

    assert "The branch has no lessons any more." in page
    assert "BRANCH" in page


def test_branches_and_remotes_are_words_of_a_shell() -> None:
    page = body(story(branch="skillgit/$(reboot)`x`/1"), "my remote")

    assert "git push --force-with-lease 'my remote' 'skillgit/$(reboot)`x`/1'" in page


def test_the_title_is_one_line() -> None:
    assert title(story()) == "draft: xlsx: 3 lessons from 12 trajectories"
