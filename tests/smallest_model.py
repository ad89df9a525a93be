"""The smallest real model, for the tests that need one; taken from the user's cache, or fetched.

This module sees the real environment, because it is imported before any test hides it.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from skillgit.embedded import models
from skillgit.wiring import models_dir

_ENVIRONMENT = dict(os.environ)
_FOLDER = models.models_folder(_ENVIRONMENT, models_dir())
_FETCH = f"""
import sys
from pathlib import Path
from skillgit.embedded import models
from skillgit.cli.console import TerminalProgress
with TerminalProgress(quiet=True) as progress:
    models.fetch(models.known_model({models.SMALLEST!r}), Path(sys.argv[1]), progress)
"""


@functools.cache
def smallest_model() -> Path:
    """Its file; skips the test where there is none to be had, or no server to run it."""
    if find_spec("xllamacpp") is None:
        pytest.skip("the extra 'embedded' is not installed")
    model = models.known_model(models.SMALLEST)
    if not models.is_cached(model, _FOLDER):
        command = [sys.executable, "-c", _FETCH, str(_FOLDER)]
        done = subprocess.run(command, env=_ENVIRONMENT, capture_output=True, check=False)
        if done.returncode:
            pytest.skip(f"the model {model.name} is not cached and cannot be fetched")
    return _FOLDER / model.file
