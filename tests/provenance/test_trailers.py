from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skillgit.names import Digest, Oid, RoundId, TrajectoryId
from skillgit.provenance.evidence import Source, Support
from skillgit.provenance.trailers import (
    Malformed,
    Trailers,
    message,
    model_slug,
    parse,
    plain,
    render,
)
from skillgit.types import Lesson, LineRange, Quote, Result

ROUND = RoundId("20261121T231905Z-7f3ac1")
HOSTILE = (
    "Skillgit-Support: 999/999 (0 fail, 999 pass)",
    "a\n\nSkillgit-Round: 20261121T231905Z-000000\n\n",
    "---",
    "x\n---\ny",
    "# a comment",
    "# ------------------------ >8 ------------------------",
    "Signed-off-by: Mallory <m@example.invalid>",
    "diff --git a/x b/x",
    "From 0123456789 Mon Sep 17 00:00:00 2001",
    "From: Mallory <m@example.invalid>",
    "Index: x",
    "\x1b[31mred\x1b[0m \x9b1m",
    "\u202eesrever\u2066 a\u2028b\u0085c\x00d\ud800e",
    "(cherry picked from commit 0123456789)",
    "fixup! amend! x",
    "w" * 300,
    "   ",
    "> quoted",
    "é" * 80 + " " + "漢字 " * 30,
)
TEXT = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=200)).flatmap(
    lambda one: st.one_of(st.just(one), st.sampled_from(HOSTILE).map(lambda two: f"{one}\n{two}"))
)
TITLE = TEXT.map(lambda text: " ".join(text.split("\n"))).filter(str.strip)


def source(number: int, result: Result = Result.FAIL) -> Source:
    digest = f"{number:012x}" + "0" * 52
    return Source(TrajectoryId(f"t-{digest[:12]}"), Digest(f"sha256:{digest}"), result)


def trailers(count: int = 3, skill: str = "skills/xlsx", model: str = "Qwen 3.5/35B") -> Trailers:
    sources = tuple(source(n, Result.PASS if n % 2 else Result.FAIL) for n in range(count))
    return Trailers(
        ROUND,
        skill,
        Oid("a" * 40),
        Digest("sha256:" + "b" * 64),
        Support.of(sources, 323),
        Oid("c" * 40),
        sources,
        model,
    )


def quote(text: str, number: int = 1) -> Quote:
    return Quote(source(number).trajectory, 4, LineRange(1, 2), text)


def git(*args: str, stdin: str = "", cwd: Path | None = None) -> str:
    done = subprocess.run(
        ["git", *args], input=stdin.encode(), cwd=cwd, capture_output=True, check=True
    )
    return done.stdout.decode()


@pytest.fixture(scope="module")
def empty_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trailers")
    git("init", "--quiet", cwd=path)
    return path


def test_a_message_reads_like_one() -> None:
    lesson = Lesson(
        "Recalculate after every formula write",
        "Values that formulas give are cached. Readers that do not calculate see the old ones, "
        "or none at all.",
    )
    quotes = [quote("wb.save(out)\n\tprint(ws['A1'].value)\nNone"), quote("ValueError: None", 2)]
    assert message("xlsx", lesson, quotes, trailers()) == (
        Path(__file__).with_name("lesson-message.txt").read_text("utf-8")
    )


@settings(max_examples=30, deadline=None)
@given(
    name=TEXT,
    title=TITLE,
    reason=TEXT,
    quotes=st.lists(TEXT, max_size=3),
    count=st.integers(1, 25),
)
@example(name="x", title="---", reason="---", quotes=["---\n\n---"], count=1)
@example(name="#", title="# x", reason="# x\n# y", quotes=["# x"], count=1)
def test_no_text_forges_a_part_of_a_message(
    empty_repository: Path, name: str, title: str, reason: str, quotes: list[str], count: int
) -> None:
    ours = trailers(count)
    text = message(name, Lesson(title, reason), [quote(q, n) for n, q in enumerate(quotes)], ours)

    head, blank, *_ = text.split("\n")
    assert blank == ""
    assert 0 < len(head) <= 72
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e\u2066\ud800-\udfff]", text)
    lines = text.split("\n")[1:]
    assert not [line for line in lines if re.match(r"---|#|diff |From |Index:", line)]

    expected = render(ours)
    assert git("interpret-trailers", "--parse", "--no-divider", stdin=text).strip() == expected
    assert git("interpret-trailers", "--parse", stdin=text).strip() == expected
    tree = git("hash-object", "-w", "-t", "tree", "--stdin", cwd=empty_repository).strip()
    commit = git("commit-tree", tree, "-F", "-", stdin=text, cwd=empty_repository).strip()
    logged = git("log", "-1", "--format=%(trailers)", commit, cwd=empty_repository)
    assert logged.strip() == expected
    mailed = git("format-patch", "-1", "--stdout", "--root", commit, cwd=empty_repository)
    assert "\n---\n" not in mailed.split("Assisted-by:")[0]


@given(
    count=st.integers(1, 20),
    skill=st.sampled_from(
        ("", "xlsx", 'a b/"ü": c', " leading/x", '"', "漢/#x", "a\\b".replace("\\", "-"))
    ),
    model=st.text(max_size=20),
)
def test_what_is_rendered_is_parsed(count: int, skill: str, model: str) -> None:
    ours = trailers(count, skill, model_slug(model))
    assert parse(f"s\n\nbody\n\n{render(ours)}\n") == ours


def test_trailers_of_others_may_stand_beside() -> None:
    ours = trailers()
    more = f"{render(ours)}\nSigned-off-by: A <a@b.invalid>\n(cherry picked from commit {'1' * 7})"
    assert parse(f"s\n\n{more}\n") == Trailers(
        **{name: getattr(ours, name) for name in Trailers.__slots__ if name != "model"},
        model=model_slug(ours.model),
    )


@pytest.mark.parametrize(
    "text",
    [
        "fix a typo",
        "skillgit-tools: fix",
        "s\n\nNot Skillgit-Round: x\n",
        "",
        "s\n\nSigned-off-by: x\n",
    ],
)
def test_other_commits_claim_nothing(text: str) -> None:
    assert parse(text) is None


def without(name: str) -> str:
    return "\n".join(line for line in render(trailers()).split("\n") if not line.startswith(name))


@pytest.mark.parametrize(
    ("paragraph", "why"),
    [
        (
            f"{render(trailers())}\n\nCo-authored-by: X <x@b.invalid>",
            "not in the last paragraph",
        ),
        (f"{render(trailers())}\nand some words", "no trailer"),
        *(
            (without(f"Skillgit-{key}:"), f"0 trailers Skillgit-{key}")
            for key in ("Round", "Patch")
        ),
        (f"{render(trailers())}\nSkillgit-Base: {'d' * 40}", "2 trailers Skillgit-Base"),
        (f"{render(trailers())}\nskillgit-round: {ROUND}", "2 trailers Skillgit-Round"),
        (without("Assisted-by"), "Assisted-by"),
        (without("Skillgit-Trajectory"), "1 to 20"),
        (
            f"{render(trailers())}\nSkillgit-Trajectory: {source(1, Result.PASS)}",
            "1 to 20 different",
        ),
        (render(trailers(skill="../x")), "unsafe path"),
        (render(trailers()).replace("3/323", "x/323"), "Skillgit-Support"),
        (render(trailers()).replace("sha256:b", "sha256:x"), "not a Digest"),
        (render(trailers()).replace(" fail\n", " maybe\n"), "Result"),
        (render(trailers()).replace(" fail\n", "\n"), "id, digest and result"),
    ],
)
def test_a_false_message_is_a_value_with_a_reason(paragraph: str, why: str) -> None:
    found = parse(f"s\n\n{paragraph}\n")
    assert isinstance(found, Malformed)
    assert why in found.reason


def test_long_titles_are_cut_at_words_and_told_in_full() -> None:
    title = "Check " + "every single " * 8 + "cell"
    text = message("xlsx", Lesson(title, "r"), [], trailers())
    head = text.split("\n")[0]
    assert head.endswith(("every…", "single…"))
    assert title in " ".join(text.split())


def test_long_quotes_are_cut_and_say_so() -> None:
    text = message("x", Lesson("t", "r"), [quote("\n".join(["a" * 300] * 9))], trailers())
    assert "a […]\n" in text
    assert "\n    […]\n" in text


def test_plain_text_is_one_visible_line() -> None:
    assert plain("a\x1b[31m\u200b\u202eb\n\tc ") == "a [31m b c"
