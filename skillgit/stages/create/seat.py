"""Where a new skill goes: its base, its folder, its branch; all refusals come before any call."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol

from skillgit.errors import UsageError
from skillgit.names import Oid, SkillPath
from skillgit.ports import History, Repository
from skillgit.stages.create.manifest import complaints, manifest
from skillgit.types import MANIFEST

_HOME = "skills"


class Shelves(Repository, History, Protocol):
    """A repository that a new skill is read against and written into."""


@dataclass(frozen=True, slots=True)
class Seat:
    """The folder of the new skill, and the commit under it (None: the first commit of all)."""

    name: str
    root: str
    base: Oid | None
    branch: str


def must_be_a_name(name: str) -> None:
    """UsageError where the rules of the format would not take it for a skill's name."""
    wrong = complaints(manifest(name, "Stands in for what is not written yet.", "Name", ()), name)
    if wrong:
        raise UsageError(
            f"naming the new skill {name!r}: {'; '.join(one.message for one in wrong)}",
            hint="a name has lower-case letters, digits and single hyphens, as csv-reports",
        )


def seat(repo: Shelves, name: str, home: str | None, revision: str, prefix: str) -> Seat:
    """A free place for the skill; UsageError where there is none, with what is in the way."""
    must_be_a_name(name)
    branch = f"{prefix}/{name}/new"
    base = _base(repo, revision, branch)
    files = repo.tree(base) if base else {}
    home = _home_of(files) if home is None else home
    root = f"{home}/{name}" if home else name
    try:
        SkillPath(root)
    except ValueError as unsafe:
        raise UsageError(
            f"creating the skill {name}: {unsafe}", hint="give another folder with --in"
        ) from unsafe
    _must_be_free(files, root)
    return Seat(name, root, base, branch)


def _base(repo: Shelves, revision: str, branch: str) -> Oid | None:
    """The commit that the skill is put upon; None in a repository that has none yet."""
    try:
        return repo.resolve(revision)
    except UsageError:
        if revision != "HEAD":
            raise
    others = [ref for ref in repo.refs("refs") if ref != f"refs/heads/{branch}"]
    if others:
        raise UsageError(
            "creating a skill: HEAD has no commit yet, but the repository has some",
            hint=f"say which one the skill goes upon, for example --base {others[0]}",
        )
    return None


def _home_of(files: Iterable[str]) -> str:
    """The folder that all skills lie in where there is exactly one, else `skills`."""
    ends = f"/{MANIFEST}"
    homes = {file.removesuffix(ends).rpartition("/")[0] for file in files if file.endswith(ends)}
    return homes.pop() if len(homes) == 1 else _HOME


def _must_be_free(files: Mapping[str, Oid], root: str) -> None:
    known = {_folded(part): part for file in files for part in _folders(file)}
    *above, own = _folders(root)
    taken = known.get(_folded(own))
    if taken is not None:
        is_skill = f"{taken}/{MANIFEST}" in files
        raise UsageError(
            f"creating the skill {root}: {taken} exists already",
            hint=f"`skillgit evolve {taken}` goes on from it; or give another name"
            if is_skill
            else "give another name, or another folder with --in",
        )
    for folder in ["", *above]:
        spelt = known.get(_folded(folder), folder)
        why = ""
        if folder in files:
            why = f"{folder} is a file"
        elif spelt != folder:
            why = f"on some systems {folder} and {spelt} are one folder"
        elif (f"{folder}/{MANIFEST}" if folder else MANIFEST) in files:
            why = f"{folder or 'the repository'} is a skill itself, and all below belongs to it"
        if why:
            raise UsageError(
                f"creating the skill {root}: {why}", hint="give another folder with --in"
            )


def _folders(path: str) -> Iterator[str]:
    """`a/b/c` as `a`, `a/b`, `a/b/c`."""
    return accumulate(path.split("/"), "{}/{}".format)


def _folded(path: str) -> str:
    """What a case-insensitive, normalising file system takes a path for."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", path).casefold())
