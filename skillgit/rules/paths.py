"""SG110 to SG112: can every system hold the files, and is each what it seems?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from skillgit.names import SkillPath
from skillgit.rules.profile import ERROR, Source
from skillgit.rules.rule import Mark, Rule, rule
from skillgit.rules.tree import LINK, SUBMODULE, Tree


@rule("SG110", "No two paths differ in case alone", Source.HOUSE, ERROR)
def paths_stay_apart(tree: Tree) -> Iterator[Mark]:
    """A case-insensitive system keeps only one of them; so do systems that normalise Unicode."""
    spelt: dict[str, str] = {}
    for path in sorted(tree.files):
        for part in (path, *(str(folder) for folder in PurePosixPath(path).parents)):
            if part == ".":
                continue
            first = spelt.setdefault(SkillPath(part).folded, part)
            if first != part:
                yield Mark(path, f"{part!r} and {first!r} are one path on some systems")
                break


@rule("SG111", "A skill holds plain files", Source.HOUSE, ERROR)
def files_are_plain(tree: Tree) -> Iterator[Mark]:
    """Symbolic links and submodules lead out of what was reviewed."""
    names = {LINK: "a symbolic link", SUBMODULE: "a submodule"}
    for path, mode in tree.modes.items():
        if mode in names:
            yield Mark(path, f"{names[mode]} (mode {mode}): put the files themselves here")


@rule("SG112", "Paths are safe on every system", Source.HOUSE, ERROR)
def paths_are_safe(tree: Tree) -> Iterator[Mark]:
    r"""No control characters, backslashes, or parts that end in a dot or a blank.

    Other systems fold or refuse such names, and some of them deceive a reader.
    """
    for path, reason in tree.refused.items():
        yield Mark(path, f"unsafe path: {reason}")


PATHS: tuple[Rule, ...] = (paths_stay_apart, files_are_plain, paths_are_safe)
