"""Record the replies that `skillgit demo --replay` plays: a real round, then its store as a file.

    PYTHONPATH=tests python -m recording.record_replies http://127.0.0.1:8101/v1

Run it again after any change of a prompt, of the demo's skill, trajectories or settings.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from skillgit.adapters.resources import resource
from skillgit.adapters.store import STATE_FOLDER, STORE_FILE, ReplyStore
from skillgit.cli import run


def main(base_url: str) -> int:
    """One round over all trajectories of the demo; its exit code."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "demo"
        code = run(["demo", str(folder), "--base-url", base_url, "--limit", "0"])
        with ReplyStore(folder / ".git" / STATE_FOLDER / STORE_FILE) as store:
            count = store.export(resource("templates", "demo") / "replies.jsonl")
    sys.stderr.write(f"{count} replies recorded\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
