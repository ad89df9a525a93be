"""The hooks for https://pre-commit.com, with the real program, in real repositories, offline."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from offline_pip import lent_packages
from repositories import Repository
from rounds import SKILL, TEXT, recorded_once

from skillgit import cli

Make = Callable[..., Repository]
ROOT = Path(__file__).parents[1]
PRE_COMMIT = str(Path(sys.executable).with_name("pre-commit"))
PARTS = ["skillgit", "templates", "hooks", "pyproject.toml", "README.md", "LICENSE"]
PARTS += ["SKILLS_FORMAT.md", ".pre-commit-hooks.yaml"]
STAGES = ("pre-commit", "commit-msg", "pre-push")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """This project as a repository that pre-commit can clone, and its commit."""
    folder = tmp_path_factory.mktemp("project")
    for part in PARTS:
        if (ROOT / part).is_dir():
            leave = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / part, folder / part, ignore=leave)
        else:
            shutil.copy(ROOT / part, folder / part)
    person = ("-c", "user.name=A Person", "-c", "user.email=a@example.invalid")
    commit = ("commit", "--quiet", "--no-gpg-sign", "--no-verify", "-m", "the project")
    for command in (("init", "--quiet"), ("add", "--all", "--force"), (*person, *commit)):
        subprocess.run(["git", *command], cwd=folder, check=True)
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, check=True)
    return folder, done.stdout.decode().strip()


@pytest.fixture(scope="module")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Where pre-commit keeps the environment that it makes, once, and how pip fills it."""
    folder = tmp_path_factory.mktemp("pre-commit")
    return {"PRE_COMMIT_HOME": str(folder / "home"), **lent_packages(folder / "lent")}


@pytest.fixture
def using(
    project: tuple[Path, str],
    environments: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Repository], Repository]:
    """Let a repository use the hooks."""
    for name, value in environments.items():
        monkeypatch.setenv(name, value)
    source, commit = project

    def use(made: Repository) -> Repository:
        hooks = ("skillgit-check", "skillgit-trailers", "skillgit-range")
        config = f"repos:\n- repo: {source}\n  rev: {commit}\n  hooks:\n"
        config += "".join(f"  - id: {hook}\n" for hook in hooks)
        made.commit({".pre-commit-config.yaml": config}, "use the hooks of skillgit")
        return made

    return use


def run(made: Repository, *command: str) -> tuple[int, str]:
    """A program in the repository; its exit code and what it says."""
    done = subprocess.run(
        command,
        cwd=made.path,
        env=os.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_manifest_is_valid() -> None:
    done = subprocess.run(
        [PRE_COMMIT, "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")],
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_all_files(repository: Make, using: Callable[[Repository], Repository]) -> None:
    good = "---\nname: dates\ndescription: Read dates. Use for dates.\n---\n\n# Dates\n"
    made = using(repository({"skills/dates/SKILL.md": good, "scripts/x.py": "no skill\n"}))

    code, said = run(made, PRE_COMMIT, "run", "--all-files")
    assert (code, said.count("Passed")) == (0, 1), said

    made.commit({"skills/dates/SKILL.md": good.replace("name: dates", "name: Dates")})
    code, said = run(made, PRE_COMMIT, "run", "--all-files")
    assert code == 1
    assert "check agent skills" in said
    assert "skills/dates/SKILL.md:2:7: SG013 error" in said


def test_installed_it_stops_what_must_be_stopped(
    repository: Make,
    using: Callable[[Repository], Repository],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = repository({f"{SKILL}/SKILL.md": TEXT, "README.md": "hi\n"}, name="first")
    made, _ = recorded_once(first, tmp_path_factory.mktemp("recorded"), tmp_path / "repo")
    lesson = made.git("rev-parse", "HEAD")
    using(made)
    types = [word for stage in STAGES for word in ("--hook-type", stage)]
    assert run(made, PRE_COMMIT, "install", *types)[0] == 0
    manifest = made.path / SKILL / "SKILL.md"

    # pre-commit
    manifest.write_text(TEXT.replace("name: xlsx", "name: XLSX"), encoding="utf-8")
    code, said = run(made, "git", "commit", "--all", "-m", "torn")
    assert (code, "SG013" in said) == (1, True), said
    made.git("checkout", "--quiet", "--", ".")

    # commit-msg
    made.git("checkout", "--quiet", "--detach", lesson)
    config = made.git("show", "review:.pre-commit-config.yaml")
    (made.path / ".pre-commit-config.yaml").write_text(config, encoding="utf-8")
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace("Vier.", "Fünf."), encoding="utf-8")
    made.git("add", "--all")
    code, said = run(made, "git", "commit", "--amend", "--no-edit")
    assert (code, "calls itself a lesson and is none" in said) == (1, True), said
    made.git("commit", "--quiet", "--amend", "--no-edit", "--no-verify")

    # pre-push
    made.git("init", "--quiet", "--bare", str(tmp_path / "there.git"))
    made.git("remote", "add", "origin", str(tmp_path / "there.git"))
    code, said = run(made, "git", "push", "origin", "HEAD:refs/heads/x")
    assert (code, "SG304" in said) == (1, True), said
    assert run(made, "git", "push", "origin", "review:refs/heads/y")[0] == 0

    # Ours and theirs do not fight for the same files.
    monkeypatch.chdir(made.path)
    assert cli.run(["init", "--hooks"]) == 1
    assert capsys.readouterr().err.count(".pre-commit-config.yaml") == 3
