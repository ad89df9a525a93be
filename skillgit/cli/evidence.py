"""`skillgit evidence`: what rounds left behind, shared, verified, and tidied up."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skillgit.cli.console import examples, out, print_json, safe, say
from skillgit.cli.options import AS_JSON

if TYPE_CHECKING:
    from skillgit.adapters.git import GitRepository
    from skillgit.adapters.git_remote import GitRemote
    from skillgit.review.sharing import Moved
    from skillgit.review.stale import KeptEvidence
    from skillgit.review.vault import Fault, Inspection

_REMOTE = click.argument("remote", required=False, metavar="[REMOTE]")


@click.group(
    epilog=examples(
        "skillgit evidence push",
        "skillgit evidence fetch origin",
        "skillgit evidence verify",
        "skillgit evidence gc",
    )
)
def command() -> None:
    """Share, verify and tidy up the evidence of rounds: the refs below refs/skillgit/.

    With them travel the notes of `skillgit ablate`, refs/notes/skillgit.
    A plain clone, fetch or push leaves them out. Lessons work without; with them `why` quotes the
    trajectories, `check --range` recomputes every claim, and `log` knows what was dropped.
    """


@command.command(epilog=examples("skillgit evidence push", "skillgit evidence push backup"))
@_REMOTE
@AS_JSON
def push(*, remote: str | None, as_json: bool) -> None:
    """Send the evidence that REMOTE lacks (default: origin, or the only remote).

    Who can read REMOTE can read what is sent: quotes of trajectories, titles of tasks, programs of
    proofs. Nothing is forced: where REMOTE has other evidence under one name, nothing is sent.
    """
    from skillgit.review.sharing import push as push_evidence  # noqa: PLC0415 - keeps help fast

    repo, there = _both(remote)
    _tell_moves("push", push_evidence(repo, there), there.name, as_json=as_json)


@command.command(
    epilog=examples("skillgit evidence fetch", "skillgit evidence fetch origin --configure")
)
@_REMOTE
@click.option(
    "--configure",
    is_flag=True,
    help="Let every `git fetch` of this remote bring new rounds from now on.",
)
@AS_JSON
def fetch(*, remote: str | None, configure: bool, as_json: bool) -> None:
    """Bring the evidence that is missing here from REMOTE (default: origin, or the only remote).

    No configuration is changed without --configure, and nothing here is deleted or overwritten.
    Beware of `git fetch --prune` after --configure: it deletes rounds that were not pushed.
    """
    from skillgit.review import sharing  # noqa: PLC0415 - keeps help fast

    repo, there = _both(remote)
    if configure:
        is_new = there.configure(sharing.FETCHED_ALWAYS)
        known = "every `git fetch` brings new rounds from now on"
        say(safe(f"{there.name}: {known if is_new else 'was configured already'}"))
    moved = sharing.fetch(repo, there, lambda: repo.author(int(time.time())))
    _tell_moves("fetch", moved, there.name, as_json=as_json)


@command.command(epilog=examples("skillgit evidence verify", "skillgit evidence verify --json"))
@AS_JSON
def verify(*, as_json: bool) -> int:
    """Read and hash all evidence here again; exits with 1 where something is wrong.

    Objects have the bytes of their ids, documents the form of SKILLS_FORMAT.md; sources, supports
    and digests add up; each lesson's edits, done to its base, give the change that it names.
    `check --range` asks the same of commits.
    """
    from skillgit.review.vault import inspect  # noqa: PLC0415 - keeps help fast
    from skillgit.wiring import open_history  # noqa: PLC0415 - GitPython takes its time

    with open_history(Path.cwd()) as history:
        found = inspect(history)
    if as_json:
        print_json("evidence-verify", _inspection(found))
    else:
        for fault in found.faults:
            out(safe(_as_line(fault)))
        say(_summary(found))
    return int(bool(found.faults))


@command.command(
    epilog=examples("skillgit evidence gc", "skillgit evidence gc --force --keep-days 90")
)
@click.option("--force", is_flag=True, help="Delete what is listed; without it nothing changes.")
@click.option(
    "--keep-days",
    type=click.IntRange(min=0),
    default=30,
    show_default=True,
    metavar="N",
    help="Keep rounds that are younger in any case.",
)
@AS_JSON
def gc(*, force: bool, keep_days: int, as_json: bool) -> None:
    """List, or delete with --force, the evidence of rounds that nothing here speaks of any more.

    A round is kept where a branch is named after it, where the message of a commit names it that
    any branch, tag or HEAD reaches, and where its lines stand in a branch or tag. Other clones and
    remotes are not looked at, and not changed.
    """
    from skillgit.review.stale import weigh  # noqa: PLC0415 - keeps help fast
    from skillgit.wiring import open_history  # noqa: PLC0415 - GitPython takes its time

    with open_history(Path.cwd()) as repo:
        found = weigh(repo, int(time.time()), keep_days)
        gone = [one for one in found if not one.why]
        for one in gone if force else ():
            repo.delete_ref(one.ref, one.tip, "skillgit: evidence gc")
    if as_json:
        rounds = [_weighed(one) for one in found]
        print_json("evidence-gc", {"deleted": force, "rounds": rounds})
        return
    for one in gone:
        done = "deleted" if force else "would be deleted"
        out(safe(f"{one.ref} ({one.days} days old): {done}, it was at {one.tip}"))
    kept = len(found) - len(gone)
    say(f"{_counted(len(gone), 'round')} that nothing speaks of, {kept} kept")
    if gone and not force:
        say("`skillgit evidence gc --force` deletes the refs")


# ------------------------------------------------------------------ telling


def _both(remote: str | None) -> tuple[GitRepository, GitRemote]:
    from skillgit.adapters.git_remote import GitRemote  # noqa: PLC0415 - keeps help fast
    from skillgit.wiring import open_repository  # noqa: PLC0415 - GitPython takes its time

    repo = open_repository(Path.cwd())
    return repo, GitRemote.of(repo.work_tree or repo.common_dir, remote)


def _tell_moves(verb: str, moved: Sequence[Moved], remote: str, *, as_json: bool) -> None:
    if as_json:
        refs = [{"ref": one.ref, "old": one.old, "new": one.new} for one in moved]
        print_json(f"evidence-{verb}", {"remote": remote, "moved": refs})
        return
    for one in moved:
        was = one.old[:12] if one.old else "new"
        out(safe(f"{one.ref}: {was} -> {one.new[:12]}"))
    way = "sent to" if verb == "push" else "brought from"
    told = f"{_counted(len(moved), 'ref')} {way} {remote}" if moved else f"{remote}: nothing to do"
    say(safe(told))


def _summary(found: Inspection) -> str:
    told = f"{_counted(found.rounds, 'round')}, {_counted(found.documents, 'document')}: "
    told += _counted(len(found.faults), "fault") if found.faults else "nothing to complain about"
    if found.unbased:
        told += f"; the bases of {_counted(found.unbased, 'lesson')} are not here to compute with"
    return told


def _as_line(fault: Fault) -> str:
    where = f"{fault.ref}:{fault.document}" if fault.document else fault.ref
    return f"{where}: {fault.what}"


def _inspection(found: Inspection) -> dict[str, object]:
    return {
        "rounds": found.rounds,
        "documents": found.documents,
        "unbased": found.unbased,
        "faults": [
            {"ref": one.ref, "document": one.document, "what": one.what} for one in found.faults
        ],
    }


def _weighed(one: KeptEvidence) -> dict[str, object]:
    return {"round": one.round, "ref": one.ref, "tip": one.tip, "days": one.days, "kept": one.why}


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
