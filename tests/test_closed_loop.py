"""The closed loop: rollouts, proofs, lessons, gate; real Git, HTTP, sandbox and command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from closed_loop import (
    HELPS,
    HOPELESS,
    HURTS,
    IDLE,
    IDLES,
    SKILL,
    TEXT,
    Cast,
    Loop,
    keys,
    part_of,
    parts,
    teaching,
)
from repositories import Repository
from scripted import Answer, Request, ScriptedEndpoint, refusing
from sums import HONEST, WRONG

from skillgit.cli import run
from skillgit.config import Sandbox
from skillgit.sandbox import examine

confined = pytest.mark.skipif(
    examine(Sandbox()) is not None, reason="bubblewrap cannot be used on this machine"
)
ONE_SEED = ("--gate-seed", "41")
ALONE = ("--min-support", "1", "--main-support", "1")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLGIT_SANDBOX_SECONDS", "20")
    monkeypatch.setenv("SKILLGIT_AGENT_PROTOCOL", "text")
    monkeypatch.setenv("SKILLGIT_ENDPOINT_RETRIES", "0")
    monkeypatch.setenv("SKILLGIT_ENDPOINT_PATIENCE", "0")
    monkeypatch.setenv("SKILLGIT_ANALYZE_TURNS", "2")
    monkeypatch.setenv("SKILLGIT_ANALYZE_STARTS", "1")


@pytest.fixture
def loop(repository: Callable[..., Repository], tmp_path: Path) -> Loop:
    return Loop(repository({f"{SKILL}/SKILL.md": TEXT}), tmp_path)


@pytest.fixture
def endpoint() -> Iterator[ScriptedEndpoint]:
    with ScriptedEndpoint(Cast()) as server:
        yield server


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def adds_up(told: dict[str, Any]) -> bool:
    """Has everything that went in come to one end?"""
    runs, edits = dict(told["trajectories"]), dict(told["edits"])
    proofs = dict(told["error_analysts"])
    sums = [
        (runs.pop("found"), runs),
        (edits.pop("proposed"), edits),
        (proofs.pop("asked"), proofs),
    ]
    assert len(told["fates"]) == told["edits"]["proposed"]
    assert len(told["excluded"]) == told["trajectories"]["excluded"]
    return all(total == sum(parts.values()) for total, parts in sums)


def commits(told: dict[str, Any]) -> list[str]:
    return [lesson["commit"] for lesson in told["branch"]["lessons"]]


def titles(told: dict[str, Any]) -> list[str]:
    return [lesson["title"] for lesson in told["branch"]["lessons"]]


def checks(loop: Loop, branch: str) -> bool:
    """Can a reviewer check the branch, without a model, and find it in the log?"""
    return run(["-C", str(loop.repository.path), "check", "--range", f"main..{branch}"]) == 0


# ------------------------------------------------------------------ from nothing to a branch


@confined
def test_from_tasks_to_a_branch_of_proven_lessons(
    loop: Loop, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    before = loop.repository.git("status", "--porcelain")
    assert loop.evolve("--tasks", loop.teaching, "--json", endpoint=endpoint) == 0
    first = told(capsys)
    assert parts(endpoint) == {"agent": 8, "diagnose": 3, "teach": 4}
    assert first["usage"]["calls"] == 15
    assert first["trajectories"] | {"found": 4, "analysed": 4} == first["trajectories"]
    assert adds_up(first)
    assert first["error_analysts"] == {"asked": 3, "proven": 3}
    assert (titles(first), first["gate"]) == ([HELPS.title], None)
    assert loop.branches() == [first["branch"]["name"]]
    assert checks(loop, first["branch"]["name"])
    assert loop.repository.git("status", "--porcelain") == before

    documents = loop.evidence()
    assert documents["round.json"]["error_analysts"] == {"asked": 3, "proven": 3}
    patches = [found for name, found in documents.items() if name.startswith("patches/")]
    proofs = [patch["proof"] for patch in patches if patch["proof"]]
    assert [proof["cases"] for proof in proofs] == [2, 2, 2]
    assert {proof["program"] for proof in proofs} == {HONEST.strip()}
    assert "gate.json" not in documents

    endpoint.requests.clear()
    capsys.readouterr()
    assert loop.evolve("--tasks", loop.teaching, "--json", endpoint=endpoint) == 0
    second = told(capsys)
    assert endpoint.requests == []
    assert second["usage"] | {"calls": 0, "prompt_tokens": 0} == second["usage"]
    assert (second["branch"], second["fates"]) == (first["branch"], first["fates"])


@confined
def test_what_was_run_before_is_not_run_again_and_replays_to_the_same_commits(
    loop: Loop, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = loop.tasks("few", {"bo": HONEST, "cy": WRONG})
    where = ("--tasks", tasks, *ALONE, "--json")
    assert loop.evolve(*where, endpoint=endpoint) == 0
    first = told(capsys)
    assert loop.evolve(*where, "--seed", "42", endpoint=endpoint) == 0
    other = told(capsys)
    assert other["trajectories"]["found"] == 2, "each seed has its own runs"
    assert other["round"] != first["round"]
    assert loop.evolve(*where, endpoint=endpoint) == 0
    assert commits(told(capsys)) == commits(first), "which are no trajectories of another's"

    (runs,) = [
        folder for folder in (loop.state / "rollouts").iterdir() if (folder / "bo" / "41").is_dir()
    ]
    kept = loop.folder / "runs"
    shutil.move(runs, kept)
    endpoint.requests.clear()
    assert loop.evolve("--trajectories", kept, *where, endpoint=endpoint) == 0
    assert endpoint.requests == [], "no rollout, and the same causes"
    assert commits(told(capsys)) == commits(first)

    loop.repository.git("update-ref", "-d", f"refs/heads/{first['branch']['name']}")
    shutil.rmtree(loop.state / "rollouts")
    assert loop.evolve(*where, "--replay", endpoint=None) == 0
    assert commits(told(capsys)) == commits(first)

    loop.tasks("few", {"bo": HONEST, "cy": HOPELESS})
    assert loop.evolve("--trajectories", kept, *where, endpoint=endpoint) == 0
    changed = told(capsys)
    assert changed["error_analysts"] == {"asked": 1, "proven": 0, "no artifacts": 1}
    assert changed["round"] != first["round"], "a task has changed: it is another round"


@confined
def test_false_failures_and_what_is_not_proven_are_counted(
    loop: Loop, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    programs = {"bo": HONEST, "cy": WRONG, "di": WRONG, "ed": HOPELESS, "fi": HONEST}
    tasks = loop.tasks("mixed", programs)
    table = loop.folder / "outcomes.csv"
    table.write_text("task,outcome\nbo,pass\ncy,fail\ndi,fail\ned,fail\nfi,fail\n")
    where = ("--tasks", tasks, "--outcomes", table)
    assert loop.evolve(*where, "--json", endpoint=endpoint) == 0
    found = told(capsys)
    assert adds_up(found)
    counts = {"asked": 4, "proven": 2, "unproven": 1, "false failure": 1}
    assert found["error_analysts"] == counts
    assert (
        found["trajectories"] | {"found": 5, "analysed": 3, "excluded": 2}
        == (found["trajectories"])
    )
    reasons = {one["kind"]: one["reason"] for one in found["excluded"]}
    assert reasons["false failure"] == "what the run left passes the grader"
    assert reasons["unproven"].startswith("not proven by 1 repair in 2 turns; the last: Refused: ")
    record = loop.evidence()["round.json"]
    assert record["error_analysts"] == counts
    assert len(record["analysed"]) == 3
    assert {one["trajectory"]: one["kind"] for one in record["excluded"]} == {
        one["trajectory"]: one["kind"] for one in found["excluded"]
    }
    assert loop.evolve(*where, endpoint=endpoint) == 0
    words = " ".join(capsys.readouterr().out.split())
    assert "5 found = 3 analysed + 2 excluded + 0 left out + 0 duplicates" in words
    assert "2 of 4 proved their cause; 1 unproven, 1 false failure" in words


@confined
def test_without_a_branch_nothing_is_written(
    loop: Loop, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    refs = loop.repository.git("for-each-ref")
    tasks = loop.tasks("one", {"cy": WRONG})
    more = ("--tasks", tasks, *ALONE)
    assert loop.evolve(*more, "--no-branch", endpoint=endpoint) == 0
    assert "--no-branch: nothing was written to the repository." in capsys.readouterr().err
    assert loop.repository.git("for-each-ref") == refs
    asked = len(endpoint.requests)
    assert loop.evolve(*more, endpoint=endpoint) == 0
    assert len(endpoint.requests) == asked, "and what it paid for is not paid for twice"
    assert loop.branches()


# ------------------------------------------------------------------ the gate


@confined
def test_a_skill_that_helps_passes_the_gate(
    loop: Loop, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--tasks", loop.teaching, "--gate", loop.validation, *ONE_SEED)
    assert loop.evolve(*where, "--json", endpoint=endpoint) == 0
    found = told(capsys)
    gate = found["gate"]
    assert (
        gate
        | {
            "passed": True,
            "verdict": "better",
            "base": 0.0,
            "evolved": 1.0,
            "tasks": 7,
            "seeds": [41],
            "won": 7,
            "lost": 0,
            "rivals": 1,
            "remarks": [],
        }
        == gate
    )
    [branch] = loop.branches()
    assert branch == f"skillgit/sums/{found['round']}"
    assert checks(loop, branch)
    stored = loop.evidence()["gate.json"]
    assert stored.pop("schema") == "skillgit.gate/1"
    assert {"passed": True, **stored, "remarks": []} == gate
    asked = len(endpoint.requests)
    assert loop.evolve(*where, endpoint=endpoint) == 0
    assert len(endpoint.requests) == asked
    words = capsys.readouterr().out
    assert "Gate          BETTER: 0.0 % → 100.0 % of 7 tasks × 1 seeds pass" in words
    assert "7 tasks won, 0 lost, 0 tied (exact McNemar p = 0.0156)" in words
    assert f"Branch        {branch}" in words
    shutil.rmtree(loop.state / "runs")
    assert loop.evolve(*where, "--replay", "--json", endpoint=None) == 0
    assert told(capsys)["gate"] == gate


@confined
def test_a_skill_that_is_not_shown_to_help_is_a_draft(
    loop: Loop, capsys: pytest.CaptureFixture[str]
) -> None:
    cast = Cast(felt=())

    def without_v1(request: Request) -> Answer:
        lost = part_of(request) == "agent" and "(v1)" in str(request)
        return refusing(400, "context length exceeded") if lost else cast(request)

    with ScriptedEndpoint(without_v1) as endpoint:
        where = ("--tasks", loop.teaching, "--gate", loop.validation, *ONE_SEED)
        assert loop.evolve(*where, "--json", endpoint=endpoint) == 1
        found = told(capsys)
        assert loop.evolve(*where, endpoint=endpoint) == 1
        words = capsys.readouterr().out
        assert loop.evolve(*where, "--no-branch", endpoint=endpoint) == 1
        capsys.readouterr()
    assert (found["gate"]["passed"], found["gate"]["difference"]) == (False, 0.0)
    [branch] = loop.branches()
    assert branch == found["branch"]["name"] == f"skillgit/draft/sums/{found['round']}"
    assert f"Draft         {branch}: 1 lessons" in words
    assert "not shown to be better on the tasks of the gate" in words
    lost = "1 of 7 runs ended for want of a reply and were graded as they were: v1 (seed 41)"
    assert found["gate"]["remarks"] == [f"base: {lost}", f"other: {lost}"]
    assert f"  note: other: {lost}" in words
    assert "Branch  " not in words
    assert checks(loop, branch)
    assert loop.evidence()["gate.json"]["verdict"] == found["gate"]["verdict"] == "unclear"
    capsys.readouterr()
    assert run(["-C", str(loop.repository.path), "log"]) == 0
    assert f"branch {branch}" in capsys.readouterr().out


@confined
def test_a_lesson_that_hurts_is_dropped_and_the_rest_measured_with_other_seeds(
    loop: Loop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cast = Cast(teaching(HELPS, HURTS))
    monkeypatch.setenv("SKILLGIT_AGENT_PARALLEL", "7")

    def slow(request: Request) -> Answer:
        """Slow where two subsets of the lessons are tried at once."""
        told = request["messages"][0]["content"]
        alone = (HELPS.text in told) != (HURTS.text in told)
        return replace(cast(request), delay=0.3 if alone and request["seed"] == 41 else 0.0)

    with ScriptedEndpoint(slow) as endpoint:
        fails = loop.tasks("fails", dict.fromkeys(("cy", "di", "ed"), WRONG))
        where = ("--tasks", fails, "--gate", loop.validation, *ONE_SEED)
        assert loop.evolve(*where, "--gate-lessons", "--json", endpoint=endpoint) == 0
        found = told(capsys)
        assert adds_up(found)
        # With the first seed all subsets, with the second the base and what is kept of them.
        skills = {
            (request["seed"], request["messages"][0]["content"])
            for request in endpoint.requests
            if part_of(request) == "agent" and "(v1)" in str(request)
        }
        tried = Counter(seed for seed, _ in skills)
        assert tried == {41: 4, 42: 2}
        assert endpoint.peak <= 7, "one after another, for each takes all that may run"
        asked = len(endpoint.requests)
        assert loop.evolve(*where, "--gate-lessons", endpoint=endpoint) == 0
        assert len(endpoint.requests) == asked
    words = capsys.readouterr().out
    gate = found["gate"]
    assert (gate["passed"], gate["seeds"], gate["searched"]) == (True, [42], 4)
    assert [(one["title"], one["score_with"], one["score_without"]) for one in gate["dropped"]] == [
        (HURTS.title, 0.0, 1.0)
    ]
    assert titles(found) == [HELPS.title]
    assert f"  dropped: {HURTS.title}: 0.0 % with it, 100.0 % without" in words
    reason = "gate: on the validation tasks the agent passes 0.0 % with it, 100.0 % without"
    withheld = loop.evidence()["withheld.json"]["withheld"]
    assert {one["fate"]["reason"] for one in withheld} == {reason}
    assert all(HURTS.text in str(one["edit"]) for one in withheld)
    states = {state: found["edits"][state] for state in ("applied", "merged-into", "withheld")}
    assert states == {"applied": 1, "merged-into": 2, "withheld": 3}
    assert checks(loop, found["branch"]["name"])
    assert HURTS.text not in loop.repository.git("show", f"{found['branch']['name']}")


@confined
def test_where_every_lesson_hurts_there_is_no_branch(
    loop: Loop, capsys: pytest.CaptureFixture[str]
) -> None:
    validation = loop.tasks("easy", {"v1": HONEST, "v2": HONEST})
    tasks = loop.tasks("one", {"cy": WRONG})
    with ScriptedEndpoint(Cast(teaching(HURTS))) as endpoint:
        where = ("--tasks", tasks, "--gate", validation, "--gate-lessons", *ONE_SEED, *ALONE)
        assert loop.evolve(*where, endpoint=endpoint) == 1
    words = capsys.readouterr().err
    assert "Without the lessons that the gate dropped there is none" in words
    assert not loop.branches()


@confined
def test_the_best_of_two_evolutions_is_kept(loop: Loop, capsys: pytest.CaptureFixture[str]) -> None:
    def by_seed(request: Request) -> tuple[Any, ...]:
        return (HELPS,) if request["seed"] == 42 else (IDLES,)

    with ScriptedEndpoint(Cast(by_seed)) as endpoint:
        where = ("--tasks", loop.tasks("few", {"cy": WRONG, "di": WRONG}), *ALONE)
        more = ("--gate", loop.validation, *ONE_SEED, "--seeds-of-evolution", "2")
        assert loop.evolve(*where, *more, "--json", endpoint=endpoint) == 0
        found = told(capsys)
        asked = len(endpoint.requests)
        assert loop.evolve(*where, *more, endpoint=endpoint) == 0
        assert len(endpoint.requests) == asked
    assert "the best of 2 evolutions, measured again with other seeds" in capsys.readouterr().out
    assert (found["gate"]["rivals"], found["gate"]["seeds"]) == (2, [42])
    assert titles(found) == [HELPS.title]
    assert loop.evidence()["round.json"]["settings"]["endpoint.seed"] == 42
    assert checks(loop, found["branch"]["name"])


# ------------------------------------------------------------------ refused before any call


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> bool:
    error = capsys.readouterr().err
    assert "()" not in error, "a reason without words"
    return "Traceback" not in error and "hint:" in error and all(one in error for one in words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ("neither trajectories nor tasks", "--trajectories PATH, or --tasks PATH")),
        (("--tasks", "few", "--gate-lessons"), ("no tasks to choose by", "--gate PATH")),
        (("--tasks", "few", "--seeds-of-evolution", "2"), ("no tasks to choose by",)),
        (("--tasks", "few", *ONE_SEED), ("no tasks to choose by",)),
        (("--tasks", "nowhere"), ("reading tasks from", "nowhere")),
        (("--tasks", "few", "--gate", "nowhere"), ("reading tasks from", "nowhere")),
        (("--tasks", "few", "--gate", "few"), ("1 of them teach as well (cy)",)),
        (("--tasks", "few", "--gate", "more"), ("1 of them teach as well (cy)",)),
        (("--tasks", "few", "--base", "no-such-rev"), ("no-such-rev",)),
        (("--tasks", "few", "--outcomes", "none.csv"), ("none.csv",)),
        (("--tasks", "few", "-t", "no-runs"), ("no-runs does not exist",)),
    ],
)
def test_a_command_that_cannot_work_costs_nothing(
    loop: Loop,
    arguments: tuple[str, ...],
    words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SKILLGIT_AGENT_PROTOCOL", "auto")  # which has to ask, if asked too early
    loop.tasks("few", {"cy": WRONG})
    loop.tasks("more", {"cy": WRONG, "v1": IDLE})
    places = {"few", "more", "nowhere", "none.csv", "no-runs"}
    given = [str(loop.folder / word) if word in places else word for word in arguments]
    with ScriptedEndpoint() as endpoint:
        assert loop.evolve(*given, endpoint=endpoint) == 2
        assert endpoint.requests == []
    assert refused(capsys, *words)


@confined
def test_failures_teach_only_with_their_tasks_unless_a_person_says_otherwise(
    loop: Loop, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks, runs = loop.tasks("few", {"bo": HONEST, "cy": WRONG}), loop.folder / "runs"
    assert run(["rollout", "--no-skill", "-q", *loop.told(tasks, runs, endpoint)]) == 0
    endpoint.requests.clear()
    assert loop.evolve("-t", runs, *ALONE, endpoint=endpoint) == 2
    assert refused(capsys, "1 failed trajectories", "--tasks PATH", "single-call", "success")
    assert endpoint.requests == []
    for said in (("--signals", "success"), ("--error-analyst", "single-call")):
        assert loop.evolve("-t", runs, *ALONE, *said, "--json", endpoint=endpoint) == 0
        assert told(capsys)["error_analysts"] in ({"asked": 0, "proven": 0}, None)
    assert parts(endpoint) == {"teach": 2}


@confined
def test_tasks_of_given_trajectories_are_no_tasks_for_the_gate(
    loop: Loop, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks, runs = loop.tasks("few", {"bo": HONEST, "cy": HONEST}), loop.folder / "runs"
    assert run(["rollout", "--no-skill", "-q", *loop.told(tasks, runs, endpoint)]) == 0
    endpoint.requests.clear()
    validation = loop.tasks("validation", {"cy": HONEST, "v1": IDLE})
    where = ("--gate", validation, *ONE_SEED, *ALONE)
    assert loop.evolve("-t", runs, *where, endpoint=endpoint) == 2
    assert refused(capsys, "1 of them gave trajectories (cy)", "gave no trajectory")
    foreign = loop.folder / "foreign"
    foreign.mkdir()
    for name in ("trajectory.json", "result.json"):
        shutil.copy(runs / "cy" / "41" / name, foreign / name)
    result = json.loads((foreign / "result.json").read_text())
    del result["schema"], result["task_digest"]  # as another harness writes it
    (foreign / "result.json").write_text(json.dumps(result))
    assert loop.evolve("-t", foreign, *where, endpoint=endpoint) == 2
    assert refused(capsys, "1 of them gave trajectories (cy)")
    # Another task of that name is another task.
    again = loop.tasks("validation", {"cy": f"{HONEST}\n", "v1": IDLE})
    where = ("--gate", again, *ONE_SEED, *ALONE)
    assert endpoint.requests == []
    assert loop.evolve("-t", runs, *where, endpoint=endpoint) == 1
    assert "Draft" in capsys.readouterr().out


# ------------------------------------------------------------------ surroundings


def test_without_a_sandbox_nothing_is_run_unless_a_person_says_so(
    loop: Loop,
    endpoint: ScriptedEndpoint,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tasks = loop.tasks("one", {"cy": WRONG})
    git = shutil.which("git")
    assert git is not None
    (loop.folder / "bin").mkdir()
    (loop.folder / "bin" / "git").symlink_to(git)
    monkeypatch.setenv("PATH", str(loop.folder / "bin"))
    assert loop.evolve("--tasks", tasks, *ALONE, endpoint=endpoint) == 3
    assert refused(capsys, "--unsafe-no-sandbox")
    assert endpoint.requests == []
    assert not loop.branches()
    more = ("--tasks", tasks, *ALONE, "--unsafe-no-sandbox", "--json")
    assert loop.evolve(*more, endpoint=endpoint) == 0
    assert told(capsys)["error_analysts"] == {"asked": 1, "proven": 1}
    # What is read in one call needs no sandbox, whatever else is given.
    (runs,) = (loop.state / "rollouts").iterdir()
    said = ("-t", runs, "--tasks", tasks, *ALONE, "--error-analyst", "single-call")
    assert loop.evolve(*said, endpoint=endpoint) == 0


POINTS: tuple[Callable[[Request], bool], ...] = (
    lambda request: part_of(request) == "agent" and "(di)" in str(request),
    lambda request: part_of(request) == "diagnose" and "(di)" in str(request),
    lambda request: part_of(request) == "agent" and "(v2)" in str(request),
)
"""Where a round stops: with a run finished, with a cause proven, with a task of the gate run."""
CALLS = 16
"""Of a whole round: two runs of two turns, two proofs, two lessons, eight turns for the gate."""


def arguments(loop: Loop, endpoint: ScriptedEndpoint) -> list[str]:
    tasks = loop.tasks("few", {"cy": WRONG, "di": WRONG})
    gate = loop.tasks("two", {"v1": IDLE, "v2": IDLE})
    where = ("--tasks", tasks, "--gate", gate, *ONE_SEED, *ALONE)
    more = ("--model", "tiny", "--workers", "1")
    return loop.arguments(*where, *more, endpoint=endpoint)


def ends_well(loop: Loop, answered: list[Request], capsys: pytest.CaptureFixture[str]) -> None:
    """The same command goes on: nothing that was answered is asked again."""
    capsys.readouterr()
    assert not loop.branches()
    loop.repository.git("fsck", "--strict")
    with ScriptedEndpoint(Cast()) as endpoint:
        assert run(arguments(loop, endpoint)) == 1
        answered += endpoint.requests
    assert len(answered) == len(keys(answered)) == CALLS
    assert "Draft" in capsys.readouterr().out, "two tasks show nothing"
    [branch] = loop.branches()
    assert checks(loop, branch)


@confined
def test_an_endpoint_that_vanishes_is_a_stop_with_everything_kept(
    loop: Loop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SKILLGIT_AGENT_PARALLEL", "1")
    cast = Cast()
    answered: list[Request] = []
    for gone in POINTS:

        def vanishing(request: Request, gone: Callable[[Request], bool] = gone) -> Answer:
            if server.pages["/v1/models"].reset or gone(request):
                server.pages["/v1/models"] = Answer(reset=True)
                return Answer(reset=True)
            answered.append(request)
            return cast(request)

        with ScriptedEndpoint(vanishing) as server:
            assert run(arguments(loop, server)) == 4
        assert refused(capsys, "cannot be reached", "kept", "the same command goes on")
    ends_well(loop, answered, capsys)


@confined
def test_kill_minus_nine_then_resume(
    loop: Loop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SKILLGIT_AGENT_PARALLEL", "1")
    (loop.folder / "tmp").mkdir()  # what it was working on stays behind, but not for others
    cast = Cast()
    answered: list[Request] = []
    for held in POINTS:

        def holding(request: Request, held: Callable[[Request], bool] = held) -> Answer:
            if held(request):
                process.kill()
                return Answer("", delay=60.0)
            answered.append(request)
            return cast(request)

        with ScriptedEndpoint(holding) as server:
            program = [sys.executable, "-m", "skillgit", *arguments(loop, server)]
            environment = {**os.environ, "TMPDIR": str(loop.folder / "tmp")}
            with subprocess.Popen(program, env=environment) as process:
                assert process.wait(60) == -9
    ends_well(loop, answered, capsys)
