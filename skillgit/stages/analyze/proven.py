"""The agentic error analyst from the failed run to its patch: grade again, prove, then teach.

Section 2.3 of the paper: without a proof within the turns a trajectory is excluded.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from skillgit.domains.task import Case, Domain
from skillgit.errors import UsageError
from skillgit.ports import NoReply
from skillgit.stages.analyze.asking import Office, Question, ask_about
from skillgit.stages.analyze.bench import Bench
from skillgit.stages.analyze.citations import citations
from skillgit.stages.analyze.diagnosis import Patient, diagnose
from skillgit.stages.analyze.difference import calls_of, difference
from skillgit.stages.analyze.marking import failure_of
from skillgit.stages.analyze.minimal import minimal
from skillgit.stages.analyze.proof import Trial
from skillgit.stages.analyze.repair import Repair
from skillgit.stages.analyze.reply import base_text
from skillgit.stages.analyze.schema import proven_schema
from skillgit.trajectories.view import view
from skillgit.types import Excluded, Exclusion, Patch, Proof, Trajectory

_MOST_KNOWN = 16 << 20


async def by_proof(office: Office, trajectory: Trajectory, bench: Bench | None) -> Patch | Excluded:
    """What an analyst makes of a failed run that must prove why it failed."""
    patient = await _admitted(trajectory, bench)
    if isinstance(patient, Excluded):
        return patient
    proof = await diagnose(patient, office.options, office.model.prompts)
    if isinstance(proof, Excluded):
        return proof
    return await _teach(office, patient, await minimal(proof, patient.program, patient.trial))


async def _admitted(trajectory: Trajectory, bench: Bench | None) -> Patient | Excluded:
    """The run with its task and what it left, unless there is none, or nothing wrong with it."""
    if bench is None:
        return _nothing(trajectory, "no tasks were given to grade a repair with")
    exhibit = bench.exhibits.get(trajectory.digest)
    if exhibit is None:
        return _nothing(trajectory, "no run of a given task left this trajectory")
    domain = bench.domains.get(exhibit.task.domain)
    if domain is None:
        return _nothing(trajectory, f"nothing grades the domain {exhibit.task.domain}")
    try:
        images = await asyncio.to_thread(domain.images, exhibit.task.cases[0])
        failure = await failure_of(exhibit, calls_of(trajectory), domain, bench)
    except UsageError as unfit:
        return _nothing(trajectory, f"its task cannot be laid out: {unfit.message}")
    if failure is None:
        reason = "what the run left passes the grader"
        return Excluded(trajectory.id, reason, Exclusion.FALSE_FAILURE)
    return Patient(trajectory, exhibit, Trial(exhibit.task, failure, domain, bench), images)


def _nothing(trajectory: Trajectory, reason: str) -> Excluded:
    return Excluded(trajectory.id, reason, Exclusion.NO_ARTIFACTS)


async def _teach(office: Office, patient: Patient, proof: Proof) -> Patch | Excluded:
    """The proven cause becomes edits: one call under a schema, as of the other analysts."""
    trajectory, trial = patient.trajectory, patient.trial
    shown = view(trajectory, office.options.trajectory_chars)
    passages = citations(shown)
    if not passages:
        return Excluded(trajectory.id, "nothing of the run can be shown: analyze.trajectory_chars")
    inputs = await asyncio.to_thread(_inputs, trial.domain, trial.task.cases[0])
    said, computed = base_text(office.skill), trial.domain.computed
    repair = Repair(patient.program, proof.program, inputs, said, reads=not computed)
    example = office.model.prompts("analyst-proven-example")
    text = office.model.prompts(
        "analyst-proven",
        example=example,
        trajectory=shown.text,
        cases=proof.cases,
        difference=difference(repair.before, repair.after),
    )
    schema = proven_schema(office.places, passages, office.options.max_lessons, repair.lines)
    question = Question("error", shown, text, schema, repair, example, patient.images)
    reading = await ask_about(office, question)
    if isinstance(reading, NoReply):
        return Excluded(trajectory.id, reading.reason)
    return replace(reading.patch(), proof=proof)


def _inputs(domain: Domain, case: Case) -> str:
    """What the inputs hold, as far as it is text: names in it are those of the one task."""
    if not domain.computed:
        return domain.preview(case)
    return "\n".join([domain.preview(case), *map(_text, case.inputs.values())])


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_KNOWN).decode("utf-8", "replace")
    except OSError:
        return ""
