from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository
from rounds import ROUND, SKILL, TEXT, recorded_once, trajectory

from skillgit import cli
from skillgit.types import Branch

Make = Callable[..., Repository]
Scene = tuple[Repository, Branch]


@pytest.fixture
def scene(repository: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    first = repository({f"{SKILL}/SKILL.md": TEXT, "README.md": "hi\n"}, name="first")
    return recorded_once(first, tmp_path_factory.mktemp("recorded"), tmp_path / "repo")


def test_a_lesson_is_told(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    made, branch = scene
    assert cli.run(["-C", str(made.path), "show", "latest/3"]) == 0
    told = capsys.readouterr().out
    lesson = branch.lessons[2]
    assert told.startswith(
        f"lesson {ROUND}/3: Mind the case 3\n"
        "state: merged\n"
        f"commit: {lesson.commit}\n"
        f"evidence: {lesson.evidence}\n"
        f"skill: {SKILL}, base {made.git('rev-parse', 'main')[:12]}\n"
        "support: 1/9 (0 fail, 1 pass)\n"
        "cost: no lines\n"
        "because: Case 3 went wrong without it.\n"
        "\nits change:\n"
    )
    assert "\n-Four.\n+Vier.\n" in told
    source = trajectory(5).id
    assert told.endswith(
        f"\n{source} (pass, score 1) on task 5\n"
        "  read from runs/5.json; judged by verifier\n"
        "  step 2, line 1:\n    | said 5\n"
        "\nhow it was merged:\n"
        f"  before the tree, by program: {source}.2 joined: the same lesson, by its proof or its\n"
        "    wording\n"
    )


def test_json_tells_the_same(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    made, branch = scene
    assert cli.run(["-C", str(made.path), "show", "case 2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "skillgit.show/1"
    assert (told["name"], told["state"], told["support"]) == (f"{ROUND}/1", "merged", 3)
    assert told["commit"] == branch.lessons[0].commit
    assert [one["id"] for one in told["trajectories"]] == [trajectory(n).id for n in (2, 3, 4)]
    assert told["trajectories"][0]["quotes"] == [{"step": 2, "lines": [1, 1], "text": "said 2"}]
    assert told["cost"]["skill_lines"] == 2
    assert "+After two.\n" in told["diff"]


def test_text_of_strangers_steers_nothing(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    made, _ = scene
    bad = made.git("log", "-1", "--format=%B").replace("Mind the", "Mind\x1b[31m the")
    made.git("update-ref", "-d", f"refs/skillgit/rounds/{ROUND}")
    made.git("commit", "--quiet", "--amend", "--cleanup=verbatim", "-m", bad)
    assert cli.run(["-C", str(made.path), "show", "HEAD"]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_a_name_of_nothing_is_a_usage_error(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    made, _ = scene
    assert cli.run(["-C", str(made.path), "show", "case"]) == 2
    written = capsys.readouterr().err
    assert "3 lessons have that in their title" in written
    assert f"hint: name one of them: {ROUND}/1" in written
