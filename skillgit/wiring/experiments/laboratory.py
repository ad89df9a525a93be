"""One step of an experiment, made of what `new`, `rollout`, `evolve` and `eval` are made of.

What a step depends on is its key; what came of it is kept under that key, and found again without
endpoint, sandbox or model.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path

from skillgit.adapters.collection import MAIN
from skillgit.adapters.timings import read_timings
from skillgit.domains.selection import Selection
from skillgit.domains.task import TaskSet
from skillgit.endpoint.store import STATE_FOLDER, STORE_FILE
from skillgit.errors import FindingsError
from skillgit.evaluation.comparison import Bounds
from skillgit.evaluation.comparison import Rates as Found
from skillgit.evaluation.runs import MISHAPS, RunResult
from skillgit.experiments.matrix import Drafted, Evaluated, Evolved, Rollouts
from skillgit.experiments.outcomes import Rates, Runs, Scored, Taught, Written
from skillgit.experiments.plan import Kind
from skillgit.ports import Progress
from skillgit.provenance.bank import Bank
from skillgit.skill.digest import skill_digest
from skillgit.types import Evolution, Exclusion, State, Usage
from skillgit.wiring.asking import asking
from skillgit.wiring.creation import Commission, draft_skill
from skillgit.wiring.errands import Errand
from skillgit.wiring.experiments.ground import Ground, Silence
from skillgit.wiring.measuring import framed, measured
from skillgit.wiring.recalling import Retriever, read_bank
from skillgit.wiring.remembering import RememberErrand, run_remember
from skillgit.wiring.rollouts import RolloutErrand, run_rollout
from skillgit.wiring.rounds import run_round
from skillgit.wiring.runs import Work, model_runner
from skillgit.wiring.workplace import workplace


class Laboratory(Ground):
    """Makes steps. Several threads may ask at once, each for steps of its own."""

    def draft(self, step: Drafted, progress: Progress) -> Written:
        """A skill from what a model knows."""
        options = self.options(step.model)
        key = self.draft_key(step)
        options["record.branch_prefix"] = f"drafts/{key[:8]}"
        self.repository()
        commission = Commission(
            name=step.skill.draft,
            describe=step.skill.describe,
            options=options,
            start=self.place,
            base=MAIN,
            replay=self.bench.replay,
            caps=self.purse,
        )
        creation, usage = draft_skill(commission, progress)
        if creation.commit is None:
            raise FindingsError(
                f"drafting {step.skill.name}: {'; '.join(creation.misfits) or 'nothing came'}",
                hint="say more exactly what it is for in the plan's describe",
            )
        with self.repository() as repository:
            skill = repository.read_skill(creation.seat.root, creation.commit)
        return Written(
            root=creation.seat.root,
            commit=creation.commit,
            digest=skill_digest(skill.files),
            branch=creation.seat.branch,
            calls=usage.calls,
        )

    def roll_out(self, step: Rollouts, base: Written, progress: Progress) -> Taught:
        """Trajectories to learn from."""
        tasks = self.tasks(step.split)
        key = self.rollouts_key(step, base)
        folder = self.bench.folder / "rollouts" / key[:16]
        errand = RolloutErrand(
            tasks=step.split.tasks,
            out=folder,
            skill=base.root,
            selection=Selection(ids=tuple(task.id for task in tasks.tasks)),
            seeds=(step.seed,),
            options=self.options(step.model),
            start=self.place,
            base=base.commit,
            replay=self.bench.replay,
            unsafe=self.bench.unsafe,
            caps=self.purse,
            overwrite=True,
        )
        done = run_rollout(errand, progress)
        passed = sum(one.passed for one in done.results)
        return Taught(
            folder=folder.relative_to(self.bench.folder).as_posix(),
            passed=passed,
            failed=len(done.results) - passed,
            tasks=tuple(task.digest for task in tasks.tasks),
            names=tuple(task.id for task in tasks.tasks),
        )

    def evolve(self, step: Evolved, base: Written, taught: Taught, progress: Progress) -> Written:
        """A round on trajectories."""
        if step.strategy.kind is Kind.BANK:
            return self._banked(step, base, taught, progress)
        errand = Errand(
            skill=base.root,
            trajectories=(self.bench.folder / taught.folder,),
            tasks=step.rollouts.split.tasks,
            options=self.round_options(step),
            start=self.place,
            base=base.commit,
            replay=self.bench.replay,
            caps=self.purse,
            rights_held=self.bench.rights_held,
            unsafe=self.bench.unsafe,
        )
        return self._written(run_round(errand, progress), base, taught)

    def _banked(self, step: Evolved, base: Written, taught: Taught, progress: Progress) -> Written:
        """A bank of memories beside the skill, which stays as it is (section 4.2 of the paper)."""
        place = Path("banks") / f"{self.round_key(step, base, taught)}.json"
        (self.bench.folder / place.parent).mkdir(parents=True, exist_ok=True)
        errand = RememberErrand(
            trajectories=(self.bench.folder / taught.folder,),
            out=self.bench.folder / place,
            tasks=step.rollouts.split.tasks,
            options=self.round_options(step),
            start=self.place,
            replay=self.bench.replay,
            caps=self.purse,
        )
        found = run_remember(errand, progress)
        if found.bank is None or not found.bank.entries:
            raise FindingsError(
                f"remembering {taught.passed + taught.failed} trajectories: nothing came of them",
                hint="look at the replies with `skillgit remember` on the same folder",
            )
        return replace(
            base,
            calls=found.usage.calls,
            tokens=found.usage.prompt_tokens + found.usage.output_tokens,
            bank=place.as_posix(),
            tasks=taught.tasks,
            names=taught.names,
        )

    def _written(self, evolution: Evolution, base: Written, taught: Taught) -> Written:
        timings = read_timings(self.place / STATE_FOLDER, evolution.round.id)
        branch, usage = evolution.branch, evolution.usage
        commit, notes = base.commit, list[str]()
        unanswered = sum(one.kind is Exclusion.NO_REPLY for one in evolution.excluded)
        if unanswered:
            asked = len(evolution.analysed) + len(evolution.excluded)
            notes.append(f"{unanswered} of {asked} analysts got no usable reply")
        if branch:
            commit = branch.tip
        else:
            notes.append(f"the round left the skill as it was: {_why_nothing(evolution)}")
        with self.repository() as repository:
            files = repository.read_skill(base.root, commit).files
        return Written(
            root=base.root,
            commit=commit,
            digest=skill_digest(files),
            branch=branch.name if branch else "",
            round=evolution.round.id,
            lessons=len(branch.lessons) if branch else 0,
            seconds=timings.seconds if timings else 0.0,
            remembered=_remembered(timings.usage) if timings else (0, 0),
            calls=usage.calls,
            tokens=usage.prompt_tokens + usage.output_tokens,
            tasks=taught.tasks,
            names=taught.names,
            unanswered=unanswered,
            notes=tuple(notes),
        )

    def evaluate(self, step: Evaluated, skill: Written | None, progress: Progress) -> Runs:
        """An agent with a skill on the tasks of a split."""
        tasks = self.tasks(step.split)
        with self.repository() as repository:
            read = repository.read_skill(skill.root, skill.commit) if skill else None
        bank = read_bank(self.bench.folder / skill.bank) if skill and skill.bank else None
        work = Work(read, tasks.tasks, step.seeds)
        results, bounds = asyncio.run(self._measured(step, work, bank, progress))
        scored = tuple(
            Scored(one.task, one.task_digest, one.seed, one.passed, one.score) for one in results
        )
        crashed = sum(one.ended in MISHAPS for one in results)
        return Runs(
            runs=scored,
            model=results[0].model,
            crashed=crashed,
            floor=_rates(bounds.floor),
            ceiling=_rates(bounds.ceiling),
            notes=tuple(_remarks(tasks, skill)),
        )

    async def _measured(
        self, step: Evaluated, work: Work, bank: Bank | None, progress: Progress
    ) -> tuple[tuple[RunResult, ...], Bounds]:
        config, bench = self.config(self.options(step.model)), self.bench
        state = self.place / STATE_FOLDER
        store_file, replay = state / STORE_FILE, bench.replay
        async with asking(config, store_file, replay=replay, caps=self.purse) as (ask, store):
            runner = await model_runner(
                config,
                ask,
                store,
                unsafe=bench.unsafe,
                replay=bench.replay,
                tried=config.sandbox not in self._tried,
            )
            self._tried.add(config.sandbox)
            if bank is not None:
                retriever = Retriever(config, ask, store)
                runner = await retriever.recalling(runner, bank, work.tasks)
            async with workplace(config, ask, store) as place:
                results = await measured(work, runner.at(place), state, progress, name="runs")
        frame = await framed(work.tasks, config, state, Silence())
        return results, frame.bounds


def _remembered(usage: Usage) -> tuple[int, int]:
    asked = usage.calls - usage.retried_calls - usage.hedged_calls
    return usage.cached_calls, usage.cached_calls + asked


def _rates(found: Found | None) -> Rates | None:
    return Rates(found.hard, found.soft) if found else None


def _why_nothing(evolution: Evolution) -> str:
    """Why no lesson came out of a round."""
    if not (evolution.analysed or evolution.excluded):
        return "none of the trajectories is of the kind that teaches"
    if not evolution.patches:
        left = Counter(one.reason for one in evolution.excluded)
        reasons = [f"{count} excluded: {reason}" for reason, count in left.most_common(2)]
        return "; ".join([f"{len(evolution.analysed)} trajectories taught nothing", *reasons])
    told = Counter(
        f"{fate.state}: {fate.reason}".rstrip(": ")
        for fate in evolution.fates.values()
        if fate.state in {State.WITHHELD, State.REJECTED}
    )
    reasons = [f"{count} edits {reason}" for reason, count in told.most_common(2)]
    return "; ".join([*reasons, *(one.message for one in evolution.findings[:2])]) or "no edits"


def _remarks(tasks: TaskSet, skill: Written | None) -> list[str]:
    """What a reader of a figure must know: a skill may have been taught with what measures it."""
    digests, names = set(skill.tasks if skill else ()), set(skill.names if skill else ())
    both = sum(task.digest in digests or task.id in names for task in tasks.tasks)
    if not both:
        return []
    return [f"{both} of {len(tasks.tasks)} tasks are among those that taught the skill"]
