"""`skillgit why`: which lesson wrote a line, who taught it, and in which words."""

from __future__ import annotations

import textwrap
from pathlib import Path

import click

from skillgit.cli.console import examples, out, print_json, safe
from skillgit.cli.places import in_repository
from skillgit.errors import UsageError
from skillgit.provenance.evidence import LessonRecord
from skillgit.review.why import Answer, why
from skillgit.types import Quote

_MOST_SHOWN = 5


@click.command(
    epilog=examples(
        "skillgit why skills/xlsx/SKILL.md:12",
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

    LINE counts in the file as it was committed, not in the one that is being edited.
    """
    from skillgit.wiring import open_history  # noqa: PLC0415 - GitPython takes its time

    name, line = _parted(place)
    with open_history(Path.cwd()) as history:
        path = in_repository(name, history.work_tree)
        answer = why(history, path, line, at)
    if as_json:
        print_json("why", _as_json(answer, path, line))
    else:
        _show(answer, path, line)


def _parted(place: str) -> tuple[str, int]:
    name, _, number = place.rpartition(":")
    if not name or not number.isascii() or not number.isdecimal() or not 0 < int(number) < 10**9:
        raise UsageError(
            f"reading {place!r}: it is no FILE:LINE",
            hint="give a file and the number of a line, as in skills/xlsx/SKILL.md:12",
        )
    return name, int(number)


def _show(answer: Answer, path: str, line: int) -> None:
    out(safe(f"{path}:{line}: {answer.line.text}"))
    commit = f"commit {answer.commit.id[:12]}"
    if answer.trailers is None and answer.record is None:
        out(safe(f"written by {answer.commit.author} in {commit}, {answer.remark}"))
        out(safe(f"  {answer.subject}"))
        return
    out(safe(f"lesson: {answer.subject} ({commit})"))
    if answer.trailers is not None:
        out(safe(f"round: {answer.trailers.round}, model {answer.trailers.model}"))
        out(f"support: {answer.trailers.support}")
    if answer.remark:
        out(safe(f"note: {answer.remark}"))
    if answer.record is not None:
        _show_record(answer.record, with_support=answer.trailers is None)


def _show_record(record: LessonRecord, *, with_support: bool) -> None:
    if with_support:
        out(safe(f"round: {record.round}"))
        out(f"support: {record.support}")
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


def _as_json(answer: Answer, path: str, line: int) -> dict[str, object]:
    return {
        "path": path,
        "line": line,
        "text": answer.line.text,
        "commit": answer.commit.id,
        "author": answer.commit.author,
        "subject": answer.subject,
        "remark": answer.remark,
        "lesson": _lesson(answer),
    }


def _lesson(answer: Answer) -> dict[str, object] | None:
    told = answer.record or answer.trailers
    if told is None:
        return None
    record = answer.record
    return {
        "round": told.round,
        "skill": told.skill,
        "base": told.base,
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
    }
