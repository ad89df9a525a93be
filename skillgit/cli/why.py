"""`skillgit why`: which lesson wrote a line, who taught it, and in which words."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import click

from skillgit.cli.console import examples, out, print_json, safe
from skillgit.cli.places import in_repository
from skillgit.cli.worth import record_payload, worth_line
from skillgit.errors import UsageError
from skillgit.provenance.evidence import LessonRecord
from skillgit.review.noting import Noted, read_noted
from skillgit.review.why import Answer, why_lines
from skillgit.types import LineRange, Quote

_MOST_SHOWN = 5


@click.command(
    epilog=examples(
        "skillgit why skills/xlsx/SKILL.md:12",
        "skillgit why skills/xlsx/SKILL.md:12-30",
        "skillgit why skills/xlsx/SKILL.md:12 --at skillgit/xlsx/20261121T231905Z-7f3ac1",
        "skillgit why skills/xlsx/SKILL.md:12 --json",
    )
)
@click.argument("place", metavar="FILE:LINE")
@click.option(
    "--at", default="HEAD", metavar="REV", show_default=True, help="The commit to look at."
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of lines.")
def command(*, place: str, at: str, as_json: bool) -> None:
    """Show which lesson a line of a skill comes from, and which trajectories taught it.

    LINE is a number or a range like 12-30. It counts in the file as it was committed, not in the
    one that is being edited. A lesson is found through renames, moves, reformatting, rebases and
    squash merges; a note says so where it is known by its change or its words alone.
    """
    from skillgit.wiring import open_history  # noqa: PLC0415 - GitPython takes its time

    name, lines = _parted(place)
    with open_history(Path.cwd()) as history:
        path = in_repository(name, history.work_tree)
        answers = why_lines(history, path, lines, at)
        noted = read_noted(history)
    if as_json:
        parts = [_part(answer, path, noted) for answer in answers]
        one_line = lines.first == lines.last
        print_json("why", parts[0] if one_line else {"path": path, "parts": parts})
        return
    for number, answer in enumerate(answers):
        if number:
            out("")
        _show(answer, path, noted)


def _parted(place: str) -> tuple[str, LineRange]:
    name, _, number = place.rpartition(":")
    span = re.fullmatch(r"([1-9][0-9]{0,8})(?:-([1-9][0-9]{0,8}))?", number, re.ASCII)
    if not name or span is None or int(span[2] or span[1]) < int(span[1]):
        raise UsageError(
            f"reading {place!r}: it is no FILE:LINE",
            hint="give a file and the number of a line, as in skills/xlsx/SKILL.md:12, "
            "or of the first and the last one, as in skills/xlsx/SKILL.md:12-30",
        )
    return name, LineRange(int(span[1]), int(span[2] or span[1]))


def _show(answer: Answer, path: str, noted: Noted) -> None:
    for number, text in enumerate(answer.texts, start=answer.lines.first):
        out(safe(f"{path}:{number}: {text}"))
    commit = f"commit {answer.commit.id[:12]}"
    lesson = answer.lesson
    if lesson is None:
        out(safe(f"written by {answer.commit.author} in {commit}, {answer.remark}"))
        out(safe(f"  {answer.subject}"))
        return
    trailers = answer.trailers
    if trailers is None:
        out(safe(f"lesson: {lesson.title} ({answer.how}; {commit}: {answer.subject})"))
    else:
        out(safe(f"lesson: {answer.subject} ({commit})"))
    model = f", model {trailers.model}" if trailers else ""
    out(safe(f"round: {lesson.round}{model}"))
    support = trailers.support if trailers else lesson.record and lesson.record.support
    out(f"support: {support}")
    if worth := worth_line(noted.of(lesson)):
        out(safe(f"worth: {worth}"))
    if answer.remark:
        out(safe(f"note: {answer.remark}"))
    if lesson.record is not None:
        _show_record(lesson.record)
    if lesson.number:
        out(f"more: skillgit show {lesson.name}")


def _show_record(record: LessonRecord) -> None:
    if record.reason.strip():
        out(textwrap.fill(safe(f"because: {record.reason}"), 98, subsequent_indent="  "))
    out("taught by:")
    for source in record.sources[:_MOST_SHOWN]:
        out(f"  {source.trajectory} ({source.result})")
    if len(record.sources) > _MOST_SHOWN:
        out(f"  and {len(record.sources) - _MOST_SHOWN} more (--json lists all)")
    for quote in _quotes(record)[:_MOST_SHOWN]:
        out(f"{quote.trajectory}, step {quote.step}:")
        out(textwrap.indent(safe(quote.text), "  | ", lambda _: True))


def _quotes(record: LessonRecord) -> list[Quote]:
    return [quote for edit in record.edits for quote in edit.quotes]


def _part(answer: Answer, path: str, noted: Noted) -> dict[str, object]:
    return {
        "path": path,
        "line": answer.lines.first,
        "last_line": answer.lines.last,
        "text": "\n".join(answer.texts),
        "commit": answer.commit.id,
        "author": answer.commit.author,
        "subject": answer.subject,
        "how": answer.how,
        "remark": answer.remark,
        "lesson": _lesson(answer, noted),
    }


def _lesson(answer: Answer, noted: Noted) -> dict[str, object] | None:
    lesson = answer.lesson
    told = None if lesson is None else lesson.record or lesson.trailers
    if lesson is None or told is None:
        return None
    record = lesson.record
    return {
        "name": lesson.name if lesson.number else None,
        "round": told.round,
        "skill": told.skill,
        "base": told.base,
        "evidence": lesson.evidence,
        "support": told.support.sources,
        "analysed": told.support.analysed,
        "title": record.title if record else None,
        "reason": record.reason if record else None,
        "edits": [edit.id for edit in record.edits] if record else [],
        "trajectories": [
            {"id": s.trajectory, "digest": s.digest, "result": str(s.result)} for s in told.sources
        ],
        "quotes": [
            {"trajectory": quote.trajectory, "step": quote.step, "text": quote.text}
            for quote in (_quotes(record) if record else [])
        ],
        "worth": [record_payload(one) for one in noted.of(lesson)],
    }
