"""`skillgit eval`: how often an agent passes tasks with a skill, and whether another is better."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skillgit.cli.console import TerminalProgress, examples, out, print_json, safe
from skillgit.cli.options import (
    ACTOR,
    BANK,
    MOST_SEED,
    QUIET,
    REPLAY,
    REPOSITORY,
    RUNS,
    TASKS,
    UNSAFE,
    bank_of,
    given,
    setting_options,
    which_tasks,
)
from skillgit.cli.spending import caps, caps_of
from skillgit.errors import UsageError

if TYPE_CHECKING:  # what runs tasks takes time to import, and --help has none
    from skillgit.evaluation.runs import RunResult
    from skillgit.wiring.evaluating import Evaluation, Side

_SHOWN = 12


@click.command(
    epilog=examples(
        "skillgit eval skills/xlsx --tasks tasks/",
        "skillgit eval skills/xlsx@skillgit/xlsx/ROUND --against main --tasks tasks-val/",
        "skillgit eval skills/xlsx --against none --tasks tasks/ --markdown",
        "skillgit eval --no-skill --bank bank.json --against none --tasks tasks-val/",
        "skillgit eval skills/xlsx --against HEAD~1 --tasks tasks/ --fail-on worse --json",
        "skillgit eval --agent gold --tasks tasks/",
    )
)
@click.argument("skill", metavar="[SKILL[@REV]]", required=False)
@click.option(
    "--against",
    metavar="REV",
    help="The base of a comparison: SKILL as of REV, or `none`, the same agent without a skill.",
)
@click.option("--no-skill", is_flag=True, help="Measure the same agent without a skill.")
@BANK
@TASKS
@ACTOR
@click.option(
    "--seed",
    "seeds",
    type=click.IntRange(0, MOST_SEED),
    multiple=True,
    metavar="N",
    help="A run of each task with this seed; repeatable.  [default: 41 42 43]",
)
@which_tasks
@setting_options(RUNS)
@REPOSITORY
@click.option(
    "--force",
    is_flag=True,
    help="Forget the kept runs of this command first; recorded replies are still used.",
)
@caps
@UNSAFE
@REPLAY
@click.option(
    "--fail-on",
    type=click.Choice(["worse", "unclear"]),
    help="Exit with 1 where SKILL is worse than the base; with `unclear` also where nobody knows.",
)
@click.option("--json", "form", flag_value="json", help="The result as JSON on stdout.")
@click.option("--markdown", "form", flag_value="markdown", help="The same as Markdown.")
@QUIET
def command(  # noqa: PLR0913 - one parameter for each option that is no setting
    *,
    skill: str | None,
    against: str | None,
    tasks: Path,
    actor: str,
    seeds: tuple[int, ...],
    ids: tuple[str, ...],
    groups: tuple[str, ...],
    part: str,
    limit: int | None,
    repo: Path | None,
    force: bool,
    unsafe: bool,
    replay: bool,
    fail_on: str | None,
    form: str | None,
    quiet: bool,
    **settings: object,
) -> int:
    """Measure how often an agent with SKILL passes tasks, and whether another version is better.

    SKILL is read as committed, at REV or HEAD; --against names the base, which recalls no bank, and
    a positive difference speaks for SKILL. Runs are kept by skill, task, model, seed and settings:
    none is made twice, and a killed evaluation resumes. Exit codes: 0 measured, whatever came out,
    1 --fail-on, 2 usage, 3 no Git, sandbox or endpoint, 4 stopped half way and kept.
    """
    from skillgit.domains.selection import Part, Selection  # noqa: PLC0415 - --help has no time
    from skillgit.wiring.evaluating import EvalErrand, run_eval  # noqa: PLC0415 - the same

    skill = _checked(skill, against, actor, (seeds, settings), fail_on)
    errand = EvalErrand(
        tasks=tasks,
        selection=Selection(Part(part), ids, groups, limit or 0),
        skill=skill,
        against=against,
        actor=actor,
        seeds=seeds,
        options=given(RUNS, settings),
        start=repo or Path.cwd(),
        replay=replay,
        unsafe=unsafe,
        caps=caps_of(settings),
        again=force,
        bank=bank_of(settings),
    )
    with TerminalProgress(quiet=quiet) as progress:
        found = run_eval(errand, progress)
    _show(found, form)
    return int(_fails(found, fail_on))


def _checked(
    skill: str | None,
    against: str | None,
    actor: str,
    of_runs: tuple[Sequence[int], Mapping[str, object]],
    fail_on: str | None,
) -> str | None:
    """The skill that is meant, `none` included; UsageError where options contradict each other."""
    seeds, settings = of_runs
    skill = _without(skill, against) if settings["no_skill"] else skill
    if actor != "model" and (skill or against or seeds or settings["bank"]):
        raise UsageError(
            f"measuring the agent {actor}: it reads no skill, and does the same with every seed",
            hint="leave out SKILL, --no-skill, --bank, --against and --seed",
        )
    if actor == "model" and not skill:
        raise UsageError(
            "measuring a skill: there is none",
            hint="name its folder, as in skills/xlsx or skills/xlsx@HEAD~1; or give --no-skill",
        )
    if fail_on and against is None:
        raise UsageError(
            f"measuring with --fail-on {fail_on}: there is nothing to compare with",
            hint="name the base with --against",
        )
    return skill


def _without(skill: str | None, against: str | None) -> str:
    from skillgit.wiring.evaluating import NO_SKILL  # noqa: PLC0415 - --help has no time

    if skill or against not in {None, NO_SKILL}:
        raise UsageError(
            "measuring an agent without a skill: there is one",
            hint="leave out SKILL; with --bank, --against none tells what recalling is worth",
        )
    return NO_SKILL


def _fails(found: Evaluation, fail_on: str | None) -> bool:
    """Is the verdict one that must fail? Not where both sides are the same: nothing has changed."""
    from skillgit.evaluation.comparison import Comparison, Verdict  # noqa: PLC0415 - as above

    if fail_on is None or not isinstance(found.of, Comparison):
        return False
    base, other = (side.results[0].identity.skill for side in found.sides)
    bad = {Verdict.WORSE} | ({Verdict.UNCLEAR} if fail_on == "unclear" else set())
    return base != other and found.of.verdict in bad


def _show(found: Evaluation, form: str | None) -> None:
    if form == "json":
        print_json("eval", _payload(found))
    else:
        out(_markdown(found) if form else _text(found))


# ------------------------------------------------------------------ for people


def _text(found: Evaluation) -> str:
    from skillgit.evaluation.report import text  # noqa: PLC0415 - --help has no time

    head = [f"{word:<9}{what}" for word, what in _head(found)]
    return _joined(head, text(found.of), [f"Note: {note}" for note in _notes(found)])


def _markdown(found: Evaluation) -> str:
    from skillgit.evaluation.report import escaped, markdown  # noqa: PLC0415 - as above

    head = [f"- {word}: {escaped(_one_line(what))}" for word, what in _head(found)]
    return _joined(head, markdown(found.of), [f"- {escaped(note)}" for note in _notes(found)])


def _joined(head: Sequence[str], report: str, notes: Sequence[str]) -> str:
    parts = ("\n".join(head), report.rstrip("\n"), "\n".join(notes))
    return safe("\n\n".join(filter(None, parts)))


def _head(found: Evaluation) -> Iterator[tuple[str, str]]:
    """What was measured, so that another person can measure the same."""
    for side in found.sides:
        yield side.name.capitalize(), _described(side, found.actor)
    tasks = found.tasks
    yield "Tasks", f"{_count(len(tasks.tasks), 'task')} of {tasks.origin}, {tasks.digest[:19]}"
    if found.actor == "model":
        total = sum(len(side.results) for side in found.sides)
        yield "Runs", f"{total}, of which {found.kept} were kept from before"
        used = found.usage
        cached = f"{used.cached_calls} answered from the cache"
        yield "Model", f"{_count(used.calls, 'call')}, {cached}, {used.failed_calls} failed"


def _described(side: Side, actor: str) -> str:
    if side.name == "agent" and actor != "model":
        return f"{actor}, no model and no skill"
    recalls = ", with a memory bank" if side.recalls else ""
    if side.skill is None:
        return f"no skill{recalls}"
    version = side.results[0].skill
    digest = version.digest[:19] if version else ""
    root = side.skill.root or "the skill"
    return f"{root} at {side.revision}, commit {side.skill.commit[:10]}, {digest}{recalls}"


def _notes(found: Evaluation) -> list[str]:
    """The first few, and how many more there are; the JSON holds all of them."""
    notes = [_one_line(note) for note in found.remarks[:_SHOWN]]
    if len(found.remarks) > _SHOWN:
        notes.append(f"and {len(found.remarks) - _SHOWN} more, see --json")
    return notes


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


# ------------------------------------------------------------------ for programs


def _payload(found: Evaluation) -> dict[str, object]:
    """`skillgit.eval/1`: `result` has the figures, `sides` every run that they come from."""
    from skillgit.evaluation.documents import document  # noqa: PLC0415 - --help has no time

    return {
        "agent": found.actor,
        "tasks": {
            "origin": found.tasks.origin,
            "digest": found.tasks.digest,
            "count": len(found.tasks.tasks),
        },
        "result": document(found.of),
        "sides": {side.name: _side(side) for side in found.sides},
        "kept": found.kept,
        "remarks": list(found.remarks),
        "usage": {name: getattr(found.usage, name) for name in found.usage.__dataclass_fields__},
    }


def _side(side: Side) -> dict[str, object]:
    version = side.results[0].skill
    return {
        "revision": side.revision or None,
        "recalls": side.recalls,
        "skill": version
        and {"root": version.root, "commit": version.commit, "digest": version.digest},
        "runs": [_run(one) for one in side.results],
    }


def _run(one: RunResult) -> dict[str, object]:
    return {
        "task": one.task,
        "seed": one.seed,
        "passed": one.passed,
        "score": one.score,
        "ended": one.ended,
        "detail": one.detail,
        "problem": one.problem,
        "turns": one.turns,
        "seconds": one.seconds,
        "prompt_tokens": one.usage.prompt_tokens,
        "output_tokens": one.usage.output_tokens,
        "trajectory": one.trajectory,
    }
