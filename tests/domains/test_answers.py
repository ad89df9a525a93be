from __future__ import annotations

import os
from pathlib import Path

import pytest

from skillgit.domains.answers import ceiling_answer, floor_answer, take
from skillgit.domains.registry import DOMAINS
from skillgit.domains.task import Case


def test_a_regular_file_is_taken(tmp_path: Path) -> None:
    (tmp_path / "answer.txt").write_bytes(b"12345")

    assert take(tmp_path / "answer.txt", tmp_path / "copy", 5) == ""
    assert (tmp_path / "copy").read_bytes() == b"12345"


def test_a_file_that_is_too_large_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "answer.txt").write_bytes(b"123456")

    assert take(tmp_path / "answer.txt", tmp_path / "copy", 5) == "answer.txt has more than 5 bytes"
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("kind", ["missing", "link", "pipe", "folder", "unreadable place"])
def test_everything_else_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    answer = tmp_path / "answer.txt"
    match kind:
        case "link":
            (tmp_path / "gold.txt").write_text("gold")
            answer.symlink_to("gold.txt")
        case "pipe":
            os.mkfifo(answer)
        case "folder":
            answer.mkdir()
        case "unreadable place":
            (tmp_path / "file").touch()
            answer = tmp_path / "file" / "answer.txt"
        case _:
            pass

    assert "answer.txt" in take(answer, tmp_path / "copy", 100)
    assert not (tmp_path / "copy").exists()


def test_floor_and_ceiling_need_no_agent(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("in")
    (tmp_path / "b").write_text("gold")
    case = Case({"in.txt": tmp_path / "a"}, "out/answer.txt", tmp_path / "b")

    floor = floor_answer(case, tmp_path / "floor")
    ceiling = ceiling_answer(DOMAINS["text"], case, tmp_path / "ceiling")

    assert floor == tmp_path / "floor/out/answer.txt"
    assert floor.read_text() == "in"
    assert ceiling is not None
    assert ceiling.read_text() == "gold"


def test_an_expected_text_is_a_ceiling_too(tmp_path: Path) -> None:
    case = Case({}, "answer.txt", region="42\n")

    assert floor_answer(case, tmp_path) is None
    ceiling = ceiling_answer(DOMAINS["text"], case, tmp_path)
    assert ceiling is not None
    assert ceiling.read_text() == "42\n"
    unknown = Case({}, "output.xlsx", region="A1")
    assert ceiling_answer(DOMAINS["spreadsheet"], unknown, tmp_path) is None
