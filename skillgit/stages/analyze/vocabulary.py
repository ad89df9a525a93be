"""The names that an agent called in a run: what a concrete lesson can be about.

A small model sums a run up ("read the input carefully") unless it is shown what there is to name.
"""

from __future__ import annotations

import builtins
import re
from collections import Counter
from collections.abc import Iterator

from skillgit.trajectories.view import step_text
from skillgit.types import Trajectory

MOST = 12
_MOST_CHARS = 60
_CALL = re.compile(r"(?<![\w.])((?:[A-Za-z_]\w*\.)*)([A-Za-z_]\w*)\(")
_VALUE = re.compile(r"=(?:True|False|None)\b")
_OPTION = re.compile(r"(?<![\w.])[a-z_]\w*\Z")
_PICTURE = re.compile(r"^\[image(?:_url)?[:\]]", re.MULTILINE)
"""How importers tell of one."""
_DEFINED = re.compile(r"\b(?:def|class)\s+([A-Za-z_]\w*)")
_COMMON = frozenset(
    {*dir(builtins), *dir(str), *dir(list), *dir(dict), "get", "items", "join", "if", "while"}
)


def unmentioned(trajectory: Trajectory, base: str) -> list[str]:
    """Calls and options of the agent that the skill never mentions, the most frequent first."""
    code = "\n".join(step_text(step) for step in trajectory.steps if step.source == "agent")
    own = set(_DEFINED.findall(code)) if "def" in code or "class" in code else frozenset()
    found: Counter[str] = Counter()
    for (owner, name), times in Counter(_calls(code)).items():
        known = name in _COMMON or name in own or name in base
        if not known and not name.startswith("__"):
            found[f"{owner.rpartition('.')[0].rpartition('.')[2]}.{name}".lstrip(".")] += times
    options = Counter(_options(code))
    found.update({option: times for option, times in options.items() if option not in base})
    # A name is shown outside the lines of the run: one as long as a sentence is none.
    short = (name for name in found if len(name) <= _MOST_CHARS)
    return sorted(short, key=lambda name: (-found[name], name))[:MOST]


def _calls(code: str) -> Iterator[tuple[str, str]]:
    """The owner and the name of all that is called; what stands before no bracket takes no time."""
    for part in code.split("(")[:-1]:
        if part and (part[-1] == "_" or part[-1].isalnum()):
            yield from _CALL.findall(f"{part.rsplit(None, 1)[-1]}(")


def _options(code: str) -> Iterator[str]:
    """What is set to True, False or None: the values are looked for first, for they are rare."""
    for value in _VALUE.finditer(code):
        end = value.start()
        name = _OPTION.search(code, max(0, end - _MOST_CHARS), end)
        if name:
            yield f"{name[0]}{value[0]}"


def invented(trajectory: Trajectory, words: str, base: str) -> list[str]:
    """Names in backquotes that neither the run nor the skill knows.

    What a run did right can only be told in its own words; a remedy for what went wrong need not
    be among them.
    """
    quoted = " ".join(re.findall(r"`([^`]+)`", words))
    names = {name for name in re.findall(r"[A-Za-z_]{3,}", quoted) if not hasattr(builtins, name)}
    left = {name for name in names if name not in base}
    # Most names stand near the end of a run, and reading a step takes long.
    for step in reversed(trajectory.steps):
        if not left:
            break
        text = step_text(step)
        left = {name for name in left if name not in text}
    return sorted(left)


def saw_pictures(trajectory: Trajectory) -> bool:
    """Was it about something to look at? What is to be read there has no name to call."""
    return any(step.source == "user" and _PICTURE.search(step.message) for step in trajectory.steps)


def names_something(text: str) -> bool:
    """Does a lesson name anything to call, in backquotes or as code?"""
    return bool(re.search(r"`[^`\s][^`]*`|\w\(|\w=\w|\w_\w|\w\.\w", text))
