"""`skillgit experiment`, whole: real Git, real HTTP, the real sandbox; models are scripted."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from embedding import ScriptedEmbeddings
from experimenting import MEMORY, Ground, Player
from scripted import Answer, Request, ScriptedEndpoint
from sums import HONEST, write_tasks

from skillgit.cli import run
from skillgit.config import Sandbox
from skillgit.sandbox import examine

confined = pytest.mark.skipif(
    examine(Sandbox()) is not None, reason="bubblewrap cannot be used on this machine"
)
SMALL = ("--set", "tables.0.users=[122B]", "--set", "tables.0.measures=[Vrf]")


@pytest.fixture
def ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ground:
    for name, value in {
        "SANDBOX_SECONDS": "20",
        "AGENT_PROTOCOL": "text",
        "ENDPOINT_RETRIES": "0",
        "ENDPOINT_PATIENCE": "0",
    }.items():
        monkeypatch.setenv(f"SKILLGIT_{name}", value)
    monkeypatch.chdir(tmp_path)
    return Ground(tmp_path)


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def figures(table: dict[str, Any]) -> dict[str, list[float | None]]:
    """Estimates by condition, the last of a name winning."""
    return {
        row["condition"]: [cell["figure"] and cell["figure"]["estimate"] for cell in row["cells"]]
        for row in table["rows"]
    }


# ------------------------------------------------------------------ the tables of the paper


@confined
@pytest.mark.parametrize(
    ("plan", "rows"),
    [
        ("table-2", {"No Skill": 0.5, "122B-Authored +Error": 0.5, "35B-Authored +Error": 0.5}),
        ("table-3", {"No Skill": 0.5, "122B-Authored +Error": 0.5, "35B-Authored +Error": 0.5}),
        ("table-4", {"Seq-4": 1.0, "Seq-1": 1.0, "Parallel (ours)": 1.0}),
        ("table-6", {"+Error (ours)": 1.0, "+Error LLM": 1.0}),
    ],
)
def test_a_miniature_of_each_table_has_every_figure(
    ground: Ground, capsys: pytest.CaptureFixture[str], plan: str, rows: dict[str, float]
) -> None:
    with ScriptedEndpoint(Player()) as endpoint:
        assert ground.run(plan, endpoint, "--limit", "2", "--json") == 0
        assert {request["seed"] for request in endpoint.requests} == {41}
    (table,) = told(capsys)["tables"]
    assert table["gaps"] == 0
    assert {name: set(found) for name, found in figures(table).items()} == {
        name: {value} for name, value in rows.items()
    }
    if plan == "table-4":
        assert all(second > 0 for row in table["rows"] for second in row["seconds"])


@confined
def test_table_1_as_people_see_it_and_from_memory_alone_in_every_form(
    ground: Ground, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with ScriptedEndpoint(Player()) as endpoint:
        assert ground.run("table-1", endpoint, "--limit", "2") == 0
        where, asked = endpoint.url, len(endpoint.requests)
    shown = capsys.readouterr().out
    lines = shown.splitlines()
    assert "Table 1. Deepening and creation, by author and user" in lines
    assert lines.count("Skill Author: Qwen3.5-35B-A3B") == 2, "above figures and above intervals"
    assert "  Creation (init: Parametric)" in lines
    (found,) = {line for line in lines if line.startswith("No Skill") and "…" not in line}
    assert found.split() == ["No", "Skill", *["50.00"] * 9]
    assert sum(line.split() == ["+Combined", *["+50.00"] * 9] for line in lines) == 4
    assert asked < 120, "both models are one here: nothing is asked twice"

    again = ground.arguments("table-1", "--limit", "2", "--base-url", where, "--only-kept")
    assert run([*again, "--csv", "--plots", str(tmp_path / "plots")]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == 15
    assert rows[3]["section"].startswith("Skill Author: Qwen3.5-122B-A10B / Deepening")
    assert rows[3]["122B Vrf"] == "50.0000"
    assert rows[3]["122B Vrf seeds"] == "41"
    assert "<svg" in (tmp_path / "plots" / "table-1.svg").read_text()
    assert run([*again, "--markdown"]) == 0
    assert "| No Skill | 50.00 |" in capsys.readouterr().out
    assert run([*again, "--json"]) == 0
    document = told(capsys)
    assert document["made"] == 0
    rounds = [step for step in document["steps"] if step.get("lessons")]
    assert rounds
    for step in rounds:
        place = ground.results / "skills.git"
        done = subprocess.run(
            ["git", "rev-list", "--count", f"main..{step['branch']}"],
            cwd=place,
            capture_output=True,
            text=True,
            check=True,
        )
        assert int(done.stdout) >= step["lessons"], "each lesson is a commit that can be read"


@confined
def test_table_5_holds_a_bank_of_memories_against_the_skill(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    embeds = ("--set", "settings.recall.model=words", "--json")
    with ScriptedEndpoint(Player()) as endpoint, ScriptedEmbeddings() as embeddings:
        url = ("--set", f"settings.recall.base_url={embeddings.url}")
        assert ground.run("table-5", endpoint, "--limit", "2", *embeds, *url) == 0
        assert embeddings.embedded
        recalled = [r for r in endpoint.requests if MEMORY["title"] in json.dumps(r["messages"])]
        asked, whole = len(recalled), len(endpoint.requests)
        assert asked, "runs are told what was remembered"
        assert ground.run("table-5", endpoint, "--limit", "2", *embeds, *url) == 0
        assert len(endpoint.requests) == whole
    found = json.loads(capsys.readouterr().out.partition("\n}\n")[0] + "}")["tables"][0]
    assert figures(found)["Human-Written+Combined (ours)"] == [1.0] * 6
    assert figures(found)["ReasoningBank"] == [0.5] * 6, "the skill is the base"
    assert found["gaps"] == 0


@confined
def test_without_an_embedding_endpoint_the_bank_has_no_figure_and_says_so(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = ("--set", "settings.recall.base_url=http://127.0.0.1:9/v1")
    with ScriptedEndpoint(Player()) as endpoint:
        only = ("--set", "tables.0.strategies=bank", *SMALL, *nowhere)
        assert ground.run("table-5", endpoint, "--limit", "2", *only) == 4
    assert "127.0.0.1:9" in capsys.readouterr().out


# ------------------------------------------------------------------ resumed, parallel, partial


@confined
def test_a_killed_experiment_goes_on_where_it_was(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    only = (*SMALL, "--set", "tables.0.strategies=[hierarchical]")
    words = ground.arguments("table-4", "--limit", "2", *only)
    asked: list[int] = []
    with ScriptedEndpoint(Player()) as endpoint:

        def slow(request: Request) -> Answer:
            if len(endpoint.requests) > 5:
                return Answer("DONE", delay=60)
            return Player()(request)

        endpoint.reply = slow
        command = [sys.executable, "-m", "skillgit", *words, "--base-url", endpoint.url]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            deadline = time.monotonic() + 60
            while len(endpoint.requests) <= 5 and time.monotonic() < deadline:
                time.sleep(0.02)
            os.kill(process.pid, signal.SIGKILL)
        asked.append(len(endpoint.requests))
        port = endpoint.port
    assert asked[0] == 6
    kept = len(list((ground.results / "steps").rglob("*.json")))
    with ScriptedEndpoint(Player(), port=port) as endpoint:
        assert run([*words, "--base-url", endpoint.url, "--json"]) == 0
        asked.append(len(endpoint.requests))
    found = told(capsys)
    assert found["kept"] >= kept >= 1
    assert figures(found["tables"][0])["Parallel (ours)"] == [1.0]
    with ScriptedEndpoint(Player(), port=port) as endpoint:
        assert run([*words, "--base-url", endpoint.url, "--json"]) == 0
        assert endpoint.requests == []
    assert told(capsys)["made"] == 0
    assert run([*words, "--base-url", f"http://127.0.0.1:{port}/v1", "--dry-run", "--json"]) == 0
    planned = told(capsys)
    assert planned["loads"] == []
    assert planned["kept_steps"] == 3, "a dry run counts what is left to do"
    whole = Ground(ground.folder / "whole")
    with ScriptedEndpoint(Player()) as endpoint:
        assert whole.run("table-4", endpoint, "--limit", "2", *only) == 0
        assert sum(asked) == len(endpoint.requests) + 1, "only the call that hung was made twice"


FEW = [
    word
    for key, value in {
        "tables.0.references": "[none, human]",
        "tables.0.authors": "[122B]",
        "tables.0.modes": "[deepening]",
        "tables.0.signals": "[error]",
        "tables.0.measures": "[Vrf]",
        "tables.0.average": "false",
        "models.122B.model": "large",
        "models.35B.model": "small",
    }.items()
    for word in ("--set", f"{key}={value}")
]


@confined
def test_an_endpoint_that_is_gone_takes_only_its_own_cells(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*FEW, "--limit", "2", "--json"]
    with ScriptedEndpoint(Player(), models=("large",)) as large:
        where = ["--set", f"models.122B.base_url={large.url}"]
        gone = ["--set", "models.35B.base_url=http://127.0.0.1:9/v1"]
        assert ground.run("table-1", None, *words, *where, *gone) == 4
        found = told(capsys)["tables"][0]
        reasons = {cell["gap"] for row in found["rows"] for cell in row["cells"] if cell["gap"]}
        assert any("127.0.0.1:9" in reason for reason in reasons), reasons
        assert figures(found)["No Skill"] == [0.5, None], reasons
        assert figures(found)["+Error"] == [0.5, None], reasons
        asked = len(large.requests)
        with ScriptedEndpoint(Player(), models=("small",)) as small:
            back = ["--set", f"models.35B.base_url={small.url}"]
            assert ground.run("table-1", None, *words, *where, *back) == 0
            assert small.requests
        assert len(large.requests) == asked
    assert figures(told(capsys)["tables"][0])["+Error"] == [0.5, 0.5]


@confined
def test_endpoints_work_at_the_same_time(ground: Ground) -> None:
    busy = {"large": 0, "small": 0}
    both: list[bool] = []

    def player(name: str) -> Callable[[Request], Answer]:
        def play(request: Request) -> Answer:
            busy[name] += 1
            time.sleep(0.05)
            both.append(all(busy.values()))
            busy[name] -= 1
            return Player()(request)

        return play

    with (
        ScriptedEndpoint(player("large"), models=("large",)) as large,
        ScriptedEndpoint(player("small"), models=("small",)) as small,
    ):
        where = ["--set", f"models.122B.base_url={large.url}"]
        where += ["--set", f"models.35B.base_url={small.url}"]
        assert ground.run("table-1", None, *FEW, "--limit", "2", *where) == 0
    assert any(both)


@confined
def test_several_steps_at_one_endpoint_make_the_same_and_nothing_twice(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both names are one model, so each step is wanted twice, and at the same time."""
    words = [*FEW, "--limit", "2", "--json", "--set", "tables.0.signals=[error, success]"]
    words += ["--set", "models.122B.model=one", "--set", "models.35B.model=one"]
    most, under_way = 0, 0
    lock = threading.Lock()

    def play(request: Request) -> Answer:
        nonlocal most, under_way
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.05)
        answer = Player()(request)
        with lock:
            under_way -= 1
        return answer

    found, asked = [], []
    for times in ("1", "4"):
        place = Ground(ground.folder / times)
        with ScriptedEndpoint(play, models=("one",)) as endpoint:
            most = 0
            assert place.run("table-1", endpoint, *words, "--at-once", times) == 0
            asked.append(sorted(json.dumps(one, sort_keys=True) for one in endpoint.requests))
        found.append(told(capsys))
    assert asked[0] == asked[1], "the same requests, none of them twice"
    assert [one["made"] + one["kept"] for one in found] == [len(found[0]["steps"])] * 2
    assert found[0]["made"] == found[1]["made"]
    labels = [[step["step"] for step in one["steps"]] for one in found]
    assert labels[0] == labels[1], "in the order of the plan, whichever was done first"
    assert figures(found[0]["tables"][0]) == figures(found[1]["tables"][0])
    assert most > 2


# What a shell starts in the background ignores SIGINT, and so do its children.
INTERRUPTIBLE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from skillgit.cli import main
main()
"""


@confined
def test_an_interrupt_stops_all_endpoints_at_once(ground: Ground) -> None:
    def hanging(request: Request) -> Answer:
        return Answer("DONE", delay=60)

    with (
        ScriptedEndpoint(hanging, models=("large",)) as large,
        ScriptedEndpoint(hanging, models=("small",)) as small,
    ):
        where = ["--set", f"models.122B.base_url={large.url}"]
        where += ["--set", f"models.35B.base_url={small.url}"]
        words = ground.arguments("table-1", *FEW, "--limit", "2", *where)
        command = [sys.executable, "-c", INTERRUPTIBLE, *words]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            try:
                deadline = time.monotonic() + 60
                while not (large.requests and small.requests) and time.monotonic() < deadline:
                    time.sleep(0.02)
                process.send_signal(signal.SIGINT)
                _, error = process.communicate(timeout=30)
            finally:
                process.kill()
    assert process.returncode == 130
    assert "Traceback" not in error


@confined
def test_a_cap_stops_all_steps_together_and_a_higher_one_goes_on(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*FEW, "--limit", "2", "--json"]
    with (
        ScriptedEndpoint(Player(), models=("large",)) as large,
        ScriptedEndpoint(Player(), models=("small",)) as small,
    ):
        where = ["--set", f"models.122B.base_url={large.url}"]
        where += ["--set", f"models.35B.base_url={small.url}"]
        sent: list[int] = []
        while not sent or sent[-1] == 7:
            before = len(large.requests) + len(small.requests)
            code = ground.run("table-1", None, *words, *where, "--max-calls", "7")
            sent.append(len(large.requests) + len(small.requests) - before)
            assert code == (4 if sent[-1] == 7 else 0), sent
            found = capsys.readouterr().out
            stopped = "all 7 calls of --max-calls are made (7 calls, " in found
            assert stopped == (code == 4)
        assert len(sent) > 2
        whole = [*large.requests, *small.requests]
        assert ground.run("table-1", None, *words, *where, "--max-calls", "0") == 0
        assert len(large.requests) + len(small.requests) == len(whole)
    assert len({json.dumps(request, sort_keys=True) for request in whole}) == len(whole), "no twice"
    assert figures(told(capsys)["tables"][0])["+Error"] == [0.5, 0.5]


@confined
def test_a_round_that_teaches_nothing_leaves_the_skill_and_says_so(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    only = ("--set", "tables.0.strategies=hierarchical", "--set", "tables.0.signals=success")
    with ScriptedEndpoint(Player()) as endpoint:
        assert ground.run("table-4", endpoint, "--limit", "1", *SMALL, *only) == 0
    shown = capsys.readouterr().out
    assert "[1] the round left the skill as it was: none of the trajectories is of the" in shown
    assert "0.00 [1]" in shown
    assert re.search(r"Parallel .*\d s$", shown, re.MULTILINE), "its time is known all the same"


@confined
def test_a_round_without_replies_is_tried_again(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    only = ("--set", "tables.0.strategies=hierarchical", "--set", "tables.0.signals=success")
    with ScriptedEndpoint(Player()) as endpoint:

        def broken(request: Request) -> Answer:
            return Answer("no JSON") if "response_format" in request else Player()(request)

        endpoint.reply = broken
        assert ground.run("table-4", endpoint, "--limit", "2", *SMALL, *only) == 0
        assert "1 of 1 analysts got no usable reply" in capsys.readouterr().out
        endpoint.reply = Player()
        assert ground.run("table-4", endpoint, "--limit", "2", *SMALL, *only) == 0
    shown = capsys.readouterr().out
    assert "Parallel (ours)" in shown
    assert "100.00" in shown


@confined
def test_tasks_that_taught_are_told_where_they_measure(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    same = ("--set", f"domains.full.test={ground.folder / 'tasks' / 'teaching'}")
    only = ("--set", "tables.0.users=[122B]", "--set", "tables.0.strategies=hierarchical")
    with ScriptedEndpoint(Player()) as endpoint:
        assert ground.run("table-4", endpoint, "--limit", "2", *only, *same) == 0
    assert "2 of 2 tasks are among those that taught the skill" in capsys.readouterr().out


# ------------------------------------------------------------------ plans and mistakes


def test_a_dry_run_asks_nobody_and_needs_no_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    plans = [f"table-{number}" for number in range(1, 7)]
    assert run(["experiment", *plans, "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "122B in all" in shown
    assert "35B in all" in shown
    assert "section 2.2 of the paper" in shown
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "few").mkdir()
    write_tasks(tmp_path / "few", {"a": HONEST})
    few = ["--set", f"domains.verified.tasks={tmp_path / 'few'}"]
    assert run(["experiment", "table-4", "--dry-run", *few]) == 2
    assert "from 200 on there is none of 1" in capsys.readouterr().err
    speed = ["--throughput", "35B=20000/3000/1", "--throughput", "122B=9000/900/2"]
    assert run(["experiment", "table-2", "--dry-run", "--json", *speed]) == 0
    found = told(capsys)
    assert found["throughput"]["35B"]["prompt"] == 20000
    assert found["gpu_hours"]["35B"] > 0
    assert found["cost"] is None
    prices = ("--price-in", "2", "--price-cached", "1", "--price-out", "3")
    assert run(["experiment", "table-2", "--dry-run", "--json", *prices]) == 0
    found = told(capsys)
    prompt, fresh, output = (
        sum(load[kind] for load in found["loads"]) for kind in ("prompt", "fresh", "output")
    )
    assert found["cost"] == pytest.approx((prompt + fresh + 3 * output) / 1e6)
    assert run(["experiment", "table-2", "--dry-run", *prices]) == 0
    assert f"Cost          {found['cost']:,.4g}, " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nothing.yaml",), "there is no such file"),
        (("table-9",), "table-1, table-2"),
        (("table-1", "--table", "7"), "there is no table 7"),
        (("table-1", "--set", "models"), "there is no ="),
        (("table-1", "--set", "models.122B.modle=x"), "did you mean 'model'?"),
        (("table-1", "--throughput", "35B=fast"), "it is no MODEL=PROMPT/OUTPUT/GPUS"),
        (("table-1", "--throughput", "7B=1/1/1", "--dry-run"), "has no such model"),
        (("table-1", "--dry-run", "--csv"), "text or JSON"),
        (("table-1", "--at-once", "2", "--max-calls", "9"), "pays for one step at a time"),
        (("table-1", "--set", "settings.agent.trns=3", "--only-kept"), "agent.turns"),
    ],
)
def test_mistakes_are_told_with_what_to_do(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["experiment", *words]) == 2
    assert message in capsys.readouterr().err


def test_what_is_not_run_yet_says_so(ground: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    assert ground.run("table-4", None, "--only-kept", "--limit", "2") == 4
    assert "not run yet" in capsys.readouterr().out
