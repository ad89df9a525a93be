"""`skillgit prune`: a branch without what nobody used, and without what was measured to hurt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from skillgit.cli.console import examples, out, print_json, safe, say
from skillgit.cli.options import AS_JSON, given, redacting, redaction, setting_options
from skillgit.cli.usage import ANY_VERSION, CAVEAT, OUTCOMES, SETTINGS, TRAJECTORIES
from skillgit.errors import FindingsError, UsageError

if TYPE_CHECKING:  # what reads trajectories takes time to import, and --help has none
    from skillgit.usage.cuts import Aim
    from skillgit.wiring.pruning import Pruned

_SHOWN = 30


@click.command(
    epilog=examples(
        "skillgit prune skills/xlsx --trajectories runs/",
        "skillgit prune skills/xlsx -t runs/ --delete --min-runs 100",
        "skillgit prune skills/xlsx -t runs/ --harmful 20261121T231905Z-7f3ac1/2",
        "skillgit prune skills/xlsx -t runs/ --no-branch --json",
    )
)
@click.argument("skill", metavar="SKILL[@REV]")
@TRAJECTORIES
@OUTCOMES
@ANY_VERSION
@click.option(
    "--demote",
    "how",
    flag_value="demote",
    default="demote",
    help="Move unused sections of SKILL.md to references/.  [default]",
)
@click.option(
    "--delete", "how", flag_value="delete", help="Delete them, and references that nobody opened."
)
@click.option(
    "--min-runs",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    metavar="N",
    help="So many trajectories must have had the skill.",
)
@click.option(
    "--max-users",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="What at most so many of them used counts as unused.",
)
@click.option(
    "--min-tokens",
    type=click.IntRange(0),
    default=40,
    show_default=True,
    metavar="N",
    help="Leave smaller sections where they are.",
)
@click.option(
    "--harmful",
    multiple=True,
    metavar="LESSON",
    help="Take this merged lesson out, too; those that `skillgit ablate` found to hurt go anyway.",
)
@click.option(
    "--i-hold-the-rights",
    "rights_held",
    is_flag=True,
    help="Change it though its licence forbids derivatives: the rights are yours.",
)
@click.option("--no-branch", is_flag=True, help="Do everything but write to the repository.")
@setting_options(SETTINGS)
@redaction
@AS_JSON
def command(  # noqa: PLR0913 - one parameter for each option that is no setting
    *,
    skill: str,
    trajectories: tuple[Path, ...],
    outcomes: Path | None,
    any_version: bool,
    how: str,
    min_runs: int,
    max_users: int,
    min_tokens: int,
    harmful: tuple[str, ...],
    rights_held: bool,
    no_branch: bool,
    as_json: bool,
    **settings: object,
) -> int:
    """Propose a branch of SKILL without what no agent used and without lessons that hurt.

    One commit for each change, with the trailers, the evidence and the guardrails of a round: drop
    what you want to keep with `skillgit drop`. Its sources are the trajectories that had the skill
    and left no trace of what goes. No trace is no proof, so measure the branch with `skillgit eval`
    before you merge it. Lessons hurt where the notes of `skillgit ablate` say so. Exit codes: 0 a
    branch, 1 nothing to propose, 2 usage, 3 no Git.
    """
    from skillgit.wiring.pruning import PruneErrand, run_prune  # noqa: PLC0415 - see above
    from skillgit.wiring.usage import UsageErrand  # noqa: PLC0415 - the same

    options = given(SETTINGS, settings) | redacting(settings)
    usage = UsageErrand(Path.cwd(), skill, trajectories, outcomes, any_version, options)
    aim = _aim(how, min_runs, max_users, min_tokens)
    done = run_prune(PruneErrand(usage, aim, harmful, no_branch, rights_held))
    if as_json:
        print_json("prune", _payload(done, aim))
    else:
        _show(done)
    return 0 if done.pruning.edits else FindingsError.exit_code


def _aim(how: str, min_runs: int, max_users: int, min_tokens: int) -> Aim:
    from skillgit.usage.cuts import Aim, How  # noqa: PLC0415 - see above

    if max_users >= min_runs:
        raise UsageError(
            f"--max-users {max_users}: what each of {min_runs} trajectories used is not unused",
            hint="give a smaller --max-users or a larger --min-runs",
        )
    return Aim(How(how), min_runs, max_users, min_tokens)


def _show(done: Pruned) -> None:
    pruning, use = done.pruning, done.found.use
    branch, this = pruning.branch, pruning.round
    count = _counted(len(pruning.cuts), "change")
    if branch is not None and this is not None:
        out(safe(f"{branch.name}: {count} of {use.root or 'the skill'} at {use.commit[:10]}"))
        for number, lesson in enumerate(branch.lessons, start=1):
            told = f"{len(lesson.sources)} of {use.had.runs} runs speak for it"
            out(safe(f"  {this.id}/{number}  {lesson.title} ({told})"))
    else:
        out(f"{count} {'would be' if pruning.cuts else 'can be'} proposed")
        for cut in pruning.cuts:
            out(safe(f"  {cut.title} ({len(cut.sources)} of {use.had.runs} runs speak for it)"))
    for one in pruning.spared[:_SHOWN]:
        out(safe(f"  spared: {one.what}: {one.reason}"))
    if len(pruning.spared) > _SHOWN:
        out(f"  spared: and {len(pruning.spared) - _SHOWN} more (--json has all)")
    for finding in pruning.findings:
        say(safe(f"{finding.path}: {finding.rule} {finding.severity}: {finding.message}"))
    for remark in pruning.remarks:
        say(safe(f"note: {remark}"))
    say(f"note: {CAVEAT}")
    if branch is not None:
        skill = use.root or "."
        say("next:")
        say(safe(f"  git log -p {use.commit[:12]}..{branch.name}"))
        say(safe(f"  skillgit check --range {use.commit[:12]}..{branch.name}"))
        say(safe(f"  skillgit eval {skill}@{branch.name} --against {use.commit[:12]} --tasks PATH"))


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _payload(done: Pruned, aim: Aim) -> dict[str, object]:
    """`skillgit.prune/1`."""
    pruning, use = done.pruning, done.found.use
    branch = pruning.branch
    return {
        "skill": use.root,
        "base": use.commit,
        "how": aim.how,
        "runs": use.had.runs,
        "round": pruning.round.id if pruning.round else None,
        "changes": [
            {"title": cut.title, "reason": cut.reason, "sources": sorted(cut.sources)}
            for cut in pruning.cuts
        ],
        "spared": [{"what": one.what, "reason": one.reason} for one in pruning.spared],
        "findings": [
            {
                "rule": one.rule,
                "severity": one.severity,
                "path": one.path,
                "line": one.line,
                "message": one.message,
            }
            for one in pruning.findings
        ],
        "remarks": list(pruning.remarks),
        "branch": None
        if branch is None
        else {
            "name": branch.name,
            "tip": branch.tip,
            "evidence": branch.evidence_ref,
            "lessons": [
                {"commit": one.commit, "title": one.title, "support": len(one.sources)}
                for one in branch.lessons
            ],
        },
        "caveat": CAVEAT,
    }
