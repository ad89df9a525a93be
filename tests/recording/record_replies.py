"""Record the replies that `skillgit demo --replay` takes: one live round over all trajectories.

    PYTHONPATH=tests python -m recording.record_replies --base-url http://127.0.0.1:8000/v1

makes the demo's repository in a temporary folder, runs the round against the endpoint and writes
templates/demo/replies.jsonl. With `--work DIR` a broken recording goes on where it stopped.
Needed again whenever the skill, a trajectory, a prompt, a schema or a setting of the demo changes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from skillgit import cli
from skillgit.endpoint.store import STATE_FOLDER, STORE_FILE, ReplyStore

REPLIES = Path(__file__).parents[2] / "templates" / "demo" / "replies.jsonl"
STORE = Path(".git", STATE_FOLDER, STORE_FILE)


def main() -> int:
    """Run the round, then export what was answered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--model", help="the name there; not needed where only one is served")
    parser.add_argument("--work", type=Path, help="a folder that is kept")
    options = parser.parse_args()
    with ExitStack() as stack:
        work = options.work or Path(stack.enter_context(tempfile.TemporaryDirectory()), "demo")
        arguments = ["demo", str(work), "--limit", "0", "--base-url", options.base_url]
        code = cli.run(arguments + (["--model", options.model] if options.model else []))
        if code == 0:
            with ReplyStore(work / STORE) as store:
                count = store.export(REPLIES)
            print(f"{count} replies in {REPLIES}", file=sys.stderr)  # noqa: T201 - a script
    return code


if __name__ == "__main__":
    sys.exit(main())
