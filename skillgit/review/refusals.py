"""Lessons that people do not want: what they refused, why, and how that is kept.

`refs/skillgit/refusals` points to a commit whose tree has one document for each refusal,
`<64 hex digits of the lesson's patch digest>.json`. Its history only grows: who drops, and who
takes it back, each adds a commit, so nothing that was said is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from skillgit.errors import SkillgitError
from skillgit.names import Digest
from skillgit.ports import History, Keeper, RefMove, Signature, TreeChange
from skillgit.provenance.evidence import Refusal, Unreadable, read, render
from skillgit.provenance.trailers import plain
from skillgit.review.catalogue import FoundLesson
from skillgit.skill.placement import words_of

REFUSALS = "refs/skillgit/refusals"
_NAME = re.compile(r"([0-9a-f]{64})\.json")
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person refuses, and what they do not refuse any more."""

    refused: Mapping[Digest, Refusal] = field(default_factory=dict)
    withdrawn: frozenset[Digest] = frozenset()


def read_refusals(history: History) -> Mapping[Digest, Refusal]:
    """What is refused now, by the digest of the lesson's change; see `unreadable_refusals`."""
    found = _documents(history).items()
    return {name: one for name, one in found if not isinstance(one, Unreadable)}


def unreadable_refusals(history: History) -> Mapping[Digest, str]:
    """Documents that should be refusals and are none, and why."""
    found = _documents(history).items()
    return {name: one.reason for name, one in found if isinstance(one, Unreadable)}


def _documents(history: History) -> Mapping[Digest, Refusal | Unreadable]:
    tip = history.refs(REFUSALS).get(REFUSALS)
    tree = history.tree(tip) if tip else {}
    names = {Digest(f"sha256:{m[1]}"): tree[n] for n in sorted(tree) if (m := _NAME.fullmatch(n))}
    data = history.read_blobs(list(names.values()))
    return {name: read(Refusal, data.get(blob, b"")) for name, blob in names.items()}


def refusal(lesson: FoundLesson, reason: str, who: Signature) -> tuple[Digest, Refusal]:
    """The document that refuses a lesson, and its name; a lesson is one of its commit at least."""
    told = lesson.record or lesson.trailers
    if told is None:
        raise SkillgitError(
            f"refusing the lesson {lesson.title!r}: neither its commit nor its evidence is here",
            hint="fetch the evidence with `skillgit evidence fetch`",
        )
    edits = lesson.record.edits if lesson.record else ()
    return told.patch, Refusal(
        round=lesson.round,
        skill=told.skill,
        evidence=lesson.evidence,
        title=lesson.title,
        words=tuple(words for edit in edits if (words := words_of(edit.change).strip())),
        reason=plain(reason),
        by=who.name,
        when=who.seconds,
    )


def decide(
    repo: Keeper, decision: Decision, who: Signature, moves: Sequence[RefMove], why: str
) -> None:
    """Record a decision together with moves of other refs: all or nothing.

    Somebody else's decision at the same moment costs another try, not an error.
    """
    for tries_left in reversed(range(_TRIES)):
        own = _move(repo, decision, who, why)
        wanted = [*moves, *([own] if own else [])]
        if not wanted:
            return
        try:
            repo.move_refs(wanted, why)
        except SkillgitError:
            overtaken = own is not None and repo.read_ref(REFUSALS) != own.expected
            if not overtaken or not tries_left:
                raise
        else:
            return


def _move(repo: Keeper, decision: Decision, who: Signature, why: str) -> RefMove | None:
    tip = repo.read_ref(REFUSALS)
    known = repo.tree(tip) if tip else {}
    added = [
        TreeChange(_file(name), repo.write_blob(render(one)))
        for name, one in sorted(decision.refused.items())
    ]
    gone = [
        TreeChange(_file(name), None)
        for name in sorted(decision.withdrawn)
        if _file(name) in known and name not in decision.refused
    ]
    changes = [*gone, *(one for one in added if known.get(one.path) != one.blob)]
    if not changes:
        return None
    tree = repo.write_tree(tip, changes)
    message = _message(why, decision.refused.values())
    commit = repo.write_commit(tree, [tip] if tip else [], message, who)
    return RefMove(REFUSALS, commit, tip)


def _file(name: Digest) -> str:
    return f"{name.removeprefix('sha256:')}.json"


def _message(why: str, refused: Iterable[Refusal]) -> str:
    told = [f"  {plain(one.title)}{f': {one.reason}' if one.reason else ''}" for one in refused]
    return "\n".join([why, *([""] if told else []), *told, ""])
