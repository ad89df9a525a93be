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
FILE = f"{SKILL}/SKILL.md"


@pytest.fixture
def scene(repository: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    first = repository({FILE: TEXT, "README.md": "hi\n"}, name="first")
    return recorded_once(first, tmp_path_factory.mktemp("recorded"), tmp_path / "repo")


def test_a_lesson_is_told(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    made, branch = scene
    assert cli.run(["-C", str(made.path / "skills"), "why", "xlsx/SKILL.md:14"]) == 0
    two, three, four = (trajectory(n).id for n in (2, 3, 4))
    assert capsys.readouterr().out == (
        f"{FILE}:14: After two.\n"
        f"lesson: xlsx: Mind the case 2 (commit {branch.lessons[0].commit[:12]})\n"
        f"round: {ROUND}, model Qwen-3.5\n"
        "support: 3/9 (2 fail, 1 pass)\n"
        "because: Case 2 went wrong without it.\n"
        "taught by:\n"
        f"  {two} (fail)\n  {three} (pass)\n  {four} (fail)\n"
        f"{two}, step 2:\n  | said 2\n{three}, step 2:\n  | said 3\n"
        f"more: skillgit show {ROUND}/1\n"
    )


def test_a_person_is_told(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    made, _ = scene
    commit = made.git("rev-parse", "main")[:12]
    assert cli.run(["-C", str(made.path), "why", f"{FILE}:1", "--at", "main"]) == 0
    assert capsys.readouterr().out == (
        f"{FILE}:1: ---\n"
        f"written by Test Person <test@example.invalid> in commit {commit}, no lesson\n  commit 1\n"
    )


def test_json_tells_the_same(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    made, branch = scene
    assert cli.run(["-C", str(made.path), "why", f"{FILE}:14", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "skillgit.why/1"
    assert told["commit"] == branch.lessons[0].commit
    assert told["lesson"]["support"] == 3
    assert told["lesson"]["reason"] == "Case 2 went wrong without it."
    assert [one["id"] for one in told["lesson"]["trajectories"]] == [
        trajectory(n).id for n in (2, 3, 4)
    ]
    assert told["lesson"]["quotes"][0]["text"] == "said 2"
    assert cli.run(["-C", str(made.path), "why", f"{FILE}:1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["lesson"] is None


def test_missing_evidence_is_told_with_what_the_trailers_know(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene[0].git("clone", "--quiet", "--no-local", ".", str(tmp_path / "clone"))
    assert cli.run(["-C", str(tmp_path / "clone"), "why", f"{FILE}:14"]) == 0
    told = capsys.readouterr().out
    assert "support: 3/9 (2 fail, 1 pass)\n" in told
    assert "note: its evidence" in told
    assert cli.run(["-C", str(tmp_path / "clone"), "why", f"{FILE}:14", "--json"]) == 0
    lesson = json.loads(capsys.readouterr().out)["lesson"]
    assert (lesson["support"], lesson["title"], lesson["quotes"]) == (3, None, [])


def test_a_squashed_lesson_is_told_from_the_evidence(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    made, _ = scene
    made.git("commit", "--quiet", "--amend", "-m", "squashed\x1b[31m")
    assert cli.run(["-C", str(made.path), "why", f"{FILE}:18"]) == 0
    told = capsys.readouterr().out
    assert "Vier." in told
    assert "its change is the lesson" in told
    assert f"round: {ROUND}\nsupport: 1/9 (0 fail, 1 pass)\n" in told
    assert "\x1b" not in told


@pytest.mark.parametrize(
    "place",
    [
        "",
        "x",
        "x:",
        ":3",
        "x:0",
        "x:-1",
        "x:4-3",
        "x:3-",
        "x:-3-4",
        "x:1-2-3",
        "x:٣",
        "x:1e3",
        "x:9999999999",
    ],
)
def test_a_place_that_is_none_is_a_usage_error(
    scene: Scene, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    assert cli.run(["-C", str(scene[0].path), "why", "--", place]) == 2
    assert "FILE:LINE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((f"{FILE}:99",), "has only 18 lines"),
        (("nowhere.md:1",), "no such path"),
        ((f"{FILE}:1", "--at", "nowhere"), "names none"),
        (("../x:1",), "outside"),
        ((":(glob)*:1",), "no such path"),
    ],
)
def test_what_is_not_there_is_a_usage_error(
    scene: Scene, capsys: pytest.CaptureFixture[str], args: tuple[str, ...], said: str
) -> None:
    assert cli.run(["-C", str(scene[0].path), "why", *args]) == 2
    written = capsys.readouterr().err
    assert said in written
    assert "hint: " in written


def test_many_teachers_are_cut_and_counted(
    repository: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    from rounds import insert, recorded  # noqa: PLC0415 - only here

    from skillgit.adapters.git import GitRepository  # noqa: PLC0415 - only here

    made = repository({"SKILL.md": TEXT})
    with GitRepository.open(made.path) as repo:
        branch = recorded(repo, repo.read_skill("", "HEAD"), [insert(1, 8, "\nx", range(9))])
    assert cli.run(["-C", str(made.path), "why", "SKILL.md:10", "--at", branch.name]) == 0
    assert "  and 4 more (--json lists all)\n" in capsys.readouterr().out
