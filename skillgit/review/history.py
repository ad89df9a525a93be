"""The rounds and lessons of a repository's history, and what became of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from skillgit.errors import UsageError
from skillgit.names import Digest, Oid, RoundId
from skillgit.ports import Commit, History
from skillgit.provenance.evidence import Support
from skillgit.provenance.trailers import Malformed, Trailers, parse

_MARK = "Skillgit-Round:"


@dataclass(frozen=True, slots=True)
class LessonEntry:
    """A lesson in the history. `merged`: HEAD has it, as this commit or as a copy."""

    commit: Oid
    subject: str
    support: Support
    patch: Digest
    merged: bool


@dataclass(frozen=True, slots=True)
class RoundEntry:
    """A round that some branch still shows; `branch` is empty where its own is gone."""

    id: RoundId
    skill: str
    base: Oid
    model: str
    branch: str
    lessons: tuple[LessonEntry, ...]


@dataclass(frozen=True, slots=True)
class Lore:
    """All rounds, newest first, and the commits whose trailers cannot be read."""

    rounds: tuple[RoundEntry, ...]
    unreadable: tuple[Oid, ...]


def read_lore(history: History, skill: str | None = None) -> Lore:
    """The rounds of one skill, or of all, that branches, remote branches and HEAD reach."""
    head = _head(history)
    branches = history.refs("refs/heads", "refs/remotes")
    tips = [*dict.fromkeys([*([head] if head else []), *branches.values()])]
    commits = history.commits(*tips, containing=_MARK) if tips else ()
    merged = {one.id for one in history.commits(head, containing=_MARK)} if head else set()
    rounds: defaultdict[tuple[RoundId, str], list[tuple[Commit, Trailers]]] = defaultdict(list)
    unreadable = []
    for commit in commits:
        found = parse(commit.message)
        if isinstance(found, Malformed):
            unreadable.append(commit.id)
        elif found is not None and skill in {None, found.skill}:
            rounds[found.round, found.skill].append((commit, found))
    entries = [_entry(key[0], lessons, merged, sorted(branches)) for key, lessons in rounds.items()]
    newest_first = sorted(entries, key=lambda one: (one.id, one.skill), reverse=True)
    return Lore(tuple(newest_first), tuple(unreadable))


def _head(history: History) -> Oid | None:
    try:
        return history.resolve("HEAD")
    except UsageError:  # a repository without a commit
        return None


def _entry(
    round_id: RoundId,
    found: Sequence[tuple[Commit, Trailers]],
    merged: set[Oid],
    branches: Sequence[str],
) -> RoundEntry:
    """A lesson that was picked or rebased is one lesson, shown as the copy that HEAD has."""
    copies: defaultdict[Oid, list[tuple[Commit, Trailers]]] = defaultdict(list)
    for commit, trailers in found:
        copies[trailers.evidence].append((commit, trailers))
    lessons = []
    for those in copies.values():
        commit, trailers = next((one for one in those if one[0].id in merged), those[0])
        subject = commit.message.partition("\n")[0]
        is_merged = commit.id in merged
        lessons.append(LessonEntry(commit.id, subject, trailers.support, trailers.patch, is_merged))
    # Copies on several branches come in no useful order; the round's was by support.
    lessons.sort(key=lambda one: -one.support.sources)
    _, told = found[0]
    own = (name for name in branches if name.endswith(f"/{round_id}"))
    return RoundEntry(round_id, told.skill, told.base, told.model, next(own, ""), tuple(lessons))
