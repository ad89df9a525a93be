"""The formulas of an answer, computed as `grading.recalc` asks; for whatever grades workbooks."""

from __future__ import annotations

from pathlib import Path

from skillgit.config import Recalc
from skillgit.domains.spreadsheet.confined import ask, require
from skillgit.domains.spreadsheet.recalc import find_libreoffice, with_libreoffice
from skillgit.errors import SurroundingsError


def require_engine(recalc: Recalc) -> None:
    """SurroundingsError where what is to compute formulas is not installed."""
    if recalc is Recalc.FORMUALIZER:
        require("formualizer")
    if recalc is Recalc.LIBREOFFICE and find_libreoffice() is None:
        raise SurroundingsError(
            "preparing to grade workbooks: LibreOffice is not installed",
            hint="install it (on Debian: libreoffice-calc-nogui), or use --recalc formualizer",
        )


def by_libreoffice(recalc: Recalc, copy: Path) -> tuple[Path | None, str]:
    """A copy with computed values beside `copy`, where LibreOffice is asked for; or why not.

    The other engine runs in the reader's process and needs nothing here.
    """
    if recalc is not Recalc.LIBREOFFICE:
        return None, ""
    # Nothing of a stranger's is given to LibreOffice that would not be opened here.
    reason = ask("refuse", path=str(copy))["problem"]
    made = copy.with_name("computed.xlsx")
    trouble = reason or with_libreoffice(copy, made)
    return (None, trouble) if trouble else (made, "")
