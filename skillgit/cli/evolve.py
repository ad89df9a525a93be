"""`skillgit evolve`: trajectories in, a branch of lesson commits out."""

from __future__ import annotations

from pathlib import Path

import click

from skillgit.cli.calls import cache_warning
from skillgit.cli.console import TerminalProgress, examples, out, print_json, say
from skillgit.cli.options import (
    AS_JSON,
    ENDPOINT,
    EXECUTOR,
    MOST_SEED,
    QUIET,
    REPLAY,
    REPLAY_FILE,
    REPOSITORY,
    UNSAFE,
    Settings,
    given,
    redacting,
    redaction,
    setting_options,
)
from skillgit.cli.spending import caps, caps_of, prices_of
from skillgit.cli.summary import exit_code, payload, summary
from skillgit.config import SEEDS
from skillgit.endpoint.caps import Prices
from skillgit.errors import UsageError
from skillgit.wiring import Errand, GateErrand

_SETTINGS: Settings = (
    ("signals", "analyze.signals", str, "Who teaches: error, success or combined."),
    ("error-analyst", "analyze.error_analyst", str, "How failures are read: agentic, single-call."),
    *ENDPOINT,
    ("workers", "endpoint.workers", int, "Calls at the same time."),
    ("seed", "endpoint.seed", int, "The seed of every call."),
    ("limit", "collect.limit", int, "Use at most so many passes, and so many fails."),
    ("redact-extra", "collect.redact_extra", str, "Hide what this pattern finds, too; repeatable."),
    ("strategy", "consolidate.strategy", str, "How patches join: hierarchical, or sequential."),
    ("batch", "consolidate.batch", int, "Sequential: trajectories between two edits of SKILL."),
    ("merge-batch", "consolidate.merge_batch", int, "Patches that one merge sees."),
    ("min-support", "consolidate.min_support", int, "Fewer trajectories: withheld."),
    ("main-support", "consolidate.main_support", int, "Fewer: to references/, not SKILL.md."),
    *EXECUTOR,
)


@click.command(
    epilog=examples(
        "skillgit evolve skills/xlsx --tasks tasks/ --gate tasks-val/",
        "skillgit evolve skills/xlsx --trajectories runs/ --tasks tasks/",
        "skillgit evolve skills/xlsx --trajectories runs/ --error-analyst single-call",
        "skillgit evolve skills/xlsx -t runs/ --outcomes results.csv --signals success",
        "skillgit evolve skills/xlsx -t runs/ --dry-run --price-in 0.5 --price-out 2",
        "skillgit evolve xlsx --repo skills.git --trajectories runs/ --json",
    )
)
@click.argument("skill")
@click.option(
    "--trajectories",
    "-t",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A file or folder of trajectories; repeatable. Without any the tasks are run first.",
)
@click.option(
    "--tasks",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="The tasks of the trajectories: error analysts prove their causes on them.",
)
@click.option(
    "--outcomes",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A table of who passed (CSV, TSV, JSON, JSON Lines); wins over what the files say.",
)
@click.option(
    "--gate",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Other tasks: where the new skill is not shown to be better, the branch is a draft.",
)
@click.option(
    "--gate-seed",
    "gate_seeds",
    type=click.IntRange(0, MOST_SEED),
    multiple=True,
    metavar="N",
    help="The seeds of the gate's runs.  [default: 41 42 43]",
)
@click.option(
    "--gate-lessons", is_flag=True, help="Drop lessons without which the agent is better."
)
@click.option(
    "--seeds-of-evolution",
    "evolutions",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    metavar="N",
    help="Evolve so often, with a seed each, and keep the best on the tasks of the gate.",
)
@click.option("--base", default="HEAD", show_default=True, help="The revision that is read.")
@REPOSITORY
@setting_options(_SETTINGS)
@REPLAY
@REPLAY_FILE
@UNSAFE
@caps
@redaction
@click.option(
    "--dry-run", is_flag=True, help="Print the plan: calls, tokens, time and cost. Asks no analyst."
)
@click.option(
    "--probe/--no-probe",
    default=True,
    help="Ask two small questions, so that the plan can tell time.  [default: probe]",
)
@click.option(
    "--i-hold-the-rights",
    "rights_held",
    is_flag=True,
    help="Evolve it though its licence forbids derivatives: the rights are yours.",
)
@click.option("--no-branch", is_flag=True, help="Do everything but write to the repository.")
@AS_JSON
@QUIET
def command(  # noqa: PLR0913 - one parameter for each option that is no setting
    *,
    skill: str,
    trajectories: tuple[Path, ...],
    outcomes: Path | None,
    tasks: Path | None,
    gate: Path | None,
    gate_seeds: tuple[int, ...],
    gate_lessons: bool,
    evolutions: int,
    base: str,
    repo: Path | None,
    replay: bool,
    replay_file: Path | None,
    unsafe: bool,
    dry_run: bool,
    probe: bool,
    rights_held: bool,
    no_branch: bool,
    as_json: bool,
    quiet: bool,
    **settings: object,
) -> int:
    """Evolve SKILL, the folder of a skill in this Git repository, from trajectories or tasks.

    Reads the skill as it is committed, never touches the checkout, and leaves a branch with one
    commit per lesson. A killed round resumes with the same command. Exit codes: 0 a branch, 1
    nothing survived or the gate was not passed, 2 usage, 3 no Git, no endpoint or no sandbox, 4
    stopped and kept.
    """
    errand = Errand(
        skill=skill,
        trajectories=trajectories,
        options=given(_SETTINGS, settings) | redacting(settings),
        outcomes=outcomes,
        tasks=tasks,
        gate=_gate(gate, gate_seeds, lessons=gate_lessons, evolutions=evolutions),
        rights_held=rights_held,
        unsafe=unsafe,
        start=repo or Path.cwd(),
        base=base,
        replay=replay_file or replay,
        no_branch=no_branch,
        caps=caps_of(settings),
    )
    if dry_run:
        return _plan(errand, prices_of(settings), probe=probe, as_json=as_json, quiet=quiet)
    return run_evolve(errand, as_json=as_json, quiet=quiet)


def _gate(
    tasks: Path | None, seeds: tuple[int, ...], *, lessons: bool, evolutions: int
) -> GateErrand | None:
    if tasks:
        return GateErrand(tasks, tuple(dict.fromkeys(seeds)) or SEEDS, lessons, evolutions)
    if lessons or seeds or evolutions > 1:
        raise UsageError(
            "choosing lessons or seeds of evolution: there are no tasks to choose by",
            hint="give validation tasks with --gate PATH",
        )
    return None


def _plan(errand: Errand, prices: Prices | None, *, probe: bool, as_json: bool, quiet: bool) -> int:
    from skillgit.cli.plan import plan_payload, plan_text  # noqa: PLC0415 - --help has no time
    from skillgit.wiring.planning import plan_evolution  # noqa: PLC0415

    with TerminalProgress(quiet=quiet) as progress:
        outlook = plan_evolution(errand, progress, probe=probe)
    if as_json:
        print_json("plan", plan_payload(outlook, prices))
    else:
        out(plan_text(outlook, prices))
    return 0


def run_evolve(errand: Errand, *, as_json: bool = False, quiet: bool = False) -> int:
    """Run a round and say how it went; the exit code is the caller's."""
    from skillgit.wiring.rounds import run_round  # noqa: PLC0415 - --help has no time for all that

    with TerminalProgress(quiet=quiet) as progress:
        evolution = run_round(errand, progress)
    if as_json:
        print_json("evolve", payload(evolution))
    else:
        here = errand.start.resolve() == Path.cwd().resolve()
        elsewhere = "" if here else str(errand.start)
        text = summary(evolution, no_branch=errand.no_branch, elsewhere=elsewhere)
        (out if evolution.branch else say)(text)
    warning = cache_warning(evolution.usage)
    if warning:
        say(f"warning: {warning}")
    return exit_code(evolution, no_branch=errand.no_branch)
