"""ANLS against the recorded official verdicts, and against a library's edit distance."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from skillgit.domains.docqa.anls import ACCURATE, anls, distance, normal, similarity

FORMAT = (Path(__file__).parents[3] / "SKILLS_FORMAT.md").read_text(encoding="utf-8")
CASES = Path(__file__).parents[3] / "../shared/data/docvqa/anls_cases.json"

TEXTS = st.text(st.sampled_from("ab 1Ä"), max_size=12)


@pytest.mark.skipif(not CASES.is_file(), reason="the recorded verdicts are not on this machine")
def test_every_recorded_verdict() -> None:
    cases = json.loads(CASES.read_text())

    assert len(cases) >= 9
    assert [anls(case["answers"], case["prediction"]) for case in cases] == [
        case["anls"] for case in cases
    ]


@pytest.mark.parametrize(
    ("golds", "answer", "expected"),
    [
        (["abcd"], "abcd", 1.0),
        (["abcd"], " ABCD\n", 1.0),
        (["New  York"], "new\tyork", 1.0),
        (["abcd"], "abcx", 0.75),
        (["abcd"], "abxy", 0.0),  # just one half: nothing
        (["abcde"], "abcxy", 0.6),
        (["abc"], "abcdef", 0.0),  # one half again, by length alone
        (["abc"], "abcde", 0.6),
        (["abc"], "", 0.0),
        ([""], "abc", 0.0),
        ([""], "", 1.0),
        (["  "], "\n", 1.0),
        ([], "abc", 0.0),
        (["no", "10,596", "$10,596"], "10596", 1 - 1 / 6),
        (["École"], "e\u0301cole", 1 - 2 / 6),  # two ways to write é are not the same text
    ],
)
def test_the_edges(golds: list[str], answer: str, expected: float) -> None:
    assert anls(golds, answer) == expected


def test_the_oddities_are_as_they_are_told() -> None:
    section = FORMAT.partition("### 11.11 ")[2].partition("\n## 12")[0]
    rows = [
        line.strip("| ").split(" | ")
        for line in section.splitlines()
        if line.startswith(("| `", "| (e"))
    ]
    spelt = {"(empty)": "", "`é` in two characters": "e\u0301"}

    assert len(rows) == 6
    for gold, answer, score, _ in rows:
        texts = [spelt.get(text, text.strip("`")) for text in (gold, answer)]
        assert f"{anls(texts[:1], texts[1]):.3g}" == score


@given(TEXTS, TEXTS)
def test_the_distance_is_levenshtein_s(first: str, second: str) -> None:
    assert distance(first, second) == Levenshtein.distance(first, second)


@given(st.lists(TEXTS, max_size=3), TEXTS)
def test_a_score_is_nothing_or_more_than_half(golds: list[str], answer: str) -> None:
    score = anls(golds, answer)

    assert score == 0 or ACCURATE < score <= 1
    assert score == anls([*golds, *golds], answer.upper().lower())
    assert all(score >= similarity(gold, answer) for gold in golds)
    for gold in golds:
        if normal(gold) == normal(answer):
            assert score == 1


def test_the_distance_of_all_short_texts() -> None:
    texts = ["".join(each) for length in range(4) for each in product("ab", repeat=length)]

    assert all(
        distance(first, second) == Levenshtein.distance(first, second)
        for first, second in product(texts, texts)
    )


def test_a_long_answer_takes_a_moment() -> None:
    gold, answer = "ab" * 8000, "ba" * 8000
    started = perf_counter()

    assert similarity(gold, answer) > 0.99
    assert perf_counter() - started < 5
