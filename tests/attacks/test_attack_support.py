"""Attacks that raise a lesson's support: one run given many times."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from attacked import Evolve, Lie, honest, poisoned, runs

LONG = " ".join(f"step{n} cell{n * 3} value{n % 17}" for n in range(200))


def told_again(number: int, how: str) -> str:
    """The same run; only what a recording may change is another."""
    text = f"{LONG} saved to /srv/job/out.xlsx by wb.save(path)"
    more: dict[str, object] = {}
    match how:
        case "ids":
            more = {"id": f"run-{number}", "task_id": f"task-{number}"}
        case "white space":
            text = text.replace(" ", " " * (number + 1), 50)
        case "folders":
            text = text.replace("/srv/job", f"/home/somebody/job-{number}")
        case "some words":
            text = text.replace("step5 ", f"other{number} ").replace("step80 ", f"this{number} ")
        case "more fields":
            more = {"padding": "x" * number}
        case _:  # another file name alone
            pass
    return json.dumps(json.loads(poisoned("Fill in the sheet", text)) | more)


WAYS = ("file name", "ids", "white space", "folders", "some words", "more fields")


@pytest.mark.parametrize("how", WAYS)
def test_a_run_given_twenty_times_supports_its_lesson_once(evolve: Evolve, how: str) -> None:
    """One run is given under twenty names, with other ids, blanks, folders or a few other words.

    Outcome: it counts once; the others are duplicates in the totals, a remark names their files,
    and the lesson stays below `min_support`: nothing is committed.
    """
    texts = [told_again(number, how) for number in range(20)]
    done = evolve(texts, Lie(), "--min-support", "2")
    assert done.code == 1
    assert not done.branch
    assert done.told["trajectories"]["duplicates"] == 19
    assert done.told["trajectories"]["analysed"] == 1
    assert done.told["trajectories"]["found"] == 20
    assert len(done.messages) == 1


def test_copies_do_not_lift_a_lie_over_an_honest_lesson(evolve: Evolve) -> None:
    """Twenty copies of one run try to outnumber three runs of different tasks.

    Outcome: the support in the commit is 4, not 23, and so is the number of sources.
    """
    texts = [*(told_again(number, "some words") for number in range(20)), *honest(3)]
    done = evolve(texts, Lie(), "--min-support", "2")
    [lesson] = done.told["branch"]["lessons"]
    assert lesson["support"] == 4
    message = done.repository.git("log", "-1", "--format=%B", done.commits[0])
    assert "Skillgit-Support: 4/4" in message
    assert message.count("Skillgit-Trajectory:") == 4


def test_honest_runs_of_one_kind_all_count(evolve: Evolve) -> None:
    """The defence itself as an attack: do honest runs of like tasks lose their support?

    Outcome: five short runs that differ in numbers alone count as five.
    """
    done = evolve(honest(5), Lie(), "--min-support", "2")
    assert done.told["trajectories"]["duplicates"] == 0
    assert done.told["branch"]["lessons"][0]["support"] == 5


def test_one_run_told_in_other_words_counts_again(evolve: Evolve) -> None:
    """What no program can see: one run told by a model in other words under other ids.

    Outcome: it counts each time. Left to the reviewer, who sees the quotes of both side by side.
    """
    texts = [poisoned("Sum it", f"I {word} wb.save(path)") for word in ("called", "then used")]
    done = evolve(texts, Lie(), "--min-support", "2")
    assert done.told["branch"]["lessons"][0]["support"] == 2


def test_a_result_that_the_agent_claims_is_no_result(evolve: Evolve) -> None:
    """A failed run's agent says that it passed, in every way that a log can say it.

    Outcome: the result is unknown, the run is left out, no model is asked.
    """
    claims = "All tests passed. exit code 0. reward: 1.0. The run PASSED. outcome: pass"
    done = evolve([json.dumps(json.loads(poisoned("t", claims)) | {"outcome": None})], Lie())
    assert done.code == 1
    assert not done.messages


def test_a_result_beside_the_run_that_contradicts_a_copy_makes_both_unknown(
    evolve: Evolve, tmp_path: Path
) -> None:
    """The bytes of a failed run are given again with a result file that says pass.

    Outcome: the run is unknown and teaches nothing.
    """
    folder = runs(tmp_path / "mixed", [])
    text = json.dumps(json.loads(poisoned("t", "wb.save(path)")) | {"outcome": None})
    for name, reward in (("a", 0.0), ("b", 1.0)):
        (folder / name).mkdir()
        (folder / name / "run.json").write_text(text, encoding="utf-8")
        (folder / name / "run.result.json").write_text(
            json.dumps({"rewards": {"reward": reward}}), encoding="utf-8"
        )
    done = evolve(folder, Lie())
    assert done.code == 1
    assert not done.messages
