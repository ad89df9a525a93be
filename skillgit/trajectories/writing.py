"""Runs as ATIF-v1.7, Harbor's trajectory format: what the importer in `importers/` reads.

Strict where the importer is permissive. The outcome is not in it: it stands in `result.json`
beside the trajectory, as Harbor has it. `stored.py` writes trajectories of other formats with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from skillgit import __version__
from skillgit.images import Image
from skillgit.trajectories.drafts import text_of
from skillgit.types import Usage

VERSION = "ATIF-v1.7"
AGENT = "skillgit"
SPELT = "arguments"
"""In the `extra` of a call: its arguments as they were spelt."""

_Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """A call of a tool and what was seen of it; `arguments` as the model wrote them.

    Without an observation (None) it is not told which of the step's calls was answered by what.
    With `exact`, arguments that an object does not spell in the same way are kept as text, too.
    """

    name: str
    arguments: str
    observation: str | None = ""
    seconds: float | None = None
    exact: bool = False


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
    observation: str = ""
    """What was seen, where that is not told for each call."""
    extra: Mapping[str, object] = field(default_factory=dict)
    images: tuple[Image, ...] = ()
    """Told by name and digest; their bytes are wherever the task's are."""

    def __post_init__(self) -> None:
        if self.source not in {"system", "user", "agent"}:
            raise ValueError(f"not a source of ATIF: {self.source!r}")
        if self.source != "agent" and (self.reasoning or self.calls or self.usage):
            raise ValueError(f"only an agent reasons and calls tools, not the {self.source}")


@dataclass(frozen=True, slots=True)
class WrittenRun:
    """A run to be written. `session` is unique to it; `extra` says what it was given.

    Of a run that nobody measured no tokens are told.
    """

    session: str
    model: str
    steps: tuple[WrittenStep, ...]
    seconds: float | None = None
    extra: Mapping[str, object] = field(default_factory=dict)
    agent: str = AGENT
    version: str = __version__
    measured: bool = True

    def __post_init__(self) -> None:
        if not self.steps:
            raise ValueError("a run without steps")


def atif_bytes(run: WrittenRun) -> bytes:
    """The run as a document; the same run always gives the same bytes."""
    document = {
        "schema_version": VERSION,
        "session_id": run.session,
        "agent": {"name": run.agent, "version": run.version}
        | _present(model_name=run.model or None),
        "steps": [_step(step, number) for number, step in enumerate(run.steps, 1)],
        "final_metrics": _totals(run) if run.measured else {"total_steps": len(run.steps)},
    }
    if run.extra:
        document["extra"] = dict(run.extra)
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    # `text_of`: what a command printed may hold lone surrogates, which UTF-8 has not.
    return text_of(text).encode() + b"\n"


def _step(step: WrittenStep, number: int) -> _Json:
    found: _Json = {"step_id": number, "source": step.source, "message": _message(step)}
    found |= _present(
        timestamp=None if step.at is None else _timestamp(step.at),
        reasoning_content=step.reasoning or None,
        metrics=_metrics(step.usage),
        llm_call_count=_calls(step.usage) or None,
        extra=({**step.extra, **_digests(step), **(_seconds(step.seconds) or {})}) or None,
    )
    # Models repeat their ids, and an observation must point at one call.
    ids = [f"call-{number}-{position}" for position in range(1, len(step.calls) + 1)]
    if step.calls:
        found["tool_calls"] = [_call(call, id_) for id_, call in zip(ids, step.calls, strict=True)]
    results: list[_Json] = [
        {"source_call_id": id_, "content": call.observation}
        | _present(extra=_seconds(call.seconds))
        for id_, call in zip(ids, step.calls, strict=True)
        if call.observation is not None
    ]
    results += [{"content": step.observation}] if step.observation else []
    if results:
        found["observation"] = {"results": results}
    return found


def _message(step: WrittenStep) -> str | list[_Json]:
    """The words, or content parts of version 1.6 where pictures were shown before them.

    Which picture it was stands behind its name: the same question about two pages is two runs.
    """
    if not step.images:
        return step.message
    sources = [
        {"media_type": image.media_type, "path": f"{image.name}#{image.digest[7:19]}"}
        for image in step.images
    ]
    parts: list[_Json] = [{"type": "image", "source": source} for source in sources]
    return [*parts, {"type": "text", "text": step.message}]


def _digests(step: WrittenStep) -> _Json:
    if not step.images:
        return {}
    told = [
        {"path": one.name, "digest": one.digest, "width": one.width, "height": one.height}
        for one in step.images
    ]
    return {"images": told}


def _call(call: WrittenCall, id_: str) -> _Json:
    arguments = arguments_of(call.arguments)
    spelt = call.exact and text_of(arguments) != call.arguments
    return {"tool_call_id": id_, "function_name": call.name, "arguments": arguments} | _present(
        extra={SPELT: call.arguments} if spelt else None
    )


def arguments_of(text: str) -> _Json:
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
