"""The folder in which Git looks for hooks here, and putting ours into it beside what is there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from skillgit.adapters.footprint import Footprint, Step, git, write_new, write_whole
from skillgit.adapters.resources import resource
from skillgit.errors import UsageError

HOOKS = ("pre-commit", "commit-msg", "pre-push")
KEPT_SUFFIX = ".before-skillgit"
"""The shims run a hook of that name first."""

_EXECUTABLE = 0o755
# A text by which the hooks of others are known, and what those who use them do instead.
_MANAGERS = MappingProxyType(
    {
        b"https://pre-commit.com": "pre-commit manages it: name the hooks of skillgit in "
        ".pre-commit-config.yaml (see the README)",
        b"prek": "prek manages it: name the hooks of skillgit in .pre-commit-config.yaml "
        "(see the README)",
        b"lefthook": "lefthook manages it: add a command to lefthook.yml",
        b"overcommit": "overcommit manages it: add a command to .overcommit.yml",
    }
)


@dataclass(frozen=True, slots=True)
class HookFolder:
    """Where Git looks for hooks; `not_ours` says why nothing is put there unasked."""

    path: Path
    not_ours: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of one hook, and what a person may do about it where it was left alone."""

    path: Path
    step: Step
    advice: str = ""


def hook_folder(root: Path) -> HookFolder:
    """That of the work tree `root`, as `core.hooksPath` or Git's own rule has it."""
    told = git(root, "config", "--show-scope", "--type=path", "--get", "core.hooksPath")
    if not told:
        inside = git(root, "rev-parse", "--git-path", "hooks") or ".git/hooks"
        return HookFolder(_tidy(root / inside))
    scope, _, named = told.partition("\t")
    path = _tidy(root / named)
    if ".husky" in path.parts:
        return HookFolder(path, "husky manages it: add the line to the file of .husky/ instead")
    if scope not in {"local", "worktree"}:
        return HookFolder(path, f"core.hooksPath of your {scope} configuration serves all of yours")
    common = _tidy(root / (git(root, "rev-parse", "--git-common-dir") or ".git"))
    if not any(path.is_relative_to(home) for home in (_tidy(root), common)):
        return HookFolder(path, "it lies outside of this repository, so others may share it")
    return HookFolder(path)


def _tidy(path: Path) -> Path:
    return Path(os.path.normpath(path.resolve()))


def line_for(name: str) -> str:
    """What a hook of somebody's own needs to hold, so that ours runs as well."""
    return f'skillgit hook {name} "$@"'


def put_hook(
    footprint: Footprint, path: Path, *, chain: bool = False, dry_run: bool = False
) -> Placed:
    """See that a hook of ours is there. That of somebody else stays, or with `chain` runs first."""
    shim = resource("hooks", path.name).read_bytes()
    if not os.path.lexists(path):
        if not dry_run:
            write_new(path, shim, _EXECUTABLE)
            footprint.note(path, "hook", shim)
        return Placed(path, Step.WROTE)
    found = path.read_bytes() if path.is_file() else b""
    if found == shim and os.access(path, os.X_OK):
        return Placed(path, Step.KEPT)
    if found == shim or footprint.is_ours(path):
        trace = footprint.trace(path)
        if not dry_run:
            write_whole(path, shim, _EXECUTABLE)
            footprint.note(path, "hook", shim, trace.kept if trace else "")
        return Placed(path, Step.UPDATED)
    if line_for(path.name).partition(' "')[0].encode() in found:
        return Placed(path, Step.KEPT, "it calls skillgit itself")
    if not chain:
        return Placed(path, Step.DIFFERS, _advice(path.name, found))
    return _chained(footprint, path, shim, dry_run=dry_run)


def _advice(name: str, found: bytes) -> str:
    managed = next((told for mark, told in _MANAGERS.items() if mark in found), "")
    return managed or (
        f"add the line `{line_for(name)} || exit` to it, or give --chain: then it is renamed to "
        f"{name}{KEPT_SUFFIX} and run first"
    )


def _chained(footprint: Footprint, path: Path, shim: bytes, *, dry_run: bool) -> Placed:
    beside = path.with_name(path.name + KEPT_SUFFIX)
    if path.is_dir() or os.path.lexists(beside):
        return Placed(path, Step.DIFFERS, f"{beside.name} is in the way; move it or rename it")
    if not dry_run:
        path.rename(beside)
        try:
            write_new(path, shim, _EXECUTABLE)
        except OSError:
            beside.rename(path)
            raise
        footprint.note(path, "hook", shim, beside.name)
    return Placed(path, Step.CHAINED, f"runs the one that was there, now {beside.name}, first")


def names_of_hooks(text: str) -> tuple[str, ...]:
    """The hooks of a list with commas; UsageError where there is one that skillgit lacks."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    strange = [name for name in names if name not in HOOKS]
    if strange or not names:
        raise UsageError(
            f"--hooks {text}: there is no hook {', '.join(strange) or 'named'}",
            hint=f"give some of {','.join(HOOKS)}, or --hooks alone for all of them",
        )
    return names
