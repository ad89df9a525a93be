"""The file of old findings that a repository lives with: read, compared with, written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from skillgit.errors import UsageError
from skillgit.findings.baseline import (
    OldFinding,
    compare,
    is_below,
    read_baseline,
    render_baseline,
)
from skillgit.wiring.checking import Checked

_HINT = "write one with `skillgit check --write-baseline FILE`"


def since_baseline(
    checked: Checked, file: Path, top: Path | None
) -> tuple[Checked, tuple[OldFinding, ...]]:
    """What a baseline does not have, and what it has and is found no more."""
    rooted = checked.in_repository(top)
    compared = compare(rooted.found, _read(file), rooted.folders)
    new = tuple(checked.found[number] for number in compared.new)
    return replace(checked, found=new), compared.fixed


def write_baseline(checked: Checked, file: Path, top: Path | None) -> int:
    """Write down what is found; what a file has on folders that were not looked at stays."""
    rooted = checked.in_repository(top)
    old = _read(file) if file.exists() else ()
    kept = tuple(one for one in old if not is_below(one.path, rooted.folders))
    text = render_baseline(rooted.found, kept)
    try:
        file.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(
            f"writing the baseline {file}: {error.strerror or error}",
            hint="give a file in a folder that is there",
        ) from error
    return len(read_baseline(text))


def _read(file: Path) -> tuple[OldFinding, ...]:
    try:
        return read_baseline(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"reading the baseline {file}: {error.strerror or error}", hint=_HINT
        ) from error
    except ValueError as error:
        raise UsageError(f"reading the baseline {file}: {error}", hint=_HINT) from error
