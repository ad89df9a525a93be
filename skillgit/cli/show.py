"""`skillgit show`: everything about one lesson."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import click

from skillgit.cli.console import examples, out, print_json, safe
from skillgit.cli.worth import record_payload, worth_lines
from skillgit.provenance.trailers import told_of
from skillgit.review.show import Step, Story, Teacher, tell
from skillgit.types import Quote

_WIDTH = 98


@click.command(
    epilog=examples(
        "skillgit show latest/1",
        "skillgit show 20261121T231905Z-7f3ac1/3",
        'skillgit show "recalculate after"',
        "skillgit show 7f3ac1d --json",
    )
)
@click.argument("lesson")
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of lines.")
def command(*, lesson: str, as_json: bool) -> None:
    """Show all of one lesson: its change, who taught it, in which words, and how it was merged.

    LESSON is a commit, ROUND/N (the N-th lesson of a round, which may be `latest`), or a part of a
    title that no other lesson has. The change is shown as it was recorded, whatever became of it.
    """
    from skillgit.wiring import open_history  # noqa: PLC0415 - GitPython takes its time

    with open_history(Path.cwd()) as history:
        story = tell(history, lesson)
    if as_json:
        print_json("show", _as_json(story))
    else:
        _show(story)


def _show(story: Story) -> None:
    lesson = story.lesson
    out(click.style(safe(f"lesson {lesson.name}: {lesson.title}"), bold=True))
    how = f", {story.standing.how}" if story.standing.how else ""
    out(safe(f"state: {story.standing.state}{how}"))
    out(f"commit: {lesson.commit or 'none; known from its evidence'}")
    out(f"evidence: {lesson.evidence}")
    told = lesson.record or lesson.trailers
    if told is not None:
        out(safe(f"skill: {told.skill or '.'}, base {told.base[:12]}"))
        out(f"support: {told.support}")
    if story.cost is not None:
        out(f"cost: {story.cost}")
    for back in lesson.record.returned if lesson.record else ():
        _wrap(told_of(back))
    _show_question(story)
    for line in worth_lines(story.worth):
        _wrap(f"worth: {line}")
    for remark in story.remarks:
        _wrap(f"note: {remark}")
    if lesson.record is not None and lesson.record.reason.strip():
        _wrap(f"because: {lesson.record.reason}")
    _show_diff(story)
    for teacher in story.teachers:
        _show_teacher(teacher)
    if story.steps:
        out("\nhow it was merged:")
        for step in story.steps:
            _wrap(_step_line(step), "  ")


def _show_question(story: Story) -> None:
    for gain in story.question.gains:
        _wrap(f"brings in {gain.capability}: {gain.words}")
    if story.question.is_open:
        out(f"not approved yet: skillgit approve {story.lesson.name}")
    for approval in story.question.approvals:
        _wrap(f"approved by {approval.by}{f': {approval.reason}' if approval.reason else ''}")


def _show_diff(story: Story) -> None:
    if not story.diff:
        return
    rebuilt = ", rebuilt from its evidence" if story.diff_of == "evidence" else ""
    out(f"\nits change{rebuilt}:")
    for line in story.diff.decode("utf-8", "replace").removesuffix("\n").split("\n"):
        colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
        out(click.style(safe(line), fg=colour) if colour else safe(line))


def _show_teacher(teacher: Teacher) -> None:
    source, record = teacher.source, teacher.record
    told = f" on {record.task}" if record and record.task else ""
    score = record.outcome.score if record else None
    out(safe(f"\n{source.trajectory} ({source.result}{_score(score)}){told}"))
    if record is not None:
        said = ", ".join(filter(None, (record.outcome.said_by, record.outcome.detail)))
        out(safe(f"  read from {record.origin}{f'; judged by {said}' if said else ''}"))
    for quote in teacher.quotes:
        _show_quote(quote)
    for cause in teacher.causes:
        _wrap(f"cause: {cause.what}", "  ")
    for memory in teacher.memories:
        _wrap(f"to remember: {memory.title}: {memory.content}", "  ")
    for edit in teacher.edits:
        _wrap(f"proposed: {edit.id}: {edit.lesson.title}", "  ")
    if teacher.proof is not None:
        proof = teacher.proof
        cases = "one case" if proof.cases == 1 else f"all {proof.cases} cases"
        _wrap(
            f"proven: this program passed {cases} of the task, where the run had failed "
            f"({proof.attempts} tried, {proof.turns} turns)",
            "  ",
        )
        out(textwrap.indent(safe(proof.program.rstrip("\n")), "    | ", lambda _: True))


def _score(score: float | None) -> str:
    return "" if score is None else f", score {score:g}"


def _show_quote(quote: Quote) -> None:
    out(f"  step {quote.step}, line {quote.lines}:")
    out(textwrap.indent(safe(quote.text), "    | ", lambda _: True))


def _step_line(step: Step) -> str:
    parts = ", ".join(step.parts)
    where = f"level {step.level}, node {step.node}" if step.level else "before the tree"
    into = f" into {step.into}" if step.into else " joined"
    reason = f": {step.reason}" if step.reason else ""
    return f"{where}, by {step.how}: {parts}{into}{reason}"


def _wrap(text: str, indent: str = "") -> None:
    lines = textwrap.wrap(
        safe(text), _WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  "
    )
    out("\n".join(lines))


def _as_json(story: Story) -> dict[str, object]:
    lesson, record = story.lesson, story.lesson.record
    told = record or lesson.trailers
    return {
        "name": lesson.name,
        "round": lesson.round,
        "number": lesson.number,
        "commit": lesson.commit,
        "copies": list(lesson.copies),
        "evidence": lesson.evidence,
        "title": lesson.title,
        "reason": record.reason if record else None,
        "state": story.standing.state,
        "how": story.standing.how,
        "skill": told.skill if told else None,
        "base": told.base if told else None,
        "patch": told.patch if told else None,
        "support": told.support.sources if told else None,
        "analysed": told.support.analysed if told else None,
        "cost": asdict(story.cost) if story.cost else None,
        "gains": [asdict(one) for one in story.question.gains],
        "approvals": [asdict(one) for one in story.question.approvals],
        "worth": [record_payload(one) for one in story.worth],
        "returned": [asdict(one) for one in record.returned] if record else [],
        "diff": story.diff.decode("utf-8", "replace"),
        "diff_of": story.diff_of,
        "trajectories": [_teacher(one) for one in story.teachers],
        "merges": [asdict(one) for one in story.steps],
        "remarks": list(story.remarks),
    }


def _teacher(teacher: Teacher) -> dict[str, object]:
    source, record, proof = teacher.source, teacher.record, teacher.proof
    return {
        "id": source.trajectory,
        "digest": source.digest,
        "result": source.result,
        "task": record.task if record else None,
        "origin": record.origin if record else None,
        "outcome": asdict(record.outcome) if record else None,
        "quotes": _quotes(teacher.quotes),
        "edits": [{"id": one.id, "title": one.lesson.title} for one in teacher.edits],
        "causes": [{"what": one.what, "quotes": _quotes(one.quotes)} for one in teacher.causes],
        "memories": [asdict(one) for one in teacher.memories],
        "proof": asdict(proof) if proof else None,
    }


def _quotes(quotes: Iterable[Quote]) -> list[dict[str, object]]:
    return [
        {"step": one.step, "lines": [one.lines.first, one.lines.last], "text": one.text}
        for one in quotes
    ]
