"""Pictures of a task as files: read without being led elsewhere, checked, never decoded."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from skillgit.domains.task import Case
from skillgit.errors import UsageError
from skillgit.images import MOST_BYTES, Image, image_of

MOST_IMAGES = 16
"""Of one task: each goes with every turn."""


def read_image(path: Path, name: str = "") -> Image | str:
    """The picture in a regular file, or why none of it is shown; a link is not followed."""
    try:
        # Without O_NONBLOCK opening a pipe that nobody writes to would wait for ever.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return "there is no such file"
    except OSError:
        return "it is no regular file, or cannot be read"
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return "it is no regular file"
        return image_of(file.read(MOST_BYTES + 1), name)


def images_of(case: Case) -> tuple[Image, ...]:
    """What an agent is shown; UsageError where an input is no picture that can be."""
    found = []
    for image in _read(case):
        if isinstance(image, str):
            raise UsageError(
                f"showing the pictures of a task: {image}",
                hint="repair the task set: section 11 of SKILLS_FORMAT.md says what can be shown",
            )
        found.append(image)
    return tuple(found)


def doubt_of(case: Case) -> str:
    """The first thing wrong with the pictures of a case; "" where all can be shown."""
    return next((image for image in _read(case) if isinstance(image, str)), "")


def _read(case: Case) -> Iterator[Image | str]:
    if not case.inputs:
        yield "there is none among the inputs"
    if len(case.inputs) > MOST_IMAGES:
        yield f"there are {len(case.inputs)}, and at most {MOST_IMAGES} are shown"
        return
    for name, path in case.inputs.items():
        image = read_image(path, name)
        yield f"{name}: {image}" if isinstance(image, str) else image
