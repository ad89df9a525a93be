"""Rounds and rollouts on a real Ray cluster of two machines, of which one may die."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from analysts import plausible
from closed_loop import SKILL as SUMS
from closed_loop import TEXT as SUMS_TEXT
from closed_loop import Cast, Loop
from repositories import Repository
from scripted import Answer, Request, ScriptedEndpoint, refusing
from sums import HONEST, NOTHING, WRONG, agent, write_tasks
from test_evolve import SKILL, write_runs

from skillgit.adapters.runs import RunFolder
from skillgit.cli import run
from skillgit.config import Sandbox
from skillgit.executors.cluster.quiet import hush
from skillgit.sandbox import examine

hush()
pytest.importorskip("ray", reason="Ray is not installed: pip install 'skillgit[ray]'")

KEY = "a-key-that-no-log-may-hold"
STORE = 80 << 20
confined = pytest.mark.skipif(
    examine(Sandbox()) is not None, reason="bubblewrap cannot be used on this machine"
)


class Machines:
    """Two nodes of one CPU each; the second can be killed, and is there again for the next test."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster  # noqa: PLC0415 - where it is installed

        quick = {"health_check_period_ms": 300, "health_check_failure_threshold": 3}
        self._cluster = Cluster(
            initialize_head=True,
            head_node_args={
                "num_cpus": 1,
                "include_dashboard": False,
                "object_store_memory": STORE,
                "_system_config": quick,
            },
        )
        self._second: Any = None  # a node, as Ray calls it
        self.complete()

    @property
    def address(self) -> str:
        return str(self._cluster.address)

    @property
    def logs(self) -> Path:
        head: Any = self._cluster.head_node
        return Path(head.get_session_dir_path())

    def complete(self) -> None:
        if self._second is None:
            self._second = self._cluster.add_node(num_cpus=1, object_store_memory=STORE)
            self._cluster.wait_for_nodes()

    def kill_one(self) -> None:
        second, self._second = self._second, None
        self._cluster.remove_node(second, allow_graceful=False)

    def close(self) -> None:
        self._cluster.shutdown()  # type: ignore[no-untyped-call] # Ray's


@pytest.fixture(scope="module")
def both() -> Iterator[Machines]:
    made = Machines()
    yield made
    made.close()


@pytest.fixture
def machines(both: Machines) -> Machines:
    both.complete()
    return both


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795000000")
    monkeypatch.setenv("SKILLGIT_API_KEY", KEY)
    monkeypatch.setenv("SKILLGIT_AGENT_PROTOCOL", "text")
    monkeypatch.setenv("SKILLGIT_ENDPOINT_RETRIES", "1")


class Slow:
    """An endpoint that takes its time and knows when it has answered what."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.answered: dict[str, list[float]] = {}
        self.busy = threading.Event()
        """Answers have been given, and more requests are here than one worker may send."""
        self._here = 0

    def __call__(self, request: Request) -> Answer:
        self._here += 1
        time.sleep(self.seconds)
        self._here -= 1
        key = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
        self.answered.setdefault(key, []).append(time.monotonic())
        if len(self.answered) >= 12 and self._here > 5:
            self.busy.set()
        return plausible(request)


def evolved(
    repository: Callable[..., Repository],
    name: str,
    runs: Path,
    endpoint: ScriptedEndpoint,
    *more: str,
) -> tuple[int, Repository]:
    made = repository({"skills/xlsx/SKILL.md": SKILL}, name=name)
    where = ["--base-url", endpoint.url, "--model", "tiny", "--error-analyst", "single-call"]
    line = ["-C", str(made.path), "evolve", "skills/xlsx", "-t", str(runs), "-q", "--json"]
    return run([*line, *where, *more]), made


def refs(repository: Repository) -> str:
    return repository.git("for-each-ref")


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_round_on_two_machines_is_the_round_of_one_process(
    machines: Machines,
    repository: Callable[..., Repository],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    runs = write_runs(tmp_path / "runs", 40)
    with ScriptedEndpoint(plausible, api_key=KEY) as endpoint:
        code, local = evolved(repository, "local", runs, endpoint, "--workers", "8")
        asked = Counter(json.dumps(request, sort_keys=True) for request in endpoint.requests)
        here = capfd.readouterr()
        endpoint.requests.clear()
        where = ("--executor", machines.address, "--workers", "8")
        assert (code, (found := evolved(repository, "ray", runs, endpoint, *where))[0]) == (0, 0)
        again = Counter(json.dumps(request, sort_keys=True) for request in endpoint.requests)
        assert endpoint.peak <= 10
    said = capfd.readouterr()
    assert refs(found[1]) == refs(local)
    assert json.loads(said.out) == json.loads(here.out)
    assert said.err == here.err, "what Ray says of itself stays in its log files"
    assert again == asked


def test_a_machine_that_dies_in_mid_round_takes_nothing_along(
    machines: Machines,
    repository: Callable[..., Repository],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    runs = write_runs(tmp_path / "runs", 48)
    with ScriptedEndpoint(plausible) as endpoint:
        code, local = evolved(repository, "local", runs, endpoint)
    assert code == 0
    before = capfd.readouterr()
    slow = Slow(0.25)
    killed: list[float] = []

    def kill() -> None:
        slow.busy.wait(60)
        killed.append(time.monotonic())
        machines.kill_one()

    thread = threading.Thread(target=kill)
    thread.start()
    with ScriptedEndpoint(slow) as endpoint:
        where = ("--executor", machines.address, "--workers", "8")
        code, found = evolved(repository, "ray", runs, endpoint, *where)
        thread.join()
        total = len(endpoint.requests)
    assert code == 0
    assert refs(found) == refs(local)
    twice = {key: times for key, times in slow.answered.items() if len(times) > 1}
    assert twice, "the machine that died had work"
    assert all(times[0] > killed[0] - 0.2 for times in twice.values()), "arrived, and asked again"
    assert total <= len(slow.answered) + 5, "no more than one machine has under way"
    said = capfd.readouterr()
    assert said.err == before.err
    here, there = json.loads(before.out), json.loads(said.out)
    assert there["usage"]["calls"] == here["usage"]["calls"], "each reply is paid for once"
    assert there["usage"]["cached_calls"] > 0, "what the dead machine had handed over"
    assert {**there, "usage": 0} == {**here, "usage": 0}


@confined
def test_runs_on_two_machines_are_the_runs_of_one_process(
    machines: Machines, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    programs = {"a": HONEST, "b": WRONG, "c": NOTHING, "d": HONEST}
    tasks = write_tasks(tmp_path / "tasks", programs)
    outputs = []
    for name, where in (("local", "local"), ("ray", machines.address)):
        with ScriptedEndpoint(agent) as endpoint:
            line = ["rollout", "--no-skill", "--tasks", str(tasks), "-o", str(tmp_path / name)]
            line += ["-q", "--json", "--base-url", endpoint.url, "--executor", where]
            assert run(line) == 0
        found = json.loads(capfd.readouterr().out)
        outputs.append({**found, "out": "", "trajectories": ""})
    here, there = (RunFolder(tmp_path / name).read() for name in ("local", "ray"))
    assert [one.result.identity for one in there.runs] == [one.result.identity for one in here.runs]
    assert [one.result.passed for one in there.runs] == [True, False, False, True]
    assert outputs[0]["usage"] == outputs[1]["usage"]
    assert not list((tmp_path / "ray").glob(".skillgit-*"))


def test_an_endpoint_that_is_gone_ends_the_round_as_it_does_here(
    machines: Machines,
    repository: Callable[..., Repository],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    runs = write_runs(tmp_path / "runs", 6)
    with ScriptedEndpoint() as endpoint:
        endpoint.reply = lambda _: refusing(401, "no such key")
        code, _ = evolved(repository, "ray", runs, endpoint, "--executor", machines.address)
    said = capfd.readouterr().err
    assert code == 3
    assert "it refuses the key" in said
    assert "SKILLGIT_API_KEY" in said
    assert "Traceback" not in said


def test_the_key_is_in_no_file_of_the_cluster(machines: Machines) -> None:
    """After the rounds above, which were given it."""
    files = [path for path in machines.logs.rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []


def test_whoever_interrupts_a_round_leaves_no_process_behind(
    machines: Machines, repository: Callable[..., Repository], tmp_path: Path
) -> None:
    runs = write_runs(tmp_path / "runs", 30)
    made = repository({"skills/xlsx/SKILL.md": SKILL})
    slow = Slow(0.25)
    with ScriptedEndpoint(slow) as endpoint:
        line = [sys.executable, "-m", "skillgit", "-C", str(made.path), "evolve", "skills/xlsx"]
        line += ["-t", str(runs), "--base-url", endpoint.url, "--model", "tiny", "--workers", "8"]
        line += ["--error-analyst", "single-call", "--executor", machines.address]
        started = subprocess.Popen(
            line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0
        )
        assert slow.busy.wait(60)
        os.killpg(started.pid, signal.SIGINT)
        out, err = started.communicate(timeout=30)
        time.sleep(1)
        left = endpoint.requests[:]
        time.sleep(0.5)
        assert endpoint.requests == left, "a worker still asks"
    assert started.returncode == 130
    assert out == ""
    assert err.splitlines()[-1] == "interrupted", err
    assert "Traceback" not in err
    assert made.git("for-each-ref", "refs/heads/skillgit", "refs/skillgit") == ""


def test_a_cluster_that_is_not_there_is_said_at_once(
    repository: Callable[..., Repository], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    runs = write_runs(tmp_path / "runs", 3)
    with ScriptedEndpoint() as endpoint:
        for address in ("127.0.0.1:9", "ray://127.0.0.1:9"):
            code, _ = evolved(repository, address, runs, endpoint, "--executor", address)
            said = capfd.readouterr().err
            assert code == 3
            assert f"joining the Ray cluster at {address}: " in said
        assert endpoint.requests == []


@confined
def test_proofs_and_the_gate_on_two_machines(
    machines: Machines,
    repository: Callable[..., Repository],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {
        "ANALYZE_TURNS": "2",
        "ANALYZE_STARTS": "1",
        "SANDBOX_SECONDS": "20",
    }.items():
        monkeypatch.setenv(f"SKILLGIT_{name}", value)
    first = Loop(repository({f"{SUMS}/SKILL.md": SUMS_TEXT}, name="first"), tmp_path)
    runs, told = tmp_path / "runs", []
    with ScriptedEndpoint(Cast()) as endpoint:
        line = ["-C", str(first.repository.path), "rollout", SUMS, "-q"]
        assert run([*line, *first.told(first.teaching, runs, endpoint)]) == 0
    capfd.readouterr()
    for name, where in (("here", "local"), ("there", machines.address)):
        loop = Loop(repository({f"{SUMS}/SKILL.md": SUMS_TEXT}, name=name), tmp_path)
        with ScriptedEndpoint(Cast()) as endpoint:
            words = ("-t", runs, "--tasks", first.teaching, "--gate", first.validation)
            more = ("--gate-seed", "41", "--seeds-of-evolution", "2", "--executor", where)
            assert loop.evolve(*words, *more, "--json", endpoint=endpoint) == 0
        found = json.loads(capfd.readouterr().out)
        assert found["error_analysts"] == {"asked": 3, "proven": 3}
        told.append([found, refs(loop.repository)])
    assert told[0] == told[1]
