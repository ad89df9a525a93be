"""The task set that is shipped is the one that the generator makes, and it can be used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from experiments.ledger_tasks import HALVES, KINDS, write

from skillgit.adapters.resources import resource
from skillgit.cli import run
from skillgit.domains.loading import load_tasks

LEDGER = resource("templates", "tasks", "ledger")


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_what_is_shipped_is_what_the_generator_makes(tmp_path: Path) -> None:
    write(tmp_path, 24)

    assert contents(LEDGER) == contents(tmp_path)


def test_both_halves_have_tasks_of_every_kind_and_no_task_in_common() -> None:
    halves = [load_tasks(LEDGER / half).tasks for half in HALVES]

    for tasks in halves:
        assert len(tasks) == 12
        assert {task.group for task in tasks} == set(KINDS)
        assert all(len(task.cases) == 2 for task in tasks)
    # A gate refuses tasks that teach as well.
    digests = [{task.digest for task in tasks} for tasks in halves]
    assert not set.intersection(*digests)


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize(("agent", "rate"), [("gold", 1.0), ("do-nothing", 0.0)])
def test_it_can_be_passed_and_not_for_nothing(
    half: str, agent: str, rate: float, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["eval", "--agent", agent, "--tasks", str(LEDGER / half), "--json", "-q"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["result"]["success"]["estimate"] == rate


def test_the_two_cases_of_a_task_have_different_answers() -> None:
    """Else a value that was typed in by hand would pass both; a count may be the same by chance."""
    for half in HALVES:
        tasks = load_tasks(LEDGER / half).tasks
        alike = {task.group for task in tasks if len({case.region for case in task.cases}) == 1}
        assert alike <= {"count"}
