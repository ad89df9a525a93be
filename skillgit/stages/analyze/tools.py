"""The tools of an error analyst: the usual ones, a grader that shows no expected value, and repair.

A Python program that writes the answer file is taken for a repair as well: small models write
```python whatever they are told, and nothing is lost by trying.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from skillgit.agent.episode import Seen, Tool
from skillgit.agent.tools import PYTHON, Room, bash, python, read_file
from skillgit.domains.task import Case
from skillgit.ports import ToolSpec
from skillgit.stages.analyze.attempts import Attempts
from skillgit.stages.analyze.marking import mark
from skillgit.stages.analyze.proof import Trial

REPAIR = ToolSpec(
    "repair",
    "Hand in a repair: a whole Python 3 program that does the task right. It is run in a new "
    "folder with the input files alone, and the grader looks at the answer file that it writes.",
    {
        "type": "object",
        "properties": {"program": {"type": "string", "description": "the whole program"}},
        "required": ["program"],
    },
    "program",
)
EXPLORE = ToolSpec(
    PYTHON.name,
    f"{PYTHON.description} A program that writes the answer file is handed in as a repair, too.",
    PYTHON.parameters,
    PYTHON.body,
)
GRADE = ToolSpec(
    "grade",
    "Let the grader look at the answer file that lies in the work folder now.",
    {
        "type": "object",
        "properties": {"note": {"type": "string", "description": "nothing, or a note of yours"}},
    },
    "note",
)
_TAKEN = "It wrote the answer file, so it was handed in as a repair."


@dataclass(frozen=True, slots=True)
class Place:
    """Where an analyst works, and what its repairs are held against."""

    room: Room
    trial: Trial

    @property
    def case(self) -> Case:
        """The case whose inputs lie in the work folder."""
        return self.trial.task.cases[0]


def analyst_tools(place: Place, attempts: Attempts) -> tuple[Tool, ...]:
    """Repair first: a block without a name can only be meant for it."""
    room = place.room
    return (
        _repair(attempts),
        _explore(place, attempts),
        bash(room),
        read_file(room),
        _grade(place),
    )


def _repair(attempts: Attempts) -> Tool:
    async def run(arguments: Mapping[str, object]) -> Seen:
        return await attempts.repair(str(arguments["program"]))

    return Tool(REPAIR, run)


def _explore(place: Place, attempts: Attempts) -> Tool:
    plain = python(place.room)

    async def run(arguments: Mapping[str, object]) -> Seen:
        before = _written(place)
        seen = await plain.run(arguments)
        if _written(place) in {before, None}:
            return seen
        judged = await attempts.repair(str(arguments["code"]), seen.text)
        return Seen(f"{seen.text}\n\n{_TAKEN} {judged.text}", judged.ends)

    return Tool(EXPLORE, run)


def _written(place: Place) -> tuple[int, int, int] | None:
    """What changes when the answer file is written, if only with the same bytes."""
    try:
        found = (place.room.work / place.case.answer).lstat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def _grade(place: Place) -> Tool:
    trial = place.trial

    async def run(_: Mapping[str, object]) -> Seen:
        marked = await mark(trial.domain, place.case, place.room.work, trial.bench.answer_bytes)
        return Seen(marked.grade.report())

    return Tool(GRADE, run)
