from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from drawing import jpeg, page, png, question, write_docvqa

from skillgit.domains.docqa import benchmark, pictures
from skillgit.domains.docqa.domain import MOST_BYTES, accepted, region_of
from skillgit.domains.loading import load_tasks
from skillgit.domains.registry import DOMAINS
from skillgit.domains.task import Case, Grade
from skillgit.errors import UsageError
from skillgit.images import Image

DOCQA = DOMAINS["docqa"]
PAGE = page(["TOTAL 12.50"])


def graded(golds: list[str], answer: bytes, folder: Path) -> Grade:
    place = folder / "answer.txt"
    place.write_bytes(answer)
    return DOCQA.grade(Case({}, "answer.txt", region=region_of(golds)), place)


@pytest.mark.parametrize(
    ("answer", "score"),
    [("12.50", 1.0), ("\N{BYTE ORDER MARK}12.50\n\n", 1.0), ("12,50", 0.8), ("$ 12.50", 5 / 7)],
)
def test_the_nearest_accepted_answer_counts(answer: str, score: float, tmp_path: Path) -> None:
    grade = graded(["twelve fifty", "12.50"], answer.encode(), tmp_path)

    assert (grade.passed, grade.compared, grade.mismatches) == (True, 1, ())
    assert grade.score == pytest.approx(score)


def test_a_wrong_answer_is_told_by_its_form_alone(tmp_path: Path) -> None:
    grade = graded(["$123,110", "about a fifth"], b"forty-two", tmp_path)

    (one,) = grade.mismatches
    assert (grade.passed, grade.score) == (False, 0.0)
    assert (one.place, one.found) == ("answer", "forty-two")
    assert one.expected == "'$123,110' or 'about a fifth'", "for people"
    told = grade.report()
    assert told.startswith("failed: 1 of 1 places differ: answer: the form must be")
    assert not any(word in told for word in ("123", "110", "fifth", "about"))


def test_of_an_empty_answer_nothing_is_told(tmp_path: Path) -> None:
    grade = graded(["12.50"], b" \n", tmp_path)

    assert grade.report() == "failed: 1 of 1 places differ: answer: the answer is empty"


def hostile(folder: Path, kind: str) -> str:
    place = folder / "answer.txt"
    match kind:
        case "missing":
            return "there is no file answer.txt"
        case "link":
            (folder / "gold").write_text("12.50")
            place.symlink_to(folder / "gold")
            return "answer.txt is no regular file, or cannot be read"
        case "pipe":
            os.mkfifo(place)
            return "answer.txt is no regular file"
        case "folder":
            place.mkdir()
            return "answer.txt is no regular file"
        case "large":
            place.write_bytes(b"1" * (MOST_BYTES + 1))
            return f"answer.txt has more than {MOST_BYTES} bytes"
        case _:
            place.write_bytes(PAGE)
            return "the answer is no UTF-8 text"


@pytest.mark.parametrize("kind", ["missing", "link", "pipe", "folder", "large", "picture"])
def test_a_hostile_answer_fails_with_the_reason(kind: str, tmp_path: Path) -> None:
    reason = hostile(tmp_path, kind)

    grade = DOCQA.grade(Case({}, "a", region=region_of(["12.50"])), tmp_path / "answer.txt")

    assert (grade.passed, grade.problem) == (False, reason)


def test_without_an_accepted_answer_nothing_passes(tmp_path: Path) -> None:
    (tmp_path / "answer.txt").write_text("")

    grade = DOCQA.grade(Case({}, "answer.txt"), tmp_path / "answer.txt")

    assert grade.report() == "failed: no accepted answer is known"
    assert DOCQA.ideal(Case({}, "answer.txt"), tmp_path / "x") is None


def test_the_ideal_answer_passes(tmp_path: Path) -> None:
    case = Case({}, "out/answer.txt", region=region_of(["Ähre\n", "b"]))

    place = DOCQA.ideal(case, tmp_path / case.answer)

    assert place is not None
    assert DOCQA.grade(case, place).score == 1.0
    assert accepted(case.region) == ("Ähre\n", "b")


def test_pictures_are_shown_and_told_by_their_size(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(PAGE)
    (tmp_path / "b").write_bytes(jpeg(1700, 2200))
    case = Case({"page.png": tmp_path / "a", "back.jpeg": tmp_path / "b"}, "answer.txt")

    first, second = DOCQA.images(case)

    assert (first.name, first.kind, first.data) == ("page.png", "png", PAGE)
    assert (second.name, second.width, second.height) == ("back.jpeg", 1700, 2200)
    assert DOCQA.preview(case).splitlines()[1] == (
        "back.jpeg: a picture of 1700 × 2200 pixels, shown above"
    )
    assert DOCQA.doubt(case) == ""
    assert not DOCQA.computed, "so a proof may hold what was read"
    assert DOCQA.literals(case, ()) == frozenset()


def test_other_domains_show_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(PAGE)
    case = Case({"page.png": tmp_path / "a"}, "answer.txt")

    others = [domain for name, domain in DOMAINS.items() if name != "docqa"]
    assert all(domain.images(case) == () and domain.computed for domain in others)


@pytest.mark.parametrize("kind", ["missing", "no picture", "link", "pipe", "none", "many", "large"])
def test_what_cannot_be_shown_is_no_crash_but_a_reason(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "page.png"
    inputs, reason = {"page.png": place}, "page.png: it is no regular file, or cannot be read"
    match kind:
        case "missing":
            reason = "page.png: there is no such file"
        case "no picture":
            place.write_text("<svg/>")
            reason = "page.png: it is markup, perhaps SVG"
        case "link":
            (tmp_path / "there.png").write_bytes(PAGE)
            place.symlink_to(tmp_path / "there.png")
        case "pipe":
            os.mkfifo(place)
            reason = "page.png: it is no regular file"
        case "none":
            inputs, reason = {}, "there is none among the inputs"
        case "many":
            inputs, reason = {f"{n}.png": place for n in range(17)}, "there are 17, and at most 16"
        case _:
            monkeypatch.setattr(pictures, "MOST_BYTES", 10)
            monkeypatch.setattr("skillgit.images.MOST_BYTES", 10)
            place.write_bytes(PAGE)
            reason = "page.png: it has more than"
    case = Case(inputs, "answer.txt")

    with pytest.raises(UsageError) as caught:
        DOCQA.images(case)

    assert f"showing the pictures of a task: {reason}" in caught.value.message
    assert DOCQA.doubt(case).startswith(reason)


# --------------------------------------------------------------------------- the published layout


def test_the_layout_as_it_is_published(tmp_path: Path) -> None:
    asked = [
        question(49153, "documents/xnbl0037_1.png", "12.50", "$12.50"),
        question(24580, "documents/xnbl0037_1.png", "12.50", question_types=["form", "figure"]),
        question(3, "documents/b.jpg", "x"),
    ]
    shown = {"documents/xnbl0037_1.png": PAGE, "spdocvqa_images/b.jpg": jpeg(20, 20)}
    write_docvqa(tmp_path, asked, shown)

    tasks = load_tasks(tmp_path)

    first, second, third = tasks.tasks
    assert tasks.remarks == ()
    assert (first.id, first.domain, first.group) == ("49153", "docqa", "")
    assert first.query.startswith("What is the total?\n")
    assert dict(first.cases[0].inputs) == {"page.png": tmp_path / "documents/xnbl0037_1.png"}
    assert accepted(first.cases[0].region) == ("12.50", "$12.50")
    assert second.group == "figure, form"
    assert list(third.cases[0].inputs) == ["page.jpeg"], "as its bytes are, whatever its name"
    named = (first.query, *first.cases[0].inputs)
    assert not any("xnbl" in text or "12" in text for text in named), "nothing gives it away"
    assert load_tasks(tmp_path / "val_v1.0.json").digest == tasks.digest


def test_a_digest_covers_question_picture_and_answers(tmp_path: Path) -> None:
    def digest(answer: str, data: bytes, **more: object) -> str:
        write_docvqa(tmp_path, [question(1, "documents/a.png", answer, **more)], {DOC: data})
        return load_tasks(tmp_path).tasks[0].digest

    same = digest("a", PAGE)
    assert digest("a", PAGE, docId=8) == same
    assert (
        len({same, digest("b", PAGE), digest("a", png(9, 9)), digest("a", PAGE, question="?")}) == 4
    )


DOC = "documents/a.png"


def test_what_cannot_be_used_is_counted_by_its_reason(tmp_path: Path) -> None:
    outside = tmp_path / "secret.png"
    outside.write_bytes(PAGE)
    folder = tmp_path / "set"
    asked: list[Any] = [
        question(1, DOC, "x"),
        *(question(number, "documents/gone.png", "x") for number in range(10, 18)),
        question(20, "../secret.png", "x"),
        question(21, str(outside), "x"),
        question(22, "documents/link.png", "x"),
        question(23, "documents/a\0.png", "x"),
        question(24, "documents/tiff.png", "x"),
        question(25, "documents/" + "a" * 5000, "x"),
        question(1, DOC, "x"),
        question(30, DOC),
        question(31, DOC, "x", answers="x"),
        question(32, DOC, "x", question=" "),
        question(33, DOC, "x") | {"image": 7},
        {"question": "?"},
        "text",
    ]
    shown = {DOC: PAGE, "documents/tiff.png": b"II*\0"}
    write_docvqa(folder, asked, shown)
    (folder / "documents/link.png").symlink_to(outside)

    tasks = load_tasks(folder)

    assert [task.id for task in tasks.tasks] == ["1"]
    assert tasks.remarks == (
        "10, 11, 12, 13, 14 and 8 more: left out: its picture is not there",
        "24: left out: its picture: it is a TIFF picture; PNG, JPEG, GIF and WebP can be shown",
        "1: left out: another question has the same id",
        "30, 31: left out: it has no answers, as in a test split",
        "32: left out: it has no question",
        "33: left out: it names no picture",
        "entry 21, entry 22: left out: it has no questionId",
    )


def test_many_questions_look_at_their_picture_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Path] = []
    real = pictures.read_image

    def read(path: Path) -> Image | str:
        looked.append(path)
        return real(path)

    monkeypatch.setattr(benchmark, "read_image", read)
    write_docvqa(tmp_path, [question(number, DOC, "x") for number in range(9)], {DOC: PAGE})

    assert len(load_tasks(tmp_path).tasks) == 9
    assert looked == [tmp_path / DOC]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "reading"),
        ("[]", "no list 'data'"),
        ('{"data": {}}', "no list 'data'"),
        ('{"data": []}', "no question of it can be used"),
        (json.dumps({"data": [question(1, "a.png")]}), "1: left out: it has no answers"),
    ],
)
def test_a_file_that_is_no_set_is_named(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "val_v1.0.json").write_text(text)

    with pytest.raises(UsageError, match=message) as caught:
        load_tasks(tmp_path)

    assert "documents/" in str(caught.value.hint)


def test_of_several_splits_the_validation_one_is_read(tmp_path: Path) -> None:
    for name, number in (("train_v1.0_withQT.json", 1), ("val_v1.0_withQT.json", 2)):
        write_docvqa(tmp_path, [question(number, DOC, "x")], {DOC: PAGE}, name)

    assert [task.id for task in load_tasks(tmp_path).tasks] == ["2"]
    assert [task.id for task in load_tasks(tmp_path / "train_v1.0_withQT.json").tasks] == ["1"]
    with pytest.raises(UsageError, match=r"it holds no val_v1\.0\.json"):
        benchmark.load_benchmark(tmp_path / "documents")
    with pytest.raises(UsageError, match="no task set looks like this file"):
        load_tasks(tmp_path / DOC)


# --------------------------------------------------------------------------- tasks.toml

MANIFEST = """
schema = "skillgit.tasks/1"
domain = "docqa"
[[task]]
id = "total"
query = "What is the total?"
inputs = ["page.png"]
expected = {}
"""


@pytest.mark.parametrize(
    ("expected", "golds"), [('"12.50"', ("12.50",)), ('["12.50", "a"]', ("12.50", "a"))]
)
def test_a_task_that_a_person_writes(expected: str, golds: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "page.png").write_bytes(PAGE)
    (tmp_path / "tasks.toml").write_text(MANIFEST.format(expected))

    tasks = load_tasks(tmp_path)

    assert tasks.remarks == ()
    assert tasks.tasks[0].cases[0].answer == "answer.txt"
    assert accepted(tasks.tasks[0].cases[0].region) == golds


def test_a_picture_that_cannot_be_shown_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "page.png").write_bytes(PAGE[:-3])
    (tmp_path / "tasks.toml").write_text(MANIFEST.format('"x"'))

    assert load_tasks(tmp_path).remarks == ("total: page.png: its PNG data ends too early",)
    (tmp_path / "tasks.toml").write_text(MANIFEST.format("7"))
    with pytest.raises(UsageError, match="'expected' must be a text in quotes, or a list"):
        load_tasks(tmp_path)
