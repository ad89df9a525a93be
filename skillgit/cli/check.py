"""`skillgit check`: the rules of SKILLS_FORMAT.md on skills, on what is staged, on commits."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from skillgit.cli.console import examples, safe, say
from skillgit.cli.findings import Form, show
from skillgit.config import FailOn, Profile
from skillgit.errors import UsageError
from skillgit.findings.text import counted, in_figures
from skillgit.rules import Demands
from skillgit.wiring.baselines import since_baseline, write_baseline
from skillgit.wiring.checking import Checked, check_commits, check_folders, check_staged
from skillgit.wiring.demanding import check_settings


@click.command(
    epilog=examples(
        "skillgit check",
        "skillgit check skills/xlsx --profile portable",
        "skillgit check --staged",
        "git diff HEAD | skillgit check --patch -",
        "skillgit check --range main..skillgit/xlsx/20261121T231905Z-7f3ac1",
    )
)
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option(
    "--staged",
    is_flag=True,
    help="Check the skills that hold staged changes, as the index has them.",
)
@click.option(
    "--range",
    "revisions",
    metavar="A..B",
    help="Check the lesson commits of a range against their evidence instead, from Git alone.",
)
@click.option(
    "--patch",
    type=click.Path(allow_dash=True, dir_okay=False),
    metavar="FILE",
    help="Check a diff against HEAD, and what it would break (-: from stdin); nothing is changed.",
)
@click.option(
    "--profile",
    type=click.Choice([str(profile) for profile in Profile]),
    help="Whom a skill must please: the specification, every known reader, or Anthropic's tools. "
    "[check.profile]",
)
@click.option(
    "--severity",
    "grades",
    multiple=True,
    metavar="RULE=GRADE",
    help="What a rule weighs: error, warning or off; repeatable. [check.severity]",
)
@click.option(
    "--fail-on",
    type=click.Choice([str(each) for each in FailOn]),
    help="What makes the check fail. [check.fail_on]",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Leave out what was found when this file was written. [check.baseline]",
)
@click.option(
    "--write-baseline",
    "written",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write down what is found, to be left out from now on.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice([str(form) for form in Form]),
    default="text",
    show_default=True,
    help="How findings are written to stdout: for people, for programs, as annotations of a "
    "GitHub workflow, or for code scanning.",
)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found.")
def command(  # noqa: PLR0913 - one parameter for each option
    *,
    paths: tuple[Path, ...],
    staged: bool,
    revisions: str | None,
    patch: str | None,
    profile: str | None,
    grades: tuple[str, ...],
    fail_on: str | None,
    baseline: Path | None,
    written: Path | None,
    form: str,
    exit_zero: bool,
) -> int:
    """Check skills against the rules of SKILLS_FORMAT.md.

    PATH is a skill, a file of one, or a folder to be searched for skills (default: this one).
    Exits with 1 where there are errors; warnings are shown. `skillgit rule SG101` explains a rule.
    """
    options = {"check.profile": profile, "check.fail_on": fail_on}
    settings = check_settings(options, grades, None if written else baseline)
    if paths and (revisions is not None or patch is not None):
        message = "--range checks commits, --patch a diff, and PATH checks files"
        raise UsageError(message, hint="give one of the two")
    if sum((staged, revisions is not None, patch is not None)) > 1:
        raise UsageError("--staged, --range and --patch exclude each other", hint="give one")
    if revisions is not None:
        checked = check_commits(revisions, settings.demands)
    elif patch is not None:
        checked = _of_patch(patch, settings.demands)
    elif staged:
        checked = check_staged(paths, settings.demands)
    else:
        checked = check_folders(paths or (Path(),), settings.demands)
    subject = safe(revisions or counted(checked.skills, "skill"))
    if written:
        count = write_baseline(checked, written, settings.top)
        say(f"{subject}: {counted(count, 'finding')} in {safe(str(written))}")
        return 0
    if settings.baseline:
        checked, fixed = since_baseline(checked, settings.baseline, settings.top)
        if fixed:
            say(
                f"{counted(len(fixed), 'finding')} of the baseline found no more: "
                f"skillgit check --write-baseline {safe(str(settings.baseline))}"
            )
    show(checked, Form(form), settings.top, subject)
    say(f"{subject}: {in_figures(checked.findings)}")
    return int(settings.fails(checked.findings) and not exit_zero)


def _of_patch(patch: str, demands: Demands) -> Checked:
    from skillgit.wiring.patching import check_patch  # noqa: PLC0415 - a hook has no need of it

    try:
        data = sys.stdin.buffer.read() if patch == "-" else Path(patch).read_bytes()
    except OSError as error:
        message = f"reading the patch {patch}: {error.strerror or error}"
        raise UsageError(message, hint="give a file with a diff, or - for stdin") from error
    return check_patch("the patch" if patch == "-" else patch, data, demands)
