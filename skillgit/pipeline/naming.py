"""What names a round: the same request gives the same id, and so the same commits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime

from skillgit.config import Config, Consolidate, Endpoint
from skillgit.names import Digest, RoundId
from skillgit.pipeline.remembering import LATER_SETTINGS
from skillgit.stages.analyze.bench import Bench

_LATER: dict[str, object] = LATER_SETTINGS | {
    "consolidate.strategy": Consolidate().strategy,
    "consolidate.batch": Consolidate().batch,
    "endpoint.remember": asdict(Endpoint().remember),
}
"""What rounds did not know once: left at its default, it changes no round's id."""


def named(asked: str, begun: Callable[[Digest], int]) -> tuple[RoundId, int]:
    """The id of the round that does what was asked, and when that was first asked for."""
    digest = Digest(f"sha256:{hashlib.sha256(asked.encode()).hexdigest()}")
    started = begun(digest)
    stamp = datetime.fromtimestamp(started, UTC).strftime("%Y%m%dT%H%M%SZ")
    return RoundId(f"{stamp}-{digest[7:13]}"), started


def hidden_patterns(config: Config) -> dict[str, object]:
    """A person's patterns, which are told nowhere: what must not be seen may stand in them."""
    return {"hidden": config.collect.redact_extra} if config.collect.redact_extra else {}


def proven_on(bench: Bench | None) -> list[tuple[Digest, Digest]]:
    """On which tasks the causes are proven, as these are now."""
    exhibits = bench.exhibits if bench else {}
    return sorted((digest, exhibit.task.digest) for digest, exhibit in exhibits.items())


def settings_of(config: Config) -> dict[str, str | int | float | bool]:
    """What changes the result; where the endpoint is and how hard it is driven does not."""
    elsewhere = {
        "base_url",
        "api_key_env",
        "workers",
        "timeout",
        "retries",
        "patience",
        "model",
        "parallel",
        "redact_extra",
    }
    return {
        f"{table}.{key}": value if isinstance(value, (str, int, float, bool)) else json.dumps(value)
        for table, values in asdict(config).items()
        for key, value in values.items()
        if table not in {"sandbox", "gate", "executor", "recall"}
        and key not in elsewhere
        and _LATER.get(f"{table}.{key}") != value
    }
