"""`skillgit check --staged`: the skills of the index, never the files on disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository

from skillgit import cli

Make = Callable[..., Repository]

GOOD = "---\nname: {name}\ndescription: Shows a thing.\n---\n# Demo\n"
BROKEN = GOOD + "[x](nope.md)\n"


def check(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, list[str], str]:
    code = cli.run(["check", *args])
    shown = capsys.readouterr()
    return code, shown.out.splitlines(), shown.err


@pytest.fixture
def repo(repository: Make, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Two good skills, and one with an old sin."""
    made = repository(
        {
            "skills/a/SKILL.md": GOOD.format(name="a"),
            "skills/b/SKILL.md": GOOD.format(name="b"),
            "skills/old/SKILL.md": BROKEN.format(name="old"),
            "README.md": "hello\n",
        }
    )
    monkeypatch.chdir(made.path)
    return made


def test_staged_blobs_are_checked_and_not_the_files(
    repo: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(capsys, "--staged") == (0, [], "0 skills: nothing to complain about\n")

    repo.write({"skills/a/SKILL.md": BROKEN.format(name="a")})
    assert check(capsys, "--staged")[0] == 0
    repo.git("add", "skills/a")
    repo.write({"skills/a/SKILL.md": GOOD.format(name="a")})

    line = "skills/a/SKILL.md:6:5: SG101 error: there is no 'nope.md' in the skill"
    assert check(capsys, "--staged") == (1, [line], "1 skill: 1 error, 0 warnings\n")
    assert check(capsys, "skills/a")[0] == 0


def test_a_staged_file_has_its_whole_skill_checked(
    repo: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.write({"skills/old/assets/deep/logo.svg": "<svg/>", "README.md": "changed\n"})
    repo.git("add", ".")

    code, lines, summary = check(capsys, "--staged")

    assert code == 1
    assert [line.split()[0] for line in lines] == ["skills/old/SKILL.md:6:5:"]
    assert summary.startswith("1 skill:")


def test_paths_restrict_and_count_from_the_current_folder(
    repo: Repository, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.write({f"skills/{name}/SKILL.md": BROKEN.format(name=name) for name in "ab"})
    repo.git("add", ".")
    monkeypatch.chdir("skills")

    def places(*paths: str) -> list[str]:
        return [line.split(":")[0] for line in check(capsys, "--staged", *paths)[1]]

    assert places() == ["a/SKILL.md", "b/SKILL.md"]
    assert places("a") == places("a/SKILL.md") == places(str(Path.cwd() / "a")) == ["a/SKILL.md"]
    assert places(".") == places("..") == ["a/SKILL.md", "b/SKILL.md"]
    assert places("old") == places("../README.md") == []
    monkeypatch.chdir("a")
    assert places("../b") == ["../b/SKILL.md"]


def test_paths_that_git_does_not_know(
    repo: Repository, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, _, told = check(capsys, "--staged", "skills/nope")
    assert code == 2
    assert "Git knows no such file" in told
    code, _, told = check(capsys, "--staged", str(tmp_path))
    assert code == 2
    assert "outside the repository" in told


def test_a_manifest_that_goes_and_a_skill_that_goes(
    repo: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.commit({"skills/a/references/x.md": "# X\n"})
    repo.git("rm", "-q", "skills/a/SKILL.md")
    repo.git("rm", "-q", "-r", "skills/b")

    code, lines, summary = check(capsys, "--staged")

    assert (code, summary) == (1, "1 skill: 1 error, 1 warning\n")
    assert lines[0].startswith("skills/a/SKILL.md: SG001 error: there is no SKILL.md")


def test_modes_are_those_of_the_index(repo: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    (repo.path / "skills/a/link.md").symlink_to("/etc/passwd")
    repo.write({"skills/b/na\\me\n::error::x.txt": "x"})
    repo.git("add", ".")
    (repo.path / "skills/a/link.md").unlink()

    code, lines, _ = check(capsys, "--staged")

    assert code == 1
    assert [line.partition(" error: ")[0] for line in lines] == [
        "skills/a/link.md: SG111",
        "skills/b/na\\me\\n::error::x.txt: SG112",
    ]


def test_skills_in_hidden_folders_must_be_named(
    repo: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.write(
        {
            ".hidden/h/SKILL.md": BROKEN.format(name="h"),
            ".claude/skills/c/SKILL.md": BROKEN.format(name="c"),
            "node_modules/n/SKILL.md": BROKEN.format(name="n"),
            "skills/a/node_modules/x/y.md": "x",
        }
    )
    repo.git("add", "--force", ".")

    found = [line.split(":")[0] for line in check(capsys, "--staged")[1]]

    assert found == [".claude/skills/c/SKILL.md"]
    assert check(capsys, "--staged", ".hidden/h")[0] == 1


def test_a_skill_inside_a_skill_is_part_of_both(
    repo: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.write({"skills/a/inner/SKILL.md": GOOD.format(name="inner")})
    repo.git("add", ".")
    assert check(capsys, "--staged")[2].startswith("2 skills:")


def test_the_root_of_the_repository_may_be_a_skill(
    repository: Make, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = repository()
    repo.write({"SKILL.md": BROKEN.format(name="any")})
    repo.git("add", ".")
    monkeypatch.chdir(repo.path)

    code, lines, _ = check(capsys, "--staged")

    assert (code, [line.split()[:2] for line in lines]) == (1, [["SKILL.md:6:5:", "SG101"]])


def test_a_conflict_is_to_be_resolved_first(
    repo: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.git("checkout", "-q", "-b", "other")
    repo.commit({"skills/a/SKILL.md": GOOD.format(name="a") + "other\n"})
    repo.git("checkout", "-q", "main")
    repo.commit({"skills/a/SKILL.md": GOOD.format(name="a") + "main\n"})
    subprocess.run(["git", "merge", "other"], cwd=repo.path, check=False, capture_output=True)

    code, lines, told = check(capsys, "--staged")

    assert (code, lines) == (2, [])
    assert "skills/a/SKILL.md is not merged yet" in told
    assert "hint: resolve the conflict" in told


def test_outside_of_a_repository(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, told = check(capsys, "--staged")
    assert code == 3
    assert "looking for a Git repository" in told


def test_it_is_one_of_three(repo: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    for others in (("--range", "A..B"), ("--patch", "-")):
        code, _, told = check(capsys, "--staged", *others)
        assert code == 2
        assert "exclude each other" in told


def test_as_a_hook_git_itself_calls_it(repo: Repository) -> None:
    hook = repo.path / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    call = f"exec {sys.executable} -m skillgit check --staged\n"
    hook.write_text(f"#!/bin/sh\n{call}", encoding="utf-8")
    hook.chmod(0o755)
    repo.write({"skills/a/SKILL.md": BROKEN.format(name="a"), "skills/b/x.md": "x"})
    repo.git("add", "skills/b")

    def commit(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", "commit", "-q", "-m", "x", *args],
            cwd=repo.path / "skills",
            capture_output=True,
            text=True,
            check=False,
        )

    # A partial commit: Git gives the hook an index of its own.
    done = commit("a/SKILL.md")
    assert done.returncode == 1
    assert "skills/a/SKILL.md:6:5: SG101" in done.stderr
    assert commit("--only", "b/x.md").returncode == 0
    assert repo.git("status", "--short") == " M skills/a/SKILL.md"
    linked = repo.path.parent / "linked"
    repo.git("worktree", "add", "-q", str(linked))
    (linked / "skills/b/SKILL.md").write_text(BROKEN.format(name="b"), encoding="utf-8")
    there = ["git", "-C", str(linked), "commit", "-a", "-m", "x"]
    again = subprocess.run(there, capture_output=True, text=True, check=False)
    assert "skills/b/SKILL.md:6:5: SG101" in again.stderr


def test_json_has_the_same_findings(repo: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    repo.write({"skills/a/SKILL.md": BROKEN.format(name="a")})
    repo.git("add", ".")
    assert cli.run(["check", "--staged", "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["skills"] == 1
    assert [each["path"] for each in document["findings"]] == ["skills/a/SKILL.md"]


def test_nothing_slow_is_imported(repo: Repository) -> None:
    repo.write({"skills/a/SKILL.md": BROKEN.format(name="a")})
    repo.git("add", ".")
    heavy = ["git", "openai", "pandas", "rich", "jinja2", "jsonschema", "unidiff", "asyncio"]
    program = (
        "import sys; from skillgit import cli; cli.run(['check', '--staged']);"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    environment = {key: text for key, text in os.environ.items() if "COVERAGE" not in key}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, env=environment
    )
    assert done.stdout.splitlines()[-1] == b"[]"
