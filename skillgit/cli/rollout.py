"""`skillgit rollout`: an agent on tasks, trajectories with graded outcomes out."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skillgit.cli.console import TerminalProgress, examples, out, print_json, safe
from skillgit.cli.options import (
    ACTOR,
    AS_JSON,
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
    from skillgit.evaluation.comparison import Rates
    from skillgit.evaluation.runs import RunResult
    from skillgit.wiring.rollouts import Rollout

_SHOWN = 12


@click.command(
    epilog=examples(
        "skillgit rollout skills/xlsx --tasks tasks/ -o runs/",
        "skillgit rollout skills/xlsx --tasks tasks/ -o runs/ --seed 41 --seed 42 --workers 32",
        "skillgit rollout --no-skill --tasks tasks/ -o runs-base/ --limit 20",
        "skillgit rollout --no-skill --bank bank.json --tasks tasks/ -o runs-recalled/",
        "skillgit rollout --agent gold --tasks tasks/ -o runs-gold/",
    )
)
@click.argument("skill", required=False)
@TASKS
@click.option(
    "-o",
    "--out",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="The folder of runs; finished ones in it are not run again.",
)
@click.option("--no-skill", is_flag=True, help="The baseline: the same agent without a skill.")
@BANK
@ACTOR
@click.option(
    "--seed",
    "seeds",
    type=click.IntRange(0, MOST_SEED),
    multiple=True,
    metavar="N",
    help="The seed of every call; several give several runs of each task. [endpoint.seed]",
)
@which_tasks
@setting_options(RUNS)
@click.option("--base", default="HEAD", show_default=True, help="The revision that is read.")
@REPOSITORY
@click.option(
    "--overwrite",
    is_flag=True,
    help="Replace runs of another skill, model or setting, crashed ones and those whose endpoint "
    "failed.",
)
@caps
@UNSAFE
@REPLAY
@AS_JSON
@QUIET
def command(  # noqa: PLR0913 - one parameter for each option that is no setting
    *,
    skill: str | None,
    tasks: Path,
    folder: Path,
    no_skill: bool,
    actor: str,
    seeds: tuple[int, ...],
    ids: tuple[str, ...],
    groups: tuple[str, ...],
    part: str,
    limit: int | None,
    base: str,
    repo: Path | None,
    overwrite: bool,
    unsafe: bool,
    replay: bool,
    as_json: bool,
    quiet: bool,
    **settings: object,
) -> int:
    """Run an agent with SKILL on every task, and leave a graded trajectory of each run.

    The skill is read as it is committed. What the model writes runs in a sandbox, without network.
    A killed rollout resumes with the same command. Exit codes: 0 all runs are done, whether or not
    they passed, 2 usage, 3 no sandbox or no endpoint, 4 stopped half way and kept.
    """
    from skillgit.domains.selection import Part, Selection  # noqa: PLC0415 - --help has no time
    from skillgit.wiring.rollouts import RolloutErrand, run_rollout  # noqa: PLC0415 - the same

    _check(skill, actor, bank_of(settings), no_skill=no_skill)
    errand = RolloutErrand(
        tasks=tasks,
        out=folder,
        skill=skill,
        selection=Selection(Part(part), ids, groups, limit or 0),
        actor=actor,
        seeds=seeds,
        options=given(RUNS, settings),
        start=repo or Path.cwd(),
        base=base,
        replay=replay,
        unsafe=unsafe,
        caps=caps_of(settings),
        overwrite=overwrite,
        bank=bank_of(settings),
    )
    with TerminalProgress(quiet=quiet) as progress:
        found = run_rollout(errand, progress)
    return _tell(found, as_json=as_json)


def _tell(found: Rollout, *, as_json: bool) -> int:
    """Whatever came out, the runs are done."""
    if as_json:
        print_json("rollout", _payload(found))
    else:
        out(safe("\n".join(_summary(found))))
    return 0


def _check(skill: str | None, actor: str, bank: Path | None, *, no_skill: bool) -> None:
    if actor != "model":
        if skill or no_skill or bank:
            raise UsageError(
                f"running the agent {actor}: it reads no skill and recalls nothing",
                hint="leave out SKILL, --no-skill and --bank",
            )
    elif bool(skill) == no_skill:
        wrong = "there is a skill, and --no-skill" if skill else "there is no skill"
        raise UsageError(
            f"running an agent on tasks: {wrong}",
            hint="name the folder of a skill, or give --no-skill for the baseline",
        )


def _summary(found: Rollout) -> Iterator[str]:
    yield from _headline(found)
    yield from _passes(found.results)
    yield from _bounds(found)
    yield f"Ended         {_ended(found.results)}"
    yield from _effort(found)
    for how in ("crashed", "endpoint failed"):
        lines = _ended_so(found.results, how)
        yield from _some(how, lines)
        if lines:
            yield "  --overwrite makes them again; they teach nothing"
    yield from _some("remark", [f"{each.origin}: {each.message}" for each in found.remarks])
    for kind, count in sorted(found.left_out.items()):
        yield f"  not kept: {count} {kind} in what the agents left"
    yield f"Trajectories  {found.out}/<task>/<seed>/trajectory.json"
    yield from _next(found)


def _headline(found: Rollout) -> Iterator[str]:
    seeds = len({result.seed for result in found.results})
    skill = found.skill
    if skill is None:
        what = "without a skill" if found.model not in {"do-nothing", "gold"} else "no model"
    else:
        at = f" at {skill.commit[:10]}" if skill.commit else ""
        what = f"with {skill.root or 'the skill'}{at} ({skill.digest[:19]})"
    what += ", with a memory bank" if found.recalls else ""
    yield (
        f"Runs          {len(found.results)} = {_count(len(found.tasks.tasks), 'task')}"
        f" × {_count(seeds, 'seed')}, {what}, {found.model}"
    )


def _passes(results: Sequence[RunResult]) -> Iterator[str]:
    """Per seed, then all together; soft where tasks have several cases."""
    by_seed: dict[int, list[RunResult]] = {}
    for result in results:
        by_seed.setdefault(result.seed, []).append(result)
    lines = [(f"seed {seed}", part) for seed, part in by_seed.items()]
    if len(lines) > 1:
        lines.append(("all seeds", list(results)))
    word = "Passed"
    for name, part in lines:
        passed, soft = sum(one.passed for one in part), _soft(part)
        told = f"{passed} of {len(part)} ({passed / len(part):.1%})"
        several = f", soft {soft:.1%}" if any(one.cases > 1 for one in part) else ""
        yield f"{word:<14}{name}: {told}{several}"
        word = ""


def _bounds(found: Rollout) -> Iterator[str]:
    """What a score is to be held against."""
    told = [
        f"{name} {rates.hard:.1%}{f' (soft {rates.soft:.1%})' if rates.soft != rates.hard else ''}"
        for name, rates in _frame(found)
    ]
    if told:
        yield f"Of this set   {', '.join(told)}"


def _frame(found: Rollout) -> list[tuple[str, Rates]]:
    if found.bounds is None:
        return []
    named = (("do-nothing agent", found.bounds.floor), ("gold answers", found.bounds.ceiling))
    return [(name, rates) for name, rates in named if rates]


def _soft(results: Sequence[RunResult]) -> float:
    return sum(one.score for one in results) / len(results)


def _ended(results: Sequence[RunResult]) -> str:
    counts = Counter(str(one.ended) for one in results)
    return ", ".join(f"{count} {ended}" for ended, count in counts.most_common())


def _effort(found: Rollout) -> Iterator[str]:
    many = len(found.results)
    tokens = sum(one.usage.prompt_tokens + one.usage.output_tokens for one in found.results)
    turns = sum(one.turns for one in found.results)
    seconds = sum(one.seconds for one in found.results)
    if turns:
        yield (
            f"A run took    {turns / many:.1f} turns, {tokens / many:.0f} tokens,"
            f" {seconds / many:.0f} s on average"
        )
        used = found.usage
        yield (
            f"Model         {used.calls} calls, {used.cached_calls} answered from the cache,"
            f" {used.failed_calls} failed"
        )


def _ended_so(results: Sequence[RunResult], how: str) -> list[str]:
    return [
        f"{one.task} with seed {one.seed}: {one.problem}"
        for one in results
        if str(one.ended) == how
    ]


def _next(found: Rollout) -> Iterator[str]:
    """A round needs a skill, and runs of a model."""
    if found.skill is None:
        return
    yield ""
    yield "Next:"
    words = ["skillgit", "evolve", found.skill.root or ".", "--trajectories", str(found.out)]
    yield f"  {shlex.join([*words, '--tasks', found.tasks.origin])}"


def _some(word: str, lines: Sequence[str]) -> Iterator[str]:
    """The first few, and how many more there are; results and runs hold all of them."""
    yield from (f"  {word}: {line.partition(chr(10))[0]}" for line in lines[:_SHOWN])
    if len(lines) > _SHOWN:
        yield f"  {word}: and {len(lines) - _SHOWN} more"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _payload(found: Rollout) -> dict[str, object]:
    """`skillgit.rollout/1`; each run is what its result.json holds, shortened."""
    skill = found.skill
    return {
        "tasks": {"origin": found.tasks.origin, "digest": found.tasks.digest},
        "skill": skill and {"root": skill.root, "commit": skill.commit, "digest": skill.digest},
        "recalls": found.recalls,
        "model": found.model,
        "out": found.out,
        "passed": sum(one.passed for one in found.results),
        "soft": _soft(found.results),
        "bounds": {name: {"hard": rates.hard, "soft": rates.soft} for name, rates in _frame(found)},
        "runs": [
            {
                "task": one.task,
                "seed": one.seed,
                "passed": one.passed,
                "score": one.score,
                "cases_passed": one.cases_passed,
                "cases": one.cases,
                "ended": one.ended,
                "detail": one.detail,
                "problem": one.problem,
                "turns": one.turns,
                "seconds": one.seconds,
                "prompt_tokens": one.usage.prompt_tokens,
                "output_tokens": one.usage.output_tokens,
                "trajectory": one.trajectory,
            }
            for one in found.results
        ],
        "left_out": dict(found.left_out),
        "remarks": [f"{each.origin}: {each.message}" for each in found.remarks],
        "usage": {name: getattr(found.usage, name) for name in found.usage.__dataclass_fields__},
    }
