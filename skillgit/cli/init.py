"""`skillgit init`: the first files of a repository of skills, without touching what is there."""

from __future__ import annotations

from pathlib import Path

import click

from skillgit.adapters.resources import resource
from skillgit.adapters.settings import FILE, repository_root, settings_file
from skillgit.cli.console import examples, out, safe, say
from skillgit.errors import SurroundingsError, UsageError

# Only how a diff is shown. No text or eol attribute: it would rewrite the line ends of skills that
# other people wrote, and skillgit keeps each file's own. The patterns stand before what is
# there, because in this file a later line wins, and the owner's word is the stronger one.
_ATTRIBUTES = "# Diffs of skills name the section that they change.\n"
_PATTERNS = ("SKILL.md diff=markdown", "**/references/**/*.md diff=markdown")


@click.command(epilog=examples("skillgit init", "skillgit init --dry-run"))
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
def command(*, dry_run: bool) -> None:
    """Write a commented .skillgit.toml and the .gitattributes of skills into this repository.

    What exists is kept: run it as often as you like.
    """
    root = repository_root(Path.cwd())
    if root is None:
        raise UsageError(
            f"initialising {Path.cwd()}: it lies in no Git repository with a work tree",
            hint="run `git init` first, or go to the repository (skillgit -C DIR init)",
        )
    done = "would write" if dry_run else "wrote"
    try:
        _settings(root, done, dry_run=dry_run)
        _attributes(root, done, dry_run=dry_run)
    except OSError as exc:
        raise SurroundingsError(
            f"initialising {root}: {exc}", hint="make the folder writable, then run it again"
        ) from exc
    say("next: `skillgit doctor` tries the endpoint, `skillgit config` shows the settings")


def _settings(root: Path, done: str, *, dry_run: bool) -> None:
    existing = settings_file(root)
    path = root / FILE
    if existing is not None or path.is_symlink():
        out(f"kept {safe(str(existing or path))}: it holds the settings")
        return
    text = resource("templates", "skillgit.toml").read_text(encoding="utf-8")
    if not dry_run:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    out(f"{done} {safe(str(path))}: every setting, commented, with its default")


def _attributes(root: Path, done: str, *, dry_run: bool) -> None:
    path = root / ".gitattributes"
    if path.is_symlink():
        out(f"kept {safe(str(path))}: Git does not follow a link here")
        return
    before = path.read_bytes() if path.exists() else b""
    present = {line.strip() for line in before.decode("utf-8", "replace").splitlines()}
    missing = [pattern for pattern in _PATTERNS if pattern not in present]
    if not missing:
        out(f"kept {safe(str(path))}: diffs of skills already name their section")
        return
    ours = _ATTRIBUTES + "".join(f"{pattern}\n" for pattern in missing)
    if b"\r\n" in before:
        ours = ours.replace("\n", "\r\n")
    if not dry_run:
        path.write_bytes(ours.encode() + before)
    out(f"{done} {safe(str(path))}: diffs of skills name the section that they change")
