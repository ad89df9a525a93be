"""The program's join: the same clusters as comparing all pairs gives, and fast."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from merging import WORDS, patch
from rapidfuzz import fuzz, process

from skillgit.stages.consolidate.alike import NEAR, Wordings
from skillgit.stages.consolidate.join import join_alike, plain_text


def plainly(texts: Sequence[str]) -> list[int]:
    """For each text the first-come text that it joins, all pairs compared."""
    heads: dict[str, int] = {}
    found = []
    for number, text in enumerate(texts):
        near = process.extractOne(
            text, list(heads), scorer=fuzz.token_sort_ratio, score_cutoff=NEAR
        )
        found.append(heads[near[0]] if near else heads.setdefault(text, number))
    return found


def quickly(texts: Sequence[str]) -> list[int]:
    """The same, as the program does it."""
    wordings = Wordings(texts)
    found = []
    for number in range(len(texts)):
        near = wordings.nearest_to(number)
        if near is None:
            wordings.know(number)
        found.append(number if near is None else near)
    return found


def misspelt(text: str, draw: random.Random) -> str:
    """A few characters and words more, less, or elsewhere."""
    for _ in range(draw.randrange(8)):
        at = draw.randrange(len(text) + 1)
        cut = draw.randrange(3)
        text = text[:at] + draw.choice(("", "e", "s", "ing", " the ", "ä", "漢")) + text[at + cut :]
    words = text.split()
    if draw.random() < 0.3:
        draw.shuffle(words)
    return " ".join(words)


def texts_of(seed: int, count: int, length: int) -> list[str]:
    """Distinct texts, many of which are nearly one of the others."""
    draw = random.Random(seed)
    texts = [" ".join(draw.choices(WORDS, k=length)) for _ in range(max(1, count // 3))]
    return list(dict.fromkeys(misspelt(draw.choice(texts), draw) for _ in range(count)))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**9), st.integers(1, 250), st.sampled_from((1, 3, 9, 25, 60, 200)))
def test_the_clusters_are_those_of_all_pairs(seed: int, count: int, length: int) -> None:
    texts = texts_of(seed, count, length)
    assert quickly(texts) == plainly(texts)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=40).map(plain_text), unique=True, max_size=60))
def test_the_clusters_are_those_of_all_pairs_for_any_text(texts: list[str]) -> None:
    assert quickly(texts) == plainly(texts)


def test_the_clusters_are_those_of_all_pairs_over_several_blocks() -> None:
    texts = texts_of(1, 5000, 12)[:4300]
    assert len(texts) == 4300
    sample = set(random.Random(2).sample(range(4300), 150))
    found, wordings = quickly(texts), Wordings(texts)
    for head in sorted(set(found)):
        wordings.know(head)
    for number in sample:
        earlier = [texts[head] for head in sorted(set(found)) if head < number]
        near = process.extractOne(
            texts[number], earlier, scorer=fuzz.token_sort_ratio, score_cutoff=NEAR
        )
        assert (texts[found[number]] if found[number] != number else None) == (
            near[0] if near else None
        )


@pytest.mark.parametrize("count", [3, 60])
def test_the_nearest_of_known_texts_is_found(count: int) -> None:
    texts = texts_of(5, count, 9)
    wordings = Wordings(texts)
    assert wordings.nearest(texts[0]) is None
    wordings.know_all()
    assert wordings.nearest(texts[0]) == texts[0]
    assert wordings.nearest("nothing of the kind whatsoever") is None


def test_thousands_of_wordings_take_a_moment() -> None:
    texts = texts_of(9, 6000, 25)
    began = time.process_time()
    heads = set(quickly(texts))
    assert time.process_time() - began < 3
    assert len(heads) > 1000


def test_joining_thousands_of_patches_loses_no_source() -> None:
    edits = [edit for n in range(3000) for edit in patch(n, themes=40).edits]
    result = join_alike(edits)
    assert sum(one.support for one in result.edits) == 3000
    assert len(result.edits) + len(result.fates) == 3000
    assert join_alike(edits[::-1]) == result
