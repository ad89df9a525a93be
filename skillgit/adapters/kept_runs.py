"""Finished runs of every skill, model and setting, each in the place that its identity gives it.

<skill>-<digest of skill, model and harness>/<digest of the task>/<task>/<seed>/

What a run depends on is its address: a changed task or prompt finds nothing, and takes no place.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from skillgit.adapters.runs import RunFolder, StoredRun
from skillgit.errors import SurroundingsError
from skillgit.evaluation.runs import RunIdentity, RunResult

_DIGITS = 16


class KeptRuns:
    """A memory of runs below `root`: a run that is there is not run again, a mishap is.

    Several processes may share it; where two make the same run, the first one stays.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def finished(self, identity: RunIdentity) -> RunResult | None:
        """The result of exactly this run, where it is kept."""
        return self._folder(identity).finished(identity)

    def save(self, result: RunResult, trajectory: bytes, work: Path | None) -> StoredRun:
        """Keep a run; it is there as a whole or not at all."""
        return self._folder(result.identity).save(result, trajectory, work)

    def note(self, left_out: Mapping[str, int]) -> None:
        """Nobody asks what was not kept of the files in a measurement."""

    def forget(self, identity: RunIdentity) -> None:
        """Let it be run again; nothing happens where it is not there."""
        place = self._folder(identity).place(identity.task, identity.seed)
        try:
            shutil.rmtree(place)
        except FileNotFoundError:
            return
        except OSError as error:
            raise SurroundingsError(
                f"removing the kept run {place}: {error.strerror or error}",
                hint="remove it yourself; everything in that folder can be run again",
            ) from error

    def _folder(self, identity: RunIdentity) -> RunFolder:
        shared = json.dumps([identity.skill, identity.model, identity.harness])
        digest = hashlib.sha256(shared.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
        skill = _digits(identity.skill) if identity.skill else "no-skill"
        # Whatever else lies in a place of its own is damaged, and gives way.
        place = self.root / f"{skill}-{digest}" / _digits(identity.task_digest)
        return RunFolder(place, overwrite=True)


def _digits(digest: str) -> str:
    return digest.removeprefix("sha256:")[:_DIGITS]
