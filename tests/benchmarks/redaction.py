"""What redaction hides, what it hides by mistake, and how long it takes, as Markdown.

    PYTHONPATH=tests python -m benchmarks.redaction [FOLDER…]

Secrets that are made up are planted in every text of every format's golden case (`planted.py`).
With folders, their files are redacted as trajectories and, where they are none, as texts.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import planted

from skillgit.adapters.files import read_trajectory_files
from skillgit.trajectories.importers import import_file
from skillgit.trajectories.redaction import Kind, Redactor
from skillgit.types import Diagnostic, Trajectory


def cells(path: Path) -> dict[str, str]:
    """For each kind: in how many texts of the format it stood, and that it is seen in none."""
    raw = planted.trajectories(path, planted.planted(path))
    before, after = _seen(raw), _seen(Redactor(planted.PATTERN).all(raw))
    return {
        secret.kind: f"LEAK in {after[secret.kind]}"
        if after[secret.kind]
        else str(before[secret.kind])
        for secret in planted.SECRETS
    }


def _seen(runs: Sequence[Trajectory]) -> Counter[str]:
    return Counter(
        kind for run in runs for kind, places in planted.visible(run).items() for _ in places
    )


def table() -> Iterator[str]:
    paths = planted.formats()
    columns = [cells(path) for path in paths]
    names = (f"{number} {path.name}" for number, path in enumerate(paths, 1))
    yield f"Formats: {', '.join(names)}."
    yield ""
    yield f"| kind | {' | '.join(map(str, range(1, len(paths) + 1)))} |"
    yield f"|---|{'---|' * len(paths)}"
    for secret in planted.SECRETS:
        yield f"| {secret.kind} | {' | '.join(column[secret.kind] for column in columns)} |"


def false_alarms(folder: Path) -> Iterator[str]:
    """Counts per megabyte; what of it is right, a person must look at."""
    runs: list[Trajectory] = []
    for file in read_trajectory_files((folder,)):
        if not isinstance(file, Diagnostic):
            runs.extend(import_file(file).trajectories)
    known = {".md", ".py", ".txt", ".sh", ".js", ".toml", ".yaml"}
    rest = [
        path.read_text("utf-8", "replace")
        for path in sorted(folder.rglob("*"))
        if path.suffix in known and path.is_file()
    ]
    texts = [text for run in runs for _, text in planted.texts_of(run)]
    size = sum(map(len, [*texts, *rest])) / 1e6
    redactor = Redactor()
    begun = time.process_time()
    redactor.all(runs)
    for text in rest:
        redactor.text(text)
    seconds = time.process_time() - begun
    counts = " | ".join(
        f"{redactor.counts[kind]} ({redactor.counts[kind] / max(size, 0.001):.1f})"
        for kind in Kind
        if kind is not Kind.EXTRA
    )
    pace = f"{seconds / max(size, 0.001):.2f}"
    yield f"| {folder.name} | {len(runs)} | {size:.2f} | {pace} | {counts} |"


def main(folders: Sequence[str]) -> None:
    lines = [*table(), ""]
    if folders:
        kinds = [kind.value for kind in Kind if kind is not Kind.EXTRA]
        lines += ["Placeholders, and how many per megabyte:", ""]
        lines += [f"| folder | runs | MB | s per MB | {' | '.join(kinds)} |"]
        lines += [f"|---|---|---|---|{'---|' * len(kinds)}"]
        lines += [line for folder in folders for line in false_alarms(Path(folder))]
    sys.stdout.write("\n".join([*lines, ""]))


if __name__ == "__main__":
    main(sys.argv[1:])
