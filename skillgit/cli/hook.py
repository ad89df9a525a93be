"""`skillgit hook`: what the hooks of Git call; `skillgit init --hooks` installs them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import click

from skillgit.cli.console import examples, safe, say
from skillgit.errors import FindingsError, SkillgitError, UsageError
from skillgit.findings.text import as_line, counted, in_figures
from skillgit.names import Oid

if TYPE_CHECKING:
    from skillgit.review.pushing import Push

_SECONDS = 20.0
"""A push does not wait longer for a second answer of the remote."""
_BYPASS = "`--no-verify` skips this hook"


@click.command(
    epilog=examples(
        "skillgit hook pre-commit",
        "skillgit hook commit-msg .git/COMMIT_EDITMSG",
        "skillgit hook pre-push origin git@example.org:skills.git",
    ),
    context_settings={"ignore_unknown_options": True},
)
@click.argument("name", metavar="HOOK")
@click.argument("arguments", metavar="[ARGUMENT]...", nargs=-1, type=click.UNPROCESSED)
def command(*, name: str, arguments: tuple[str, ...]) -> int:
    """Do what one of Git's hooks is for; Git calls this, with its own arguments.

    pre-commit checks the staged skills. commit-msg refuses a commit that calls itself a lesson
    and is none, as when a lesson is amended. pre-push checks the lessons that the remote does not
    have, and says whose evidence it lacks. Exits with 1 to stop Git.
    """
    if name not in _HOOKS:
        raise UsageError(
            f"running the hook {name!r}: skillgit has none of that name",
            hint=f"these are there: {', '.join(_HOOKS)}",
        )
    return _HOOKS[name](arguments)


def _pre_commit(arguments: tuple[str, ...]) -> int:
    """As `skillgit check --staged`, but for silence where there is nothing to tell."""
    del arguments  # Git gives none
    from skillgit.cli.findings import Form, show  # noqa: PLC0415 - a message needs no rules
    from skillgit.wiring.baselines import since_baseline  # noqa: PLC0415 - the same
    from skillgit.wiring.checking import check_staged  # noqa: PLC0415 - the same
    from skillgit.wiring.demanding import check_settings  # noqa: PLC0415 - the same

    settings = check_settings({}, ())
    checked = check_staged((), settings.demands)
    if settings.baseline:
        checked, _ = since_baseline(checked, settings.baseline, settings.top)
    subject = counted(checked.skills, "staged skill")
    show(checked, Form.TEXT, settings.top, subject)
    if checked.found:
        say(f"{subject}: {in_figures(checked.findings)}")
    if not settings.fails(checked.findings):
        return 0
    say(f"the commit was not made: mend what is said above and stage it; {_BYPASS}")
    return 1


def _commit_msg(arguments: tuple[str, ...]) -> int:
    from skillgit.adapters.git_hooks import (  # noqa: PLC0415 - pre-commit has no time for it
        read_message,
        staged_tree,
        without_comments,
    )
    from skillgit.provenance.trailers import parse  # noqa: PLC0415 - the same

    if len(arguments) != 1:
        raise UsageError(
            f"running the hook commit-msg: it was given {len(arguments)} arguments, not a file",
            hint="Git calls it with the file of the message: skillgit hook commit-msg FILE",
        )
    message = read_message(Path(arguments[0]))
    if parse(message) is None:
        return 0  # of a person: at once
    from skillgit.review.amending import objections  # noqa: PLC0415 - only for lessons
    from skillgit.wiring import open_history  # noqa: PLC0415 - GitPython takes its time

    with open_history(Path.cwd()) as history, history.scratch() as scratch:
        message = without_comments(history, message)
        wrong = objections(scratch, message, staged_tree(scratch))
    if not wrong:
        return 0
    title = message.partition("\n")[0]
    raise FindingsError(
        f"committing {title!r}: it calls itself a lesson and is none: {'; '.join(wrong)}",
        hint="a lesson stays as its round made it. Put your change into a commit of its own; or "
        "take the Skillgit- lines and Assisted-by out of the message, and the commit is yours. "
        f"Your message is in {arguments[0]}. {_BYPASS}, and `skillgit check --range` will tell",
    )


def _pre_push(arguments: tuple[str, ...]) -> int:
    from skillgit.review.pushing import read_lines, read_push  # noqa: PLC0415 - as above
    from skillgit.wiring import open_history  # noqa: PLC0415 - as above
    from skillgit.wiring.demanding import check_settings  # noqa: PLC0415 - as above

    if not arguments and "PRE_COMMIT" in os.environ:
        remote = os.environ.get("PRE_COMMIT_REMOTE_NAME", "")
        address = os.environ.get("PRE_COMMIT_REMOTE_URL", "")
        refs = read_lines(_line_of_framework())
    elif len(arguments) == 2:
        remote, address = arguments
        refs = read_lines(sys.stdin.read())
    else:
        raise UsageError(
            f"running the hook pre-push: it was given {len(arguments)} arguments, not two",
            hint="Git calls it with a remote and its address, and the refs on its input",
        )
    if not any(ref.new for ref in refs):
        return 0
    with open_history(Path.cwd()) as history:
        push = read_push(history, refs, remote)
    for finding in push.findings:
        say(safe(as_line(finding)))
    if push.evidence and address:
        _tell_of_evidence(push, remote, address)
    if check_settings({}, ()).fails(push.findings):
        raise FindingsError(
            f"pushing {push.lessons} lessons: what they say of themselves is not true",
            hint=f"drop or mend what is named above (`skillgit drop`); {_BYPASS}",
        )
    return 0


def _line_of_framework() -> str:
    """What pre-commit makes of the lines that Git gives it: of one ref, and as variables.

    It names no commit where everything is pushed, the first commit of all included.
    """
    known = os.environ
    tip = known.get("PRE_COMMIT_TO_REF") or known.get("PRE_COMMIT_LOCAL_BRANCH") or "HEAD"
    ref = known.get("PRE_COMMIT_REMOTE_BRANCH") or "HEAD"
    return f"{tip} {tip} {ref} {known.get('PRE_COMMIT_FROM_REF') or '-'}"


def _tell_of_evidence(push: Push, remote: str, address: str) -> None:
    """A warning only: the lessons are as true without it, but nobody there can check them."""
    there = _refs_there(address)
    # An address may hold a password; a name does not.
    shown = safe(remote) if remote != address else "that repository"
    missing = push.lacking(there or {})
    if there is None:
        say(f"whether {shown} has the evidence of these lessons could not be asked")
    elif missing:
        count = "1 round" if len(missing) == 1 else f"{len(missing)} rounds"
        say(
            click.style("warning: ", fg="yellow", bold=True)
            + f"{shown} lacks the evidence of {count}; without it nobody there can check these "
            "lessons, or ask where they come from"
        )
    if any(push.evidence[ref] for ref in missing):
        # An address as it was typed is known to who typed it.
        say(f"push it with: skillgit evidence push {shown if remote != address else 'ADDRESS'}")


def _refs_there(address: str) -> Mapping[str, Oid] | None:
    """The evidence refs of a remote; None where it cannot be asked without asking the person."""
    from skillgit.adapters.git_remote import GitRemote  # noqa: PLC0415 - as above
    from skillgit.review.pushing import EVIDENCE  # noqa: PLC0415 - as above

    try:
        return GitRemote.of(Path.cwd(), address, limit=_SECONDS).refs(f"{EVIDENCE}rounds/")
    except SkillgitError:
        return None


_HOOKS: Mapping[str, Callable[[tuple[str, ...]], int]] = MappingProxyType(
    {"pre-commit": _pre_commit, "commit-msg": _commit_msg, "pre-push": _pre_push}
)
HOOKS = tuple(_HOOKS)
