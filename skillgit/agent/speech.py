"""What a model means: its tool calls, or the fenced block of its text, as the same requests.

Two ways to speak. `tools`: the API's tool calls; a reply without one is the answer. `text`: one
fenced block a turn, whose info string names a tool and whose content is that tool's `body`; a reply
without one that says DONE is the answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from skillgit.agent.fences import Block, blocks_of, without_blocks
from skillgit.config import Speech
from skillgit.ports import Spoken, ToolRequest, ToolSpec

STOPS = ("\nObservation:", "\nOutput:")
"""A model that goes on to invent what its program prints is stopped there."""

_OTHER_NAMES = {"py": "python", "python3": "python", "sh": "bash", "shell": "bash"}
_THOUGHTS = re.compile(r"\s*<think>(.*?)(?:</think>|\Z)\s*", re.DOTALL)
_TORN_CALL = re.compile(r"</?tool_call>|<function=|\[TOOL_CALLS\]")
_SETTING = re.compile(r"""([A-Za-z_]\w*)=("[^"]*"|'[^']*'|\S+)""")

EMPTY = "Your reply was empty. "
NO_BLOCK = "There was no block in your reply, so nothing was run. "
CUT = (
    "Your reply was cut off because it was too long, and nothing was run. Say and do less at once. "
)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a reply means. Nothing asked for and not `answered`: `remark` says how to go on.

    `content` is what stays in the conversation, `words` what was said beside the calls.
    """

    content: str
    words: str
    reasoning: str
    requests: tuple[ToolRequest, ...] = ()
    answered: bool = False
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Hearing:
    """How a model is to speak, and with what. `begun`: something was run, so it may be over."""

    speech: Speech
    tools: Sequence[ToolSpec]
    end_word: str
    begun: bool = True


def hear(spoken: Spoken, hearing: Hearing) -> Heard:
    """What a reply means, whatever it is; never an error."""
    content, thoughts = _apart(spoken.content)
    reasoning = spoken.reasoning or thoughts
    if hearing.speech is Speech.TOOLS:
        return _hear_tools(spoken, content, reasoning)
    return _hear_text(spoken, content, reasoning, _Block(hearing))


def _apart(content: str) -> tuple[str, str]:
    """A server without a reasoning parser leaves the thoughts in the reply; they are not meant."""
    found = _THOUGHTS.match(content)
    return (content[found.end() :], found[1].strip()) if found else (content, "")


def _hear_tools(spoken: Spoken, content: str, reasoning: str) -> Heard:
    words = content.strip()
    if spoken.requests:
        remark = CUT if spoken.cut else ""
        return Heard(content, words, reasoning, spoken.requests, remark=remark)
    how = "Call a tool, or give your answer in words."
    if spoken.cut:
        return Heard(content, words, reasoning, remark=CUT + how)
    if not words:
        return Heard(content, words, reasoning, remark=EMPTY + how)
    if _TORN_CALL.search(content):
        torn = "Your call of a tool could not be read, and nothing was run. Call it again."
        return Heard(content, words, reasoning, remark=torn)
    return Heard(content, words, reasoning, answered=True)


@dataclass(frozen=True, slots=True)
class _Block:
    """How one writes a block, as a model is told."""

    hearing: Hearing

    @property
    def tools(self) -> Sequence[ToolSpec]:
        return self.hearing.tools

    def tool(self, block: Block) -> ToolSpec | None:
        named = {tool.name: tool for tool in self.tools}
        return named.get(block.name) or named.get(_OTHER_NAMES.get(block.name, ""))

    @property
    def how(self) -> str:
        # Who did nothing yet is not told how to end: small models take the shorter way.
        end = f", or the single word {self.hearing.end_word} if all is done"
        name = self.tools[0].name
        return (
            f"Write one block that begins with ```{name} and ends with ```"
            f"{end if self.hearing.begun else ''}."
        )

    def says_end(self, words: str) -> bool:
        return re.search(rf"(?<!\w){re.escape(self.hearing.end_word)}(?!\w)", words) is not None


def _hear_text(spoken: Spoken, content: str, reasoning: str, form: _Block) -> Heard:
    blocks = blocks_of(content)
    known = [(block, tool) for block in blocks if (tool := form.tool(block))]
    words = without_blocks(content, tuple(block for block, _ in known))
    if not known and not form.says_end(words):
        # A block without a name can only be meant for the tool that comes first.
        known = [(block, form.tools[0]) for block in blocks if not block.info]
    if len(known) == 1:
        ((block, tool),) = known
        if block.closed or not spoken.cut:
            request = ToolRequest("", tool.name, _arguments(block, tool))
            words = without_blocks(content, (block,))
            return Heard(content, words, reasoning, (request,))
    if not known and form.says_end(words):
        return Heard(content, words, reasoning, answered=True)
    return Heard(content, words, reasoning, remark=_remark(spoken, blocks, len(known), form))


def _remark(spoken: Spoken, blocks: Sequence[Block], known: int, form: _Block) -> str:
    if spoken.cut:
        return CUT + form.how
    if known > 1:
        return f"You wrote {known} blocks, and nothing was run. {form.how}"
    strange = next((block.name for block in blocks if block.info), "")
    if strange:
        names = ", ".join(tool.name for tool in form.tools)
        return f"There is no tool {strange[:40]}, only {names}; nothing was run. {form.how}"
    return (NO_BLOCK if spoken.content.strip() else EMPTY) + form.how


def _arguments(block: Block, tool: ToolSpec) -> str:
    """The block's content, and the further arguments that stand behind the tool's name."""
    known: Mapping[str, object] = tool.parameters.get("properties", {})
    further = {
        name: value.strip("\"'")
        for name, value in _SETTING.findall(block.info)
        if name in known and name != tool.body
    }
    return json.dumps({tool.body: block.content, **further}, ensure_ascii=False)
