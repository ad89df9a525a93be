from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from repositories import Repository
from rounds import ROUND

from skillgit.names import Digest, Oid
from skillgit.provenance.squash import Squash, SquashedLesson, parse_squash, render_squash
from skillgit.provenance.trailers import Malformed, parse

OIDS = st.text("0123456789abcdef", min_size=40, max_size=40).map(Oid)
LESSONS = st.builds(
    SquashedLesson,
    OIDS,
    st.text("0123456789abcdef", min_size=64, max_size=64).map(lambda h: Digest(f"sha256:{h}")),
)
SQUASHES = st.builds(
    Squash,
    st.just(ROUND),
    st.sampled_from(["", "skills/xlsx", '"odd', " leading", "skills/tab ellen"]),
    OIDS,
    OIDS,
    st.lists(LESSONS, min_size=1, max_size=5).map(tuple),
    st.sampled_from(["m", "Qwen3.5-35B-A3B"]),
)
BODY = "xlsx: 2 lessons\n\n## Lessons\n\nSome text: with a colon.\n\n"


@given(SQUASHES)
def test_what_is_written_is_read_again(squash: Squash) -> None:
    assert parse_squash(BODY + render_squash(squash)) == squash


@given(SQUASHES)
def test_it_is_never_taken_for_a_lesson_neither_good_nor_broken(squash: Squash) -> None:
    assert parse(BODY + render_squash(squash)) is None


@given(SQUASHES)
def test_what_a_forge_does_to_a_body_does_not_lose_it(squash: Squash) -> None:
    written = BODY + render_squash(squash)

    assert parse_squash(written.replace("\n", "\r\n")) == squash
    assert parse_squash(f"{written}\n\nCo-authored-by: A <a@example.invalid>\n") == squash


@pytest.mark.parametrize(
    "text", ["", "xlsx: a lesson", "a\n\nSkillgit-Round: x", f"Skillgit-Squash-Round: {ROUND}"]
)
def test_other_messages_say_nothing_of_the_kind(text: str) -> None:
    assert parse_squash(text) is None


@pytest.mark.parametrize("lost", range(5))
def test_a_paragraph_that_lacks_something_is_malformed(lost: int) -> None:
    squash = Squash(
        ROUND,
        "skills/xlsx",
        Oid("1" * 40),
        Oid("2" * 40),
        (SquashedLesson(Oid("3" * 40), Digest("sha256:" + "4" * 64)),),
        "m",
    )
    lines = render_squash(squash).split("\n")

    found = parse_squash(BODY + "\n".join([*lines[:lost], *lines[lost + 1 :]]))

    assert isinstance(found, Malformed)
    assert "there " in found.reason


def test_a_line_between_that_is_no_trailer_is_malformed() -> None:
    found = parse_squash(f"{BODY}Skillgit-Squash-Round: {ROUND}\nand so on")

    assert isinstance(found, Malformed)


def test_git_reads_the_trailers_too(repository: Callable[..., Repository]) -> None:
    squash = Squash(
        ROUND,
        "skills/xlsx",
        Oid("1" * 40),
        Oid("2" * 40),
        (SquashedLesson(Oid("3" * 40), Digest("sha256:" + "4" * 64)),) * 2,
        "m",
    )
    made = repository({"a": "a"})
    made.commit({"b": "b"}, BODY + render_squash(squash))

    told = made.git("log", "-1", "--format=%(trailers:key=Skillgit-Squash-Lesson,valueonly)")

    assert told.split() == ["3" * 40, f"sha256:{'4' * 64}"] * 2
