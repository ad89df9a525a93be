"""The conversations of an error analyst: what it is told, how they end, and that they resume."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from diagnosing import (
    FAILED,
    GOLD,
    HONEST,
    WRONG,
    Lab,
    edit,
    is_diagnosis,
    lesson,
    repair,
    taught,
    told,
)
from scripted import Answer, Request, ScriptedEndpoint, refusing, replying

from skillgit.agent.episode import Budget
from skillgit.config import Analyze, ErrorAnalyst
from skillgit.domains.registry import DOMAINS
from skillgit.domains.task import Case
from skillgit.errors import SurroundingsError
from skillgit.types import Exclusion


def wrong(number: int) -> Answer:
    """A repair that is refused, and no other one."""
    return repair(WRONG + f"# try {number}\n")


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made; empty again in the end."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_what_passes_already_is_a_false_failure_and_costs_no_call(
    tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    lab = Lab(tmp_path, endpoint)
    lab.failed_run(left={"answer.txt": GOLD[0]})
    (excluded,) = lab.analyze().excluded
    assert excluded.kind is Exclusion.FALSE_FAILURE
    assert not endpoint.requests


def test_with_several_cases_the_run_s_own_programs_decide_what_is_false(
    tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    lab = Lab(tmp_path, endpoint, cases=2)
    fixed = f"import csv\n\nanswer = {GOLD[0]!r}\nopen('answer.txt', 'w').write(answer)"
    honest = lab.failed_run("honest", [WRONG, HONEST], {"answer.txt": GOLD[0]})
    lab.failed_run("fixed", [fixed], {"answer.txt": GOLD[0]})
    endpoint.queue(repair(fixed + "\n\n# the same"), repair(HONEST))
    endpoint.reply = taught
    analysis = lab.analyze()
    (excluded,) = analysis.excluded
    assert excluded.kind is Exclusion.FALSE_FAILURE
    assert excluded.trajectory == f"t-{honest[7:19]}"
    question = told(endpoint.requests[0])
    report = lab.report(GOLD[0], case=2)
    assert question.endswith(f"THE GRADER\npassed with these inputs; with other inputs {report}")
    (patch,) = analysis.patches
    assert patch.proof
    assert patch.proof.attempts == 2


def test_without_a_task_or_its_files_nothing_can_be_proven(
    tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    lab = Lab(tmp_path, endpoint)
    lab.failed_run()
    kinds = [
        lab.analyze(exhibits={}).excluded,
        lab.analyze(domains={}).excluded,
    ]
    assert [one.kind for (one,) in kinds] == [Exclusion.NO_ARTIFACTS] * 2
    assert not endpoint.requests


def test_a_task_that_cannot_be_laid_out_any_more_is_told(
    tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    lab = Lab(tmp_path, endpoint, cases=2)
    lab.failed_run(left={"answer.txt": GOLD[0]})
    found = lab.exhibits()
    (tmp_path / "tasks/notes-2.csv").rename(tmp_path / "tasks/elsewhere.csv")
    (tmp_path / "tasks/notes-2.csv").symlink_to("/etc/passwd")
    (excluded,) = lab.analyze(exhibits=found).excluded
    assert excluded.kind is Exclusion.NO_ARTIFACTS
    assert "its task cannot be laid out" in excluded.reason


def test_the_prompt_is_the_same_for_all_but_for_its_last_message(
    tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    lab = Lab(tmp_path, endpoint, options=Analyze(turns=1, starts=1))
    lab.failed_run("one")
    lab.failed_run("two", [f"{FAILED}\n# of another run"], {"answer.txt": "eleven"})
    endpoint.reply = lambda _: wrong(1)
    lab.analyze()
    first, second = (request["messages"] for request in endpoint.requests)
    assert first[:-1] == second[:-1]
    assert len({message["role"] for message in first[1::2]}) == 1
    question = first[-1]["content"]
    assert question.startswith("TASK\nThe file notes.csv has the columns")
    assert "\nThe answer file is answer.txt.\n\nnotes.csv:\nname,weight\n" in question
    assert "\ncode:\nimport csv\nrows = list(csv.DictReader" in question, "no line numbers"
    reports = sorted(message[-1]["content"].rpartition("\n")[2] for message in (first, second))
    assert reports == sorted([lab.report("12.5"), lab.report("eleven")])


def test_a_long_run_still_shows_its_last_program_whole(
    tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    options = Analyze(turns=1, starts=1, trajectory_chars=400)
    lab = Lab(tmp_path, endpoint, options=options)
    lab.failed_run(programs=[FAILED, "print('a look')"])
    endpoint.reply = lambda _: wrong(1)
    lab.analyze()
    question = told(endpoint.requests[0])
    assert f"THE LAST PROGRAM OF THE RUN\n{FAILED.strip()}\n" in question


def test_the_budget_ends_it_with_the_reason_and_no_last_word_is_asked_for(
    tmp_path: Path, endpoint: ScriptedEndpoint, scratch: Path
) -> None:
    lab = Lab(tmp_path, endpoint, options=Analyze(turns=5, starts=2))
    lab.failed_run()
    for number in range(5):
        endpoint.queue(wrong(number))
    (excluded,) = lab.analyze().excluded
    assert excluded.kind is Exclusion.UNPROVEN
    assert excluded.reason == (
        f"not proven by 5 repairs in 5 turns; the last: Refused: {lab.report('12.5 kg')}"
    )
    lengths = [len(request["messages"]) for request in endpoint.requests]
    start = lengths[0]
    assert lengths == [start, start + 2, start, start + 2, start + 4], "two turns, then three"
    assert [request["seed"] for request in endpoint.requests] == [41, 41, 42, 42, 42]
    assert not list(scratch.iterdir())


def test_a_fresh_start_is_told_what_was_refused_and_begins_with_the_nearest(
    tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    lab = Lab(tmp_path, endpoint, options=Analyze(turns=3, starts=2))
    lab.failed_run()
    far = FAILED.replace("str(total)", "'heavy'")
    endpoint.queue(repair(far), repair(WRONG), Answer("DONE"))
    lab.options = Analyze(turns=3, starts=2)
    lab.analyze()
    first, second, third = map(told, endpoint.requests)
    assert "OTHER REPAIRS" not in first
    assert "OTHER REPAIRS WERE TRIED\nRefused: " in second
    assert "'heavy'" not in second, "a program that is shown comes again"
    assert second.endswith(f"THE GRADER\n{lab.report('12.5')}"), "'heavy' comes no nearer"
    assert third.startswith("Output:\n12.5\n(exit status 0)\n\nRefused: ")


def test_the_nearest_repair_is_shown_whole(tmp_path: Path, endpoint: ScriptedEndpoint) -> None:
    lab = Lab(tmp_path, endpoint, options=Analyze(turns=2, starts=2))
    lab.failed_run()
    endpoint.queue(repair(WRONG), Answer("DONE"))
    lab.analyze()
    question = told(endpoint.requests[1])
    assert "OTHER REPAIRS" not in question
    assert question.endswith(
        f"THE NEAREST REPAIR SO FAR\n{WRONG.strip()}\n\n"
        f"THE GRADER\nRefused: {lab.report('12.5 kg')}"
    )


def test_a_repair_that_was_refused_ends_the_conversation_when_it_comes_again(
    tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    lab = Lab(tmp_path, endpoint, options=Analyze(turns=20, starts=2))
    lab.failed_run()
    again = repair(WRONG.replace("\n", "  \n") + "\n\n")
    endpoint.queue(repair(WRONG), again, repair(HONEST), replying(lesson()))
    (patch,) = lab.analyze().patches
    assert patch.proof
    assert (patch.proof.attempts, patch.proof.turns) == (2, 3)
    assert [request["seed"] for request in endpoint.requests[:3]] == [41, 41, 42]


def test_in_the_last_conversation_repeating_goes_on_until_the_loop_has_enough(
    tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    lab = Lab(tmp_path, endpoint, options=Analyze(turns=20, starts=1))
    lab.failed_run()
    endpoint.reply = lambda _: wrong(1)
    (excluded,) = lab.analyze().excluded
    assert excluded.reason.startswith("not proven by 1 repair in 4 turns")
    again = "This very program was handed in before. Change it, or look into the files first."
    words = f"Output:\n{again}\nRefused: {lab.report('12.5 kg')}"
    assert told(endpoint.requests[2]).startswith(words)


def test_the_example_speaks_as_the_grader_does(tmp_path: Path, endpoint: ScriptedEndpoint) -> None:
    lab = Lab(tmp_path, endpoint, options=Analyze(turns=1, starts=1))
    lab.failed_run()
    endpoint.queue(Answer("DONE"))
    lab.analyze()
    example = [message["content"] for message in endpoint.requests[0]["messages"][1:-1]]
    case = Case({}, "result.txt", region="(11,500 kg)")
    file = tmp_path / "answer"
    for message, answer in ((example[0], "11.5"), (example[2], "11.5 kg")):
        file.write_text(answer)
        assert message.endswith(DOMAINS["text"].grade(case, file).report())
    assert example[2].startswith("Output:\n11.5 kg\n(exit status 0)\n\nRefused: failed: ")
    assert example[4] == "Output:\n(11,500 kg)\n(exit status 0)\n\nProven: it passes."


@pytest.mark.parametrize("budget", [Budget(tokens=30), Budget(seconds=1e-9)])
def test_tokens_and_time_end_it_as_well(
    tmp_path: Path, endpoint: ScriptedEndpoint, budget: Budget
) -> None:
    lab = Lab(tmp_path, endpoint, options=Analyze(turns=50, starts=3), budget=budget)
    lab.failed_run()
    numbers = iter(range(100))
    endpoint.reply = lambda _: wrong(next(numbers))
    (excluded,) = lab.analyze().excluded
    assert excluded.kind is Exclusion.UNPROVEN
    assert len(endpoint.requests) <= 3


def test_an_endpoint_that_answers_nothing_usable_is_told_as_such(
    tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    lab = Lab(tmp_path, endpoint, options=Analyze(turns=6, starts=2))
    lab.failed_run()
    endpoint.reply = lambda _: refusing(400, "this model's maximum context length is 10 tokens")
    (excluded,) = lab.analyze().excluded
    assert excluded.kind is Exclusion.NO_REPLY
    assert "context" in excluded.reason


def test_a_proof_without_a_lesson_is_no_patch(tmp_path: Path, endpoint: ScriptedEndpoint) -> None:
    lab = Lab(tmp_path, endpoint)
    lab.failed_run()
    endpoint.queue(repair(HONEST), when=is_diagnosis)
    endpoint.reply = lambda _: refusing(400)
    (excluded,) = lab.analyze().excluded
    assert excluded.kind is Exclusion.NO_REPLY


def test_where_the_endpoint_is_gone_nothing_goes_on_and_nothing_is_left(
    tmp_path: Path, endpoint: ScriptedEndpoint, scratch: Path
) -> None:
    lab = Lab(tmp_path, endpoint, options=Analyze(turns=6, starts=1))
    for number in range(4):
        lab.failed_run(f"task-{number}")
    endpoint.queue(wrong(1))
    endpoint.reply = lambda _: refusing(401)
    with pytest.raises(SurroundingsError):
        lab.analyze(parallel=1)
    assert not list(scratch.iterdir())


def test_many_analysts_work_at_once_and_no_more_than_allowed(
    tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    lab = Lab(tmp_path, endpoint)
    # Each run is another one: what is asked twice at once is sent once.
    ids = [lab.failed_run(f"task-{n}", [f"{FAILED}# {n}\n"]) for n in range(5)]

    def reply(request: Request) -> Answer:
        answer = repair(HONEST) if is_diagnosis(request) else taught(request)
        return Answer(answer.content, delay=0.4)

    endpoint.reply = reply
    analysis = lab.analyze(parallel=3)
    assert 2 <= endpoint.peak <= 3
    assert list(analysis.analysed) == sorted(f"t-{one[7:19]}" for one in ids)


def test_what_was_answered_once_is_not_asked_again(
    tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    lab = Lab(tmp_path, endpoint, options=Analyze(turns=6, starts=2))
    lab.failed_run()
    noisy = "import time, os\nprint(time.time(), os.getpid())"
    endpoint.queue(repair(noisy, "python"), wrong(1), wrong(2), repair(HONEST), replying(lesson()))
    first = lab.analyze()
    count = len(endpoint.requests)
    assert lab.analyze() == first
    assert len(endpoint.requests) == count


KILLED = """
import sys
from pathlib import Path
from diagnosing import Lab
from scripted import ScriptedEndpoint
from skillgit.config import Analyze

class There:
    url = sys.argv[2]

lab = Lab(Path(sys.argv[1]), There(), options=Analyze(turns=9, starts=3))
lab.tasks = ["notes-7"]
lab.analyze()
"""


def test_kill_minus_nine_then_resume(tmp_path: Path, endpoint: ScriptedEndpoint) -> None:
    lab = Lab(tmp_path, endpoint, options=Analyze(turns=9, starts=3))
    lab.failed_run()
    endpoint.queue(wrong(1), wrong(2), wrong(3), Answer("never sent", delay=60))
    command = [sys.executable, "-c", KILLED, str(tmp_path), endpoint.url]
    path = os.pathsep.join([str(Path(__file__).parents[2]), str(Path(__file__).parents[3])])
    killed = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path})
    try:
        assert _soon(lambda: len(endpoint.requests) == 4)
    finally:
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    endpoint.queue(repair(HONEST), replying(lesson()))
    (patch,) = lab.analyze().patches
    assert patch.proof
    assert (patch.proof.attempts, patch.proof.turns) == (4, 4)
    sent = [json.dumps(request, sort_keys=True) for request in endpoint.requests]
    assert sent[3] == sent[4], "what was under way when it was killed is asked again"
    assert len(set(sent)) == len(sent) - 1


def _soon(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_asked_for_in_so_many_words_a_failure_is_one_call(
    tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    lab = Lab(tmp_path, endpoint, options=Analyze(error_analyst=ErrorAnalyst.SINGLE_CALL))
    lab.failed_run()
    uncoded = edit()
    del uncoded["code"]
    endpoint.queue(replying({"edits": [uncoded]}))
    (patch,) = lab.analyze().patches
    assert patch.proof is None
    assert patch.edits
