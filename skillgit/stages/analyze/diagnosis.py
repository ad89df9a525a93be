"""The error analyst at work: conversations in which it must prove by a repair why a run failed.

Section 2.3 of the paper. The turns are shared by a few fresh conversations. Measured with a model
of 1.5 billion parameters: in one conversation it repeats word for word what was refused, while a
new one, told in short what was refused before, tries other things.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from skillgit.agent.episode import END_WORD, Brief, Budget, Episode, Mind
from skillgit.agent.loop import elide, observation, work
from skillgit.agent.opening import Manner, speaking
from skillgit.agent.tools import BASH, READ_FILE, Room, shown
from skillgit.agent.workspace import lay_out_case, take_out_all
from skillgit.config import Analyze, Speech
from skillgit.domains.forms import in_words
from skillgit.domains.task import Grade, Mismatch
from skillgit.evaluation.runs import Ended
from skillgit.images import Image
from skillgit.ports import Converse, Message, NoReply, Prompts, Ran, Spoken, Turn
from skillgit.stages.analyze.attempts import PROGRAM_CHARS, Attempts, told
from skillgit.stages.analyze.bench import Exhibit
from skillgit.stages.analyze.difference import last_program
from skillgit.stages.analyze.hiding import showing_no_secrets
from skillgit.stages.analyze.marking import scratch
from skillgit.stages.analyze.proof import PROVEN, Judgement, Trial
from skillgit.stages.analyze.tools import EXPLORE, GRADE, REPAIR, Place, analyst_tools
from skillgit.trajectories.lines import plain
from skillgit.trajectories.view import step_text, view
from skillgit.types import Excluded, Exclusion, Proof, Trajectory, Usage

_RUN = "run"
"""The folder, in the analyst's own, that tells of the run."""
_MOST_RUN_BYTES = 64 << 20
_FORM = "(99,999 aa)"
"""Of the right answer in the example."""
_NUMBER = re.compile(r"^\d+\| ", re.MULTILINE)
_HEADING = (
    r"(?=TASK$|THE (?:RUN|LAST PROGRAM|NEAREST REPAIR|GRADER)\b|OTHER REPAIRS\b|\[step \d|\u2026 )"
)
_FORGED_IN_VIEW = re.compile(rf"^\d+\| {_HEADING}", re.MULTILINE)
_FORGED = re.compile(rf"^{_HEADING}", re.MULTILINE)
_MARK = "| "
"""Before a line of the run that looks like a heading of the question."""

_UNHEARD = {Ended.NO_REPLY, Ended.ENDPOINT}


@dataclass(frozen=True, slots=True)
class Patient:
    """A failed run, and what its repairs are held against."""

    trajectory: Trajectory
    exhibit: Exhibit
    trial: Trial
    images: tuple[Image, ...] = ()
    """What the agent was shown, and the analyst is."""

    @property
    def program(self) -> str:
        """The program of the run that a repair changes."""
        return last_program(self.trajectory, self.trial.task.cases[0].answer)


async def diagnose(patient: Patient, options: Analyze, prompts: Prompts) -> Proof | Excluded:
    """Let an analyst look for a repair; the proof, or why there is none."""
    attempts = Attempts(patient.trial)
    budget = replace(patient.trial.bench.budget, turns=options.turns)
    words = await _Words.of(patient, options, prompts)
    starts = min(options.starts, options.turns)
    turns, endings = 0, []
    for start in range(starts):
        to_come = starts - start - 1
        attempts.begin(another_start=to_come > 0)
        share = budget.turns if not to_come else max(1, budget.turns // (to_come + 1))
        episode = await _converse(words, attempts, replace(budget, turns=share), start)
        turns += len(episode.turns)
        endings.append(episode)
        if attempts.proven or (left := _left(budget, episode)) is None:
            break
        budget = left
    return _outcome(patient, attempts, turns, endings)


async def _converse(words: _Words, attempts: Attempts, budget: Budget, start: int) -> Episode:
    """One conversation, in a work folder of its own."""
    patient, bench = words.patient, words.patient.trial.bench
    with scratch("analyst") as folder:
        room = Room(bench.sandbox, folder / "work")
        await asyncio.to_thread(_lay_out, patient, room.work)
        brief = Brief(
            "diagnose",
            f"{patient.trajectory.id} start {start + 1}",
            words.opening(attempts),
            showing_no_secrets(analyst_tools(Place(room, patient.trial), attempts), bench.clean),
            bench.speech,
            budget,
            bench.seed + start,
        )
        return await work(brief, _rationed(bench.mind, budget.turns))


def _left(budget: Budget, episode: Episode) -> Budget | None:
    """What a conversation leaves for the next; None where that is too little for one."""
    tokens = budget.tokens - episode.usage.prompt_tokens - episode.usage.output_tokens
    turns, seconds = budget.turns - len(episode.turns), budget.seconds - episode.seconds
    if turns < 1 or tokens < 1 or seconds <= 0:
        return None
    return replace(budget, turns=turns, tokens=tokens, seconds=seconds)


def _rationed(mind: Mind, turns: int) -> Mind:
    """The loop asks for a last word when the turns are used up; without a repair it is no use."""
    return replace(mind, converse=_Ration(mind.converse, turns))


class _Ration:
    """So many turns and no more; what is asked beyond them costs nothing."""

    def __init__(self, converse: Converse, turns: int) -> None:
        self._converse = converse
        self._left = turns

    async def __call__(self, turn: Turn) -> Spoken | NoReply:
        if not self._left:
            return NoReply("the turns are used up", Usage())
        self._left -= 1
        return await self._converse(turn)


def _outcome(
    patient: Patient, attempts: Attempts, turns: int, endings: Sequence[Episode]
) -> Proof | Excluded:
    proven = attempts.proven
    if proven:
        cases = len(patient.trial.task.cases)
        return Proof(proven.program, proven.artifact, cases, attempts.count, turns)
    trajectory = patient.trajectory.id
    if all(one.ended in _UNHEARD for one in endings):
        return Excluded(trajectory, endings[-1].reason, Exclusion.NO_REPLY)
    tried = f"{_counted(attempts.count, 'repair')} in {_counted(turns, 'turn')}"
    last = f"; the last: {attempts.last_words}" if attempts.count else ""
    return Excluded(trajectory, f"not proven by {tried}{last}", Exclusion.UNPROVEN)


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'s' if count != 1 else ''}"


@dataclass(frozen=True, slots=True)
class _Words:
    """What the analyst is told: the same in every conversation, but for what was refused so far."""

    patient: Patient
    prompts: Prompts
    trace: str
    preview: str

    @classmethod
    async def of(cls, patient: Patient, options: Analyze, prompts: Prompts) -> _Words:
        case, domain = patient.trial.task.cases[0], patient.trial.domain
        numbered = view(patient.trajectory, options.trajectory_chars).text
        trace = _NUMBER.sub("", _FORGED_IN_VIEW.sub(_MARK, numbered))
        preview = await asyncio.to_thread(domain.preview, case)
        return cls(patient, prompts, trace, patient.trial.bench.clean(preview))

    def opening(self, attempts: Attempts) -> tuple[Message, ...]:
        task, program = self.patient.trial.task, _FORGED.sub(_MARK, plain(self.patient.program))
        question = self.prompts(
            "diagnose-task",
            query=self.patient.trial.bench.clean(task.query),
            answer=task.cases[0].answer,
            preview=self.preview,
            trace=self.trace,
            # As a whole, and only where the shortened run does not show it as a whole.
            program="" if program in self.trace else elide(program, PROGRAM_CHARS),
            report=self.patient.trial.failure.report,
            refused=attempts.remembered(),
            nearest=attempts.nearest(),
        )
        computed = self.patient.trial.domain.computed
        system = self.prompts("diagnose", speaking=self._speaking(), computed=computed)
        asked = Message("user", question, images=self.patient.images)
        return (Message("system", system), *self._example(), asked)

    def _speaking(self) -> str:
        bench = self.patient.trial.bench
        tools = (REPAIR, EXPLORE, BASH, READ_FILE, GRADE)
        return speaking(Manner(self.prompts, bench.speech, tools, bench.sandbox.workdir, 0))

    def _example(self) -> tuple[Message, ...]:
        """A diagnosis whose first repair is refused: small models repeat what they see repeated."""
        if self.patient.trial.bench.speech is Speech.TOOLS:
            return ()
        return (
            Message("user", self.prompts("diagnose-example-task", report=_differs("99.9"))),
            Message("assistant", self.prompts("diagnose-example-first")),
            _judged("11.5 kg", f"Refused: {_differs('99.9 aa')}"),
            Message("assistant", self.prompts("diagnose-example-second")),
            _judged("(11,500 kg)", PROVEN),
            Message("assistant", END_WORD),
        )


def _differs(found: str) -> str:
    """The grader's report in the example, as graders give it."""
    hint = f'the form must be "{_FORM}" ({in_words(_FORM)}), not "{found}"'
    return Grade(
        passed=False, score=0.0, compared=1, mismatches=(Mismatch("line 1", "", "", hint),)
    ).report()


def _judged(printed: str, words: str) -> Message:
    """What the example's repairs were answered, as real ones are."""
    seen = told(Judgement(shown(Ran(printed, 0)).text, words))
    return Message("user", observation(seen))


def _lay_out(patient: Patient, work_folder: Path) -> None:
    """The inputs of the first case, and beside them what the run left and its whole trace."""
    lay_out_case(patient.trial.task.cases[0], work_folder)
    run = work_folder / _RUN
    if run.exists():  # an input of that name is the task's own
        return
    run.mkdir()
    take_out_all(patient.exhibit.work, run / "files", _MOST_RUN_BYTES)
    steps = (
        f"[step {step.number} {step.source}]\n{step_text(step)}"
        for step in patient.trajectory.steps
    )
    (run / "trace.txt").write_text("\n".join(steps) + "\n", encoding="utf-8", errors="replace")
