"""`skillgit usage`: which parts of a skill leave traces in trajectories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skillgit.cli.console import examples, out, print_json, safe, say
from skillgit.cli.options import (
    AS_JSON,
    Settings,
    given,
    redacting,
    redaction,
    setting_options,
)
from skillgit.errors import FindingsError
from skillgit.types import Trajectory

if TYPE_CHECKING:  # what reads trajectories takes time to import, and --help has none
    from skillgit.usage import Count, FileUse, Hit, SectionUse, SkillUse, Traces
    from skillgit.wiring.usage import UsageFound

SETTINGS: Settings = (
    ("redact-extra", "collect.redact_extra", str, "Hide what this pattern finds, too; repeatable."),
)
CAVEAT = (
    "These are lower bounds: an agent that has SKILL.md in its system prompt and follows it in"
    " words of its own leaves no trace."
)
TRAJECTORIES = click.option(
    "--trajectories",
    "-t",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A file or folder of trajectories, of rollouts or of any agent; repeatable.",
)
OUTCOMES = click.option(
    "--outcomes",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Who passed: CSV, TSV, JSON or JSON Lines with id, file or task_id.",
)
ANY_VERSION = click.option(
    "--any-version",
    is_flag=True,
    help="Count trajectories, too, that say they had another version of the skill.",
)
_BAR = 10
_SHOWN = 10
_WIDEST = 44


@click.command(
    epilog=examples(
        "skillgit usage skills/xlsx --trajectories runs/",
        "skillgit usage skills/xlsx@v1.2 -t runs/ -t ~/.claude/projects",
        "skillgit usage skills/xlsx -t runs/ --traces",
        "skillgit usage skills/xlsx -t runs/ --json",
    )
)
@click.argument("skill", metavar="SKILL[@REV]")
@TRAJECTORIES
@OUTCOMES
@ANY_VERSION
@click.option("--traces", is_flag=True, help="List every trace: trajectory, step, kind, words.")
@setting_options(SETTINGS)
@redaction
@AS_JSON
def command(
    *,
    skill: str,
    trajectories: tuple[Path, ...],
    outcomes: Path | None,
    any_version: bool,
    traces: bool,
    as_json: bool,
    **settings: object,
) -> int:
    """Count which files of SKILL agents opened, and which of its lines they quoted or followed.

    A trace is a text that stands in a trajectory: a call that opens or runs a file, lines of it in
    what came back, its name or words in what the agent said, its commands or code in a call.
    Nothing is guessed. Each trajectory counts once; those without the skill are not counted, and
    what is in their code, too, is no trace. Exit codes: 0 counted, 1 no trajectory had the skill.
    """
    from skillgit.wiring.usage import UsageErrand, find_usage  # noqa: PLC0415 - see above

    options = given(SETTINGS, settings) | redacting(settings)
    errand = UsageErrand(Path.cwd(), skill, trajectories, outcomes, any_version, options)
    found = find_usage(errand)
    if as_json:
        print_json("usage", payload(found))
    else:
        out(safe("\n".join(_lines(found, traces=traces))))
        say(f"note: {CAVEAT}")
        for one in found.remarks[:_SHOWN]:
            say(safe(f"remark: {one.origin}: {one.message.partition(chr(10))[0]}"))
    if not found.use.had.runs:
        say("no trajectory is counted: none names the skill, or holds it, in this version")
        if found.use.other:
            say("hint: --any-version counts other versions; SKILL@REV is that of the runs")
        return FindingsError.exit_code
    return 0


# ------------------------------------------------------------------ text


def _lines(found: UsageFound, *, traces: bool) -> Iterator[str]:
    use = found.use
    yield f"Use of {use.root or 'the skill'} at {use.commit[:10]}"
    yield f"Trajectories  {found.pool.found:,} found, {use.had.runs:,} counted ({ends(use.had)})"
    if use.unsaid:
        yield f"              {use.unsaid:,} of these do not say which version they had"
    left = [(use.other, "had another version"), (use.without, "did not have it")]
    if any(count for count, _ in left):
        yield f"              {', '.join(f'{count:,} {what}' for count, what in left if count)}"
    yield ""
    yield from _table(
        ("file", "runs", "pass", "fail", "", "traces"),
        [_file_row(one, use.had.runs) for one in use.files],
    )
    yield ""
    yield from _table(
        ("section", "tokens", "runs", "pass", "fail", "", "traces"),
        [_section_row(one, use.had.runs) for one in use.sections],
    )
    yield from _never(use)
    if use.common:
        yield ""
        yield f"no traces, since runs without the skill have them, too: {'; '.join(use.common[:5])}"
    if traces:
        yield ""
        yield from _traces(use)


def ends(count: Count) -> str:
    """How trajectories ended."""
    more = f", {count.unknown:,} unknown" if count.unknown else ""
    return f"{count.passed:,} pass, {count.failed:,} fail{more}"


def _file_row(one: FileUse, had: int) -> tuple[str, ...]:
    return (_cut(one.path), *_counts(one.used, had), _kinds(one))


def _section_row(one: SectionUse, had: int) -> tuple[str, ...]:
    name = _cut(f"{one.path}:{one.lines}  {one.name}")
    return (name, f"{one.tokens:,}", *_counts(one.used, had), _kinds(one))


def _counts(count: Count, had: int) -> tuple[str, ...]:
    return (f"{count.runs:,}", f"{count.passed:,}", f"{count.failed:,}", _bar(count.runs, had))


def _bar(part: int, whole: int) -> str:
    """A bar that is empty only where nothing was used, and full only where all was."""
    if not part:
        return "." * _BAR
    filled = max(1, min(_BAR * part // whole, _BAR))
    return "#" * filled + "." * (_BAR - filled)


def _kinds(one: FileUse | SectionUse) -> str:
    return ", ".join(f"{kind} {count:,}" for kind, count in one.kinds.items())


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The first and the last two columns to the left, numbers to the right."""
    told = [tuple(head), *map(tuple, rows)]
    wide = [max(map(len, column)) for column in zip(*told, strict=True)]
    for row in told:
        numbers = range(1, len(row) - 2)
        cells = [
            f"{cell:>{wide[n]}}" if n in numbers else f"{cell:<{wide[n]}}"
            for n, cell in enumerate(row)
        ]
        yield "  ".join(cells).rstrip()


def _never(use: SkillUse) -> Iterator[str]:
    if not use.had.runs or not (use.unused or use.unopened):
        return
    yield ""
    yield "never used:"
    for file in use.unopened:
        yield f"  {file.path}"
    gone = {file.path for file in use.unopened}
    for one in use.unused:
        if one.path not in gone:
            told = "" if one.could else " (prose of which no line is long enough to be known again)"
            yield f"  {one.path}:{one.lines}  {one.name}, {one.tokens:,} tokens{told}"


def _traces(use: SkillUse) -> Iterator[str]:
    for one in use.traces:
        yield f"{_who(one.trajectory)}: {one.having}"
        for hit in one.hits:
            yield f"  step {hit.step}: {hit.kind} {_where(hit)}: {hit.words}"


def _who(one: Trajectory) -> str:
    return f"{one.id} ({one.outcome.result}){f' {one.task}' if one.task else ''}"


def _where(hit: Hit) -> str:
    return f"{hit.path}:{hit.lines}" if hit.lines else hit.path


# ------------------------------------------------------------------ JSON


def payload(found: UsageFound) -> dict[str, object]:
    """`skillgit.usage/1`."""
    use = found.use
    return {
        "skill": use.root,
        "commit": use.commit,
        "trajectories": {
            "found": found.pool.found,
            "counted": _count(use.had),
            "version_unsaid": use.unsaid,
            "other_version": use.other,
            "without_skill": use.without,
        },
        "files": [
            {"path": one.path, "used": _count(one.used), "kinds": _by_kind(one)}
            for one in use.files
        ],
        "sections": [_section(one) for one in use.sections],
        "lines": {path: list(counts) for path, counts in use.lines.items()},
        "never_used": {
            "files": [one.path for one in use.unopened],
            "sections": [
                {"path": one.path, "lines": [one.lines.first, one.lines.last], "title": one.title}
                for one in use.unused
            ],
        },
        "common_code": list(use.common),
        "traces": [_trace(one) for one in use.traces],
        "caveat": CAVEAT,
        "remarks": [asdict(one) for one in found.remarks],
    }


def _by_kind(one: FileUse | SectionUse) -> dict[str, int]:
    """How many trajectories left a trace of which kind."""
    return {str(kind): count for kind, count in one.kinds.items()}


def _section(one: SectionUse) -> dict[str, object]:
    return {
        "path": one.path,
        "title": one.title,
        "level": one.level,
        "lines": [one.lines.first, one.lines.last],
        "tokens": one.tokens,
        "used": _count(one.used),
        "kinds": _by_kind(one),
        "could_leave_traces": one.could,
    }


def _trace(one: Traces) -> dict[str, object]:
    return {
        "trajectory": one.trajectory.id,
        "digest": one.trajectory.digest,
        "task": one.trajectory.task,
        "result": one.trajectory.outcome.result,
        "having": one.having,
        "hits": [_hit(hit) for hit in one.hits],
    }


def _count(count: Count) -> dict[str, int]:
    return {
        "runs": count.runs,
        "pass": count.passed,
        "fail": count.failed,
        "unknown": count.unknown,
    }


def _hit(hit: Hit) -> dict[str, object]:
    lines = [hit.lines.first, hit.lines.last] if hit.lines else None
    return {
        "step": hit.step,
        "kind": hit.kind,
        "path": hit.path,
        "lines": lines,
        "words": hit.words,
    }
