"""What a push brings to a remote: which lessons are new there, and whose evidence they need.

Git tells the pre-push hook each ref as `<local ref> <local id> <remote ref> <remote id>`, the ids
of what does not exist as zeros. The remote's own refs are known as far as they were fetched, so a
push by address, or to a remote that was rewritten since, may look at commits that it has already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from skillgit.errors import UsageError
from skillgit.names import Oid, RoundId
from skillgit.ports import History
from skillgit.provenance.evidence import round_ref
from skillgit.provenance.squash import Squash, parse_squash
from skillgit.provenance.trailers import Trailers, parse
from skillgit.review.verify import UNAPPROVED, verify_range
from skillgit.types import Finding

_MARK = "Skillgit-"
EVIDENCE = "refs/skillgit/"


@dataclass(frozen=True, slots=True)
class PushedRef:
    """One line of a push; `new` is empty for a deletion, `old` for a ref that is new there."""

    ref: str
    new: str
    old: str


@dataclass(frozen=True, slots=True)
class Push:
    """What a push would bring: how many lessons, and what is wrong with them."""

    lessons: int
    findings: tuple[Finding, ...]
    evidence: Mapping[str, Oid | None]
    """The evidence refs that its rounds need and that it does not bring; None: not here either."""

    def lacking(self, there: Mapping[str, Oid]) -> tuple[str, ...]:
        """The evidence refs that a remote with these refs lacks, or has otherwise."""
        return tuple(
            ref
            for ref, here in self.evidence.items()
            if ref not in there or here not in {None, there[ref]}
        )


def read_lines(text: str) -> tuple[PushedRef, ...]:
    """What Git tells the hook on stdin; lines of another form are none of Git's."""
    refs = []
    for line in text.split("\n"):
        # No name of a ref holds a blank; `HEAD~1` and `(delete)` may stand for the local one.
        parts = line.split(" ")
        if len(parts) == 4:
            refs.append(PushedRef(parts[2], _named(parts[1]), _named(parts[3])))
    return tuple(refs)


def _named(text: str) -> str:
    return text if text.strip("0") else ""


def read_push(history: History, refs: Sequence[PushedRef], remote: str) -> Push:
    """The lessons that the remote does not have, checked as `check --range` does."""
    known = dict.fromkeys(oid for ref in refs if (oid := _commit(history, ref.old)))
    known |= dict.fromkeys(history.refs(f"refs/remotes/{remote}").values())
    lessons = 0
    findings: list[Finding] = []
    rounds: set[RoundId] = set()
    for ref in refs:
        tip = None if ref.ref.startswith(EVIDENCE) else _commit(history, ref.new)
        if tip is None:
            continue
        revisions = (tip, *(f"^{oid}" for oid in known))
        known[tip] = None
        messages = [one.message for one in history.commits(*revisions, containing=_MARK)]
        claims = [claim for claim in map(parse, messages) if claim is not None]
        squashes = map(parse_squash, messages)
        rounds |= {one.round for one in claims if isinstance(one, Trailers)}
        rounds |= {one.round for one in squashes if isinstance(one, Squash)}
        if claims:
            lessons += len(claims)
            found = verify_range(history, *revisions)
            # A round's branch is pushed to be reviewed; whoever merges it needs the approval.
            is_review = ref.ref.endswith(tuple(f"/{each}" for each in rounds))
            findings += [one for one in found if one.rule != UNAPPROVED or not is_review]
    kept = history.refs(f"{EVIDENCE}rounds") if rounds else {}
    needed = {round_ref(each) for each in rounds} - {ref.ref for ref in refs if ref.new}
    return Push(lessons, tuple(findings), {ref: kept.get(ref) for ref in sorted(needed)})


def _commit(history: History, name: str) -> Oid | None:
    """The commit of a branch or a tag; None where it is none, or not here."""
    try:
        return history.resolve(name) if name else None
    except UsageError:
        return None
