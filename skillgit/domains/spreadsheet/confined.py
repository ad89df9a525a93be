"""Asks the reader's process (reader.py) about workbooks, and outlives whatever becomes of it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from skillgit.errors import SurroundingsError

_SECONDS = 120.0
_READER = "skillgit.domains.spreadsheet.reader"


def ask(job: str, **request: object) -> Mapping[str, Any]:
    """The reader's reply; its `problem` says why there is none. Raises where openpyxl lacks."""
    require("openpyxl")
    with tempfile.TemporaryDirectory(prefix="skillgit-reader-") as folder:
        reply = Path(folder, "reply.json")
        # -P: no module of the folder that skillgit happens to be started in.
        command = [sys.executable, "-P", "-m", _READER, str(reply)]
        try:
            done = subprocess.run(
                command,
                input=json.dumps({"job": job, **request}),
                text=True,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return {"problem": f"the workbook could not be read within {_SECONDS:.0f} s"}
        try:
            told: dict[str, Any] = json.loads(reply.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {"problem": f"the workbook broke its reader (status {done.returncode})"}
        return told


def require(package: str) -> None:
    """SurroundingsError where a package of the extra `spreadsheet` is not installed."""
    if find_spec(package) is None:
        raise SurroundingsError(
            f"opening a workbook: the package {package} is not installed",
            hint="pip install 'skillgit[spreadsheet]'",
        )
