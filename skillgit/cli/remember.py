"""`skillgit remember`: what each trajectory taught, as a memory bank that runs recall."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skillgit.cli.console import TerminalProgress, examples, out, print_json, safe, say
from skillgit.cli.options import (
    AS_JSON,
    ENDPOINT,
    QUIET,
    REPLAY,
    REPLAY_FILE,
    REPOSITORY,
    Settings,
    given,
    redacting,
    redaction,
    setting_options,
)
from skillgit.cli.spending import caps, caps_of
from skillgit.errors import UsageError

if TYPE_CHECKING:  # what asks the model takes time to import, and --help has none
    from skillgit.wiring.remembering import Remembering

_SHOWN = 12
_SETTINGS: Settings = (
    ("signals", "analyze.signals", str, "Who teaches: error, success or combined."),
    *ENDPOINT,
    ("workers", "endpoint.workers", int, "Calls at the same time."),
    ("seed", "endpoint.seed", int, "The seed of every call."),
    ("limit", "collect.limit", int, "Use at most so many passes, and so many fails."),
    ("redact-extra", "collect.redact_extra", str, "Hide what this pattern finds, too; repeatable."),
)


@click.command(
    epilog=examples(
        "skillgit remember --trajectories runs/ --tasks tasks/ -o bank.json",
        "skillgit remember -t runs/ --signals success -o bank.json",
        "skillgit remember -t runs/ --outcomes results.csv --dry-run",
        "skillgit eval --no-skill --bank bank.json --against none --tasks tasks-val/",
    )
)
@click.option(
    "--trajectories",
    "-t",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A file or folder of trajectories; repeatable.",
)
@click.option(
    "-o",
    "--out",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where the bank is written.",
)
@click.option(
    "--tasks",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Their tasks: then their queries, not the first words of runs, find them again.",
)
@click.option(
    "--outcomes",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A table of who passed (CSV, TSV, JSON, JSON Lines); wins over what the files say.",
)
@REPOSITORY
@setting_options(_SETTINGS)
@REPLAY
@REPLAY_FILE
@caps
@redaction
@click.option("--dry-run", is_flag=True, help="Say how many calls it takes, and ask none.")
@AS_JSON
@QUIET
def command(  # noqa: PLR0913 - one parameter for each option that is no setting
    *,
    trajectories: tuple[Path, ...],
    file: Path | None,
    tasks: Path | None,
    outcomes: Path | None,
    repo: Path | None,
    replay: bool,
    replay_file: Path | None,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    **settings: object,
) -> int:
    """Write down what each trajectory taught: a memory bank, the alternative to a skill.

    One call for each trajectory gives one to three memory items; nothing is merged. `rollout` and
    `eval` recall a bank with --bank: each run is told the items of the trajectory whose task is
    most like its own, as an embedding model says (settings: recall). Exit codes: 0 a bank, 1
    nothing to remember, 2 usage, 3 no endpoint, 4 stopped and kept.
    """
    from skillgit.wiring.remembering import RememberErrand, run_remember  # noqa: PLC0415 - slow

    if file is None and not dry_run:
        raise UsageError("remembering: there is no file for the bank", hint="name one with -o FILE")
    errand = RememberErrand(
        trajectories=trajectories,
        out=file,
        tasks=tasks,
        outcomes=outcomes,
        options=given(_SETTINGS, settings) | redacting(settings),
        start=repo or Path.cwd(),
        replay=replay_file or replay,
        caps=caps_of(settings),
    )
    with TerminalProgress(quiet=quiet) as progress:
        found = run_remember(errand, progress, dry=dry_run)
    if as_json:
        print_json("remember", _payload(found, file))
    else:
        (out if found.bank is None or found.bank.entries else say)(
            safe("\n".join(_told(found, file)))
        )
    return int(found.bank is not None and not found.bank.entries)


def _told(found: Remembering, file: Path | None) -> Iterator[str]:
    pool = found.pool
    yield (
        f"Trajectories  {pool.found} found, {found.asked} may teach   ({len(pool.passed)} pass,"
        f" {len(pool.failed)} fail, {len(pool.unknown)} unknown, {pool.duplicates} duplicates)"
    )
    yield from _some((f"{d.origin}: {d.message}" for d in pool.diagnostics), "remark")
    if found.bank is None:
        calls = found.asked - found.known
        yield (
            f"Calls         {calls} to {2 * calls}, one and perhaps another for each;"
            f" {found.known} are answered from memory"
        )
        yield "              nothing was asked, nothing was written"
        return
    yield from _some((f"{one.trajectory}: {one.reason}" for one in found.without), "without")
    bank, used = found.bank, found.usage
    items = sum(len(entry.items) for entry in bank.entries)
    yield f"Remembered    {items} items of {len(bank.entries)} trajectories, by {bank.model}"
    yield (
        f"Model         {used.calls} calls, {used.cached_calls} answered from the cache,"
        f" {used.failed_calls} failed"
    )
    if not bank.entries:
        yield "Nothing is remembered: none with these signals has an outcome, or see above."
    elif file:
        yield f"Bank          {file}"
        yield ""
        yield "Next: is an agent better for it? Measure on other tasks."
        yield f"  skillgit eval --no-skill --bank {file} --against none --tasks tasks-val/"


def _some(lines: Iterator[str], word: str) -> Iterator[str]:
    everything = list(lines)
    yield from (f"  {word}: {line}" for line in everything[:_SHOWN])
    if len(everything) > _SHOWN:
        yield f"  {word}: and {len(everything) - _SHOWN} more"


def _payload(found: Remembering, file: Path | None) -> dict[str, object]:
    """`skillgit.remember/1`; `bank` is None in a dry run."""
    bank = found.bank
    return {
        "trajectories": {
            "found": found.pool.found,
            "asked": found.asked,
            "in_memory": found.known,
        },
        "bank": bank
        and {
            "file": file,
            "digest": bank.digest,
            "model": bank.model,
            "entries": len(bank.entries),
            "items": sum(len(entry.items) for entry in bank.entries),
        },
        "without": [{"trajectory": one.trajectory, "reason": one.reason} for one in found.without],
        "diagnostics": [
            {"origin": d.origin, "line": d.line, "message": d.message}
            for d in found.pool.diagnostics
        ],
        "usage": {name: getattr(found.usage, name) for name in found.usage.__dataclass_fields__},
    }
