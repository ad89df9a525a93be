"""`skillgit report`: a round as one page that needs no network."""

from __future__ import annotations

import secrets
import webbrowser
from pathlib import Path

import click

from skillgit.cli.console import examples, out, print_json, safe, say
from skillgit.cli.options import AS_JSON
from skillgit.errors import SurroundingsError, UsageError


@click.command(
    epilog=examples(
        "skillgit report",
        "skillgit report latest -o report.html --open",
        "skillgit report latest --trajectories runs/",
        "skillgit report 20261121T231905Z-7f3ac1 -o -",
    )
)
@click.argument("round_name", metavar="[ROUND]", default="latest")
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    help="Where to write it; - for stdout. Default: report-ROUND.html in this folder.",
)
@click.option(
    "--trajectories",
    "-t",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Also show which lines of the round's base these used; repeatable.",
)
@click.option("--open", "opens", is_flag=True, help="Show it in the browser.")
@AS_JSON
def command(
    *,
    round_name: str,
    output: str | None,
    trajectories: tuple[Path, ...],
    opens: bool,
    as_json: bool,
) -> None:
    """Write everything about ROUND, a round's id or its beginning (default: the latest), as HTML.

    One file without scripts and without requests, for a screen, a phone, or paper: each hunk beside
    the lines of trajectories that taught it, support by lesson, the merge tree, what became of
    every trajectory and edit, and what the round took, where it was made here.
    """
    from skillgit.adapters.timings import read_timings  # noqa: PLC0415 - Git takes its time
    from skillgit.endpoint.store import STATE_FOLDER  # noqa: PLC0415
    from skillgit.publish.report import report  # noqa: PLC0415
    from skillgit.publish.story import read_story  # noqa: PLC0415
    from skillgit.review.lessons import find_round  # noqa: PLC0415
    from skillgit.wiring import open_repository  # noqa: PLC0415
    from skillgit.wiring.usage import use_of  # noqa: PLC0415

    if output == "-" and (opens or as_json):
        raise UsageError(
            "writing the report: stdout cannot hold it and be opened, or be JSON as well",
            hint="name a file with -o",
        )
    with open_repository(Path.cwd()) as repository:
        round_id = find_round(repository, round_name)
        timings = read_timings(repository.common_dir / STATE_FOLDER, round_id)
        story = read_story(repository, round_id, timings)
        page = report(story, use_of(story.base, trajectories))
    if output == "-":
        out(page.rstrip("\n"))
        return
    path = Path(output or f"report-{round_id}.html")
    _write(path, page)
    if as_json:
        print_json("report", {"round": round_id, "path": path.absolute()})
    else:
        out(safe(str(path)))
    if opens and not webbrowser.open(path.absolute().as_uri()):
        say("no browser was found here; open the file yourself")


def _write(path: Path, page: str) -> None:
    """Whole or not at all, and over nothing but a report of before."""
    from skillgit.publish.report import MARK  # noqa: PLC0415 - see above

    half = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        if path.exists() and not path.read_bytes().startswith(MARK.encode()):
            raise UsageError(
                f"writing the report: {path} is there already, and is no report",
                hint="name another file with -o, or remove this one",
            )
        half.write_bytes(page.encode())
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise SurroundingsError(
            f"writing the report {path}: {error.strerror or error}",
            hint="name a file in a folder that you may write to with -o",
        ) from error
