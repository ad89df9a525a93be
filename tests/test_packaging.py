"""What a user installs is whole: built from the source archive, installed, run."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository

from skillgit import __version__

ROOT = Path(__file__).parents[1]


def python(*args: str, cwd: Path = ROOT, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *args],
        cwd=cwd,
        env={**os.environ, **extra},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the source archive, as an index would hand it out."""
    folder = tmp_path_factory.mktemp("dist")
    done = python("-m", "hatchling", "build", "-t", "sdist", "-d", str(folder))
    assert done.returncode == 0, done.stderr
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as sources:
        sources.extractall(folder, filter="data")
    unpacked = folder / archive.name.removesuffix(".tar.gz")
    done = python("-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=unpacked)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed wheel alone; what it depends on comes from this environment."""
    folder = tmp_path_factory.mktemp("site")
    options = ["--no-deps", "--no-index", "--quiet", "--disable-pip-version-check"]
    done = python("-m", "pip", "install", *options, "--target", str(folder), str(wheel))
    assert done.returncode == 0, done.stderr
    return folder


def skillgit(
    installed: Path, *args: str, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """The console script of the wheel, out of reach of the checkout."""
    return python(
        str(installed / "bin" / "skillgit"), *args, cwd=cwd or installed, PYTHONPATH=str(installed)
    )


def test_the_wheel_holds_what_is_shipped_beside_the_code(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        hook = archive.getinfo("skillgit/_data/hooks/pre-commit")

    shipped = [path for kind in ("templates", "hooks") for path in (ROOT / kind).rglob("*")]
    tracked = {str(path.relative_to(ROOT)) for path in shipped if path.is_file()}
    assert {f"skillgit/_data/{name}" for name in tracked} <= names
    assert "skillgit/_data/SKILLS_FORMAT.md" in names
    assert "skillgit/py.typed" in names
    assert hook.external_attr >> 16 & 0o111
    assert not [name for name in names if name.startswith(("tests/", ".github/"))]


def test_the_metadata(wheel: Path) -> None:
    info = f"skillgit-{__version__}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read(f"{info}/METADATA").decode()
        scripts = archive.read(f"{info}/entry_points.txt").decode()
        licence = archive.read(f"{info}/licenses/LICENSE")

    assert "skillgit = skillgit.__main__:main" in scripts
    assert "License-Expression: Apache-2.0\n" in metadata
    assert licence == (ROOT / "LICENSE").read_bytes()
    # A hook of pre-commit installs the core: it must stay light.
    core = [line for line in metadata.splitlines() if "Requires-Dist" in line]
    assert [line for line in core if "vllm" in line and "extra" not in line] == []


def test_it_runs_from_the_wheel(installed: Path) -> None:
    done = skillgit(installed, "--version")

    assert (done.stdout, done.stderr) == (f"skillgit {__version__}\n", "")


def test_it_explains_a_rule_from_the_wheel(installed: Path) -> None:
    done = skillgit(installed, "rule", "SG001")

    assert done.returncode == 0, done.stderr
    assert "SG001" in done.stdout


def test_it_finds_its_templates_in_the_wheel(
    installed: Path, repository: Callable[..., Repository]
) -> None:
    done = skillgit(installed, "init", cwd=repository().path)

    assert done.returncode == 0, done.stderr
    assert ".skillgit.toml" in done.stdout


def test_the_git_hook_checks_the_skills(
    installed: Path, repository: Callable[..., Repository], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = repository({"README.md": "# Skills\n"})
    hook = made.path / ".git" / "hooks" / "pre-commit"
    hook.write_bytes((ROOT / "hooks" / "pre-commit").read_bytes())
    hook.chmod(0o755)
    monkeypatch.setenv("PYTHONPATH", str(installed))
    monkeypatch.setenv("PATH", f"{installed / 'bin'}:{os.environ['PATH']}")

    made.commit({"NOTES.md": "no skill, nothing to check\n"})
    made.commit(
        {"skills/dates/SKILL.md": "---\nname: dates\ndescription: Read dates.\n---\n\n# Dates\n"}
    )
    made.write({"skills/dates/SKILL.md": "no frontmatter\n"})
    made.git("add", ".")
    refused = subprocess.run(
        ["git", "commit", "-m", "torn"], cwd=made.path, capture_output=True, text=True, check=False
    )

    assert refused.returncode != 0
    assert "SG0" in refused.stdout + refused.stderr
