"""Answer files: taken from a work folder without being deceived, and the two that need no agent."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from skillgit.domains.task import Case, Domain


def take(answer: Path, copy: Path, most_bytes: int) -> str:
    """Copy an answer to a place of our own; the reason why not, or "".

    What lies at `answer` is a stranger's: it may be a link to the gold file, a pipe that never
    ends, or change while it is looked at. The last part of the path is not followed.
    """
    try:
        # Without O_NONBLOCK opening a pipe that nobody writes to would wait for ever.
        handle = os.open(answer, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return f"there is no file {answer.name}"
    except OSError:
        return f"{answer.name} is no regular file, or cannot be read"
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return f"{answer.name} is no regular file"
    with os.fdopen(handle, "rb") as source, copy.open("wb") as target:
        left = most_bytes
        while left >= 0 and (chunk := source.read(min(left + 1, 1 << 20))):
            left -= len(chunk)
            target.write(chunk)
    if left < 0:
        copy.unlink()
        return f"{answer.name} has more than {most_bytes} bytes"
    return ""


def floor_answer(case: Case, folder: Path) -> Path | None:
    """What an agent leaves that does nothing: the first input under the answer's name."""
    if not case.inputs:
        return None
    place = folder / case.answer
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(next(iter(case.inputs.values())), place)
    return place


def ceiling_answer(domain: Domain, case: Case, folder: Path) -> Path | None:
    """The gold answer as if an agent had left it; a task that it does not pass is broken."""
    return domain.ideal(case, folder / case.answer)
