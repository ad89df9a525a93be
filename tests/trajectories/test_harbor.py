"""ATIF in all its versions, and the folders in which Harbor leaves its trials."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skillgit.adapters.files import read_trajectory_files
from skillgit.config import Collect
from skillgit.stages.collect import collect
from skillgit.trajectories.documents import SourceFile
from skillgit.trajectories.importers import import_file
from skillgit.types import Pool, Trajectory

DIGEST = "sha256:" + "ab" * 32


def atif(*steps: object, **more: object) -> dict[str, object]:
    return {"schema_version": "ATIF-v1.7", "session_id": "s", "steps": list(steps), **more}


def said(message: str, **more: object) -> dict[str, object]:
    return {"source": "agent", "message": message, **more}


def read(document: object, lock: object = None) -> tuple[Trajectory, list[str]]:
    data = b"" if lock is None else json.dumps(lock).encode()
    found = import_file(SourceFile("a.json", json.dumps(document).encode(), {}, data))
    return found.trajectories[0], [one.message for one in found.diagnostics]


def write(root: Path, files: dict[str, object]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return root


def pooled(root: Path) -> Pool:
    return collect(read_trajectory_files([root]), Collect())


def results(pool: Pool) -> dict[str, tuple[str, float | None, str]]:
    return {
        one.origin: (one.task, one.outcome.score, one.outcome.result.value)
        for one in (*pool.passed, *pool.failed, *pool.unknown)
    }


# --------------------------------------------------------------------------- sub-agents


def test_sub_agents_stand_behind_the_step_that_started_them() -> None:
    reference = {"content": "started", "subagent_trajectory_ref": [{"trajectory_id": "below"}]}
    deeper = atif(said("three"), trajectory_id="deeper")
    below = atif(said("two"), trajectory_id="below", subagent_trajectories=[deeper])
    alone = [atif(said("five"), trajectory_id="x"), atif(said("six"), trajectory_id="x")]
    run, remarks = read(
        atif(
            said("one", observation={"results": [reference]}),
            said("four"),
            subagent_trajectories=[*alone, below],
        )
    )
    assert [step.message for step in run.steps] == ["one", "two", "three", "four", "five", "six"]
    assert [step.number for step in run.steps] == [1, 2, 3, 4, 5, 6]
    assert run.steps[0].observation == "started"
    assert remarks == []


def test_sub_agents_that_refer_to_each_other_end() -> None:
    nested = atif(said("deepest"), trajectory_id="t")
    for _ in range(60):
        nested = atif(said("m"), trajectory_id="t", subagent_trajectories=[nested])
    run, _ = read(nested)
    assert len(run.steps) == 21


# --------------------------------------------------------------------------- lock.json


def test_the_digests_of_the_skills_come_from_the_lock() -> None:
    lock = {"schema_version": 2, "skills": [{"name": "xlsx", "source": "s", "digest": DIGEST}]}
    assert read(atif(said("m")), lock) == (read(atif(said("m")), lock)[0], [])
    assert read(atif(said("m")), lock)[0].skills == (DIGEST,)
    assert read(atif(said("m")), {"skills": []})[0].skills == ()
    assert read(atif(said("m")))[0].skills == ()


@pytest.mark.parametrize("digest", ["", 7, "sha256:", "md5:" + "0" * 64, DIGEST + "\n", None])
def test_a_lock_without_a_digest_is_told(digest: object) -> None:
    run, remarks = read(atif(said("m")), {"skills": [{"name": "x", "digest": digest}]})
    assert run.skills == ()
    assert remarks == ["lock.json of its trial: a skill without a digest"]


def test_a_lock_that_is_no_json_is_told() -> None:
    found = import_file(SourceFile("a.json", json.dumps(atif(said("m"))).encode(), {}, b"{"))
    assert len(found.trajectories) == 1
    assert "lock.json of its trial: not JSON" in found.diagnostics[0].message


# --------------------------------------------------------------------------- job folders


def trial(name: str, **result: object) -> dict[str, object]:
    """The files of one trial, as Harbor lays them out, with logs that are no trajectories."""
    chat = [{"role": "user", "content": "q"}, {"role": "assistant", "content": name}]
    return {
        f"{name}/agent/trajectory.json": atif(said(f"done {name}")),
        f"{name}/agent/sessions/2026/rollout.jsonl": chat,
        f"{name}/agent/other.json": chat,
        f"{name}/verifier/ctrf.json": chat,
        f"{name}/artifacts/logs/chat.json": chat,
        f"{name}/config.json": {},
        f"{name}/result.json": {"task_name": f"task-{name}", **result},
        f"{name}/lock.json": {"skills": [{"name": "x", "digest": DIGEST}]},
    }


def rewards(**numbers: float) -> dict[str, object]:
    return {"rewards": numbers}


def test_a_job_is_one_trajectory_for_each_trial(tmp_path: Path) -> None:
    files: dict[str, object] = {"result.json": {"stats": {}}, "config.json": {}, "lock.json": {}}
    files |= trial("a", verifier_result=rewards(reward=1.0), exception_info=None)
    files |= trial("b", verifier_result=rewards(tests=0.5, style=0.9))
    files |= trial("c", verifier_result=None, exception_info={"exception_type": "DockerError"})
    pool = pooled(write(tmp_path, files))
    assert results(pool) == {
        "a/agent/trajectory.json": ("task-a", 1.0, "pass"),
        "b/agent/trajectory.json": ("task-b", 0.5, "fail"),
        "c/agent/trajectory.json": ("task-c", None, "unknown"),
    }
    assert pool.passed[0].outcome.said_by == "verifier"
    assert pool.passed[0].skills == (DIGEST,)
    assert pool.diagnostics == ()


@pytest.mark.parametrize(
    ("kind", "score"), [("AgentTimeoutError", 0.0), ("SandboxBuildFailedError", None)]
)
def test_a_reward_after_an_exception_counts_where_it_is_the_agents_own(
    kind: str, score: float | None, tmp_path: Path
) -> None:
    told = {"exception_type": kind, "exception_message": "m"}
    files = trial("a", verifier_result=rewards(reward=0.0), exception_info=told)
    pool = pooled(write(tmp_path, files))
    assert [found[1] for found in results(pool).values()] == [score]
    assert [one.message for one in pool.diagnostics] == (
        []
        if score is not None
        else [f"../result.json beside it: the trial broke ({kind}), so its reward says nothing"]
    )


@pytest.mark.parametrize(
    ("name", "content", "score"),
    [
        ("reward.txt", "0.25\n", 0.25),
        ("reward.json", {"reward": 1, "style": 0}, 1.0),
        ("reward.json", 0.5, 0.5),
        ("reward.txt", "good", None),
        ("reward.json", {"reward": "good"}, None),
    ],
)
def test_without_a_result_the_verifiers_own_file_counts(
    name: str, content: object, score: float | None, tmp_path: Path
) -> None:
    files = {"t/agent/trajectory.json": atif(said("m")), f"t/verifier/{name}": content}
    pool = pooled(write(tmp_path, files))
    assert [found[1] for found in results(pool).values()] == [score]
    assert len(pool.diagnostics) == (score is None)


def test_each_step_of_a_trial_has_its_own_reward(tmp_path: Path) -> None:
    steps = [
        {"step_name": "one", "verifier_result": rewards(reward=1.0)},
        {"step_name": "two", "verifier_result": rewards(reward=0.0)},
    ]
    files = {
        "t/result.json": {"task_name": "long", "step_results": steps},
        "t/lock.json": {"skills": [{"digest": DIGEST}]},
        "t/steps/one/agent/trajectory.json": atif(said("first")),
        "t/steps/two/agent/trajectory.json": atif(said("second")),
        "t/steps/three/agent/trajectory.json": atif(said("third")),
    }
    pool = pooled(write(tmp_path, files))
    assert results(pool) == {
        "t/steps/one/agent/trajectory.json": ("long", 1.0, "pass"),
        "t/steps/two/agent/trajectory.json": ("long", 0.0, "fail"),
        "t/steps/three/agent/trajectory.json": ("long", None, "unknown"),
    }
    assert {one.skills for one in (*pool.passed, *pool.failed)} == {(DIGEST,)}


def test_real_trials() -> None:
    folder = Path(__file__).parents[2] / "../shared/data/trajectories/atif"
    if not folder.exists():
        pytest.skip("no shared data here")
    pool = pooled(folder)
    assert (len(pool.passed), len(pool.failed), len(pool.unknown)) == (2, 8, 1)
    assert {one.outcome.said_by for one in (*pool.passed, *pool.failed)} == {"verifier"}
    assert [one.message for one in pool.diagnostics] == [
        "looks like ATIF, but no step of it is an agent's"
    ]
