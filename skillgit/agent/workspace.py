"""The folder that an agent works in: what is put into it, and what is taken out of it again.

What a command leaves behind is hostile until shown otherwise: a link named like the answer could
lead to the gold file, a pipe could be waited for without end, a file could fill the disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from skillgit.agent.inside import NotTaken, opened_inside
from skillgit.domains.task import Case
from skillgit.errors import SurroundingsError, UsageError
from skillgit.images import Image
from skillgit.names import SkillPath
from skillgit.types import Skill

SKILLS = "/skills"
"""Where an agent finds the resources of its skill."""
_CHUNK = 1 << 20
_MOST_FILES = 2000
_DEEPEST = 400
"""Characters of a path, as in `SkillPath`; whoever nests folders deeper hides nothing of use."""
_EXECUTABLE = "100755"


def lay_out_case(case: Case, work: Path) -> Path:
    """Make `work`, a new folder with copies of the case's inputs by name; UsageError if unfit.

    Never the gold file, never a link: what stands there belongs to the agent.
    """
    _make(work)
    for name, source in case.inputs.items():
        place = work / _safe(name, "the input")
        place.parent.mkdir(parents=True, exist_ok=True)
        with opened_inside(source.parent, source.name) as file:
            if isinstance(file, NotTaken):
                raise UsageError(
                    f"copying the input {name} from {source}: {file.reason}",
                    hint="repair the task set; inputs must be regular files",
                )
            _copy(file, place, None)
    _safe(case.answer, "the answer")
    return work


def lay_out_skill(skill: Skill, folder: Path) -> Mapping[str, Path]:
    """Write the skill's files below `folder`; where a sandbox is to show them, and from where.

    A link of the repository becomes a file that names its target.
    """
    place = folder / skill_name(skill)
    _make(place)
    for path, data in skill.files.items():
        file = place / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        file.chmod(0o755 if skill.modes.get(path) == _EXECUTABLE else 0o644)
    return {f"{SKILLS}/{skill_name(skill)}": place}


def skill_name(skill: Skill) -> str:
    """What the skill's folder is called where the agent sees it."""
    return skill.folder or "skill"


def forget_images(images: Sequence[Image], work: Path) -> None:
    """Take pictures of the task out of a work folder, where they are still what they were.

    A trajectory tells of them by their digests; a copy with each run would be most of its size.
    """
    for image in images:
        with opened_inside(work, image.name) as file:
            if isinstance(file, NotTaken) or file.read(len(image.data) + 1) != image.data:
                continue
        with suppress(OSError):
            (work / image.name).unlink()


def take_out(work: Path, name: str, into: Path, limit_bytes: int) -> Path | NotTaken:
    """Copy the regular file `name` out of a work folder into the folder `into`.

    The copy is a new file with our own permissions; nothing else of `work` is read.
    """
    place = into / name
    with opened_inside(work, name) as file:
        if isinstance(file, NotTaken):
            return file
        place.parent.mkdir(parents=True, exist_ok=True)
        if _copy(file, place, limit_bytes):
            return place
    place.unlink()
    return NotTaken(f"{name} is larger than {limit_bytes} bytes")


def take_out_all(work: Path, into: Path, limit_bytes: int) -> tuple[NotTaken, ...]:
    """Copy all regular files of a work folder into the new folder `into`, and say what is left.

    In the order of their names; `limit_bytes` is for all of them together.
    """
    _make(into)
    left: list[NotTaken] = []
    room = limit_bytes
    for count, name in enumerate(sorted(_names(work))):
        if count == _MOST_FILES:
            left.append(NotTaken(f"there are more than {_MOST_FILES} files"))
            break
        taken = take_out(work, name, into, room)
        if isinstance(taken, NotTaken):
            left.append(taken)
        else:
            room -= taken.stat().st_size
    return tuple(left)


def _names(work: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(work):
        # A link to a folder is listed among the folders, and not entered.
        links = [name for name in folders if Path(folder, name).is_symlink()]
        names = [Path(folder, name).relative_to(work).as_posix() for name in (*files, *links)]
        if len(folder) - len(str(work)) > _DEEPEST:
            folders.clear()
        yield from names


def _copy(file: BinaryIO, place: Path, limit: int | None) -> bool:
    """Copy at most `limit` bytes into a new file; False where there are more."""
    left = os.fstat(file.fileno()).st_size if limit is None else limit
    if os.fstat(file.fileno()).st_size > left:
        place.touch(mode=0o644, exist_ok=False)
        return False
    with place.open("xb") as copy:
        while chunk := file.read(min(_CHUNK, left + 1)):
            left -= len(chunk)
            if left < 0:
                return False
            copy.write(chunk)
    return True


def _safe(name: str, what: str) -> SkillPath:
    try:
        return SkillPath(name)
    except ValueError as error:
        raise UsageError(
            f"laying out a task: {what} has an {error}",
            hint="repair the task set; names must be relative and stay in the work folder",
        ) from error


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise SurroundingsError(
            f"making the folder {folder}: {error.strerror}",
            hint="check that there is room and that its parent can be written to",
        ) from error
