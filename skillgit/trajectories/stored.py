"""A trajectory of any format as one ATIF document, and back: what `skillgit import -o` writes.

The document keeps which bytes the trajectory was made of, so that importing changes no identity:
`extra.imported` has the digest and the origin of the source. That is a claim of the file, which
anybody can write; `found.py` says when it counts.
"""

from __future__ import annotations

import json
from dataclasses import replace

from skillgit.names import Digest
from skillgit.trajectories.documents import Document, JsonObject
from skillgit.trajectories.drafts import first_text, text_of
from skillgit.trajectories.lines import plain
from skillgit.trajectories.outcomes import outcome_document
from skillgit.trajectories.writing import (
    SPELT,
    WrittenCall,
    WrittenRun,
    WrittenStep,
    arguments_of,
    atif_bytes,
)
from skillgit.types import Step, Trajectory

_IMPORTED = "imported"
_READ_AS = "skillgit_source"
_SOURCES = frozenset({"system", "user", "agent", "tool"})
_UNKNOWN = "unknown"


def stored_bytes(one: Trajectory) -> bytes:
    """The document; the same trajectory gives the same bytes with every version of skillgit."""
    imported = {
        "digest": one.digest,
        "origin": one.origin,
        "format": one.format,
        "task": one.task,
        "agent": one.agent,
        "skills": list(one.skills),
    }
    return atif_bytes(
        WrittenRun(
            one.id,
            "",
            tuple(map(_written, one.steps)),
            extra={_IMPORTED: imported},
            agent=one.agent or _UNKNOWN,
            version=_UNKNOWN,
            measured=False,
        )
    )


def outcome_bytes(one: Trajectory) -> bytes | None:
    """What goes beside it as `<id>.result.json`; None without an outcome."""
    document = outcome_document(one.outcome)
    if document is None:
        return None
    return text_of(json.dumps(document, ensure_ascii=False, indent=1)).encode() + b"\n"


def restored(found: Trajectory, document: Document, root: JsonObject) -> Trajectory:
    """The trajectory that was imported, where the document says that it was made of one."""
    extra = root.get("extra")
    said = extra.get(_IMPORTED) if isinstance(extra, dict) else None
    if not isinstance(said, dict):
        return found
    skills = said.get("skills")
    try:
        digest = Digest(text_of(said.get("digest")))
        had = tuple(Digest(text_of(one)) for one in skills) if isinstance(skills, list) else ()
    except ValueError:
        return found
    return replace(
        found,
        digest=digest,
        stored_as=document.digest,
        task=text_of(said.get("task")),
        agent=text_of(said.get("agent")),
        origin=_one_line(first_text(said, "origin")) or found.origin,
        format=_one_line(first_text(said, "format")) or found.format,
        skills=found.skills or had,
    )


def source_of(step: JsonObject) -> str:
    """Whose step it is; ATIF has no tools that speak by themselves, and only agents call some."""
    written, extra = text_of(step["source"]), step.get("extra")
    told = text_of(extra.get(_READ_AS)) if isinstance(extra, dict) else ""
    return told if told in _SOURCES and written == _source(told, acts=_acts(step)) else written


def arguments_in(call: JsonObject) -> str:
    """The arguments of a call as they were spelt, where its object says the same."""
    shown, extra = text_of(call.get("arguments")), call.get("extra")
    spelt = extra.get(SPELT) if isinstance(extra, dict) else None
    if isinstance(spelt, str) and text_of(arguments_of(spelt)) == shown:
        return text_of(spelt)
    return shown


def _written(step: Step) -> WrittenStep:
    source = _source(step.source, acts=bool(step.calls or step.reasoning))
    alone = len(step.calls) == 1
    seen = (step.observation or None) if alone else None
    return WrittenStep(
        source,
        step.message,
        step.reasoning,
        tuple(WrittenCall(one.name, one.arguments, seen, exact=True) for one in step.calls),
        observation="" if alone else step.observation,
        extra={} if source == step.source else {_READ_AS: step.source},
    )


def _source(source: str, *, acts: bool) -> str:
    if acts:
        return "agent"
    return "system" if source == "tool" else source


def _acts(step: JsonObject) -> bool:
    return bool(step.get("tool_calls") or step.get("reasoning_content"))


def _one_line(text: str) -> str:
    return plain(text).replace("\n", " ").replace("\t", " ")[:500]
