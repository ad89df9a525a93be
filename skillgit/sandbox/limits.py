"""How much a command may take, in the units in which it is measured."""

from __future__ import annotations

import math
from dataclasses import dataclass

from skillgit.config import Sandbox

MEGABYTE = 1 << 20
MOST_FILES = 20_000
"""In the work folder, and in /tmp: walking more of them would take longer than a command."""
MOST_OPEN_FILES = 1024
SCRATCH_BYTES = 128 * MEGABYTE
"""What fits into the inner /tmp, which is memory."""
SHARED_BYTES = 64 * MEGABYTE
"""What fits into the inner /dev/shm, which is memory too."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one command may take. Memory counts for each process, and once more for all of them."""

    seconds: float
    memory: int
    disk: int
    file: int
    processes: int
    files: int = MOST_FILES

    @classmethod
    def of(cls, options: Sandbox) -> Limits:
        return cls(
            seconds=options.seconds,
            memory=options.memory_mb * MEGABYTE,
            disk=options.disk_mb * MEGABYTE,
            file=options.file_mb * MEGABYTE,
            processes=options.processes,
        )

    @property
    def cpu(self) -> int:
        """Seconds of computing of one process; many threads use them up before the clock does."""
        return math.ceil(self.seconds) + 1
