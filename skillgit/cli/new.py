"""`skillgit new`: a first skill, drafted from what the model knows, on a branch of its own."""

from __future__ import annotations

import sys
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
    setting_options,
)
from skillgit.errors import UsageError

if TYPE_CHECKING:  # the stage takes time to import, and --help has none
    from skillgit.stages.create import Creation
    from skillgit.types import Usage

_SETTINGS: Settings = (
    *ENDPOINT,
    ("seed", "endpoint.seed", int, "The seed; another one gives another draft."),
)


@click.command(
    epilog=examples(
        'skillgit new csv-reports --describe "Turn CSV exports into monthly reports with totals."',
        "skillgit new csv-reports --describe - --in agents/skills < wish.txt",
        'skillgit new csv-reports --describe "Monthly reports." --seed 42 --dry-run',
    )
)
@click.argument("name")
@click.option(
    "--describe",
    "-d",
    required=True,
    metavar="TEXT",
    help="What agents will do with the skill, in one to five sentences; - reads stdin.",
)
@click.option(
    "--in",
    "home",
    metavar="DIR",
    help="The folder of skills; without it the one where all skills are, else skills/.",
)
@click.option("--base", default="HEAD", show_default=True, help="The revision to put it upon.")
@REPOSITORY
@setting_options(_SETTINGS)
@REPLAY
@REPLAY_FILE
@click.option("--dry-run", is_flag=True, help="Print the SKILL.md, and write no commit.")
@AS_JSON
@QUIET
def command(  # noqa: PLR0913 - one parameter for each option that is no setting
    *,
    name: str,
    describe: str,
    home: str | None,
    base: str,
    repo: Path | None,
    replay: bool,
    replay_file: Path | None,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    **settings: object,
) -> int:
    """Draft the skill NAME from the model's own knowledge, as a commit on a branch.

    The draft is a place to begin: no trajectory backs it. `evolve` goes on from it. The checkout is
    never touched; the same command gives the same commit. Exit codes: 0 a branch, 1 the draft
    breaks the rules, 2 usage, 3 no Git or no endpoint, 4 stopped and kept.
    """
    from skillgit.wiring.creation import Commission, draft_skill  # noqa: PLC0415 - asyncio is slow

    commission = Commission(
        name=name,
        describe=_stdin() if describe == "-" else describe,
        options=given(_SETTINGS, settings),
        home=home,
        start=repo or Path.cwd(),
        base=base,
        replay=replay_file or replay,
        dry_run=dry_run,
    )
    with TerminalProgress(quiet=quiet) as progress:
        creation, usage = draft_skill(commission, progress)
    if as_json:
        print_json("new", _payload(creation, usage))
    else:
        _tell(creation, usage)
    return int(bool(creation.misfits))


def _stdin() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(
            "reading the description from stdin: it is not UTF-8 text",
            hint="save it as UTF-8, or give it with --describe TEXT",
        ) from error


def _tell(creation: Creation, usage: Usage) -> None:
    draft = creation.draft
    if creation.misfits or draft is None:
        say(safe("\n".join(_failure(creation, usage))))
        return
    out(safe("\n".join([*_success(creation), _used(usage)])))
    if creation.commit is None:
        out(f"\n{safe(draft.text)}")
        say("Dry run: nothing was written.")
        return
    root, branch = creation.seat.root, creation.seat.branch
    out("")
    out("Next: read it, merge it, and let trajectories improve it.")
    out(f"  git show {branch}")
    out(f"  git merge {branch}")
    out(f"  skillgit rollout {root} --tasks tasks/ -o runs/")
    out(f"  skillgit evolve {root} --trajectories runs/ --tasks tasks/")


def _success(creation: Creation) -> Iterator[str]:
    draft, seat = creation.draft, creation.seat
    assert draft is not None  # noqa: S101 - the caller has looked
    kept, dropped = len(draft.points), len(draft.dropped)
    yield (
        f"Draft   {seat.root}/SKILL.md by {creation.model}: {len(draft.sections)} sections,"
        f" {kept} points, {draft.concrete} of them name something to call;"
        f" {dropped} said nothing new and were dropped"
    )
    yield from (f"  remark: {remark}" for remark in draft.remarks)
    if creation.commit:
        under = f"upon {seat.base[:10]}" if seat.base else "the first of this repository"
        yield f"Branch  {seat.branch}: commit {creation.commit[:10]}, {under}"


def _failure(creation: Creation, usage: Usage) -> Iterator[str]:
    seat = creation.seat
    yield f"The draft of {seat.root} by {creation.model} cannot be used; nothing was written."
    yield from (f"  finding: {misfit}" for misfit in creation.misfits)
    yield _used(usage)
    yield "Say more exactly what it is for (--describe), or try another --seed or --model."


def _used(usage: Usage) -> str:
    return (
        f"Model   {usage.calls} calls, {usage.cached_calls} answered from the cache,"
        f" {usage.failed_calls} failed; {usage.prompt_tokens} prompt tokens,"
        f" {usage.output_tokens} output tokens"
    )


def _payload(creation: Creation, usage: Usage) -> dict[str, object]:
    """`skillgit.new/1`."""
    draft, seat = creation.draft, creation.seat
    return {
        "name": seat.name,
        "skill": seat.root,
        "base": seat.base,
        "model": creation.model,
        "branch": seat.branch if creation.commit else None,
        "commit": creation.commit,
        "description": draft.description if draft else None,
        "text": draft.text if draft and not creation.misfits else None,
        "sections": len(draft.sections) if draft else 0,
        "points": len(draft.points) if draft else 0,
        "concrete": draft.concrete if draft else 0,
        "dropped": list(draft.dropped) if draft else [],
        "remarks": list(draft.remarks) if draft else [],
        "findings": list(creation.misfits),
        "usage": {name: getattr(usage, name) for name in usage.__dataclass_fields__},
    }
