from __future__ import annotations

import base64
import hashlib
import re
import time
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markup import TAGS, Page
from stories import HOSTILE, story

from skillgit.publish.report import MARK, report
from skillgit.types import State


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.one_of(st.just(HOSTILE), st.text(min_size=1, max_size=60)))
def test_no_text_becomes_markup(words: str) -> None:
    page = Page(report(story(words, dropped=1)))

    assert page.tags <= TAGS
    assert page.open == []
    assert not [name for name in page.attributes if name.startswith("on")]
    assert not {"src", "srcset", "style", "action", "xlink:href"} & page.attributes.keys()
    assert all(re.fullmatch(r"#[a-z]+(-\d+)?", link) for link in page.attributes["href"])


def test_the_page_allows_itself_its_own_style_sheet_and_nothing_else() -> None:
    page = report(story())

    [css] = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    allowed = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    assert Page(page).attributes["content"] >= {
        f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    }
    assert "@import" not in css
    assert "url(" not in css


def test_it_tells_everything() -> None:
    page = report(story(dropped=1))

    assert page.startswith(MARK)
    words = " ".join(" ".join(Page(page).words).split())
    for part in (
        "2 lessons for xlsx",
        "of 15 proposed edits applied",
        "A draft: on the tasks of the gate it is not shown to be better (unclear).",
        "Not the whole tale: round.json: plain words",
        "skills/xlsx/SKILL.md",
        "references/r2.md (new file)",
        "t-000000000001, step 2, lines 1-3 pass task plain words",
        "Dropped # Lesson Why 1 plain words plain words",
        "difference +10.0 points, 95 % interval -5.0 to +20.0",
        "rejected: vague 12",
        "13 merges, 0 of them decided by the model.",
        "proved their cause 3 unproven 2 asked 5",
        "analyze 700.0",
        "calls answered from the cache 1 (10 %)",
        "skillgit evolve skills/xlsx --base 0f0f0f0f0f0f",
    ):
        assert part in words


def test_bars_add_up_to_their_whole() -> None:
    page = report(story(timings=None))

    bars = re.findall(r"<svg[^>]*class=\"bar\">(.*?)</svg>", page)
    assert bars
    for one in bars:
        spans = re.findall(r'x="([\d.]+)" y="0" width="([\d.]+)"', one)
        for (start, width), (following, _) in pairwise(spans):
            assert float(start) + float(width) == pytest.approx(float(following), abs=0.02)
        assert float(spans[-1][0]) + float(spans[-1][1]) <= 1000.02


def test_a_round_that_was_made_elsewhere_says_so() -> None:
    page = report(story(timings=None))

    assert "The round was made elsewhere" in page


def test_a_large_round_stays_small_enough_to_be_read() -> None:
    told = story("some words that are said again and again " * 8, lessons=100, trajectories=1000)

    began = time.monotonic()
    page = report(told)

    assert time.monotonic() - began < 10
    assert len(page) < 3_000_000
    assert page.count('<details open="">') == 12
    assert "more: git show refs/skillgit/rounds/" in page


def test_half_an_emoji_can_be_written() -> None:
    page = report(story(edits={State.APPLIED: 3}, branch="half \ud83d of one"))

    assert "U+D83D" in page
    page.encode("utf-8")
