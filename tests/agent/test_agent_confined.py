"""The tools in the real sandbox; everything else here uses a plain process behind the same port."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from agents import Agent, block
from scripted import Answer, ScriptedEndpoint

from skillgit import config
from skillgit.agent.inside import NotTaken
from skillgit.agent.replay import replay
from skillgit.agent.tools import Room, usual_tools
from skillgit.agent.workspace import lay_out_case, lay_out_skill, take_out
from skillgit.domains.task import Case
from skillgit.errors import SurroundingsError
from skillgit.evaluation.runs import Ended
from skillgit.names import Oid, SkillPath
from skillgit.ports import Sandbox
from skillgit.sandbox import open_sandbox
from skillgit.types import MANIFEST, Skill

SKILL = Skill(
    "skills/sums",
    Oid("a" * 40),
    {MANIFEST: b"# Sums\n", SkillPath("scripts/add.py"): b"def add(a, b):\n    return a + b\n"},
)
PROGRAM = """
import sys
sys.path.insert(0, "/skills/sums/scripts")
from add import add
numbers = [int(line) for line in open("input.txt")]
open("output.txt", "w").write(str(add(*numbers)))
open("/skills/sums/SKILL.md", "a")
"""


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    try:
        return open_sandbox(config.Sandbox(seconds=30.0))
    except SurroundingsError as error:
        pytest.skip(f"no sandbox here: {error.message}")


def case(folder: Path, text: str) -> Case:
    source = folder / f"{len(text)}.txt"
    source.write_text(text)
    return Case({"input.txt": source}, "output.txt")


def test_an_agent_works_and_is_replayed_in_the_real_sandbox(
    endpoint: ScriptedEndpoint, sandbox: Sandbox, tmp_path: Path
) -> None:
    readable = lay_out_skill(SKILL, tmp_path / "skills")
    first = Room(sandbox, lay_out_case(case(tmp_path, "1\n2"), tmp_path / "one"), readable)
    endpoint.queue(
        block("/skills/sums/scripts/add.py", "read_file"),
        block(PROGRAM),
        block("cat output.txt; ln -s /etc/passwd output.md; nonsense", "bash"),
        Answer("DONE"),
    )

    episode = Agent(endpoint, tmp_path, tools=usual_tools(first)).work("unused")

    assert episode.ended is Ended.ANSWERED
    read, ran, shell = (turn.acts[0].observation for turn in episode.turns[:3])
    assert read.startswith("lines 1 to 2 of 2 of /skills/sums/scripts/add.py:\ndef add")
    assert 'File "/turn.py", line 7' in ran
    assert "Read-only file system" in ran
    assert shell.startswith("3")
    assert "/turn.sh: line 1: nonsense: command not found" in shell

    other = Room(sandbox, tmp_path / "two", readable)
    asyncio.run(replay(episode.calls, case(tmp_path, "20\n22"), other))

    answer = take_out(other.work, "output.txt", tmp_path / "out", 1000)
    assert isinstance(answer, Path)
    assert answer.read_text() == "42"
    assert isinstance(take_out(other.work, "output.md", tmp_path / "out", 1000), NotTaken)
