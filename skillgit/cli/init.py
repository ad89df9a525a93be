"""`skillgit init`: the first files of a repository of skills, without touching what is there."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

import click

from skillgit.adapters.footprint import Footprint, Step, put_file, take_back
from skillgit.adapters.hook_folders import (
    HOOKS,
    HookFolder,
    hook_folder,
    line_for,
    names_of_hooks,
    put_hook,
)
from skillgit.adapters.resources import resource
from skillgit.adapters.settings import FILE, repository_root, settings_file
from skillgit.adapters.workflows import FILE as WORKFLOW
from skillgit.adapters.workflows import workflow_text
from skillgit.cli.console import examples, out, safe, say
from skillgit.errors import FindingsError, SurroundingsError, UsageError

# Only how a diff is shown. No text or eol attribute: it would rewrite the line ends of skills that
# other people wrote, and skillgit keeps each file's own. The patterns stand before what is
# there, because in this file a later line wins, and the owner's word is the stronger one.
_ATTRIBUTES = "# Diffs of skills name the section that they change.\n"
_PATTERNS = ("SKILL.md diff=markdown", "**/references/**/*.md diff=markdown")
_ALL = ",".join(HOOKS)


@click.command(
    epilog=examples(
        "skillgit init",
        "skillgit init --hooks",
        "skillgit init --hooks pre-commit,commit-msg --chain",
        "skillgit init --github",
        "skillgit init --undo",
    )
)
@click.option(
    "--hooks",
    is_flag=False,
    flag_value=_ALL,
    metavar="[NAMES]",
    help=f"Install these hooks of Git as well; alone: {_ALL}.",
)
@click.option(
    "--hooks-folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Install the hooks there, wherever Git looks for them now.",
)
@click.option(
    "--chain", is_flag=True, help="Where a hook is there already: rename it, and run it first."
)
@click.option(
    "--github",
    is_flag=True,
    help=f"Write {WORKFLOW.as_posix()} for a repository of skills as well.",
)
@click.option("--undo", is_flag=True, help="Take back what was written here, and nothing else.")
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
def command(
    *,
    hooks: str | None,
    hooks_folder: Path | None,
    chain: bool,
    github: bool,
    undo: bool,
    dry_run: bool,
) -> None:
    """Write a commented .skillgit.toml and the .gitattributes of skills into this repository.

    With --hooks, Git's hooks too; with --github, a workflow. What exists is kept: run it as often
    as you like. --undo takes back what was written, as far as nobody has changed it since; with
    --hooks or --github those alone.
    """
    root = repository_root(Path.cwd())
    if root is None:
        raise UsageError(
            f"initialising {Path.cwd()}: it lies in no Git repository with a work tree",
            hint="run `git init` first, or go to the repository (skillgit -C DIR init)",
        )
    if (hooks_folder or chain) and not hooks:
        raise UsageError(
            "--hooks-folder and --chain are about hooks", hint="give --hooks with them"
        )
    names = names_of_hooks(hooks) if hooks else ()
    try:
        footprint = Footprint.open(root)
        if undo:
            left = list(_undo(footprint, root, names, github=github, dry_run=dry_run))
        else:
            _settings(footprint, root, dry_run=dry_run)
            _attributes(footprint, root, dry_run=dry_run)
            left = []
            if names:
                folder = HookFolder(hooks_folder.resolve()) if hooks_folder else hook_folder(root)
                left += _hooks(footprint, folder, names, chain=chain, dry_run=dry_run)
            left += _workflow(footprint, root, dry_run=dry_run) if github else ()
    except OSError as exc:
        raise SurroundingsError(
            f"initialising {root}: {exc}", hint="make the folder writable, then run it again"
        ) from exc
    if left:
        raise FindingsError("\n".join(left), hint="nothing that was there has been changed")
    if not undo:
        say("next: `skillgit doctor` tries the endpoint, `skillgit config` shows the settings")


def _told(step: Step, path: Path, what: str, *, dry_run: bool) -> None:
    verb = {Step.WROTE: "write", Step.UPDATED: "update", Step.REMOVED: "remove"}
    verb |= {Step.CHAINED: "write", Step.RESTORED: "restore"}
    said = f"would {verb[step]}" if dry_run and step in verb else str(step)
    said = "wrote" if said == Step.CHAINED else said
    out(f"{said} {safe(str(path))}: {safe(what)}")


def _settings(footprint: Footprint, root: Path, *, dry_run: bool) -> None:
    existing = settings_file(root)
    path = root / FILE
    if existing is not None or path.is_symlink():
        _told(Step.KEPT, existing or path, "it holds the settings", dry_run=dry_run)
        return
    text = resource("templates", "skillgit.toml").read_bytes()
    step = put_file(footprint, path, "settings", text, dry_run=dry_run)
    _told(step, path, "every setting, commented, with its default", dry_run=dry_run)


def _attributes(footprint: Footprint, root: Path, *, dry_run: bool) -> None:
    path = root / ".gitattributes"
    if path.is_symlink():
        _told(Step.KEPT, path, "Git does not follow a link here", dry_run=dry_run)
        return
    before = path.read_bytes() if path.exists() else b""
    present = {line.strip() for line in before.decode("utf-8", "replace").splitlines()}
    missing = [pattern for pattern in _PATTERNS if pattern not in present]
    if not missing:
        _told(Step.KEPT, path, "diffs of skills already name their section", dry_run=dry_run)
        return
    ours = _ATTRIBUTES + "".join(f"{pattern}\n" for pattern in missing)
    if b"\r\n" in before:
        ours = ours.replace("\n", "\r\n")
    if not dry_run:
        path.write_bytes(ours.encode() + before)
        footprint.note(path, "attributes", ours.encode())
    _told(Step.WROTE, path, "diffs of skills name the section that they change", dry_run=dry_run)


def _hooks(
    footprint: Footprint, folder: HookFolder, names: tuple[str, ...], *, chain: bool, dry_run: bool
) -> Iterator[str]:
    """Install hooks; what keeps one from being installed."""
    if folder.not_ours:
        lines = ", ".join(f"`{line_for(name)}` in {name}" for name in names)
        yield (
            f"hooks in {folder.path}: not written, for {folder.not_ours}. Ours are one line each, "
            f"{lines}; or give --hooks-folder DIR"
        )
        return
    for name in names:
        placed = put_hook(footprint, folder.path / name, chain=chain, dry_run=dry_run)
        if placed.step is Step.DIFFERS:
            yield f"{placed.path}: not written, for there is a hook already; {placed.advice}"
        else:
            what = placed.advice or f"calls `skillgit hook {name}`"
            _told(placed.step, placed.path, what, dry_run=dry_run)


def _workflow(footprint: Footprint, root: Path, *, dry_run: bool) -> Iterator[str]:
    """Write the workflow; what keeps it from being written."""
    path, text = root / WORKFLOW, workflow_text()
    step = put_file(footprint, path, "workflow", text.encode(), dry_run=dry_run)
    if step is not Step.DIFFERS:
        _told(
            step, path, "checks pull requests; evolves a skill once it is set up", dry_run=dry_run
        )
        say("set it up as its first lines say; and protect it, for example in CODEOWNERS:")
        say(f"  /.github/ @maintainers\n  /{FILE} @maintainers")
        return
    found = path.read_text("utf-8", "replace") if path.is_file() else ""
    for line in difflib.unified_diff(
        found.splitlines(), text.splitlines(), str(WORKFLOW), "what would be written", lineterm=""
    ):
        out(safe(line))
    yield f"{path}: not written, for it is there and differs, as shown above"


def _undo(
    footprint: Footprint, root: Path, names: tuple[str, ...], *, github: bool, dry_run: bool
) -> Iterator[str]:
    """Take back what was written; what keeps something from being taken back."""
    asked = [
        path for path in footprint.paths(root) if _is_asked(footprint, path, names, github=github)
    ]
    for path in asked:
        step = take_back(footprint, path, dry_run=dry_run)
        what = {
            Step.REMOVED: "as it was written",
            Step.RESTORED: "what was there before",
            Step.GONE: "somebody has removed it already",
        }
        if step is Step.CHANGED:
            yield f"{path}: not taken back, for it was changed since it was written"
        else:
            _told(step, path, what[step], dry_run=dry_run)
        for folder in (path.parent, path.parent.parent):
            if not dry_run and folder in {root / ".github", root / ".github" / "workflows"}:
                _remove_if_empty(folder)
    if not asked:
        out("nothing of it was written here, or all of it was taken back")


def _is_asked(footprint: Footprint, path: Path, names: tuple[str, ...], *, github: bool) -> bool:
    trace = footprint.trace(path)
    kind = trace.kind if trace else ""
    if not names and not github:
        return True
    return (kind == "hook" and path.name in names) or (kind == "workflow" and github)


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
