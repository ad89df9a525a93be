"""Recorded verdicts of the official evaluator, its known defects, and what must always hold."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.domains.tableqa.denotation import right, values
from skillgit.domains.tableqa.expected import Expected
from skillgit.domains.tableqa.grading import graded
from skillgit.domains.tableqa.normalising import normalised

SHARED = Path(__file__).parents[3] / "../shared/data/wikitablequestions/evaluator_cases.json"
FORMAT = (Path(__file__).parents[3] / "SKILLS_FORMAT.md").read_text(encoding="utf-8")
TEXTS = st.text(st.sampled_from('ab1ÉÉ[]()"*+#†.,-– \n½²xX'), max_size=12)


@pytest.mark.skipif(not SHARED.exists(), reason="the recorded verdicts are not on this machine")
def test_every_recorded_verdict_is_ours() -> None:
    recorded = json.loads(SHARED.read_text(encoding="utf-8"))

    assert [normalised(case["in"]) for case in recorded["normalize"]] == [
        case["normalized"] for case in recorded["normalize"]
    ]
    assert [
        right(values(case["target"], case["canon"] or ()), values(case["pred"]))
        for case in recorded["denotation"]
    ] == [case["correct"] for case in recorded["denotation"]]
    assert (len(recorded["normalize"]), len(recorded["denotation"])) >= (12, 17)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("Café", "cafe"),
        ("  10–12 ", "10-12"),
        ("‘a’ `b`", "'a' 'b'"),
        ("“Foo”", "foo"),
        ('"Foo" bar"', '"foo" bar"'),
        ('"a"b"', '"a"b"'),
        ("[note]", "[note]"),
        ("[12]", ""),
        ("x[note][b]", "x"),
        ("x[a[b]", "x"),
        ("x[a]b]", "x[a]b]"),
        ("x [a]*†+#", "x"),
        ("+", ""),
        ("(bar)", "(bar)"),
        ("foo (bar) (b(c)", "foo"),
        ("foo (a(b))", "foo (a(b))"),
        ("foo(bar)", "foo(bar)"),
        ('"Foo (x)[1]" (y)*', "foo"),
        ("etc..", "etc."),
        ("a \n\tb", "a b"),
        ("O´Brien", "o brien"),
        ("10²", "102"),
        ("½", "1⁄2"),
        ("ΟΔΟΣ ßİ", "οδοσ ßi"),
        ("", ""),
    ],
)
def test_texts_are_normalised_as_there(text: str, same: str) -> None:
    assert normalised(text) == same


def test_no_text_takes_long() -> None:
    began = time.process_time()
    for part in ("[1]", "[", "[a", " (x)*", " (", '"', "*", "]", ")", '"[1] (a)'):
        normalised(part * (30_000 // len(part)))
        normalised(part * (30_000 // len(part)) + "x")

    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("expected", "canons", "found", "verdict"),
    [
        (["March 2, 1990"], ["1990-03-02"], ["1990-3-2"], True),
        (["March 2, 1990"], ["1990-03-02"], ["MARCH 2, 1990."], True),
        (["March 2, 1990"], ["1990-03-02"], ["1990-xx-02"], False),
        (["January 12"], ["xx-01-12"], ["XX-1-12"], True),
        (["1990"], ["1990-xx-xx"], ["1990.0"], True),
        (["1990-13-01"], [], ["1990-13-1"], False),
        (["xx-xx-xx"], [], ["xxxx-xx-xx"], False),
        (["5 "], [], [" 5.0000004"], True),
        (["5"], [], ["5.000002"], False),
        (["1e3"], [], ["1000"], True),
        (["1_000"], [], ["1000"], False),
        (["inf"], [], ["INF"], True),
        (["nan"], [], ["nan"], True),
        (["9" * 400], [], ["0.5"], False),
        (["9" * 5000], [], ["9" * 5000], True),
        (["a", "b"], [], ["b", "A", "b."], True),
        (["a", "b"], [], ["a"], False),
        (["a"], [], ["a", "b"], False),
        (["a"], [], [], False),
        (["x", "10"], [None, ""], ["10", "x"], True),
        ([""], ["1990-03-02"], ["1990-3-2"], True),
        ([""], ["7.0"], ["7"], True),
    ],
)
def test_what_is_right(
    expected: list[str], canons: list[str | None], found: list[str], *, verdict: bool
) -> None:
    assert right(values(expected, canons), values(found)) is verdict


def defects() -> Iterator[tuple[list[str], list[str], list[str], str]]:
    section = FORMAT.split("\n### 11.7 ")[1].split("\n#")[0]
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and cells[0].startswith("`"):
            told = [re.findall(r"`([^`]+)`", cell) for cell in cells[:3]]
            yield told[0], told[1], told[2], cells[3]


@pytest.mark.parametrize(("expected", "canons", "found", "verdict"), list(defects()))
def test_the_known_defects_are_kept(
    expected: list[str], canons: list[str], found: list[str], verdict: str
) -> None:
    assert verdict in {"right", "wrong"}
    assert graded(Expected(tuple(expected), tuple(canons)), found).passed is (verdict == "right")


def test_the_document_lists_them() -> None:
    assert len(list(defects())) >= 14


@given(st.lists(TEXTS, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_an_answer_is_a_set_and_right_against_itself(texts: list[str], shuffler: Random) -> None:
    turned = [*texts, *texts[:1]]
    shuffler.shuffle(turned)

    assert right(values(texts), values(turned))
    assert len(values(texts)) <= len(texts)


@given(TEXTS, st.text(st.sampled_from("abÉ1 -"), max_size=6))
def test_what_does_not_count_may_be_added(text: str, plain: str) -> None:
    assert normalised(f" {text}\n") == normalised(text) == normalised(text).strip()
    assert normalised(f"“{plain}x (once)[2]†” [note]") == normalised(f"{plain}x")


@given(
    st.lists(st.tuples(TEXTS, st.sampled_from(["", "10.0", "1990-03-02"])), min_size=1, max_size=4)
)
def test_what_is_expected_comes_back_and_one_text_for_each_value_passes(
    pairs: list[tuple[str, str]],
) -> None:
    expected = Expected(tuple(text for text, _ in pairs), tuple(canon for _, canon in pairs))

    assert Expected.parse(expected.text) == expected
    assert list(expected.distinct) == expected.values
    assert set(expected.distinct.values()) <= set(expected.texts)
    assert not expected.answer or graded(expected, expected.answer).passed


@pytest.mark.parametrize(
    ("texts", "canons", "answer"),
    [
        (("Oslo", "oslo.", "Bergen"), (), ("Oslo", "Bergen")),
        (("10 km", "10 miles"), ("10.0", "10.0"), ("10 km",)),
        (("13 (first)", "13 (last)"), ("1.0", "2.0"), ("1.0", "2.0")),
        (("a (x)", "a (y)", "b"), ("", "", ""), ("a (x)", "b")),
        (("Oslo", " "), (), ()),
        (("5", "x (1)", "x (2)"), ("five", "1.0", "2.0"), ()),
    ],
)
def test_an_answer_that_passes_is_found_where_there_is_one(
    texts: tuple[str, ...], canons: tuple[str, ...], answer: tuple[str, ...]
) -> None:
    assert Expected(texts, canons).answer == answer


@pytest.mark.parametrize(("texts", "canons"), [((), ()), (("a", "b"), ("1",))])
def test_what_cannot_be_expected(texts: tuple[str, ...], canons: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="value"):
        Expected(texts, canons)
