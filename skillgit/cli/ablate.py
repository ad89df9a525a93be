"""`skillgit ablate`: what each lesson of a round is worth, and how sure one can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skillgit.cli.console import TerminalProgress, examples, out, print_json, safe, say
from skillgit.cli.options import (
    AS_JSON,
    MOST_SEED,
    QUIET,
    REPLAY,
    REPOSITORY,
    RUNS,
    TASKS,
    UNSAFE,
    given,
    setting_options,
    which_tasks,
)
from skillgit.cli.spending import caps, caps_of, prices_of
from skillgit.cli.worth import effect_payload
from skillgit.types import Method, Worth

if TYPE_CHECKING:  # what runs tasks takes time to import, and --help has none
    from skillgit.endpoint.caps import Prices
    from skillgit.wiring.ablating import AblateErrand, Findings

NOTES_REF = "refs/notes/skillgit"
_SHOWN = 12
_TITLE = 44
_METHODS = {"both": tuple(Method), **{str(one): (one,) for one in Method}}
_HEADINGS = {
    Method.LEAVE_ONE_OUT: "Leave-one-out: all lessons, less all but this one",
    Method.SHAPLEY: "Shapley value: what it changes as it joins others, on average over all orders",
}


@click.command(
    epilog=examples(
        "skillgit ablate latest --tasks tasks-val/ --dry-run",
        "skillgit ablate latest --tasks tasks-val/",
        "skillgit ablate 20261121T231905Z-7f3ac1 --tasks tasks-val/ --method leave-one-out",
        "skillgit ablate latest --tasks tasks-val/ --lesson 2 --seed 41 --max-runs 200 --json",
    )
)
@click.argument("round_name", metavar="ROUND")
@TASKS
@click.option(
    "--lesson",
    "lessons",
    type=click.IntRange(1),
    multiple=True,
    metavar="N",
    help="Ask about this lesson only, by its number in the round; repeatable.",
)
@click.option(
    "--method",
    type=click.Choice(list(_METHODS)),
    default="both",
    show_default=True,
    help="How effects are measured.",
)
@click.option(
    "--seed",
    "seeds",
    type=click.IntRange(0, MOST_SEED),
    multiple=True,
    metavar="N",
    help="Run each task with this seed, one seed after the other; repeatable.  [default: 41 42 43]",
)
@click.option(
    "--confidence",
    type=click.FloatRange(50, 99.9),
    default=95.0,
    show_default=True,
    metavar="PERCENT",
    help="How surely all intervals hold at once.",
)
@click.option(
    "--margin",
    type=click.FloatRange(0, 50),
    default=2.0,
    show_default=True,
    metavar="POINTS",
    help="An effect that is surely smaller is called none.",
)
@click.option(
    "--max-runs",
    type=click.IntRange(1),
    metavar="N",
    help="Use at most so many runs, kept ones included, and tell what they say.",
)
@which_tasks
@setting_options(RUNS)
@REPOSITORY
@click.option("--no-notes", is_flag=True, help="Write no Git notes on the lesson commits.")
@click.option("--dry-run", is_flag=True, help="Only tell what it would take.")
@click.option(
    "--probe/--no-probe",
    default=True,
    help="With --dry-run: ask two small questions, so that it can tell time.  [default: probe]",
)
@click.option(
    "--fail-on",
    type=click.Choice(["hurts"]),
    help="Exit with 1 where a lesson is shown to hurt.",
)
@caps
@UNSAFE
@REPLAY
@AS_JSON
@QUIET
def command(
    *,
    dry_run: bool,
    probe: bool,
    fail_on: str | None,
    as_json: bool,
    quiet: bool,
    **told: Any,  # noqa: ANN401 - one of each type for each option
) -> int:
    """Measure what each lesson of ROUND (an id, its beginning, or `latest`) is worth on tasks.

    The agent is run with subsets of the lessons, which commute, on the same tasks with the same
    seeds; a lesson is left alone as soon as its effect is clear, and the intervals hold all the
    same. Runs are kept, so a killed ablation resumes. What is found is noted on the lesson commits
    (refs/notes/skillgit), where log, show, why and report find it. Exit codes: 0 measured, 1
    --fail-on, 2 usage, 3 no Git, sandbox or endpoint, 4 stopped half way and kept.
    """
    errand, prices = _errand(told), prices_of(told)
    if dry_run:
        return _plan(errand, prices, probe=probe, as_json=as_json, quiet=quiet)
    found = _run(errand, prices, quiet=quiet)
    if as_json:
        print_json("ablate", _payload(found))
    else:
        out(safe("\n".join(_text(found))))
    return int(fail_on is not None and bool(_harmful(found)))


def _errand(told: Mapping[str, Any]) -> AblateErrand:
    from skillgit.domains.selection import Part, Selection  # noqa: PLC0415 - --help has no time
    from skillgit.wiring.ablating import AblateErrand  # noqa: PLC0415 - the same

    return AblateErrand(
        round=told["round_name"],
        tasks=told["tasks"],
        selection=Selection(Part(told["part"]), told["ids"], told["groups"], told["limit"] or 0),
        lessons=told["lessons"],
        methods=_METHODS[told["method"]],
        seeds=told["seeds"],
        confidence=told["confidence"] / 100,
        margin=told["margin"] / 100,
        most_runs=told["max_runs"],
        notes=not told["no_notes"],
        options=given(RUNS, told),
        start=told["repo"] or Path.cwd(),
        replay=told["replay"],
        unsafe=told["unsafe"],
        caps=caps_of(told),
    )


def _plan(
    errand: AblateErrand, prices: Prices | None, *, probe: bool, as_json: bool, quiet: bool
) -> int:
    from skillgit.cli.forecast import forecast_payload, forecast_text  # noqa: PLC0415 - as above
    from skillgit.wiring.ablating import plan_ablation  # noqa: PLC0415 - the same

    with TerminalProgress(quiet=quiet) as progress:
        forecast = plan_ablation(errand, progress, probe=probe)
    if as_json:
        print_json("ablate-plan", forecast_payload(forecast, prices))
    else:
        out(safe(forecast_text(forecast, prices)))
    return 0


def _run(errand: AblateErrand, prices: Prices | None, *, quiet: bool) -> Findings:
    from skillgit.cli.forecast import forecast_text  # noqa: PLC0415 - --help has no time
    from skillgit.wiring.ablating import run_ablation  # noqa: PLC0415 - the same

    with TerminalProgress(quiet=quiet) as progress:
        return run_ablation(
            errand,
            progress,
            lambda forecast: None if quiet else say(safe(forecast_text(forecast, prices))),
        )


# ------------------------------------------------------------------ for people


def _text(found: Findings) -> Iterator[str]:
    yield from _head(found)
    for method in Method:
        yield from _table(found, method)
    yield from _notes(found)


def _head(found: Findings) -> Iterator[str]:
    subject, ablation = found.subject, found.ablation
    used, design = found.usage, subject.design
    yield (
        f"Round         {subject.round} of {subject.base.root or '.'}, base "
        f"{subject.base.commit[:10]}, {_count(len(subject.lessons), 'lesson')}"
    )
    yield (
        f"Tasks         {len(design.tasks)} of {subject.tasks.origin}, seeds "
        f"{' '.join(map(str, design.seeds))}, model {found.model}"
    )
    saved = ablation.most_runs - ablation.runs
    yield (
        f"Runs          {ablation.runs:,} of {ablation.most_runs:,}, of which {found.kept:,} were"
        f" kept from before{f'; {saved:,} were not made' if saved else ''}"
    )
    yield (
        f"Model         {_count(used.calls, 'call')}, {used.cached_calls} answered from the cache,"
        f" {used.failed_calls} failed"
    )
    first = next(iter(ablation.effects.values()))
    yield (
        f"Intervals     with {100 * first.confidence:g} % all {first.intervals} hold at once, at"
        f" each of {_count(ablation.looks, 'look')} (betting confidence sequences, Bonferroni)"
    )


def _table(found: Findings, method: Method) -> Iterator[str]:
    from skillgit.evaluation.effects_report import table  # noqa: PLC0415 - --help has no time

    named = [
        (_name(found, question.lesson), effect)
        for question, effect in found.ablation.effects.items()
        if question.method is method
    ]
    if named:
        yield ""
        yield _HEADINGS[method]
        yield from table(named)


def _name(found: Findings, place: int | None) -> str:
    if place is None:
        return "all lessons together"
    lesson = found.subject.lessons[place]
    title = " ".join(safe(lesson.title).split())
    return f"{lesson.number}. {title[:_TITLE]}{'…' if len(title) > _TITLE else ''}"


def _notes(found: Findings) -> Iterator[str]:
    yield ""
    for note in found.remarks[:_SHOWN]:
        yield f"Note: {' '.join(note.split())}"
    if found.remarks[_SHOWN:]:
        yield f"Note: and {len(found.remarks) - _SHOWN} more, see --json"
    if found.notes:
        yield (
            f"Noted on the lesson commits ({NOTES_REF}): `skillgit log` and `skillgit show"
            f" {found.subject.round}/N` tell it; `skillgit evidence push` shares it."
        )
    for place in _harmful(found):
        lesson = found.subject.lessons[place]
        yield f"Lesson {lesson.number} hurts: skillgit drop {lesson.name}"


def _harmful(found: Findings) -> list[int]:
    """The places of lessons that are shown to hurt, by any method."""
    places = {
        question.lesson
        for question, effect in found.ablation.effects.items()
        if effect.worth is Worth.HURTS
    }
    return sorted(place for place in places if place is not None)


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


# ------------------------------------------------------------------ for programs


def _payload(found: Findings) -> dict[str, object]:
    """`skillgit.ablate/1`; effects are differences of success rates, from −1 to 1."""
    subject, ablation = found.subject, found.ablation
    used = found.usage
    lessons = [
        {
            "name": one.name,
            "number": one.number,
            "title": one.title,
            "commit": one.commit,
            "patch": record.patch,
            "effects": _effects(found, place),
        }
        for place, (one, record) in enumerate(zip(subject.lessons, subject.records, strict=True))
    ]
    return {
        "round": subject.round,
        "skill": subject.base.root,
        "base": subject.base.commit,
        "model": found.model,
        "tasks": {
            "origin": subject.tasks.origin,
            "digest": subject.tasks.digest,
            "count": len(subject.tasks.tasks),
        },
        "seeds": list(subject.design.seeds),
        "lessons": lessons,
        "together": next(iter(_effects(found, None)), None),
        "runs": ablation.runs,
        "most_runs": ablation.most_runs,
        "kept": found.kept,
        "looks": ablation.looks,
        "notes": found.notes,
        "remarks": list(found.remarks),
        "usage": {name: getattr(used, name) for name in used.__dataclass_fields__},
    }


def _effects(found: Findings, place: int | None) -> list[dict[str, object]]:
    return [
        effect_payload(effect)
        for question, effect in found.ablation.effects.items()
        if question.lesson == place
    ]
