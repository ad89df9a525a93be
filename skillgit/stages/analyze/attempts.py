"""The repairs that an analyst tries: each program is run once, and what came of it is kept."""

from __future__ import annotations

from dataclasses import dataclass

from skillgit.agent.episode import Seen
from skillgit.agent.loop import elide
from skillgit.names import Digest
from skillgit.stages.analyze.proof import Judgement, Trial, judge

PROGRAM_CHARS = 6000
"""A program is shown in at most so many."""
_MOST_REMEMBERED = 6
_AGAIN = "This very program was handed in before. Change it, or look into the files first."


@dataclass(frozen=True, slots=True)
class Proven:
    """The program that proved the cause, and the answer that it wrote in the first case."""

    program: str
    artifact: Digest


class Attempts:
    """All repairs of one analyst, over all of its conversations."""

    def __init__(self, trial: Trial) -> None:
        self.proven: Proven | None = None
        self._trial = trial
        self._refused: dict[str, Judgement] = {}
        self._another_start = False

    @property
    def count(self) -> int:
        """How many programs were tried; one that came twice counts once."""
        return len(self._refused) + (self.proven is not None)

    @property
    def last_words(self) -> str:
        """What was said of the latest that was refused; "" where nothing was tried."""
        latest = next(reversed(self._refused.values()), None)
        return latest.words if latest else ""

    def begin(self, *, another_start: bool) -> None:
        """A conversation begins; may it be ended for repeating itself?"""
        self._another_start = another_start

    async def repair(self, program: str, printed: str = "") -> Seen:
        """Judge a repair; the work is over where it proves the cause.

        `printed` is what was shown of the program already.
        """
        key = _key(program)
        if key in self._refused:
            # Who repeats a program does so again; another conversation may find something else.
            return Seen(f"{_AGAIN}\n{self._refused[key].words}", ends=self._another_start)
        judgement = await judge(program, self._trial)
        if judgement.artifact:
            self.proven = Proven(program, judgement.artifact)
        else:
            self._refused[key] = judgement
        text = judgement.words if judgement.printed == printed else told(judgement)
        return Seen(text, ends=self.proven is not None)

    def nearest(self) -> dict[str, str] | None:
        """The refused repair that is nearer to the right answer than what the run left."""
        near, program, words = max(
            ((one.near, program, one.words) for program, one in self._refused.items()),
            default=(0.0, "", ""),
        )
        if near <= self._trial.failure.near:
            return None
        return {"program": elide(program, PROGRAM_CHARS), "words": words}

    def remembered(self) -> list[str]:
        """What was said of other refused repairs, the latest first, for a fresh conversation.

        Their programs are not shown: small models hand in again what they are shown.
        """
        nearest = self.nearest()
        words = [one.words for one in reversed(self._refused.values())]
        others = [said for said in words if not nearest or said != nearest["words"]]
        return list(dict.fromkeys(others))[:_MOST_REMEMBERED]


def _key(program: str) -> str:
    """Programs that differ in blanks at line ends and in empty lines do the same."""
    return "\n".join(line.rstrip() for line in program.splitlines() if line.strip())


def told(judgement: Judgement) -> str:
    """A judgement as the analyst sees it."""
    return f"{judgement.printed}\n\n{judgement.words}"
