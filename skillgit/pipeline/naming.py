"""What names a round: the same request gives the same id, and so the same commits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime

from skillgit.config import Config, Consolidate, Endpoint
from skillgit.names import Digest, RoundId
from skillgit.pipeline.remembering import LATER_SETTINGS
from skillgit.stages.analyze.bench import Bench
from skillgit.types import Round

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


def again(round_: Round, number: int, begun: Callable[[Digest], int]) -> Round:
    """The name of a round that was made before, with fewer replies: another one for each time."""
    name, started = named(f"{round_.id}, again {number}", begun)
    return replace(round_, id=name, started=started)


def made_again(before: Round, this: Round) -> tuple[str, ...]:
    """What a person is told of that."""
    told = (
        f"{before.id} was made of the same with other replies, some calls having failed; it is "
        "kept, and this is a round of its own"
    )
    return () if before.id == this.id else (told,)


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
