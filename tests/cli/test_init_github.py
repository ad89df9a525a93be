from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from repositories import Repository

from skillgit import __version__, cli
from skillgit.adapters.workflows import FILE, own_requirement, workflow_text

Make = Callable[..., Repository]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def made(repository: Make, monkeypatch: pytest.MonkeyPatch) -> Repository:
    one = repository({"README.md": "hi\n"})
    monkeypatch.chdir(one.path)
    return one


def test_it_writes_a_workflow(made: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["init", "--github"]) == 0

    said = capsys.readouterr()
    assert f"wrote {made.path / FILE}" in said.out
    assert "CODEOWNERS" in said.err
    text = (made.path / FILE).read_text("utf-8")
    assert text == workflow_text()
    workflow = yaml.safe_load(text)
    assert set(workflow["jobs"]) == {"check", "evolve", "publish"}
    assert workflow["env"]["REQUIREMENT"] == own_requirement()


def test_it_can_be_repeated(made: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    cli.run(["init", "--github"])
    before = (made.path / FILE).stat()
    assert cli.run(["init", "--github"]) == 0
    assert f"kept {made.path / FILE}" in capsys.readouterr().out
    assert (made.path / FILE).stat().st_mtime_ns == before.st_mtime_ns


def test_one_that_differs_is_not_written_over(
    made: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.run(["init", "--github"])
    text = (made.path / FILE).read_text("utf-8")
    mine = text.replace("23 4 * * 1", "0 0 1 * *").replace("name:", "name: \x1b[31m", 1)
    (made.path / FILE).write_text(mine, encoding="utf-8")
    capsys.readouterr()

    assert cli.run(["init", "--github"]) == 1

    said = capsys.readouterr()
    assert '-    - cron: "0 0 1 * *"' in said.out
    assert '+    - cron: "23 4 * * 1"' in said.out
    assert "\x1b" not in said.out
    assert "not written, for it is there and differs" in said.err
    assert (made.path / FILE).read_text("utf-8") == mine


def test_a_link_or_a_folder_in_its_place(
    made: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = made.path / FILE
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "elsewhere")
    assert cli.run(["init", "--github"]) == 1
    assert not (tmp_path / "elsewhere").exists()
    path.unlink()
    path.mkdir()
    assert cli.run(["init", "--github"]) == 1


def test_an_older_one_that_nobody_has_touched_is_renewed(
    made: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.run(["init", "--github"])
    installed_from(made.path.parent / "site", monkeypatch, COMMIT)

    assert cli.run(["init", "--github"]) == 0

    assert f"updated {made.path / FILE}" in capsys.readouterr().out
    assert COMMIT in (made.path / FILE).read_text("utf-8")


# ------------------------------------------------------------------ what its jobs install


def installed_from(
    site: Path, monkeypatch: pytest.MonkeyPatch, commit: str, url: str = "https://example.invalid/s"
) -> None:
    """As pip leaves a package behind that it has installed from a Git repository."""
    info = site / f"skillgit-{__version__}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Name: skillgit\nVersion: {__version__}\n", encoding="utf-8")
    origin = {"url": url, "vcs_info": {"vcs": "git", "commit_id": commit}}
    (info / "direct_url.json").write_text(json.dumps(origin), encoding="utf-8")
    monkeypatch.syspath_prepend(site)


def test_the_very_commit_that_is_installed_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed_from(tmp_path, monkeypatch, COMMIT)

    assert own_requirement() == f"skillgit @ git+https://example.invalid/s@{COMMIT}"


@pytest.mark.parametrize(
    ("commit", "url"),
    [
        (COMMIT, "https://me:secret@example.invalid/s"),
        (COMMIT, "ssh://git@example.invalid/s"),
        (COMMIT, "file:///home/me/skillgit"),
        ('"; rm -rf /', "https://example.invalid/s"),
        (COMMIT, 'https://example.invalid/s"\n  EVIL: "x'),
    ],
)
def test_else_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, commit: str, url: str
) -> None:
    installed_from(tmp_path, monkeypatch, commit, url)

    assert own_requirement() == f"skillgit=={__version__}"


def test_nothing_in_it_is_left_to_be_filled_in() -> None:
    assert re.findall(r"@[A-Z]{3,}@", workflow_text()) == []
