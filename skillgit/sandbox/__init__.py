"""Where commands that a model wrote are run: confined, or not at all.

opening.py      the door: which sandbox works here, and what to do where none does
bubblewrap.py   the default: namespaces of their own, a read-only system, one writable folder
container.py    docker or podman
unconfined.py   for --unsafe-no-sandbox alone

What they share: interior.py (the Python inside), limits.py and watch.py (how much a command may
take), running.py (one program to its end), output.py, folders.py, seccomp.py.
"""

from skillgit.sandbox.opening import Trouble, examine, open_sandbox

__all__ = ["Trouble", "examine", "open_sandbox"]
