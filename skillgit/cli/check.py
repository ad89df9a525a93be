"""`skillgit check`: the rules of SKILLS_FORMAT.md on skills, or on the commits of a range."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import click

from skillgit.adapters.folders import find_skills, read_folder
from skillgit.cli.console import examples, out, print_json, safe, say
from skillgit.errors import UsageError
from skillgit.rules import Profile, check_skill
from skillgit.types import Finding, Severity


@click.command(
    epilog=examples(
        "skillgit check",
        "skillgit check skills/xlsx --profile portable",
        "skillgit check --range main..skillgit/xlsx/20261121T231905Z-7f3ac1",
    )
)
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option(
    "--range",
    "revisions",
    metavar="A..B",
    help="Check the lesson commits of a range against their evidence instead, from Git alone.",
)
@click.option(
    "--profile",
    type=click.Choice([str(profile) for profile in Profile]),
    default=str(Profile.SPEC),
    show_default=True,
    help="Whom a skill must please: the specification, every known reader, or Anthropic's tools.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How findings are written to stdout.",
)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found.")
def command(
    *, paths: tuple[Path, ...], revisions: str | None, profile: str, form: str, exit_zero: bool
) -> int:
    """Check skills against the rules of SKILLS_FORMAT.md.

    PATH is a skill, a file of one, or a folder to be searched for skills (default: this one).
    Exits with 1 where there are errors; warnings are shown. `skillgit rule SG101` explains a rule.
    """
    if revisions is None:
        findings, count = _of_skills(paths or (Path(),), Profile(profile))
    elif paths:
        message = "--range checks commits, and PATH checks files"
        raise UsageError(message, hint="give one of the two")
    else:
        findings, count = _of_range(revisions), 0
    if form == "json":
        print_json("check", {"findings": [_as_json(each) for each in findings], "skills": count})
    else:
        for each in findings:
            out(safe(_as_line(each)))
    say(_summary(findings, revisions or _counted(count, "skill")))
    failed = any(each.severity is Severity.ERROR for each in findings)
    return int(failed and not exit_zero)


def _of_skills(paths: Iterable[Path], profile: Profile) -> tuple[Sequence[Finding], int]:
    findings: list[Finding] = []
    seen: set[Path] = set()
    for path in paths:
        # A folder without any skill is one: the rules say that it lacks a SKILL.md.
        for folder in find_skills(path) or (path,):
            if folder.resolve() not in seen:
                seen.add(folder.resolve())
                findings += _of_skill(folder, profile)
    return findings, len(seen)


def _of_skill(folder: Path, profile: Profile) -> list[Finding]:
    skill = read_folder(folder)
    found = check_skill(
        skill.files, skill.name, modes=skill.modes, profile=profile, refused=skill.refused
    )
    return [replace(each, path=(folder / each.path).as_posix()) for each in found]


def _of_range(revisions: str) -> Sequence[Finding]:
    # Git takes time to import, and a hook that checks files has none.
    from skillgit.review.verify import verify_range  # noqa: PLC0415 - see above
    from skillgit.wiring import open_history  # noqa: PLC0415 - see above

    return verify_range(open_history(Path.cwd()), revisions)


def _as_line(finding: Finding) -> str:
    place = finding.path
    if finding.line:
        place += f":{finding.line}"
        place += f":{finding.column}" if finding.column else ""
    return f"{place}: {finding.rule} {finding.severity}: {finding.message}"


def _as_json(finding: Finding) -> dict[str, str | int]:
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "path": finding.path,
        "line": finding.line,
        "column": finding.column,
        "message": finding.message,
    }


def _summary(findings: Sequence[Finding], subject: str) -> str:
    errors = sum(each.severity is Severity.ERROR for each in findings)
    counts = [_counted(errors, "error"), _counted(len(findings) - errors, "warning")]
    told = ", ".join(counts) if findings else "nothing to complain about"
    return f"{safe(subject)}: {told}"


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
