"""What computes the formulas of an answer before it is graded, always on a copy."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

_LIBREOFFICE_SECONDS = 120.0


def find_libreoffice() -> str | None:
    """The program, where it is installed."""
    return shutil.which("soffice") or shutil.which("libreoffice")


def with_formualizer(source: Path, target: Path) -> str:
    """Write `source` with computed values to `target`; the reason why not, or "".

    Runs in the reader's process: a workbook may crash the engine.
    """
    import formualizer  # noqa: PLC0415, TID251 - its home; most readers never need it

    try:
        formualizer.recalculate_xlsx_file(str(source), str(target))
    except Exception as error:  # noqa: BLE001 - it refuses many things in many ways
        return f"formualizer: {str(error)[:200] or type(error).__name__}"
    return ""


def with_libreoffice(source: Path, target: Path) -> str:
    """The same by LibreOffice without a window and with a profile of its own."""
    program = find_libreoffice()
    if program is None:
        return "libreoffice: not installed"
    with tempfile.TemporaryDirectory(prefix="skillgit-office-") as folder:
        command = [
            program,
            "--headless",
            "--norestore",
            f"-env:UserInstallation={Path(folder, 'profile').as_uri()}",
            "--convert-to",
            "xlsx:Calc MS Excel 2007 XML",
            "--outdir",
            folder,
            str(source),
        ]
        try:
            subprocess.run(command, capture_output=True, timeout=_LIBREOFFICE_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"libreoffice: {type(error).__name__}"
        made = Path(folder, source.with_suffix(".xlsx").name)
        if not made.is_file():
            return "libreoffice: it wrote nothing"
        shutil.copyfile(made, target)
    return ""
