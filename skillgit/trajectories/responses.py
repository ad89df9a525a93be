"""Items of OpenAI's Responses API as steps: what Codex records, and other agents that use it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from skillgit.trajectories.documents import JsonObject, JsonValue
from skillgit.trajectories.drafts import content_text, first_text, text_of
from skillgit.trajectories.turns import Turn, Turns
from skillgit.types import ToolCall

_SOURCES = {"system": "system", "developer": "system", "user": "user", "assistant": "agent"}
_SILENT = frozenset(
    {"ghost_snapshot", "compaction", "compaction_summary", "context_compaction", "item_reference"}
)
# What the harness puts before the task in the user's name.
_PREAMBLES = ("<environment_context>", "<user_instructions>", "# AGENTS.md instructions for")


@dataclass(slots=True)
class Items:
    """Steps made of items: what the agent says and calls is one turn until something answers."""

    turns: Turns = field(default_factory=Turns)
    _open: Turn | None = None

    def add(self, item: JsonObject) -> bool:
        """Take in the next item; False where it is of no known kind."""
        kind = text_of(item.get("type")) or ("message" if "role" in item else "")
        if kind == "message":
            return self._message(item)
        if kind == "reasoning":
            parts = (content_text(item.get(key)) for key in ("summary", "content"))
            self._turn().add("", "\n".join(filter(None, parts)))
        elif kind.endswith("_output"):
            self._open = None
            self.turns.answer(_call_id(item), _output_text(item.get("output")))
        elif kind.endswith("_call"):
            self.turns.call(self._turn(), _call_id(item), _call(item, kind))
        else:
            return kind in _SILENT
        return True

    def interrupt(self, source: str, message: str) -> None:
        """A step that is not the model's: the agent's next words are another turn."""
        self._open = None
        self.turns.say(source, message)

    def _message(self, item: JsonObject) -> bool:
        source, content = _SOURCES.get(text_of(item.get("role"))), content_text(item.get("content"))
        if source is None:
            return False
        if source == "agent":
            self._turn().add(content)
        else:
            preamble = content.lstrip().startswith(_PREAMBLES)
            self.interrupt("system" if preamble else source, content)
        return True

    def _turn(self) -> Turn:
        if self._open is None:
            self._open = self.turns.say("agent", "")
        return self._open


def _call_id(item: JsonObject) -> str:
    return first_text(item, "call_id", "id")


def _call(item: JsonObject, kind: str) -> ToolCall:
    said = next((item[key] for key in ("arguments", "input", "action", "query") if key in item), "")
    name = first_text(item, "name") or kind.removesuffix("_call")
    return ToolCall(name, text_of(said))


def _output_text(output: JsonValue) -> str:
    """The text of an answer, out of the wrappings that shells and tools have put around it."""
    if isinstance(output, str) and output.startswith('{"output":'):
        try:
            wrapped = json.loads(output)
        except (ValueError, RecursionError):
            return text_of(output)
        # Without it, this is what the command itself printed.
        output = wrapped if "metadata" in wrapped else output
    if not isinstance(output, dict):
        return content_text(output)
    said = next((output[key] for key in ("output", "content") if key in output), output)
    # The exit code of the command stands here.
    return "\n".join(filter(None, (content_text(said), text_of(output.get("metadata")))))
