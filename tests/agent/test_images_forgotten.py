"""Pictures of a task do not stay with a run, and whatever else has their name does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from drawing import page

from skillgit.adapters.prompts import JinjaPrompts
from skillgit.agent.opening import Manner, opening
from skillgit.agent.tools import PYTHON
from skillgit.agent.workspace import forget_images
from skillgit.config import Speech
from skillgit.images import Image, image_of

PAGE = page(["PAGE 4"])


def image(name: str = "page.png") -> Image:
    found = image_of(PAGE, name)
    assert isinstance(found, Image)
    return found


def test_a_picture_as_it_was_is_taken_out(tmp_path: Path) -> None:
    (tmp_path / "scans").mkdir()
    for name in ("page.png", "scans/back.png", "copy.png"):
        (tmp_path / name).write_bytes(PAGE)

    forget_images([image(), image("scans/back.png"), image("never-there.png")], tmp_path)

    assert sorted(path.name for path in tmp_path.rglob("*")) == ["copy.png", "scans"]


@pytest.mark.parametrize("kind", ["longer", "shorter", "other", "link", "folder", "pipe", "way"])
def test_whatever_else_has_its_name_stays(kind: str, tmp_path: Path) -> None:
    work, there = tmp_path / "work", tmp_path / "there"
    work.mkdir()
    there.mkdir()
    (there / "page.png").write_bytes(PAGE)
    place, name = work / "page.png", "page.png"
    match kind:
        case "longer":
            place.write_bytes(PAGE + b"\0")
        case "shorter":
            place.write_bytes(PAGE[:-1])
        case "other":
            place.write_bytes(PAGE[:-1] + b"\0")
        case "link":
            place.symlink_to(there / "page.png")
        case "folder":
            place.mkdir()
        case "pipe":
            os.mkfifo(place)
        case _:
            name = "scans/page.png"
            (work / "scans").symlink_to(there)

    forget_images([image(name)], work)

    assert (there / "page.png").read_bytes() == PAGE
    assert os.path.lexists(work / name)


@pytest.mark.parametrize("speech", [Speech.TEXT, Speech.TOOLS])
def test_a_picture_goes_with_the_task_alone(speech: Speech) -> None:
    manner = Manner(JinjaPrompts(), speech, (PYTHON,), "/work", 12)

    shown, plain = opening(manner, None, "Task", (image(),)), opening(manner, None, "Task")

    assert shown[:-1] == plain[:-1], "what all tasks share stays the same"
    assert (shown[-1].content, shown[-1].images) == ("Task", (image(),))
    assert all(message.images == () for message in plain)
