"""Why does a line of a skill stand there? Blame, the lesson commit, its evidence."""

from __future__ import annotations

from dataclasses import dataclass

from skillgit.names import Oid
from skillgit.ports import BlamedLine, Commit, History
from skillgit.provenance.evidence import LessonRecord, Unreadable, read
from skillgit.provenance.patch_digest import patch_digest
from skillgit.provenance.trailers import Malformed, Trailers, parse
from skillgit.review.claims import FETCH

_NO_LESSON = "no lesson"


@dataclass(frozen=True, slots=True)
class Answer:
    """The commit that wrote a line; the lesson it is, if it is one, and what is known of that."""

    line: BlamedLine
    commit: Commit
    trailers: Trailers | None = None
    record: LessonRecord | None = None
    remark: str = ""
    """Why there is no lesson, or no evidence."""

    @property
    def subject(self) -> str:
        """The first line of the commit's message."""
        return self.commit.message.partition("\n")[0]


def why(history: History, path: str, line: int, at: str = "HEAD") -> Answer:
    """Who or what taught line `line` of a file, as of a revision.

    UsageError where there is no such revision, file or line.
    """
    blamed = history.blame(path, line, history.resolve(at))
    [commit] = _just(history, blamed.commit)
    trailers = parse(commit.message)
    if isinstance(trailers, Malformed):
        return Answer(blamed, commit, remark=f"its Skillgit trailers are no use: {trailers.reason}")
    if trailers is None:
        return _by_its_change(history, blamed, commit)
    data = history.read_blob(trailers.evidence)
    if data is None:
        missing = f"its evidence {trailers.evidence[:12]} is not here; {FETCH}"
        return Answer(blamed, commit, trailers, remark=missing)
    record = read(LessonRecord, data)
    if isinstance(record, Unreadable):
        return Answer(blamed, commit, trailers, remark=f"its evidence is no use: {record.reason}")
    return Answer(blamed, commit, trailers, record)


def _just(history: History, commit: Oid) -> tuple[Commit, ...]:
    return tuple(one for one in history.commits(f"{commit}^!") if one.id == commit)


def _by_its_change(history: History, blamed: BlamedLine, commit: Commit) -> Answer:
    """Squashing and amending lose trailers; the evidence that was kept may know the change."""
    if len(commit.parents) != 1:
        return Answer(blamed, commit, remark=_NO_LESSON)
    digest = patch_digest(history.diff(commit.parents[0], commit.id))
    for ref, tip in history.refs("refs/skillgit/rounds").items():
        lessons = history.tree(tip, "lessons")
        for blob, data in history.read_blobs(list(lessons.values())).items():
            record = read(LessonRecord, data) if digest.encode() in data else None
            if isinstance(record, LessonRecord) and record.patch == digest:
                found = f"it has no trailers; its change is the lesson {blob[:12]} of {ref}"
                return Answer(blamed, commit, record=record, remark=found)
    return Answer(blamed, commit, remark=_NO_LESSON)
