from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository
from rounds import ROUND, SKILL, TEXT, recorded_once

from skillgit import cli
from skillgit.types import Branch

Make = Callable[..., Repository]
Scene = tuple[Repository, Branch]


@pytest.fixture
def scene(repository: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    first = repository({f"{SKILL}/SKILL.md": TEXT, "README.md": "hi\n"}, name="first")
    made, branch = recorded_once(first, tmp_path_factory.mktemp("recorded"), tmp_path / "repo")
    made.git("checkout", "--quiet", "main")
    made.git("merge", "--quiet", "--ff-only", branch.lessons[0].commit)
    return made, branch


def test_rounds_and_lessons_are_lines(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    made, branch = scene
    assert cli.run(["-C", str(made.path), "log"]) == 0
    one, two, three = (lesson.commit[:12] for lesson in branch.lessons)
    cost = "+2 lines, +3 tokens in SKILL.md"
    assert capsys.readouterr().out == (
        f"round {ROUND} of skills/xlsx: 3 lessons, 1 merged, 2 open, branch {branch.name}\n"
        f"  1  {one}  merged    3/9 (2 fail, 1 pass)  Mind the case 2 ({cost})\n"
        f"  2  {two}  open      2/9 (1 fail, 1 pass)  Mind the case 1 ({cost})\n"
        f"  3  {three}  open      1/9 (0 fail, 1 pass)  Mind the case 3 (no lines)\n"
    )


def test_json_tells_the_same(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    made, branch = scene
    assert cli.run(["-C", str(made.path), "log", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "skillgit.log/1"
    [entry] = told["rounds"]
    assert (entry["round"], entry["skill"]) == (ROUND, SKILL)
    assert [lesson["state"] for lesson in entry["lessons"]] == ["merged", "open", "open"]
    assert entry["lessons"][0]["support"] == 3
    assert entry["lessons"][0]["commit"] == branch.lessons[0].commit
    assert entry["lessons"][0]["name"] == f"{ROUND}/1"
    assert entry["lessons"][0]["cost"]["skill_lines"] == 2


@pytest.mark.parametrize(
    ("folder", "skill"),
    [("", SKILL), ("skills", "xlsx"), (SKILL, "."), ("docs", "../skills/xlsx/")],
)
def test_a_skill_is_named_from_where_one_is(
    scene: Scene, capsys: pytest.CaptureFixture[str], folder: str, skill: str
) -> None:
    made, _ = scene
    (made.path / folder).mkdir(exist_ok=True)
    assert cli.run(["-C", str(made.path / folder), "log", skill]) == 0
    assert f"of {SKILL}:" in capsys.readouterr().out


def test_no_lessons_say_how_to_get_some(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    made, _ = scene
    assert cli.run(["-C", str(made.path), "log", "skills/other"]) == 0
    written = capsys.readouterr()
    assert written.out == ""
    assert "skillgit evolve" in written.err


def test_unreadable_trailers_are_pointed_at(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    made, _ = scene
    bad = made.commit({"x": "y"}, "s\n\nSkillgit-Round: nonsense")
    assert cli.run(["-C", str(made.path), "log"]) == 0
    said = capsys.readouterr().err
    assert f"skillgit check --range {bad[:12]}^!" in said
    assert cli.run(["-C", str(made.path), "check", "--range", f"{bad[:12]}^!"]) == 1
    assert "SG301" in capsys.readouterr().out


@pytest.mark.parametrize("path", ["/", "..", "../other"])
def test_a_place_outside_is_a_usage_error(
    scene: Scene, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    assert cli.run(["-C", str(scene[0].path), "log", path]) == 2
    assert "outside the repository" in capsys.readouterr().err


def test_a_bare_repository_counts_from_its_root(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene[0].git("clone", "--quiet", "--mirror", ".", str(tmp_path / "bare.git"))
    assert cli.run(["-C", str(tmp_path / "bare.git"), "log", f"./{SKILL}/"]) == 0
    assert ROUND in capsys.readouterr().out
    assert cli.run(["-C", str(tmp_path / "bare.git"), "log", ".."]) == 2


def test_a_way_through_a_symbolic_link_is_a_way(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "link").symlink_to(scene[0].path)
    assert cli.run(["-C", str(scene[0].path), "log", str(tmp_path / "link" / SKILL)]) == 0
    assert ROUND in capsys.readouterr().out


def test_no_repository_ends_with_three(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["-C", str(tmp_path), "log"]) == 3
    assert "git init" in capsys.readouterr().err
