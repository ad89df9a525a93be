"""`skillgit experiment`: a plan's matrix, and the tables of the paper out of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skillgit.cli.console import TerminalProgress, examples, out, print_json, safe, say
from skillgit.cli.options import ENDPOINT, QUIET, REPLAY, UNSAFE, given, setting_options
from skillgit.cli.spending import caps, caps_of, prices_of
from skillgit.endpoint.caps import Caps, Prices
from skillgit.errors import SurroundingsError, UsageError
from skillgit.types import Usage

if TYPE_CHECKING:  # what runs experiments takes time to import, and --help has none
    from skillgit.experiments.estimates import Load
    from skillgit.experiments.plan import Throughput
    from skillgit.experiments.tables import Filled
    from skillgit.wiring.experiments import Experiment, ExperimentErrand

_DEFAULT = Path("skillgit-experiment")
_SPEED = re.compile(r"([^=]+)=([0-9.]+)/([0-9.]+)/([0-9.]+)")
_PARTIAL = 4


@click.command(
    epilog=examples(
        "skillgit experiment table-1 --dry-run",
        "skillgit experiment table-1 -o results/ --set domains.verified.tasks=data/verified",
        "skillgit experiment table-4 --limit 2 --at-once 4 --base-url http://127.0.0.1:8000/v1",
        "skillgit experiment table-5 -o results/ --max-cost 50 --price-in 0.1 --price-out 0.4",
        "skillgit experiment table-1 table-6 --markdown --plots plots/ > tables.md",
        "skillgit experiment my-plan.yaml --only-kept --csv",
    )
)
@click.argument("plans", metavar="PLAN...", nargs=-1, required=True)
@click.option(
    "-o",
    "--out",
    "folder",
    default=_DEFAULT,
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where skills, runs and results are kept; the same command goes on there.",
)
@click.option(
    "--set",
    "replaced",
    multiple=True,
    metavar="KEY=VALUE",
    help="Another value for a key of the plan, as models.35B.model=NAME; repeatable.",
)
@click.option(
    "--table", "tables", type=click.IntRange(1), multiple=True, metavar="N", help="Only this table."
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    metavar="N",
    help="A miniature: N tasks of each set, one seed, ten turns, and support of one is enough.",
)
@click.option("--dry-run", is_flag=True, help="Print calls, tokens and GPU hours. Asks nobody.")
@click.option(
    "--throughput",
    "speeds",
    multiple=True,
    metavar="MODEL=PROMPT/OUTPUT/GPUS",
    help="What a server does: tokens a second, on so many GPUs; repeatable.",
)
@click.option(
    "--at-once",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    metavar="N",
    help="Steps at the same time at each endpoint, where one alone leaves it idle.",
)
@click.option("--only-kept", is_flag=True, help="Run nothing; show what is there.")
@caps
@setting_options(ENDPOINT)
@UNSAFE
@REPLAY
@click.option(
    "--i-hold-the-rights",
    "rights_held",
    is_flag=True,
    help="Evolve skills though their licences forbid derivatives: the rights are yours.",
)
@click.option("--json", "form", flag_value="json", help="The tables as JSON on stdout.")
@click.option("--markdown", "form", flag_value="markdown", help="The same as Markdown.")
@click.option("--csv", "form", flag_value="csv", help="The same as CSV.")
@click.option(
    "--plots",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Also draw each table into DIR/table-N.svg.",
)
@QUIET
def command(  # noqa: PLR0913 - one parameter for each option that is no setting
    *,
    plans: tuple[str, ...],
    folder: Path,
    replaced: tuple[str, ...],
    tables: tuple[int, ...],
    limit: int | None,
    dry_run: bool,
    speeds: tuple[str, ...],
    at_once: int,
    only_kept: bool,
    unsafe: bool,
    replay: bool,
    rights_held: bool,
    form: str | None,
    plots: Path | None,
    quiet: bool,
    **settings: object,
) -> int:
    """Run the matrix of a PLAN (a YAML file, or table-1 to table-6), and print its tables.

    Every skill, trajectory, round and evaluation is made once, whichever cells need it, and kept
    in DIR: a killed experiment goes on, and a changed plan makes what is new. Endpoints work at
    the same time. A cell without a figure says why. --base-url and --model stand for those of all
    models. A cap is for all steps together, which then are made one after another. Exit codes: 0
    every cell has its figure, 2 usage, 3 no Git, 4 some cells lack theirs.
    """
    from skillgit.wiring.experiments import ExperimentErrand  # noqa: PLC0415 - --help has no time

    errand = ExperimentErrand(
        plans=plans,
        out=folder,
        replaced=_pairs(replaced),
        tables=tables,
        limit=limit or 0,
        options=given(ENDPOINT, settings),
        throughputs=_throughputs(speeds),
        start=Path.cwd(),
        replay=replay,
        unsafe=unsafe,
        rights_held=rights_held,
        at_once=at_once,
        caps=_caps(settings, at_once),
        only_kept=only_kept,
    )
    if dry_run:
        return _plan(errand, form, prices_of(settings))
    return _run(errand, form, plots, quiet=quiet)


def _run(errand: ExperimentErrand, form: str | None, plots: Path | None, *, quiet: bool) -> int:
    from skillgit.wiring.experiments import run_experiment  # noqa: PLC0415 - --help has no time

    with TerminalProgress(quiet=quiet) as progress:
        found = run_experiment(errand, progress)
    filled = _filled(found)
    _show(found, filled, form)
    if plots:
        _draw(filled, plots)
    if not quiet:
        say(f"{found.made} steps made, {found.kept} kept from before, in {found.out}")
    return _PARTIAL if any(one.gaps for one in filled) else 0


def _caps(settings: Mapping[str, object], at_once: int) -> Caps:
    caps = caps_of(settings)
    if caps and at_once > 1:
        raise UsageError(
            f"reading --at-once {at_once}: one account pays for one step at a time",
            hint="leave --at-once out, or the caps",
        )
    return caps


def _pairs(replaced: Sequence[str]) -> dict[str, str]:
    found = {}
    for one in replaced:
        key, equals, value = one.partition("=")
        if not equals or not key:
            raise UsageError(f"reading --set {one}: there is no =", hint="as KEY=VALUE")
        found[key] = value
    return found


def _throughputs(speeds: Sequence[str]) -> Mapping[str, Throughput]:
    from skillgit.experiments.plan import Throughput  # noqa: PLC0415 - --help has no time

    found = {}
    for one in speeds:
        parts = _SPEED.fullmatch(one)
        try:
            prompt, output, gpus = map(float, parts.groups()[1:] if parts else ())
        except ValueError:
            prompt = output = gpus = 0.0
        if parts is None or not (prompt and output and gpus):
            raise UsageError(
                f"reading --throughput {one}: it is no MODEL=PROMPT/OUTPUT/GPUS",
                hint="as 35B=20000/3000/1: prompt and output tokens a second on one GPU",
            )
        found[parts[1]] = Throughput("told with --throughput", prompt, output, gpus)
    return found


def _plan(errand: ExperimentErrand, form: str | None, prices: Prices | None) -> int:
    from skillgit.experiments.estimates import document, text  # noqa: PLC0415 - as above
    from skillgit.wiring.experiments import plan_experiment  # noqa: PLC0415

    estimate = plan_experiment(errand)
    if form == "json":
        cost = _cost(estimate.total, prices) if prices else None
        print_json("experiment-plan", {**document(estimate), "cost": cost})
    elif form:
        raise UsageError(f"--dry-run --{form}: a plan is text or JSON", hint="give --json, or none")
    else:
        out(safe(text(estimate).rstrip("\n")))
        if prices:
            out(f"Cost          {_cost(estimate.total, prices):,.4g}, each model at these prices")
    return 0


def _cost(load: Load, prices: Prices) -> float:
    """At the same prices for all models, in the money of the prices."""
    used = Usage(
        prompt_tokens=round(load.prompt),
        cached_tokens=round(load.prompt - load.fresh),
        output_tokens=round(load.output),
    )
    return prices.of(used)


def _filled(found: Experiment) -> list[Filled]:
    from skillgit.experiments.tables import fill  # noqa: PLC0415 - as above

    return [fill(plan, table, found.outcomes) for plan in found.plans for table in plan.tables]


def _show(found: Experiment, filled: Sequence[Filled], form: str | None) -> None:
    from skillgit.experiments.documents import document  # noqa: PLC0415 - as above
    from skillgit.experiments.layout import comma_separated, markdown, text  # noqa: PLC0415

    if form == "json":
        told = {
            "folder": found.out,
            "tables": [document(one) for one in filled],
            "steps": list(_steps(found)),
            "made": found.made,
            "kept": found.kept,
        }
        print_json("experiment", told)
        return
    written = {"markdown": markdown, "csv": comma_separated}.get(form or "", text)
    out(safe("\n".join(written(one) for one in filled).rstrip("\n")))


def _steps(found: Experiment) -> Iterator[dict[str, object]]:
    """What was made: the branch of each round, so that its lessons can be read."""
    from skillgit.experiments.outcomes import Gap, Runs, Taught, Written  # noqa: PLC0415

    for step, outcome in found.outcomes.items():
        told: dict[str, object] = {"step": step.label}
        match outcome:
            case Gap(reason):
                told |= {"gap": reason}
            case Runs():
                told |= {"runs": len(outcome.runs), "model": outcome.model}
            case Taught():
                told |= {"folder": outcome.folder, "pass": outcome.passed, "fail": outcome.failed}
            case Written():
                told |= {
                    "commit": outcome.commit,
                    "branch": outcome.branch or None,
                    "round": outcome.round or None,
                    "lessons": outcome.lessons,
                    "seconds": outcome.seconds,
                    "calls": outcome.calls,
                    "notes": list(outcome.notes),
                }
        yield told


def _draw(filled: Sequence[Filled], folder: Path) -> None:
    from skillgit.experiments.drawing import svg  # noqa: PLC0415 - as above

    for one in filled:
        place = folder / f"table-{one.table.number}.svg"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            place.write_text(svg(one), encoding="utf-8")
        except OSError as error:
            raise SurroundingsError(
                f"writing {place}: {error.strerror or error}",
                hint="name a folder that you may write to with --plots",
            ) from error
        say(f"{place}")
