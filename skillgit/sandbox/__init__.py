"""Where commands that a model wrote are run: confined, or not at all.

opening.py      the door: which sandbox works here, and what to do where none does
bubblewrap.py   the default: namespaces of their own, a read-only system, one writable folder
container.py    docker or podman
unconfined.py   for --unsafe-no-sandbox alone

Of bubblewrap alone: walls.py (what a command sees), interior.py (the Python inside), seccomp.py
(calls of the kernel that are refused), wires.py (its pipes). Shared: limits.py and watch.py (how
much a command may take), running.py (one program to its end), output.py, folders.py.
"""

from skillgit.sandbox.opening import (
    Trouble,
    examine,
    missing_packages,
    open_sandbox,
    untried_sandbox,
)

__all__ = ["Trouble", "examine", "missing_packages", "open_sandbox", "untried_sandbox"]
