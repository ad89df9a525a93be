"""The rounds and lessons that a repository knows, from commits and from evidence.

A lesson is known from its commit, which branches and HEAD reach, from the evidence of its round,
or from both: the evidence remembers lessons whose commits were dropped or squashed away, and a
clone without evidence still has the commits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from skillgit.errors import UsageError
from skillgit.names import Oid, RoundId
from skillgit.ports import Commit, History
from skillgit.provenance.evidence import D, LessonRecord, RoundRecord, Unreadable, read
from skillgit.provenance.trailers import Malformed, Trailers, parse

ROUNDS = "refs/skillgit/rounds"
MARK = "Skillgit-Round:"


@dataclass(frozen=True, slots=True)
class FoundLesson:
    """One lesson. `record` is None where its evidence is not here or cannot be read.

    `commit` is the one that was asked for, else the one that HEAD has, else any. `number` is 0
    where neither a branch nor the evidence of its round knows the lesson any more.
    """

    commit: Oid | None
    evidence: Oid
    record: LessonRecord | None
    round: RoundId
    number: int
    title: str
    copies: tuple[Oid, ...] = ()
    """All commits that carry its trailers, `commit` among them."""
    trailers: Trailers | None = None

    @property
    def name(self) -> str:
        """The name that always works: round and number."""
        return f"{self.round}/{self.number}"


@dataclass(frozen=True, slots=True)
class KnownRound:
    """A round with its lessons in commit order; `record` is None where its evidence is not here.

    `branch` is the full name of its own branch, empty where that is gone.
    """

    id: RoundId
    skill: str
    base: Oid
    model: str
    branch: str
    lessons: tuple[FoundLesson, ...]
    record: RoundRecord | None = None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All rounds, newest first, and the commits whose trailers cannot be read."""

    rounds: tuple[KnownRound, ...]
    unreadable: tuple[Oid, ...] = ()

    @property
    def lessons(self) -> tuple[FoundLesson, ...]:
        """The lessons of all rounds."""
        return tuple(lesson for one in self.rounds for lesson in one.lessons)

    def lesson_of(self, history: History, commit: Oid) -> FoundLesson | None:
        """The lesson whose trailers a commit carries, on a branch or not."""
        [told] = (one for one in history.commits(f"{commit}^!") if one.id == commit)
        trailers = parse(told.message)
        if trailers is None or isinstance(trailers, Malformed):
            return None
        for lesson in self.lessons:
            if lesson.evidence == trailers.evidence and lesson.round == trailers.round:
                copies = tuple(dict.fromkeys((*lesson.copies, commit)))
                return replace(lesson, commit=commit, copies=copies, trailers=trailers)
        record = document(LessonRecord, history.read_blob(trailers.evidence))
        title = record.title if record else title_of(told)
        return FoundLesson(
            commit, trailers.evidence, record, trailers.round, 0, title, (commit,), trailers
        )


def read_catalogue(history: History, skill: str | None = None) -> Catalogue:
    """The rounds of one skill, or of all, that branches, HEAD or evidence refs know."""
    head = head_of(history)
    branches = history.refs("refs/heads", "refs/remotes")
    tips = [*dict.fromkeys([*([head] if head else []), *branches.values()])]
    unreadable: list[Oid] = []
    told: defaultdict[RoundId, list[tuple[Commit, Trailers]]] = defaultdict(list)
    for commit in history.commits(*tips, containing=MARK) if tips else ():
        trailers = parse(commit.message)
        if isinstance(trailers, Malformed):
            unreadable.append(commit.id)
        elif trailers is not None:
            told[trailers.round].append((commit, trailers))
    merged = {one.id for one in history.commits(head, containing=MARK)} if head else set()
    kept = {one.partition(f"{ROUNDS}/")[2]: tip for one, tip in history.refs(ROUNDS).items()}
    rounds = []
    for name in {*told, *kept}:
        if (round_id := _round_id(name)) is not None:
            evidence = _kept_round(history, kept[name]) if name in kept else _NOTHING
            evidence = _with_unlisted(history, evidence, [one for _, one in told[round_id]])
            known = _known_round(round_id, told[round_id], evidence, merged, branches)
            if known is not None and skill in {None, known.skill}:
                rounds.append(known)
    newest_first = sorted(rounds, key=lambda one: one.id, reverse=True)
    return Catalogue(tuple(newest_first), tuple(unreadable))


def head_of(history: History) -> Oid | None:
    """The commit of HEAD; None in a repository without a commit."""
    try:
        return history.resolve("HEAD")
    except UsageError:
        return None


def _round_id(name: str) -> RoundId | None:
    try:
        return RoundId(name)
    except ValueError:  # a ref that someone else put there
        return None


# ------------------------------------------------------------------ what is known of a round


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the evidence ref of a round holds of its lessons, in commit order."""

    record: RoundRecord | None
    lessons: Mapping[Oid, LessonRecord | None]


_NOTHING = _Kept(None, {})


def _kept_round(history: History, tip: Oid) -> _Kept:
    tree = history.tree(tip)
    names = sorted(name for name in tree if name.startswith("lessons/"))
    wanted = [tree[name] for name in ("round.json", *names) if name in tree]
    data = history.read_blobs(wanted)
    record = document(RoundRecord, data.get(tree["round.json"])) if "round.json" in tree else None
    if record is not None and set(record.lessons) == set(names):
        names = list(record.lessons)
    lessons = {tree[name]: document(LessonRecord, data.get(tree[name])) for name in names}
    return _Kept(record, lessons)


def _with_unlisted(history: History, kept: _Kept, told: Sequence[Trailers]) -> _Kept:
    """With the lessons that only commits name, by support: copies come in no useful order."""
    blobs = [one.evidence for one in sorted(told, key=lambda one: -one.support.sources)]
    unlisted = [blob for blob in dict.fromkeys(blobs) if blob not in kept.lessons]
    if not unlisted:
        return kept
    data = history.read_blobs(unlisted)
    more = {blob: document(LessonRecord, data.get(blob)) for blob in unlisted}
    return _Kept(kept.record, {**kept.lessons, **more})


def document(kind: type[D], data: bytes | None) -> D | None:
    """The document in these bytes; None where it is not here or cannot be read."""
    found = read(kind, data or b"")
    return None if isinstance(found, Unreadable) else found


def _known_round(
    round_id: RoundId,
    told: Sequence[tuple[Commit, Trailers]],
    kept: _Kept,
    merged: set[Oid],
    branches: Mapping[str, Oid],
) -> KnownRound | None:
    copies: defaultdict[Oid, list[tuple[Commit, Trailers]]] = defaultdict(list)
    for commit, trailers in told:
        copies[trailers.evidence].append((commit, trailers))
    lessons = tuple(
        _found(round_id, number, blob, record, copies[blob], merged)
        for number, (blob, record) in enumerate(kept.lessons.items(), start=1)
    )
    claimed = [trailers for _, trailers in told[:1]]
    tellers = (kept.record, *kept.lessons.values(), *claimed)
    source = next((one for one in tellers if one is not None), None)
    if source is None:
        return None
    model = next((one.model for one in (kept.record, *claimed) if one is not None), "")
    own = next((name for name in sorted(branches) if name.endswith(f"/{round_id}")), "")
    return KnownRound(round_id, source.skill, source.base, model, own, lessons, kept.record)


def _found(
    round_id: RoundId,
    number: int,
    blob: Oid,
    record: LessonRecord | None,
    copies: Sequence[tuple[Commit, Trailers]],
    merged: set[Oid],
) -> FoundLesson:
    best = next((one for one in copies if one[0].id in merged), copies[0] if copies else None)
    title = record.title if record else title_of(best[0]) if best else "a lesson"
    return FoundLesson(
        commit=best[0].id if best else None,
        evidence=blob,
        record=record,
        round=round_id,
        number=number,
        title=title,
        copies=tuple(commit.id for commit, _ in copies),
        trailers=best[1] if best else None,
    )


def title_of(commit: Commit) -> str:
    """The title of a lesson as far as its commit tells it: the subject without the skill."""
    subject = commit.message.partition("\n")[0]
    return subject.partition(": ")[2] or subject
