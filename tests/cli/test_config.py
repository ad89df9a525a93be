from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from skillgit import cli
from skillgit.adapters.setting_values import DEFAULTS
from skillgit.adapters.settings import FILE


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)


def test_every_setting_is_a_line_of_toml_with_its_origin(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / FILE).write_text("[endpoint]\nmodel = 'qwen'\n", encoding="utf-8")

    assert cli.run(["config"]) == 0

    shown = capsys.readouterr().out
    (line,) = [line for line in shown.splitlines() if line.startswith("endpoint.model ")]
    assert line.startswith('endpoint.model = "qwen" ')
    assert line.endswith(f"  # {tmp_path}/{FILE}:2")
    assert tomllib.loads(shown)["endpoint"]["model"] == "qwen"
    assert len(shown.splitlines()) == len(DEFAULTS)


def test_json(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLGIT_MODEL", "qwen")

    assert cli.run(["config", "--json"]) == 0

    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "skillgit.config/1"
    assert [each["key"] for each in document["settings"]] == list(DEFAULTS)
    assert {"key": "endpoint.model", "value": "qwen", "origin": "SKILLGIT_MODEL"} in document[
        "settings"
    ]


def test_one_table_and_one_setting(capsys: pytest.CaptureFixture[str]) -> None:
    cli.run(["config", "record"])
    assert [line.split(" ")[0] for line in capsys.readouterr().out.splitlines()] == [
        "record.branch_prefix",
        "record.store_trajectories",
    ]

    cli.run(["config", "record.branch_prefix"])
    assert capsys.readouterr().out == 'record.branch_prefix = "skillgit"  # default\n'


def test_a_key_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["config", "endpoint.modle"]) == 2
    assert "did you mean endpoint.model?" in capsys.readouterr().err


def test_a_file_that_is_wrong(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("[endpoint]\nworkers = 0\n", encoding="utf-8")

    assert cli.run(["config"]) == 2

    error = capsys.readouterr().err
    assert f"{tmp_path}/{FILE}:2: endpoint.workers must be a number from 1" in error
    assert "hint: " in error
