"""One step as numbered lines: what views show, citations count in and quotes are cut from.

The text of a step is fixed by the step alone, so that a line number in a model's reply, in the
evidence and in a later re-check means the same line.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache

from skillgit.types import Step, ToolCall

# CSI, then OSC up to its terminator, then the two-character escapes. Their character classes do
# not overlap, and each starts at an ESC: linear in the text.
_ANSI = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|\x1b[ -/]*[0-~]"
)
# Control and direction characters, line separators other than \n, tag characters, lone surrogates.
# The two joiners U+200C and U+200D stay: some scripts are misspelt without them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
# What the chat templates of known models are made of. Servers read it as such wherever it stands,
# so in a prompt it could end the message that quotes it and begin another one.
_MARKER = re.compile(
    r"<\|[\w.:/-]{1,64}\|>"  # ChatML, Qwen, Llama 3 and 4, Phi, Granite, GLM, Kimi, gpt-oss
    "|<\uff5c[\\w.:\u2581/-]{1,64}\uff5c>"  # DeepSeek
    r"|</?s>|<</?SYS>>|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]"
    r"|<(?:start|end)_of_turn>|<(?:[be]os|pad|unk|[se]op)>|\[gMASK\]|<seed:\w{1,40}>"
    r"|\]~!?b[\[\]]|\[e~\["  # MiniMax
)
_PARTS_OF_MARKERS = (
    *("<|", "<\uff5c", "<s>", "</s>", "SYS>>", "INST]", "SYSTEM_PROMPT]", "AVAILABLE_TOOLS]"),
    *("TOOL_CALLS]", "TOOL_RESULTS]", "_of_turn>", "os>", "<pad>", "<unk>", "<sop>", "<eop>"),
    *("[gMASK]", "<seed:", "]~", "[e~["),
)
"""Each control token holds one of them: to look for these takes a tenth of the time."""
_BARS = str.maketrans({"|": "\xa6", "\uff5c": "\xa6"})


def plain(text: str) -> str:
    r"""The text without ANSI codes and unseen characters; tabs and \n stay, \r goes.

    The control tokens of chat templates get a broken bar: `<\u00a6im_end\u00a6>`, `[\u00a6INST]`.
    """
    # Most texts hold neither, and the pattern of what is unseen takes long.
    if not text.replace("\n", "").replace("\t", "").isprintable():
        text = _UNSEEN.sub("", _ANSI.sub("", text))
    return defused(text)


def defused(text: str) -> str:
    """The text with a broken bar in each control token of a chat template, and otherwise as is."""
    if not ("<" in text or "[" in text or "]" in text):
        return text
    if not any(part in text for part in _PARTS_OF_MARKERS):
        return text
    # Twice: a token may share its last character with the next one.
    return _MARKER.sub(_barred, _MARKER.sub(_barred, text))


def _barred(found: re.Match[str]) -> str:
    """A control token that no server takes for one."""
    token = found[0]
    barred = token.translate(_BARS)
    return barred if barred != token else f"{token[0]}\xa6{token[1:]}"


@lru_cache(maxsize=256)
def step_text(step: Step) -> str:
    r"""The canonical text of a step: reasoning, message, `call NAME ARGS`, observation.

    A line in brackets tells them apart where one follows another. Lines end at \n alone. The texts
    of the last few runs are remembered: each is shown, searched and cited in turn.
    """
    return plain("\n".join(_parts(step)))


def step_lines(step: Step) -> tuple[str, ...]:
    """The lines of `step_text`, the first being line 1; none for a step without text."""
    text = step_text(step)
    return tuple(text.split("\n")) if text.strip() else ()


def _parts(step: Step) -> list[str]:
    parts: list[str] = []
    if step.reasoning.strip():
        parts += ["(reasoning)", _trimmed(step.reasoning)]
    if step.message.strip():
        parts += ["(message)"] if parts else []
        parts.append(_trimmed(step.message))
    parts += map(_call_text, step.calls)
    if step.observation.strip():
        parts += ["(observation)"] if parts else []
        parts.append(_trimmed(step.observation))
    return parts


def _trimmed(text: str) -> str:
    return text.strip("\r\n")


def _call_text(call: ToolCall) -> str:
    """One line for what fits on one; a value of several lines follows under its name.

    Code is the usual such value: as escaped JSON it would be one unreadable line.
    """
    name = " ".join(call.name.split())
    arguments = _object(call.arguments)
    if arguments is None:
        return f"call {name} {call.arguments}".rstrip()
    long = {key: text for key, text in arguments.items() if isinstance(text, str) and "\n" in text}
    short = {key: value for key, value in arguments.items() if key not in long}
    head = f"call {name} {json.dumps(short, ensure_ascii=False)}" if short else f"call {name}"
    return "\n".join([head, *(f"{key}:\n{_trimmed(text)}" for key, text in long.items())])


def _object(text: str) -> dict[str, object] | None:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
