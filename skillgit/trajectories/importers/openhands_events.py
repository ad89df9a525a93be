"""Events of OpenHands as steps: actions and observations, and the later ones with a `kind`.

An observation joins the action that caused it (`cause`, or the id of the call); in the oldest
files, which have no ids, the action before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from skillgit.trajectories.documents import JsonObject, JsonValue
from skillgit.trajectories.drafts import content_text, first_text, objects_in, text_of
from skillgit.trajectories.turns import Turn, Turns
from skillgit.types import ToolCall

_SILENT_ACTIONS = frozenset(
    {"recall", "change_agent_state", "condensation", "condensation_request", "null"}
)
_SILENT_OBSERVATIONS = frozenset({"recall", "agent_state_changed", "null"})
_SPOKEN_KINDS = frozenset(
    {
        "SystemPromptEvent",
        "MessageEvent",
        "ActionEvent",
        "ObservationEvent",
        "AgentErrorEvent",
        "UserRejectObservation",
        "CondensationSummaryEvent",
    }
)
_SILENT_KINDS = frozenset(
    {
        "ConversationStateUpdateEvent",
        "ConversationErrorEvent",
        "Condensation",
        "CondensationRequest",
        "PauseEvent",
        "TokenEvent",
        "LLMCompletionLogEvent",
        "ACPToolCallEvent",
    }
)
_KINDS = _SPOKEN_KINDS | _SILENT_KINDS
# Settings of the runtime beside the arguments that the model gave.
_SETTINGS = frozenset(
    {
        "action",
        "action_risk",
        "blocking",
        "confirmation_state",
        "final_thought",
        "hidden",
        "id",
        "impl_source",
        "is_confirmed",
        "is_input",
        "is_static",
        "keep_prompt",
        "kernel_init_code",
        "message",
        "observation",
        "security_risk",
        "source",
        "task_completed",
        "thought",
        "timeout",
        "timestamp",
        "translated_ipython_code",
    }
)


def is_event(value: JsonObject) -> bool:
    """An event of either generation."""
    if text_of(value.get("kind")) in _KINDS:
        return True
    named = isinstance(value.get("action"), str) or isinstance(value.get("observation"), str)
    return named and bool({"args", "extras", "source"} & value.keys())


@dataclass(slots=True)
class Events:
    """Steps made of events; events of one reply of the model are one turn."""

    turns: Turns = field(default_factory=Turns)
    _reply: str = ""
    _acting: Turn | None = None
    """The latest action, while nothing has answered it."""

    def add(self, event: JsonObject) -> bool:
        """Take in the next event; False where it is of no known kind."""
        kind = text_of(event.get("kind"))
        if kind in _SPOKEN_KINDS:
            self._take(kind, event)
        elif isinstance(event.get("action"), str):
            self._action(event, text_of(event["action"]))
        elif isinstance(event.get("observation"), str):
            self._observation(event, text_of(event["observation"]))
        else:
            return kind in _SILENT_KINDS
        return True

    # ------------------------------------------------------------- actions and observations

    def _action(self, event: JsonObject, name: str) -> None:
        given = event.get("args")
        args = given if isinstance(given, dict) else event
        if name in _SILENT_ACTIONS:
            return
        if name == "system":
            self._say("system", content_text(args.get("content")))
            return
        reply = _reply_of(event)
        if name == "message":
            source = _speaker(event, args)
            self._say(source, content_text(args.get("content")), _reasoning(reply))
            return
        said = content_text(reply.get("content")) if reply else _thought(args)
        draft = self._turn(_reply_id(event), said, _reasoning(reply))
        call = _called(event, reply) or ToolCall(name, _arguments(args))
        self.turns.call(draft, text_of(event.get("id")), call)
        self._acting = draft

    def _observation(self, event: JsonObject, name: str) -> None:
        if name in _SILENT_OBSERVATIONS:
            return
        content = content_text(event.get("content")) or first_text(event, "message")
        if "cause" not in event and self._acting is not None:
            self._acting.observations.append(content)
            self._acting = None
        else:
            self.turns.answer(text_of(event.get("cause")), content)

    # ------------------------------------------------------------- events with a kind

    def _take(self, kind: str, event: JsonObject) -> None:
        call_id = first_text(event, "tool_call_id", "action_id")
        if kind == "SystemPromptEvent":
            self._say("system", content_text([event.get("system_prompt")]))
        elif kind == "CondensationSummaryEvent":
            self._say("system", content_text(event.get("summary")))
        elif kind == "MessageEvent":
            said = event.get("llm_message")
            message = said if isinstance(said, dict) else {}
            source = text_of(event.get("source"))
            source = source if source in {"user", "agent"} else "system"
            self._say(source, content_text(message.get("content")), _reasoning(message))
        elif kind == "ActionEvent":
            reply = first_text(event, "llm_response_id")
            said = content_text(event.get("thought"))
            draft = self._turn(reply, said, _reasoning(event))
            name = first_text(event, "tool_name") or "unnamed"
            self.turns.call(draft, call_id, ToolCall(name, _given(event)))
        else:
            self.turns.answer(call_id, _seen(event))

    def _say(self, source: str, message: str, reasoning: str = "") -> None:
        self._reply, self._acting = "", None
        self.turns.say(source, message, reasoning)

    def _turn(self, reply: str, message: str, reasoning: str) -> Turn:
        """The turn of this reply of the model: calls of one reply are one turn."""
        last = self.turns.last
        if last is not None and reply and reply == self._reply:
            # Each event of a reply may repeat what the model said.
            if message != (last.more[-1] if last.more else last.message):
                last.add(message)
            return last
        self._reply = reply
        return self.turns.say("agent", message, reasoning)


def _speaker(event: JsonObject, args: JsonObject) -> str:
    """Who wrote a message; without a source, only the agent's wait for a reply."""
    source = text_of(event.get("source"))
    if not source:
        return "agent" if args.get("wait_for_response") is True else "user"
    return source if source in {"user", "agent"} else "system"


def _thought(args: JsonObject) -> str:
    return first_text(args, "thought", "final_thought")


def _metadata(event: JsonObject) -> JsonObject:
    found = event.get("tool_call_metadata")
    return found if isinstance(found, dict) else {}


def _response(event: JsonObject) -> JsonObject:
    found = _metadata(event).get("model_response")
    return found if isinstance(found, dict) else {}


def _reply_id(event: JsonObject) -> str:
    return first_text(_response(event), "id")


def _reply_of(event: JsonObject) -> JsonObject:
    """The model's own message, where the event keeps it."""
    for choice in objects_in(_response(event).get("choices")):
        message = choice.get("message")
        if isinstance(message, dict):
            return message
    return {}


def _called(event: JsonObject, reply: JsonObject) -> ToolCall | None:
    """The call as the model wrote it."""
    for call in objects_in(reply.get("tool_calls")):
        inner = call.get("function")
        if isinstance(inner, dict) and call.get("id") == _metadata(event).get("tool_call_id"):
            name = first_text(inner, "name") or "unnamed"
            return ToolCall(name, text_of(inner.get("arguments")))
    return None


def _arguments(args: JsonObject) -> str:
    given = {key: value for key, value in args.items() if key not in _SETTINGS}
    return text_of({key: value for key, value in given.items() if value not in (None, "", [], {})})


def _reasoning(message: JsonObject) -> str:
    return first_text(message, "reasoning_content")


def _given(event: JsonObject) -> str:
    """The arguments of a call: as the model wrote them, else as they were understood."""
    call = event.get("tool_call")
    if isinstance(call, dict):
        inner = call.get("function")
        written = inner if isinstance(inner, dict) else call
        if "arguments" in written:
            return text_of(written["arguments"])
    action = event.get("action")
    if isinstance(action, dict):
        return text_of({key: value for key, value in action.items() if key != "kind"})
    return text_of(action)


def _seen(event: JsonObject) -> str:
    observation: JsonValue = event.get("observation")
    if isinstance(observation, dict):
        keys = ("content", "output", "result")
        observation = next((observation[key] for key in keys if observation.get(key)), observation)
    return content_text(observation) or first_text(event, "error", "rejection_reason")
