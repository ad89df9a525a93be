"""Which parts of a skill are used: the traces that they leave in trajectories, counted.

    acts.py       what an agent did, call by call
    shell.py      command lines taken apart
    programs.py   which files a Python program opens
    place.py      where the skill lies for the agent
    opened.py     opened, ran:   a call names the file
    shown.py      shown:         what came back holds its lines
    said.py       named, quoted: what the agent says holds its name or its words
    followed.py   followed:      a call holds its command or its piece of code
    pages.py      what of a skill can leave such traces
    traces.py     all of it for one trajectory
    totals.py     added up over trajectories

Nothing is guessed: a trace is a text that stands in the trajectory, and each tells where. So what
is counted is a lower bound. An agent that reads SKILL.md in its system prompt and does as it says
in words of its own leaves no trace.
"""

from skillgit.usage.hits import Hit, Kind
from skillgit.usage.totals import Count, FileUse, SectionUse, SkillUse, usage
from skillgit.usage.traces import Having, Reader, Traces

__all__ = [
    "Count",
    "FileUse",
    "Having",
    "Hit",
    "Kind",
    "Reader",
    "SectionUse",
    "SkillUse",
    "Traces",
    "usage",
]
