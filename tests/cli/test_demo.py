from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from repositories import Repository
from smallest_model import smallest_model

from skillgit import cli
from skillgit.adapters.files import read_trajectory_files
from skillgit.adapters.resources import resource
from skillgit.adapters.sample import RUNS, SKILL, branch_of, make_sample
from skillgit.config import Collect
from skillgit.errors import SurroundingsError, UsageError
from skillgit.stages.collect import collect

DEMO = resource("templates", "demo")
REPLIES = DEMO / "replies.jsonl"


def demo(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    code = cli.run(["demo", *args])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


# --------------------------------------------------------------------------- what is shipped


def test_the_shipped_skill_has_nothing_to_complain_about(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.run(["check", str(DEMO / "skills" / "xlsx")]) == 0
    assert "nothing to complain about" in "".join(capsys.readouterr())


def test_the_shipped_trajectories_are_many_mixed_and_all_readable() -> None:
    files = read_trajectory_files([DEMO / "trajectories"])
    pool = collect(files, Collect(), None)
    assert pool.found >= 24
    assert 0.3 <= len(pool.passed) / pool.found <= 0.7
    assert (pool.unknown, pool.duplicates, pool.diagnostics) == ((), 0, ())


def test_the_shipped_trajectories_are_small_and_name_no_place() -> None:
    files = list((DEMO / "trajectories").iterdir())
    assert sum(file.stat().st_size for file in files) < 600_000
    for file in files:
        assert file.stat().st_size < 25_000
        text = file.read_text(encoding="utf-8")
        assert not re.search(
            r"/home/|/root|/tmp/|/Users/|pyenv|127\.0\.0\.1|\d{4}-\d\d-\d\dT", text
        )


# --------------------------------------------------------------------------- the repository


def test_the_repository_is_always_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = make_sample(tmp_path / "one")
    config = Path(os.environ["GIT_CONFIG_GLOBAL"])
    config.write_text(
        "[core]\n\tautocrlf = true\n[commit]\n\tgpgsign = true\n[init]\n\tdefaultBranch = trunk\n"
        "[user]\n\tname = Other\n\temail = other@example.invalid\n"
    )
    for name, value in {
        "GIT_AUTHOR_NAME": "Other",
        "GIT_COMMITTER_DATE": "2020-01-01T00:00:00Z",
        "GIT_DEFAULT_HASH": "sha256",
        "GIT_DIR": str(tmp_path / "elsewhere"),
    }.items():
        monkeypatch.setenv(name, value)
    old = os.umask(0o077)
    try:
        second = make_sample(tmp_path / "two")
    finally:
        os.umask(old)
    assert first == second
    assert not (tmp_path / "elsewhere").exists()


def test_the_repository_is_clean_and_a_round_can_commit_in_it(tmp_path: Path) -> None:
    commit = make_sample(tmp_path / "demo")
    made = Repository(tmp_path / "demo")
    assert made.git("status", "--porcelain") == ""
    assert made.git("rev-parse", "main") == commit
    assert made.git("config", "--local", "user.name") == "skillgit demo"
    assert len(list((made.path / RUNS).glob("*.trajectory.json"))) >= 24
    assert "runs" not in made.git("ls-files")
    assert branch_of(made.path) == ""
    made.git("branch", "skillgit/xlsx/20260101T000000Z-000000")
    assert branch_of(made.path) == "skillgit/xlsx/20260101T000000Z-000000"


def test_the_settings_of_the_repository_can_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_sample(tmp_path / "demo")
    assert cli.run(["-C", str(tmp_path / "demo"), "config", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "skillgit.config/1"


def test_a_demo_that_was_made_before_is_taken_up_again(tmp_path: Path) -> None:
    commit = make_sample(tmp_path)
    (tmp_path / "SKETCH.md").write_text("mine")
    assert make_sample(tmp_path) == commit
    assert (tmp_path / "SKETCH.md").read_text() == "mine"


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="is not an empty folder"):
        make_sample(tmp_path)
    with pytest.raises(UsageError, match="is not an empty folder"):
        make_sample(tmp_path / "mine.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_demo_with_further_commits_is_refused(tmp_path: Path) -> None:
    make_sample(tmp_path)
    Repository(tmp_path).commit({"more.md": "more"})
    with pytest.raises(UsageError, match="is not an empty folder"):
        make_sample(tmp_path)


def test_without_git_the_error_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SurroundingsError) as caught:
        make_sample(tmp_path / "demo")
    assert "git is installed" in caught.value.hint


# --------------------------------------------------------------------------- the verb


@pytest.mark.parametrize(
    "args",
    [
        ["--replay", "--model", "coder-1.5b"],
        ["--replay", "--base-url", "http://127.0.0.1:1/v1"],
        ["--replay", "--limit", "3"],
        ["--base-url", "http://127.0.0.1:1/v1", "--gguf", "a.gguf"],
    ],
)
def test_options_that_exclude_each_other_are_refused_before_anything_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], args: list[str]
) -> None:
    code, out, err = demo(capsys, str(tmp_path / "demo"), *args)
    assert (code, out) == (2, "")
    assert "hint: " in err
    assert not (tmp_path / "demo").exists()


@pytest.mark.skipif(not REPLIES.exists(), reason="no replies are recorded yet")
def test_a_replay_makes_a_branch_in_seconds_without_a_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    monkeypatch.setenv("SKILLGIT_BASE_URL", "http://127.0.0.1:1/v1")
    began = time.monotonic()
    code, out, err = demo(capsys, str(tmp_path / "demo"), "--replay")
    assert code == 0, err
    assert time.monotonic() - began < 60
    branch = branch_of(tmp_path / "demo")
    assert f"git log --stat main..{branch}" in out
    assert "tiny model" in err
    made = Repository(tmp_path / "demo")
    assert made.git("status", "--porcelain") == ""
    assert made.git("rev-parse", "--abbrev-ref", "HEAD") == "main"
    assert made.git("log", "--format=%H", f"main..{branch}")
    assert cli.run(["-C", str(made.path), "check", "--range", f"main..{branch}"]) == 0


@pytest.mark.live
def test_a_live_demo_ends_with_accounts_that_add_up(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    command = [sys.executable, "-m", "skillgit", "demo", str(folder), "--limit", "1"]
    command += ["--gguf", str(smallest_model())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # The smallest model seldom says anything useful; any end but a failure of ours is right.
    assert done.returncode in {0, 1}, done.stderr
    said = done.stdout + done.stderr
    line = next(line for line in said.splitlines() if line.startswith("Trajectories"))
    found, *parts = (int(count) for count in re.findall(r"\d+", line.partition("(")[0]))
    assert found == sum(parts)
    assert parts[0] + parts[1] == 2  # analysed and excluded: one pass, one fail
    made = Repository(folder)
    assert made.git("status", "--porcelain") == ""
    branch = branch_of(folder)
    assert bool(branch) == (done.returncode == 0)
    if branch:
        assert made.git("log", "--format=%H", f"main..{branch}", "--", SKILL)
