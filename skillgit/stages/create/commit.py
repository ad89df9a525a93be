"""One commit and one ref for a drafted skill; checkout, index and HEAD are never looked at."""

from __future__ import annotations

import textwrap

from skillgit.errors import FindingsError
from skillgit.names import Oid
from skillgit.ports import Signature, TreeChange
from skillgit.provenance.trailers import model_slug, plain
from skillgit.stages.create.seat import Seat, Shelves
from skillgit.types import MANIFEST

_WIDTH = 70


def commit(repo: Shelves, seat: Seat, text: str, message: str, who: Signature) -> Oid:
    """Write the skill upon its base and create its branch; the same draft is the same commit.

    FindingsError where the branch exists with something else.
    """
    blob = repo.write_blob(text.encode())
    tree = repo.write_tree(seat.base, [TreeChange(f"{seat.root}/{MANIFEST}", blob)])
    new = repo.write_commit(tree, [seat.base] if seat.base else [], message, who)
    ref = f"refs/heads/{seat.branch}"
    found = repo.read_ref(ref)
    if found is None:
        repo.move_ref(ref, new, None, f"skillgit: new {seat.name}")
    elif found != new:
        raise FindingsError(
            f"creating the skill {seat.name}: the branch {seat.branch} exists already, with "
            f"another commit ({found[:12]}, not {new[:12]})",
            hint=f"look at it with `git log {seat.branch}`; merge it, or drop it with "
            f"`git branch -D {seat.branch}` and run this again",
        )
    return new


def message_of(name: str, describe: str, model: str) -> str:
    """The commit message: no lesson's, so it has none of their trailers."""
    asked = textwrap.wrap(plain(describe), _WIDTH, break_on_hyphens=False)
    return "\n".join(
        [
            f"{name}: draft a skill from the model's own knowledge",
            "",
            "No trajectory backs it yet: a model wrote down what it knows, and",
            "nobody has tried it. `skillgit evolve` goes on from here. It was",
            "asked for a skill for this:",
            "",
            *(f"    {line}" for line in asked),
            "",
            f"Assisted-by: skillgit:{model_slug(model)}",
            "",
        ]
    )
