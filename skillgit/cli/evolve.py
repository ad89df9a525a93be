"""`skillgit evolve`: trajectories in, a branch of lesson commits out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from skillgit.cli.console import TerminalProgress, examples, out, print_json, say
from skillgit.cli.summary import exit_code, payload, summary
from skillgit.wiring import Errand, run_round

_SETTINGS: tuple[tuple[str, str, type, str], ...] = (
    ("signals", "analyze.signals", str, "Who teaches: error, success or combined."),
    ("base-url", "endpoint.base_url", str, "An OpenAI-compatible API."),
    ("model", "endpoint.model", str, "The model; not needed where only one is served."),
    ("workers", "endpoint.workers", int, "Calls at the same time."),
    ("seed", "endpoint.seed", int, "The seed of every call."),
    ("limit", "collect.limit", int, "Use at most so many passes, and so many fails."),
    ("merge-batch", "consolidate.merge_batch", int, "Patches that one merge sees."),
    ("min-support", "consolidate.min_support", int, "Fewer trajectories: withheld."),
    ("main-support", "consolidate.main_support", int, "Fewer: to references/, not SKILL.md."),
)
"""Options that are settings: option, key of the configuration, type, help."""


def _setting_options(function: Callable[..., int]) -> Callable[..., int]:
    for name, key, kind, text in reversed(_SETTINGS):
        function = click.option(f"--{name}", type=kind, help=f"{text} [{key}]")(function)
    return function


@click.command(
    epilog=examples(
        "skillgit evolve skills/xlsx --trajectories runs/",
        "skillgit evolve skills/xlsx --trajectories runs/ --outcomes results.csv --signals error",
        "skillgit evolve skills/xlsx --trajectories runs/ --base-url http://gpu:8000/v1",
        "skillgit evolve xlsx --repo skills.git --trajectories runs/ --json",
    )
)
@click.argument("skill")
@click.option(
    "--trajectories",
    "-t",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A file or folder of trajectories; may be given several times.",
)
@click.option(
    "--outcomes",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A table of who passed (CSV, TSV, JSON, JSON Lines); wins over what the files say.",
)
@click.option("--base", default="HEAD", show_default=True, help="The revision that is read.")
@click.option(
    "--repo",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="The repository, where it is not this folder's; may be bare.",
)
@_setting_options
@click.option("--replay", is_flag=True, help="Use recorded replies alone; no network.")
@click.option(
    "--replay-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="The same with replies that were recorded elsewhere.",
)
@click.option("--dry-run", is_flag=True, help="Do everything but write to the repository.")
@click.option("--json", "as_json", is_flag=True, help="The result as JSON on stdout.")
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
def command(  # noqa: PLR0913 - one parameter for each option that is no setting
    *,
    skill: str,
    trajectories: tuple[Path, ...],
    outcomes: Path | None,
    base: str,
    repo: Path | None,
    replay: bool,
    replay_file: Path | None,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    **settings: object,
) -> int:
    """Evolve SKILL, the folder of a skill in this Git repository, from trajectories.

    Reads the skill as it is committed, never touches the checkout, and leaves a branch with one
    commit per lesson. A killed round resumes with the same command. Exit codes: 0 a branch, 1
    nothing survived, 2 usage, 3 no Git or no endpoint, 4 stopped and kept.
    """
    errand = Errand(
        skill=skill,
        trajectories=trajectories,
        options={key: settings[name.replace("-", "_")] for name, key, _, _ in _SETTINGS},
        outcomes=outcomes,
        start=repo or Path.cwd(),
        base=base,
        replay=replay_file or replay,
        dry_run=dry_run,
    )
    return run_evolve(errand, as_json=as_json, quiet=quiet)


def run_evolve(errand: Errand, *, as_json: bool = False, quiet: bool = False) -> int:
    """Run a round and say how it went; the exit code is the caller's."""
    with TerminalProgress(quiet=quiet) as progress:
        evolution = run_round(errand, progress)
    if as_json:
        print_json("evolve", payload(evolution))
    else:
        text = summary(evolution, dry_run=errand.dry_run)
        (out if evolution.branch else say)(text)
    return exit_code(evolution, dry_run=errand.dry_run)
