from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository

from skillgit import cli
from skillgit.adapters.resources import resource
from skillgit.adapters.setting_values import DEFAULTS, Value
from skillgit.adapters.settings import FILE, load_settings
from skillgit.config import Config


@pytest.fixture
def empty(repository: Callable[..., Repository], monkeypatch: pytest.MonkeyPatch) -> Repository:
    made = repository()
    monkeypatch.chdir(made.path)
    return made


def test_it_writes_a_file_that_changes_nothing(
    empty: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["init"]) == 0

    said = capsys.readouterr().out
    assert f"wrote {empty.path / FILE}" in said
    assert f"wrote {empty.path / '.gitattributes'}" in said
    assert load_settings(empty.path, {}).config == Config()


def test_it_never_overwrites_and_can_be_repeated(
    empty: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    empty.write({FILE: "[collect]\nlimit = 3\n", ".gitattributes": "SKILL.md diff=mine\r\n"})

    cli.run(["init"])
    first = {path.name: path.read_bytes() for path in empty.path.iterdir() if path.is_file()}
    capsys.readouterr()
    cli.run(["init"])
    second = {path.name: path.read_bytes() for path in empty.path.iterdir() if path.is_file()}

    assert first == second
    assert first[FILE] == b"[collect]\nlimit = 3\n"
    assert first[".gitattributes"].endswith(b"\r\nSKILL.md diff=mine\r\n")
    assert capsys.readouterr().out.count("kept ") == 2


def test_the_owners_attribute_stays_the_stronger_one(empty: Repository) -> None:
    empty.write({".gitattributes": "SKILL.md diff=mine\n"})

    cli.run(["init"])

    assert empty.git("check-attr", "diff", "skills/x/SKILL.md").endswith(": mine")
    assert empty.git("check-attr", "diff", "x/references/a/b.md").endswith(": markdown")


def test_a_diff_then_names_the_section(empty: Repository) -> None:
    cli.run(["init"])
    before = "# Skill\n\n## Dates\n\n" + "".join(f"{number}\n" for number in range(9))
    empty.commit({"SKILL.md": before})
    empty.write({"SKILL.md": before + "last\n"})

    assert "@@ ## Dates" in empty.git("diff")


def test_dry_run_writes_nothing(empty: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["init", "--dry-run"]) == 0

    assert capsys.readouterr().out.count("would write ") == 2
    assert [path.name for path in empty.path.iterdir()] == [".git"]


def test_settings_in_a_pyproject_are_not_put_in_the_shade(
    empty: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    empty.write({"pyproject.toml": "[tool.skillgit.collect]\nlimit = 3\n"})

    cli.run(["init"])

    assert "kept " in capsys.readouterr().out
    assert load_settings(empty.path, {}).config.collect.limit == 3


def test_links_are_left_alone(empty: Repository, tmp_path: Path) -> None:
    for name in (FILE, ".gitattributes"):
        (empty.path / name).symlink_to(tmp_path / f"elsewhere-{name}")

    assert cli.run(["init"]) == 0

    assert not list(tmp_path.glob("elsewhere-*"))


def test_it_goes_to_the_root(empty: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty.path / "skills" / "x").mkdir(parents=True)
    monkeypatch.chdir(empty.path / "skills" / "x")

    cli.run(["init"])

    assert (empty.path / FILE).is_file()


def test_outside_of_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert cli.run(["init"]) == 2
    assert "git init" in capsys.readouterr().err


def test_a_place_that_cannot_be_written(
    empty: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    (empty.path / ".gitattributes").mkdir()

    assert cli.run(["init"]) == 3
    assert "Traceback" not in capsys.readouterr().err


def test_the_file_names_every_setting_with_its_default() -> None:
    text = resource("templates", "skillgit.toml").read_text(encoding="utf-8")

    switched_on = tomllib.loads(re.sub(r"(?m)^# (?=\w+ = )", "", text))

    # A repository may not set these, so its file does not offer them.
    strange = {"endpoint.api_key_env", "executor.address"}
    assert _flat(switched_on) == {k: v for k, v in DEFAULTS.items() if k not in strange}


def test_the_file_as_it_is_sets_nothing() -> None:
    text = resource("templates", "skillgit.toml").read_text(encoding="utf-8")

    assert _flat(tomllib.loads(text)) == {}


def _flat(table: dict[str, object], prefix: str = "") -> dict[str, Value]:
    flat: dict[str, Value] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            assert isinstance(value, (str, int, float, bool))
            flat[f"{prefix}{name}"] = value
    return flat
