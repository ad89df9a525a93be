"""The stage by itself: order, crashes of graders, what a harness is made of, what a model sees."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sums import HONEST, WRONG, write_tasks

from skillgit.adapters.prompts import JinjaPrompts
from skillgit.adapters.runs import RunFolder
from skillgit.agent.episode import Act, Episode, TurnTaken
from skillgit.config import Agent, Config, Endpoint, Grading, Recalc, Sampling, Sandbox, Speech
from skillgit.domains.loading import load_tasks
from skillgit.domains.registry import DOMAINS
from skillgit.domains.task import Case, Domain, Grade, Mismatch
from skillgit.domains.text import Text
from skillgit.errors import UsageError
from skillgit.evaluation.runs import Ended, RunIdentity
from skillgit.executors.local import LocalExecutor
from skillgit.names import Digest, Oid
from skillgit.ports import Message
from skillgit.sandbox import open_sandbox
from skillgit.stages.rollout import rollout
from skillgit.stages.rollout.attempt import told_of
from skillgit.stages.rollout.document import trajectory_bytes
from skillgit.stages.rollout.harness import harness_digest
from skillgit.stages.rollout.terms import Actor, Bench, Crew, Options
from skillgit.trajectories.documents import SourceFile
from skillgit.trajectories.importers import import_file
from skillgit.types import MANIFEST, Skill, Usage

ZERO = Digest(f"sha256:{'0' * 64}")
FLOOR = Options("do-nothing", ZERO, Actor.DO_NOTHING)


@dataclass
class Told:
    """Progress as it was told."""

    notes: list[str] = field(default_factory=list)

    def start(self, stage: str, total: int) -> None:
        self.notes.append(f"{stage}: {total}")

    def advance(self, stage: str, note: str = "") -> None:
        self.notes.append(note if stage == "rollout" else f"{stage}: {note}")

    def finish(self, stage: str) -> None:
        self.notes.append(f"{stage} over")


class Broken(Text):
    """A domain whose grader is itself broken, for one answer."""

    def grade(self, case: Case, answer: Path) -> Grade:
        if answer.read_text().startswith("1"):
            raise RuntimeError(f"cannot grade {answer}")
        return super().grade(case, answer)


def crew(folder: Path, domain: Domain | None = None) -> tuple[Crew, Told]:
    told, shelf = Told(), RunFolder(folder)
    domains = {"text": domain} if domain else DOMAINS
    return Crew(LocalExecutor(Bench(domains, shelf)), shelf, told), told


def test_results_come_in_the_order_of_seeds_and_tasks_with_the_pass_rate_so_far(
    tmp_path: Path,
) -> None:
    tasks = load_tasks(write_tasks(tmp_path / "tasks", {"b": HONEST, "a": WRONG})).tasks
    where, told = crew(tmp_path / "runs")
    options = replace(FLOOR, actor=Actor.GOLD, model="gold")
    found = asyncio.run(rollout(None, tasks, (42, 41, 42), options, where))
    assert [(one.seed, one.task) for one in found] == [(42, "b"), (42, "a"), (41, "b"), (41, "a")]
    assert told.notes[0] == "rollout: 4"
    assert told.notes[-2:] == ["4 of 4 passed, 100%", "rollout over"]
    where, told = crew(tmp_path / "runs")
    assert asyncio.run(rollout(None, tasks, (42, 41), options, where)) == found
    assert told.notes[1] == "1 of 1 passed, 100%", "finished runs count as well"


def test_a_grader_that_breaks_is_a_crash_of_that_run_alone(tmp_path: Path) -> None:
    tasks = load_tasks(write_tasks(tmp_path / "tasks", {"a": HONEST, "b": HONEST})).tasks
    other = replace(tasks[1].cases[0], inputs={"x": tmp_path / "tasks/sum-2.txt"})
    tasks = (tasks[0], replace(tasks[1], cases=(other,)))
    where, _ = crew(tmp_path / "runs", Broken())
    broken, graded = asyncio.run(rollout(None, tasks, (41,), FLOOR, where))
    assert (broken.ended, graded.ended) == (Ended.CRASHED, Ended.ANSWERED)
    assert broken.problem.startswith("RuntimeError: cannot grade ")
    assert "cannot grade" not in broken.detail, "paths of this machine are not for models"
    assert not broken.passed


def test_a_domain_that_is_not_here_is_a_crash_with_its_name(tmp_path: Path) -> None:
    (task,) = load_tasks(write_tasks(tmp_path / "tasks", {"a": HONEST})).tasks
    where, _ = crew(tmp_path / "runs")
    (found,) = asyncio.run(rollout(None, [replace(task, domain="music")], (41,), FLOOR, where))
    assert found.problem == f"ValueError: no domain 'music'; there is {', '.join(sorted(DOMAINS))}"


def test_a_skill_that_is_not_text_is_refused_before_anything_is_run(tmp_path: Path) -> None:
    tasks = load_tasks(write_tasks(tmp_path / "tasks", {"a": HONEST})).tasks
    where, told = crew(tmp_path / "runs")
    skill = Skill("skills/x", Oid("1" * 40), {MANIFEST: b"\xff"})
    with pytest.raises(UsageError, match="not UTF-8"):
        asyncio.run(rollout(skill, tasks, (41,), FLOOR, where))
    assert not told.notes


def test_a_harness_is_all_that_changes_a_run_and_nothing_else() -> None:
    prompts, sandbox = JinjaPrompts(), open_sandbox(Sandbox(), unsafe=True)

    def digest(config: Config, speech: Speech = Speech.TEXT) -> Digest:
        return harness_digest(config, Actor.MODEL, speech, prompts, sandbox)

    usual = digest(Config())
    same = [
        Config(endpoint=Endpoint(base_url="http://gpu/v1", workers=3, seed=7, model="m")),
        Config(agent=Agent(parallel=3)),
        Config(sandbox=Sandbox(image="other")),
    ]
    assert {digest(config) for config in same} == {usual}
    others = [
        Config(agent=Agent(turns=7)),
        Config(agent=Agent(tokens=700)),
        Config(agent=Agent(output_chars=700)),
        Config(endpoint=Endpoint(agent=Sampling(temperature=0.1))),
        Config(sandbox=Sandbox(memory_mb=128)),
        Config(grading=Grading(recalc=Recalc.FORMUALIZER)),
        Config(grading=Grading(strict=True)),
    ]
    found = [usual, digest(Config(), Speech.TOOLS), *map(digest, others)]
    assert len(set(found)) == len(found)
    floors = [
        harness_digest(config, Actor.DO_NOTHING, Speech.TEXT, prompts, None)
        for config in (Config(), Config(agent=Agent(turns=7)))
    ]
    assert len({*floors, usual}) == 2, "a floor has no turns"


def test_changed_prompts_are_another_harness(tmp_path: Path) -> None:
    sandbox = open_sandbox(Sandbox(), unsafe=True)
    folder = Path(__file__).parents[3] / "templates" / "prompts"
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())

    def digest() -> Digest:
        return harness_digest(Config(), Actor.MODEL, Speech.TEXT, JinjaPrompts(tmp_path), sandbox)

    usual = digest()
    (tmp_path / "analyst.md.j2").write_text("another question for analysts")
    assert digest() == usual
    with (tmp_path / "agent.md.j2").open("a") as file:
        file.write("And be quick.\n")
    assert digest() != usual


def test_what_is_told_names_the_case_and_no_expected_value() -> None:
    passed = Grade(passed=True, score=1.0, compared=3)
    wrong = Mismatch("C2", "7", "secret", "a number is expected")
    failed = Grade(passed=False, score=0.0, compared=3, mismatches=(wrong,))
    assert told_of((passed,)) == "passed: 3 places compared"
    assert told_of((passed, passed)) == "passed in all 2 cases"
    told = told_of((failed, passed, failed))
    report = "failed: 1 of 3 places differ: C2: a number is expected"
    assert told.splitlines() == [
        f"case 1, which the agent worked on: {report}",
        f"case 3, other inputs for the same programs: {report}",
    ]


def test_a_trajectory_tells_the_words_of_the_program_and_why_it_ended() -> None:
    turns = (
        TurnTaken("I look.", "Where?", (), Usage(calls=1), 1.0, "Write one block."),
        TurnTaken("", "", (Act("python", '{"code": "1"}', "(no output)"),), Usage(calls=1), 2.0),
        TurnTaken("It is 6.", "", (), Usage(calls=1), 0.5),
    )
    episode = Episode((), turns, Ended.TURNS, "It is 6.", Usage(calls=3))
    identity = RunIdentity("a", ZERO, 41, None, "tiny", ZERO)
    opening = (Message("system", "Work."), Message("user", "Add."))
    data = trajectory_bytes(identity, None, opening, episode)
    (trajectory,) = import_file(SourceFile("trajectory.json", data)).trajectories
    assert [(step.source, step.message) for step in trajectory.steps] == [
        ("system", "Work."),
        ("user", "Add."),
        ("agent", "I look."),
        ("user", "Write one block."),
        ("agent", ""),
        ("user", "(The turn budget is used up; the agent is asked for its answer.)"),
        ("agent", "It is 6."),
    ]
    other = trajectory_bytes(replace(identity, seed=42), None, opening, episode)
    assert other != data, "two runs that said the same are two runs"
    assert b'"a"' not in data, "no trajectory tells the task's name"
