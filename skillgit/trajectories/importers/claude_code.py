"""Claude Code sessions: lines that form a tree by `uuid` and `parentUuid`, one session a file.

What `claude -p --output-format stream-json` prints is read too. A turn of the model is split over
lines that share `message.id`. The steps of a sub-agent stand behind the step that called it; a
sub-agent's own file is a trajectory by itself, its task named after the session. Nothing in them
says whether the task was solved: the `result` line is the program's and the agent's word.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from skillgit.trajectories.documents import Document, JsonObject, JsonValue
from skillgit.trajectories.drafts import (
    Draft,
    Label,
    content_text,
    finished,
    first_text,
    remark,
    text_of,
)
from skillgit.trajectories.importers.claude_code_tree import abandoned, chain_of, is_meta
from skillgit.trajectories.turns import Record, Turn, Turns, left_out, one_session
from skillgit.types import Diagnostic, Outcome, Result, ToolCall, Trajectory

FORMAT = "Claude Code session"

_SILENT = frozenset(
    {
        "agent-color",
        "agent-name",
        "agent-setting",
        "ai-title",
        "attachment",
        "auth_status",
        "custom-title",
        "file-history-snapshot",
        "last-prompt",
        "mode",
        "permission-mode",
        "pr-link",
        "progress",
        "queue-operation",
        "rate_limit_event",
        "result",
        "stream_event",
        "summary",
        "system",
        "tag",
        "tool_progress",
        "tool_use_summary",
        "worktree-state",
    }
)
_CALLERS = ("Task", "Agent")


def _is_record(value: JsonObject) -> bool:
    kind, message = value.get("type"), value.get("message")
    if kind in ("user", "assistant") and isinstance(message, dict):
        return "content" in message
    if not isinstance(kind, str) or kind not in _SILENT:
        return False
    known = ("sessionId", "session_id", "leafUuid", "snapshot", "uuid")
    return any(key in value for key in known)


@dataclass(slots=True)
class _Chain:
    """The steps of the main agent (`name` is empty), or of one of its sub-agents."""

    name: str
    turns: Turns = field(default_factory=Turns)
    turn_id: str = ""


@dataclass(slots=True)
class _Session:
    """A session while it is read: its chains, and behind which step each of them stands."""

    chains: dict[str, _Chain] = field(default_factory=dict)
    callers: dict[tuple[str, str], Turn] = field(default_factory=dict)
    behind: dict[int, list[_Chain]] = field(default_factory=dict)

    def chain(self, name: str, record: JsonObject) -> _Chain:
        """The chain of this name; a new sub-agent's is put behind the step that called it."""
        known = self.chains.get(name)
        if known is not None:
            return known
        chain = self.chains[name] = _Chain(name)
        if name:
            main = self.chains.setdefault("", _Chain(""))
            caller = self._caller(name, record) or main.turns.last
            self.behind.setdefault(id(caller) if caller else 0, []).append(chain)
        return chain

    def _caller(self, name: str, record: JsonObject) -> Turn | None:
        message = record.get("message")
        prompt = content_text(message.get("content")) if isinstance(message, dict) else ""
        keys = (("call", name), ("agent", name), ("prompt", prompt))
        return next(filter(None, map(self.callers.get, keys)), None)

    def answered(self, record: JsonObject, call_id: str) -> None:
        """The answer to a call may name the sub-agent that worked on it."""
        about, caller = record.get("toolUseResult"), self.callers.get(("call", call_id))
        name = first_text(about, "agentId") if isinstance(about, dict) else ""
        name = name or first_text(record, "agentId")
        if name and caller is not None:
            self.callers.setdefault(("agent", name), caller)

    def drafts(self) -> Iterator[Draft]:
        """All steps in their order."""
        open_chains = [iter(self._started(0))]
        main = self.chains.get("")
        open_chains.insert(0, iter(main.turns.drafts if main else ()))
        while open_chains:
            draft = next(open_chains[-1], None)
            if draft is None:
                open_chains.pop()
                continue
            yield draft
            open_chains.append(iter(self._started(id(draft))))

    def _started(self, caller: int) -> list[Draft]:
        return [draft for chain in self.behind.get(caller, ()) for draft in _marked(chain)]


def _marked(chain: _Chain) -> list[Draft]:
    begin, end = (
        Draft("system", f"[sub-agent {chain.name} {what}]") for what in ("begins", "ends")
    )
    return [begin, *chain.turns.drafts, end]


def _read(document: Document, records: list[Record]) -> Iterator[Trajectory | Diagnostic]:
    gone, names = abandoned(records), chain_of(records)
    back = [record for at, record in enumerate(records) if at in gone]
    yield from left_out(document, back, "records of branches that the user went back from")
    said, strange = _said(records)
    yield from left_out(document, strange, "records of no known type or without a message")
    kept = [at for at in said if at not in gone]
    chains = {names[at] for at in kept}
    # The file of a sub-agent holds nothing else.
    alone = chains.pop() if len(chains) == 1 else ""
    session = _Session()
    for at in kept:
        value = records[at].value
        _take(session, session.chain("" if names[at] == alone else names[at], value), value)
    ids = dict.fromkeys(filter(None, (_session_id(records[at].value) for at in kept)))
    if len(ids) > 1:
        yield remark(document, f"the lines of {len(ids)} sessions, read as one")
    task = "/".join(filter(None, (next(iter(ids), ""), alone)))
    label = Label(FORMAT, task, "claude-code")
    yield finished(document, list(session.drafts()), label, Outcome(Result.UNKNOWN))


def _session_id(value: JsonObject) -> str:
    return first_text(value, "sessionId", "session_id")


def _said(records: list[Record]) -> tuple[list[int], list[Record]]:
    """Which records say something, each once; and those that are of no known shape."""
    found: list[int] = []
    strange: list[Record] = []
    seen: dict[str, str] = {}
    for at, record in enumerate(records):
        kind, message = text_of(record.value.get("type")), record.value.get("message")
        if kind in ("system", "attachment"):
            said = record.value.get("content") if kind == "system" else _queued(record.value)
        elif kind in ("user", "assistant"):
            said = message.get("content") if isinstance(message, dict) else None
        else:
            said = None
        if kind not in _SILENT and not isinstance(said, str | list):
            strange.append(record)
        uuid, text = text_of(record.value.get("uuid")), text_of(said)
        # A session that is resumed repeats lines.
        if text.strip() and not (uuid and seen.get(uuid) == text):
            seen[uuid] = text
            found.append(at)
    return found, strange


def _queued(value: JsonObject) -> JsonValue:
    """What was put in while the agent was at work, by the user or by the program."""
    attached = value.get("attachment")
    queued = isinstance(attached, dict) and attached.get("type") == "queued_command"
    return attached.get("prompt") if queued and isinstance(attached, dict) else None


def _take(session: _Session, chain: _Chain, value: JsonObject) -> None:
    message = value.get("message")
    if value.get("type") == "attachment":
        chain.turns.say("system" if is_meta(value) else "user", content_text(_queued(value)))
    elif not isinstance(message, dict):
        chain.turns.say("system", text_of(value.get("content")))
    elif value.get("type") == "assistant" and value.get("isApiErrorMessage") is not True:
        _agent(session, chain, message)
    else:
        _user(session, chain, value, message)


def _agent(session: _Session, chain: _Chain, message: JsonObject) -> None:
    """More of the turn that this line belongs to, or the first of a new one."""
    turn_id, last = text_of(message.get("id")), chain.turns.last
    same = last is not None and last.source == "agent" and turn_id and turn_id == chain.turn_id
    turn = last if last is not None and same else chain.turns.say("agent", "")
    chain.turn_id = turn_id
    content = message.get("content")
    if isinstance(content, str):
        turn.add(text_of(content))
    for part in content if isinstance(content, list) else ():
        kind = text_of(part.get("type")) if isinstance(part, dict) else ""
        if not isinstance(part, dict) or kind not in {"thinking", "redacted_thinking"}:
            _act(session, chain, turn, part)
        elif kind == "thinking":
            turn.add("", text_of(part.get("thinking")))


def _act(session: _Session, chain: _Chain, turn: Turn, part: JsonValue) -> None:
    kind = text_of(part.get("type")) if isinstance(part, dict) else ""
    if not isinstance(part, dict) or not kind.endswith(("tool_use", "tool_result")):
        turn.add(content_text([part]))
    elif kind.endswith("tool_result"):
        chain.turns.answer(first_text(part, "tool_use_id"), content_text(part.get("content")))
    else:
        call_id, name = first_text(part, "id"), first_text(part, "name") or "unnamed"
        chain.turns.call(turn, call_id, ToolCall(name, text_of(part.get("input"))))
        session.callers.setdefault(("call", call_id), turn)
        given = part.get("input")
        if name in _CALLERS and isinstance(given, dict):
            session.callers.setdefault(("prompt", text_of(given.get("prompt"))), turn)


def _user(session: _Session, chain: _Chain, value: JsonObject, message: JsonObject) -> None:
    """Answers of tools go to their calls; the rest is a step of the user, or of the program."""
    content = message.get("content")
    rest: list[JsonValue] = []
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, dict) and part.get("type") == "tool_result":
            call_id = first_text(part, "tool_use_id")
            session.answered(value, call_id)
            chain.turns.answer(call_id, content_text(part.get("content")))
        else:
            rest.append(part)
    if text := content_text(rest).strip("\n"):
        chain.turns.say("system" if is_meta(value) else "user", text)


CLAUDE_CODE = one_session(FORMAT, _is_record, _read)
