"""What `skillgit check` looks at: skills in folders, in the index, after a patch; commits.

Light: neither GitPython nor a diff parser is imported before it is needed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

from skillgit.adapters.folders import SKIPPED, SkillFolder, find_skills, is_searched, read_folder
from skillgit.adapters.git_index import Entry, GitIndex
from skillgit.errors import UsageError
from skillgit.findings.placed import Placed, placed
from skillgit.findings.suppressions import honour
from skillgit.rules import Demands, check_skill
from skillgit.types import MANIFEST, Finding

_MANY = 100
"""Skills from which on other cores help: starting them takes as long as a few dozen skills."""
_MOST_CORES = 8
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found, on how many skills, and below which folders all was looked at.

    Paths count from the current folder, or from the root of the repository.
    """

    found: tuple[Placed, ...]
    skills: int = 0
    folders: tuple[str, ...] = ()
    from_root: bool = False

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found, without the lines."""
        return tuple(one.finding for one in self.found)

    def in_repository(self, top: Path | None) -> Checked:
        """The same with paths from the root of the repository; those outside of it are absolute."""
        if self.from_root or top is None:
            return self

        def moved(path: str) -> str:
            place = Path(os.path.normpath(Path.cwd() / path))
            inside = place.relative_to(top) if place.is_relative_to(top) else place
            return _shown(inside)

        found = (
            replace(one, finding=replace(one.finding, path=moved(one.finding.path)))
            for one in self.found
        )
        return replace(
            self, found=tuple(found), folders=tuple(map(moved, self.folders)), from_root=True
        )


def check_folders(paths: Sequence[Path], demands: Demands) -> Checked:
    """The skills at or below some paths, as they are on disk."""
    # A folder without any skill is one: the rules say that it lacks a SKILL.md.
    once: dict[Path, Path] = {}
    for path in paths:
        for folder in find_skills(path) or (path,):
            once.setdefault(folder.resolve(), folder)
    found = _on_all_cores(partial(_of_folder, demands), list(once.values()))
    return Checked(tuple(found), len(once), tuple(map(_shown, paths)))


def check_staged(paths: Sequence[Path], demands: Demands) -> Checked:
    """The skills that hold staged changes, as a commit would hold them; with paths, only theirs."""
    index = GitIndex.open(Path.cwd())
    entries, staged = index.look()
    changed = [one.path for one in staged]
    named = [_from_top(path, index.top) for path in paths]
    _refuse_unknown(named, paths, [*(one.path for one in entries), *changed])
    skills = {
        root: inside for root, inside in skills_in(entries, changed) if _is_wanted(root, named)
    }
    _refuse_unmerged(skills)
    folders = {root: _shown(Path(os.path.relpath(index.top / root))) for root in skills}
    read = [(skill, folders[root]) for root, skill in index.read(skills).items()]
    found = _on_all_cores(partial(_of_skill, demands), read)
    return Checked(tuple(found), len(skills), tuple(folders.values()))


def check_commits(revisions: str, demands: Demands) -> Checked:
    """The lesson commits of a range against their evidence."""
    from skillgit.review.verify import verify_range  # noqa: PLC0415 - GitPython takes time
    from skillgit.wiring.places import open_history  # noqa: PLC0415 - the same

    found = verify_range(open_history(Path.cwd()), revisions)
    return Checked(tuple(map(Placed, demands.regraded(found))), from_root=True)


# --------------------------------------------------------------------------- skills of an index


def skills_in(
    entries: Sequence[Entry], changed: Sequence[str]
) -> Iterator[tuple[str, list[Entry]]]:
    """The folders with a SKILL.md above what is changed, and the entries below each.

    A folder that loses its SKILL.md and keeps other files is one as well.
    """
    paths = [*(one.path for one in entries), *changed]
    roots = {_folder(path) for path in paths if _is_manifest(path)}
    touched = {up for path in changed for up in folders_above(path) if up in roots}
    inside: dict[str, list[Entry]] = {root: [] for root in sorted(touched)}
    for one in entries:
        for up in folders_above(one.path):
            if up in touched and not SKIPPED.intersection(one.path[len(up) :].split("/")[:-1]):
                inside[up].append(one)
    return ((root, files) for root, files in inside.items() if files)


def _is_manifest(path: str) -> bool:
    return path.rpartition("/")[2].lower() == MANIFEST.lower()


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def folders_above(path: str) -> Iterator[str]:
    """From the nearest to "", the root."""
    while path:
        path = _folder(path)
        yield path


def _is_wanted(root: str, named: Sequence[str]) -> bool:
    """Is a skill at, below or around a path that was named? Hidden folders must be named."""
    if any(_is_below(path, root) for path in named):
        return True
    above = named or ("",)
    return any(
        _is_below(root, path) and all(map(is_searched, filter(None, root[len(path) :].split("/"))))
        for path in above
    )


def _is_below(path: str, folder: str) -> bool:
    return not folder or path == folder or path.startswith(f"{folder}/")


def _refuse_unmerged(skills: Mapping[str, Sequence[Entry]]) -> None:
    torn = sorted({one.path for inside in skills.values() for one in inside if one.stage})
    if torn:
        others = f" and {len(torn) - 1} more" if len(torn) > 1 else ""
        raise UsageError(
            f"reading the staged skills: {torn[0]}{others} is not merged yet",
            hint="resolve the conflict and `git add` the file",
        )


def _refuse_unknown(named: Sequence[str], paths: Sequence[Path], known: Sequence[str]) -> None:
    for name, path in zip(named, paths, strict=True):
        if not path.exists() and not any(_is_below(one, name) for one in known):
            raise UsageError(
                f"looking for staged skills at {path}: Git knows no such file",
                hint="give a path of the index, or none for all that is staged",
            )


def _from_top(path: Path, top: Path) -> str:
    place = Path(os.path.normpath(Path.cwd() / path))
    if not place.is_relative_to(top):
        # The way there may lead through a symbolic link; the file itself may be one and stays.
        place = place.parent.resolve() / place.name
    if not place.is_relative_to(top):
        raise UsageError(
            f"looking for staged skills at {path}: it is outside the repository {top}",
            hint="name a path of the repository you are in, or go to the other with -C",
        )
    inside = place.relative_to(top).as_posix()
    return "" if inside == "." else inside


# --------------------------------------------------------------------------- findings


def _on_all_cores(check: Callable[[_T], tuple[Placed, ...]], skills: Sequence[_T]) -> list[Placed]:
    """What is found on many skills, in their order; a few are not worth a second process."""
    if len(skills) >= _MANY:
        # Imported here: a hook has no need of it, and some systems do not have it at all.
        with suppress(ImportError, OSError, RuntimeError):
            from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - see above

            with ProcessPoolExecutor(min(os.cpu_count() or 1, _MOST_CORES)) as workers:
                return list(chain.from_iterable(workers.map(check, skills, chunksize=25)))
    return [one for skill in skills for one in check(skill)]


def _of_folder(demands: Demands, folder: Path) -> tuple[Placed, ...]:
    return _of_skill(demands, (read_folder(folder), _shown(folder)))


def _of_skill(demands: Demands, placed_skill: tuple[SkillFolder, str]) -> tuple[Placed, ...]:
    skill, root = placed_skill
    found = check_skill(
        skill.files, skill.name, modes=skill.modes, profile=demands, refused=skill.refused
    )
    return placed(honour(found, skill.files, demands), skill.files, root)


def _shown(folder: Path) -> str:
    """A folder as it begins the paths of findings; "" for the current one."""
    text = folder.as_posix()
    return "" if text == "." else text
