"""Our own runs as ATIF-v1.7, Harbor's trajectory format: what the importer in `importers/` reads.

Strict where the importer is permissive. The outcome is not in it: it stands in `result.json`
beside the trajectory, as Harbor has it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from skillgit import __version__
from skillgit.trajectories.drafts import text_of
from skillgit.types import Usage

VERSION = "ATIF-v1.7"
AGENT = "skillgit"

_Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """A call of a tool and what was seen of it; `arguments` as the model wrote them."""

    name: str
    arguments: str
    observation: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class WrittenStep:
    """A step to be written. `source` is system, user or agent; only an agent has more than words.

    `at` is when it ended, in seconds since 1970, and `seconds` how long the model took for it.
    """

    source: str
    message: str
    reasoning: str = ""
    calls: tuple[WrittenCall, ...] = ()
    usage: Usage | None = None
    at: float | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.source not in {"system", "user", "agent"}:
            raise ValueError(f"not a source of ATIF: {self.source!r}")
        if self.source != "agent" and (self.reasoning or self.calls or self.usage):
            raise ValueError(f"only an agent reasons and calls tools, not the {self.source}")


@dataclass(frozen=True, slots=True)
class WrittenRun:
    """A run to be written. `session` is unique to it; `extra` says what it was given."""

    session: str
    model: str
    steps: tuple[WrittenStep, ...]
    seconds: float | None = None
    extra: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.steps:
            raise ValueError("a run without steps")


def atif_bytes(run: WrittenRun) -> bytes:
    """The run as a document; the same run always gives the same bytes."""
    document = {
        "schema_version": VERSION,
        "session_id": run.session,
        "agent": {"name": AGENT, "version": __version__} | _present(model_name=run.model or None),
        "steps": [_step(step, number) for number, step in enumerate(run.steps, 1)],
        "final_metrics": _totals(run),
    }
    if run.extra:
        document["extra"] = dict(run.extra)
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    # `text_of`: what a command printed may hold lone surrogates, which UTF-8 has not.
    return text_of(text).encode() + b"\n"


def _step(step: WrittenStep, number: int) -> _Json:
    found: _Json = {"step_id": number, "source": step.source, "message": step.message}
    found |= _present(
        timestamp=None if step.at is None else _timestamp(step.at),
        reasoning_content=step.reasoning or None,
        metrics=_metrics(step.usage),
        llm_call_count=_calls(step.usage) or None,
        extra=_seconds(step.seconds),
    )
    if step.calls:
        # Models repeat their ids, and an observation must point at one call.
        ids = [f"call-{number}-{position}" for position in range(1, len(step.calls) + 1)]
        found["tool_calls"] = [
            {
                "tool_call_id": id_,
                "function_name": call.name,
                "arguments": _arguments(call.arguments),
            }
            for id_, call in zip(ids, step.calls, strict=True)
        ]
        found["observation"] = {
            "results": [
                {"source_call_id": id_, "content": call.observation}
                | _present(extra=_seconds(call.seconds))
                for id_, call in zip(ids, step.calls, strict=True)
            ]
        }
    return found


def _arguments(text: str) -> _Json:
    """ATIF wants an object; what a model wrote instead of one is kept as text."""
    try:
        value = json.loads(text, parse_constant=_refuse)
        if isinstance(value, dict) and json.dumps(value, allow_nan=False):
            return value
    except (ValueError, RecursionError):
        pass
    return {"text": text}


def _refuse(constant: str) -> object:
    raise ValueError(f"JSON has no {constant}")


def _metrics(usage: Usage | None) -> _Json | None:
    if usage is None:
        return None
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
    }


def _totals(run: WrittenRun) -> _Json:
    total = sum((step.usage for step in run.steps if step.usage), Usage())
    return {
        "total_prompt_tokens": total.prompt_tokens,
        "total_completion_tokens": total.output_tokens,
        "total_cached_tokens": total.cached_tokens,
        "total_steps": len(run.steps),
    } | _present(extra=_seconds(run.seconds))


def _calls(usage: Usage | None) -> int:
    """How often the model was asked for a step; never 0 beside metrics, says version 1.7."""
    return 0 if usage is None else max(1, usage.calls + usage.cached_calls)


def _seconds(seconds: float | None) -> _Json | None:
    return None if seconds is None else {"seconds": round(seconds, 3)}


def _timestamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _present(**parts: object) -> _Json:
    return {name: part for name, part in parts.items() if part is not None}
