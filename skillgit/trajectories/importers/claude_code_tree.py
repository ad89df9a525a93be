"""Which records of a Claude Code session belong to which agent, and which the user took back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from skillgit.trajectories.documents import JsonObject
from skillgit.trajectories.drafts import first_text, objects_in, text_of
from skillgit.trajectories.turns import Record


def is_meta(value: JsonObject) -> bool:
    """Is it the program's word: a caveat, a skill's text, the summary of a compaction, an error?"""
    flags = ("isMeta", "isCompactSummary", "isApiErrorMessage")
    if any(value.get(flag) is True for flag in flags):
        return True
    attached = value.get("attachment")
    mode = first_text(attached, "commandMode") if isinstance(attached, dict) else ""
    return mode not in {"", "prompt"}


def chain_of(records: Sequence[Record]) -> list[str]:
    """For each record the name of the sub-agent that it belongs to; empty for the main agent.

    Newer versions name the sub-agent, or the call that started it; in older ones a sidechain is
    known by its first record, which has no parent in it.
    """
    names: list[str] = []
    by_uuid: dict[str, str] = {}
    for record in records:
        value = record.value
        name = first_text(value, "parent_tool_use_id")
        uuid = text_of(value.get("uuid"))
        if not name and value.get("isSidechain") is True:
            parent = text_of(value.get("parentUuid"))
            name = first_text(value, "agentId") or by_uuid.get(parent) or uuid or "unnamed"
        by_uuid[uuid] = name
        names.append(name)
    return names


def abandoned(records: Sequence[Record]) -> frozenset[int]:
    """The positions of the records on branches that the user went back from.

    A branch is one only where a prompt stands beside the path to the last record: the answers to
    parallel calls stand beside it, too, and were seen.
    """
    parents: dict[str, str] = {}
    last = ""
    for record in records:
        uuid = text_of(record.value.get("uuid"))
        parents.setdefault(uuid, _parent(record.value))
        if uuid and record.value.get("isSidechain") is not True:
            last = uuid
    path: set[str] = set()
    while last and last not in path:
        path.add(last)
        last = parents.get(last, "")
    path.update(uuid for record in records for uuid in _preserved(record.value))
    gone: set[str] = set()
    positions: set[int] = set()
    for at, record in enumerate(records):
        uuid, parent = (text_of(record.value.get(key)) for key in ("uuid", "parentUuid"))
        beside = uuid not in path and parent in path and _is_prompt(record.value)
        if uuid and parent and (beside or parent in gone):
            gone.add(uuid)
            positions.add(at)
    return frozenset(positions)


def _parent(value: JsonObject) -> str:
    """What a record came after. A compaction begins a new tree, but for a reference to the old one.

    Where the compaction kept messages, these now come after it, and the reference is to the first.
    """
    kept = next(_preserved(value), "")
    return kept or first_text(value, "parentUuid", "logicalParentUuid")


def _preserved(value: JsonObject) -> Iterator[str]:
    """The messages that a compaction kept as they were."""
    about = value.get("compactMetadata")
    kept = about.get("preservedMessages") if isinstance(about, dict) else None
    ids = kept.get("uuids") if isinstance(kept, dict) else None
    yield from (one for one in (ids if isinstance(ids, list) else ()) if isinstance(one, str))


def _is_prompt(value: JsonObject) -> bool:
    if value.get("type") != "user" or is_meta(value) or value.get("isSidechain") is True:
        return False
    message = value.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    return not any(part.get("type") == "tool_result" for part in objects_in(content))
