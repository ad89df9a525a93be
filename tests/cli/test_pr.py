from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository
from rounds import ROUND, SKILL, TEXT, recorded_once

from skillgit import cli
from skillgit.adapters.forge import Project, project_of
from skillgit.provenance.squash import Squash, parse_squash
from skillgit.types import Branch

Make = Callable[..., Repository]
Scene = tuple[Repository, Branch]
Said = tuple[int, str, str]

GITHUB = "https://github.com/team/skills.git"
EVIDENCE = f"refs/skillgit/rounds/{ROUND}"
GH = """#!/bin/sh
printf '%s\\n' "$@" > {log}.args
cat > {log}.body
echo "Creating draft pull request" >&2
{end}
"""


@pytest.fixture
def scene(repository: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    first = repository({f"{SKILL}/SKILL.md": TEXT, "README.md": "hi\n"}, name="first")
    made, branch = recorded_once(first, tmp_path_factory.mktemp("recorded"), tmp_path / "repo")
    made.git("checkout", "--quiet", "main")
    return made, branch


@pytest.fixture(autouse=True)
def only_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH on which there is Git, and `gh` where a test puts it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("git", "sh", "cat"):
        (folder / name).symlink_to(shutil.which(name) or name)
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def forge(scene: Scene, tmp_path: Path) -> Repository:
    """A bare repository behind the address of a project on GitHub."""
    made, _ = scene
    bare = Repository(tmp_path / "bare.git")
    made.git(
        "clone", "--quiet", "--bare", "--single-branch", "--branch", "main", ".", str(bare.path)
    )
    made.git("remote", "add", "origin", GITHUB)
    made.git("config", f"url.{bare.path}.insteadOf", GITHUB)
    return bare


def put_gh(
    folder: Path, log: Path, end: str = "echo https://github.com/team/skills/pull/7"
) -> None:
    (folder / "gh").write_text(GH.format(log=log, end=end), encoding="utf-8")
    (folder / "gh").chmod(0o755)


def pr(made: Repository, capsys: pytest.CaptureFixture[str], *more: str) -> Said:
    code = cli.run(["-C", str(made.path), "pr", *more])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_the_body_alone_goes_to_stdout(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    code, shown, said = pr(scene[0], capsys, "--body-only")

    assert (code, said) == (0, "")
    assert shown.startswith("This branch teaches `skills/xlsx` 3 lessons from 9 trajectories")
    assert isinstance(parse_squash(f"t\n\n{shown}"), Squash)


def test_without_a_remote_the_body_is_printed(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    code, shown, said = pr(scene[0], capsys)

    assert code == 0
    assert shown.startswith("This branch teaches")
    assert "no remote" in said


def test_without_gh_it_says_where_to_open_it_and_what_to_push(
    scene: Scene, forge: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    made, branch = scene

    code, shown, said = pr(made, capsys, "--base", "main")

    assert code == 0
    assert shown.startswith("This branch teaches")
    assert f"https://github.com/team/skills/compare/main...{branch.name}?expand=1" in said
    assert f"git push origin {branch.name}" in said
    assert f"git push origin {EVIDENCE}:{EVIDENCE}" in said
    assert "xlsx: 3 lessons from 9 trajectories" in said
    assert "skillgit" not in forge.git("for-each-ref")


def test_it_pushes_only_when_told_to(
    scene: Scene, forge: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    made, branch = scene

    code, _, said = pr(made, capsys, "--push")

    assert code == 0
    assert forge.git("rev-parse", branch.name) == branch.tip
    assert forge.git("rev-parse", EVIDENCE) == made.git("rev-parse", EVIDENCE)
    assert "Push first" not in said


def test_gh_opens_a_draft_of_what_was_pushed(
    scene: Scene,
    forge: Repository,
    only_git: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made, branch = scene
    put_gh(only_git, tmp_path / "gh")

    code, shown, _ = pr(made, capsys, "latest", "--push", "--base", "main")

    assert (code, shown) == (0, "https://github.com/team/skills/pull/7\n")
    assert (tmp_path / "gh.args").read_text("utf-8").split("\n") == [
        *("pr", "create", "--repo", "github.com/team/skills", "--draft"),
        *("--title", "xlsx: 3 lessons from 9 trajectories", "--body-file", "-"),
        *("--head", branch.name, "--base", "main", ""),
    ]
    given = (tmp_path / "gh.body").read_text("utf-8")
    assert isinstance(parse_squash(f"t\n\n{given}"), Squash)
    assert forge.git("rev-parse", branch.name) == branch.tip


@pytest.mark.usefixtures("forge")
def test_what_is_not_pushed_is_not_opened(
    scene: Scene, only_git: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, branch = scene
    put_gh(only_git, tmp_path / "gh")

    code, shown, said = pr(made, capsys)

    assert (code, shown) == (3, "")
    assert f"the branch {branch.name} is not there yet" in said
    assert f"git push origin {branch.name}" in said
    assert not (tmp_path / "gh.args").exists()


@pytest.mark.usefixtures("forge")
def test_another_branch_of_that_name_is_not_opened(
    scene: Scene, only_git: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, branch = scene
    put_gh(only_git, tmp_path / "gh")
    made.git("push", "--quiet", "origin", f"main:refs/heads/{branch.name}")

    code, _, said = pr(made, capsys)

    assert code == 3
    assert "another there" in said


@pytest.mark.usefixtures("forge")
def test_missing_evidence_is_said_and_does_not_hinder(
    scene: Scene, only_git: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, branch = scene
    put_gh(only_git, tmp_path / "gh")
    made.git("push", "--quiet", "origin", branch.name)

    code, shown, said = pr(made, capsys)

    assert (code, shown) == (0, "https://github.com/team/skills/pull/7\n")
    assert "reviewers have no evidence yet" in said


@pytest.mark.usefixtures("forge")
def test_what_gh_says_is_told(
    scene: Scene, only_git: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_gh(only_git, tmp_path / "gh", "echo 'already \033[31mexists' >&2; exit 1")

    code, _, said = pr(scene[0], capsys, "--push")

    assert code == 3
    assert "gh says: Creating draft pull request\nalready exists" in said
    assert "gh pr edit" in said


def test_as_json_it_tells_both_ways(
    scene: Scene, forge: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    made, branch = scene

    code, shown, _ = pr(made, capsys, "--json")

    told = json.loads(shown)
    assert (code, told["schema"], told["url"]) == (0, "skillgit.pr/1", "")
    assert (told["round"], told["branch"], told["remote"]) == (ROUND, branch.name, "origin")
    assert told["compare_url"] == (f"https://github.com/team/skills/compare/{branch.name}?expand=1")
    assert forge.path.exists()


def test_a_remote_elsewhere_gets_the_body_alone(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    made, _ = scene
    made.git("remote", "add", "upstream", "https://git.example.com/team/skills")

    code, shown, said = pr(made, capsys)

    assert code == 0
    assert "upstream is not on GitHub" in said
    assert shown.startswith("This branch teaches")


@pytest.mark.parametrize(
    ("remotes", "args", "what"),
    [
        (("a", "b"), (), "none is called origin"),
        (("a",), ("--remote", "b"), "none of that name"),
        ((), ("--push",), "no remote"),
        ((), ("20000101",), "there is none of that name"),
    ],
)
def test_what_cannot_be_meant(
    scene: Scene,
    capsys: pytest.CaptureFixture[str],
    remotes: tuple[str, ...],
    args: tuple[str, ...],
    what: str,
) -> None:
    made, _ = scene
    for name in remotes:
        made.git("remote", "add", name, GITHUB)

    code, shown, said = pr(made, capsys, *args)

    assert (code, shown) == (2, "")
    assert what in said


def test_a_round_without_a_branch_has_a_body_and_no_pull_request(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    made, branch = scene
    made.git("branch", "-D", branch.name, "review")

    assert pr(made, capsys)[0] == 2
    assert pr(made, capsys, "--body-only")[0] == 0


@pytest.mark.parametrize(
    ("url", "project"),
    [
        ("https://github.com/team/skills.git", Project("github.com", "team", "skills")),
        ("https://github.com/team/skills", Project("github.com", "team", "skills")),
        ("https://me:token@github.com/team/skills/", Project("github.com", "team", "skills")),
        ("git@github.com:team/my.skills.git", Project("github.com", "team", "my.skills")),
        ("ssh://git@GitHub.example.com:2222/t/s.git", Project("github.example.com", "t", "s")),
        ("https://gitlab.com/team/skills.git", None),
        ("/srv/github.com/team/skills.git", None),
        ("file:///srv/github.com/team/skills.git", None),
        ("https://github.com/team", None),
        ("https://github.com/a/b/c", None),
        ("", None),
    ],
)
def test_addresses(url: str, project: Project | None) -> None:
    assert project_of(url) == project


def test_a_token_in_an_address_is_never_shown(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    made, _ = scene
    made.git("remote", "add", "origin", "https://me:hush@github.com/team/skills.git")

    _, shown, said = pr(made, capsys)

    assert "hush" not in shown + said
    assert os.environ["PATH"]
