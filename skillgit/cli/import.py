"""`skillgit import`: trajectories of any format become a folder of ATIF files."""  # noqa: N999 - a verb

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skillgit.cli.console import TerminalProgress, examples, out, print_json, safe
from skillgit.cli.options import (
    AS_JSON,
    QUIET,
    Settings,
    given,
    redacting,
    redaction,
    setting_options,
)
from skillgit.errors import FindingsError, UsageError
from skillgit.types import Result

if TYPE_CHECKING:  # what reads trajectories takes time to import, and --help has none
    from skillgit.wiring.importing import ImportReport, Tally

_SETTINGS: Settings = (
    ("redact-extra", "collect.redact_extra", str, "Hide what this pattern finds, too; repeatable."),
)
_SHOWN = 20
_COLUMNS = ("files", "read", "skipped", "failed", "trajectories", "steps", *Result, "diagnostics")


@click.command(
    epilog=examples(
        "skillgit import runs/ -o store/",
        "skillgit import ~/.claude/projects ~/.codex/sessions -o store/ --outcomes outcomes.csv",
        "skillgit import runs/ --report",
        "skillgit import runs/ --report --json",
    )
)
@click.argument(
    "paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path)
)
@click.option(
    "-o",
    "--out",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="The folder of ATIF files; what is in it already stays as it is.",
)
@click.option("--report", is_flag=True, help="A table of formats; without -o nothing is written.")
@click.option(
    "--outcomes",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Who passed: CSV, TSV, JSON or JSON Lines with id, file or task_id.",
)
@setting_options(_SETTINGS)
@redaction
@AS_JSON
@QUIET
def command(
    *,
    paths: tuple[Path, ...],
    folder: Path | None,
    report: bool,
    outcomes: Path | None,
    as_json: bool,
    quiet: bool,
    **settings: object,
) -> int:
    """Import the trajectories in PATHs, files or folders, whatever agent wrote them.

    Formats are told by shape. Every trajectory becomes one ATIF file, named by its id, with its
    outcome beside it; secrets and names are hidden. Importing again adds only what is new. Exit
    codes: 0 something was read, 1 nothing was, 2 usage.
    """
    from skillgit.wiring.importing import ImportErrand, run_import  # noqa: PLC0415 - see above

    if folder is None and not report:
        raise UsageError(
            "importing trajectories: there is no folder for them",
            hint="give one with -o DIR, or --report to write nothing",
        )
    options = given(_SETTINGS, settings) | redacting(settings)
    errand = ImportErrand(paths, folder, outcomes, options)
    with TerminalProgress(quiet=quiet) as progress:
        found = run_import(errand, progress)
    if as_json:
        print_json("import", _payload(found))
    else:
        out(safe("\n".join(_summary(found, folder, report=report))))
    return 0 if found.total.trajectories else FindingsError.exit_code


def _summary(found: ImportReport, folder: Path | None, *, report: bool) -> Iterator[str]:
    total = found.total
    yield (
        f"Files         {total.files:,}: {total.read:,} read, {total.skipped:,} skipped,"
        f" {total.failed:,} failed"
    )
    again = f", {found.duplicates:,} more told again" if found.duplicates else ""
    yield f"Trajectories  {total.trajectories:,} with {total.steps:,} steps{again}"
    yield f"Outcomes      {', '.join(f'{total.results[one]:,} {one}' for one in Result)}"
    if found.hidden:
        yield f"Hidden        {_counted(found.hidden)}"
    if folder is not None:
        said = _counted({kind.value: count for kind, count in found.saved.items()})
        yield f"Stored        {said or 'nothing'} in {folder}"
    if report:
        yield ""
        yield from _table(found.formats)
    for one in found.diagnostics[:_SHOWN]:
        line = f":{one.line}" if one.line else ""
        yield f"  remark: {one.origin}{line}: {one.message.partition(chr(10))[0]}"
    if len(found.diagnostics) > _SHOWN:
        yield f"  remark: and {len(found.diagnostics) - _SHOWN:,} more (--json has all)"


def _table(formats: Mapping[str, Tally]) -> Iterator[str]:
    rows = [("format", *map(str, _COLUMNS))]
    rows += [(name, *(f"{one:,}" for one in _cells(tally))) for name, tally in formats.items()]
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *cells in rows:
        told = (f"{cell:>{width}}" for cell, width in zip(cells, wide[1:], strict=True))
        yield "  ".join((f"{name:<{wide[0]}}", *told))


def _cells(tally: Tally) -> Iterator[int]:
    for name in _COLUMNS:
        yield tally.results[name] if isinstance(name, Result) else getattr(tally, name)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {kind}" for kind, count in counts.items())


def _payload(found: ImportReport) -> dict[str, object]:
    """`skillgit.import/1`."""
    return {
        **_told(found.total),
        "duplicates": found.duplicates,
        "formats": {name: _told(tally) for name, tally in found.formats.items()},
        "hidden": dict(found.hidden),
        "saved": {kind.name.lower(): count for kind, count in found.saved.items()},
        "remarks": [asdict(one) for one in found.diagnostics],
    }


def _told(tally: Tally) -> dict[str, object]:
    told: dict[str, object] = {
        name: getattr(tally, name)
        for name in ("files", "read", "skipped", "failed", "trajectories", "steps")
    }
    outcomes = {str(one): tally.results[one] for one in Result}
    return told | {"outcomes": outcomes, "diagnostics": tally.diagnostics}
