"""Reports of SWE-bench: who was resolved, and no trajectory; read with `--outcomes`.

They lie beside the trajectories; a person should hear what to do with them.
"""

from __future__ import annotations

from collections.abc import Iterator

from skillgit.trajectories.documents import Document, JsonObject, JsonValue
from skillgit.trajectories.drafts import one_by_one, remark
from skillgit.types import Diagnostic, Trajectory

FORMAT = "SWE-bench report"


def _root_of(value: JsonValue) -> JsonObject | None:
    if not isinstance(value, dict):
        return None
    lists = (value.get(key) for key in ("resolved_ids", "unresolved_ids"))
    return value if all(isinstance(one, list) for one in lists) else None


def _read(document: Document, root: JsonObject) -> Iterator[Trajectory | Diagnostic]:
    resolved = root["resolved_ids"]
    count = len(resolved) if isinstance(resolved, list) else 0
    message = f"a {FORMAT} ({count} resolved), no trajectory: give it with --outcomes"
    yield remark(document, message)


SWE_BENCH_REPORT = one_by_one(FORMAT, _root_of, _read)
