"""What `[check]` and the options of `skillgit check` change, and what nothing changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository

from skillgit import cli
from skillgit.rules import RULES

SKILL = "---\nname: demo\ndescription: <b>\n---\n# A\n\n# A\n\n# TODO\n"


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "skills/demo").mkdir(parents=True)
    (tmp_path / "skills/demo/SKILL.md").write_text(SKILL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settings(repo: Path, text: str) -> None:
    (repo / ".skillgit.toml").write_text(text, encoding="utf-8")


def check(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, list[str]]:
    """The exit code, and `RULE severity` of each finding."""
    code = cli.run(["check", *args])
    return code, [" ".join(line.split()[1:3]) for line in capsys.readouterr().out.splitlines()]


MILD = ["SG018 warning:", "SG105 warning:", "SG106 warning:"]


def test_a_profile_and_what_fails(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(capsys) == (0, MILD)
    settings(repo, "[check]\nprofile = 'portable'\n")
    assert check(capsys) == (1, ["SG018 error:", *MILD[1:]])
    assert check(capsys, "--profile", "spec") == (0, MILD)
    settings(repo, "[check]\nfail_on = 'warning'\n")
    assert check(capsys)[0] == 1
    assert check(capsys, "--exit-zero")[0] == 0
    assert check(capsys, "--fail-on", "error")[0] == 0


def test_rules_weigh_what_the_repository_says(
    repo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(repo, "[check.severity]\nSG105 = 'error'\nSG106 = 'off'\nSG019 = 'warning'\n")
    assert check(capsys) == (1, ["SG018 warning:", "SG105 error:"])
    assert check(capsys, "--severity", "sg105=Off")[0] == 0
    monkeypatch.setenv("SKILLGIT_CHECK_SEVERITY_SG105", "warning")
    assert check(capsys) == (0, ["SG018 warning:", "SG105 warning:"])
    # A rule that the profile leaves out can be asked for.
    text = SKILL.replace("name: demo", "name: claude-demo")
    (repo / "skills/demo/SKILL.md").write_text(text, encoding="utf-8")
    assert "SG019 warning:" in check(capsys)[1]


def test_inline_tables_and_pyproject(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "[tool.skillgit.check]\nseverity = { SG105 = 'off' }\n"
    (repo / "pyproject.toml").write_text(text, encoding="utf-8")
    assert check(capsys)[1] == ["SG018 warning:", "SG106 warning:"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[check.severity]\nSG105 = 'fatal'\n", ".skillgit.toml:2: check.severity.SG105 must be"),
        ("[check.severity]\nSG105 = true\n", 'must be "error" or "warning" or "off", not True'),
        ("[check.severity]\nfences = 'off'\n", "there is no setting check.severity.fences"),
        ("[check.severity]\nSG999 = 'off'\n", "there is no rule 'SG999'"),
        ("[check]\nseverity = 'off'\n", "check.severity is a table, not a value"),
        ("[check]\nprofile = 'mine'\n", "check.profile must be"),
        ("[check.severity]\nSG301 = 'off'\n", ".skillgit.toml:2: SG301 is always an error"),
    ],
)
def test_what_cannot_be_meant(
    repo: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    settings(repo, text)
    assert cli.run(["check"]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "hint: " in told


@pytest.mark.parametrize("rule", [rule for rule, info in RULES.items() if info.firm])
@pytest.mark.parametrize("grade", ["off", "warning"])
def test_provenance_and_safety_cannot_be_weakened(
    repo: Path, capsys: pytest.CaptureFixture[str], rule: str, grade: str
) -> None:
    assert cli.run(["check", "--severity", f"{rule}={grade}"]) == 2
    assert f"command line: {rule} is always an error" in capsys.readouterr().err
    assert check(capsys, "--severity", f"{rule}=error")[0] == 0


@pytest.mark.parametrize("text", ["SG105", "SG105=", "105=off", "SG105:off", "=off"])
def test_grades_that_are_none(repo: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert cli.run(["check", "--severity", text]) == 2
    assert "write it as SG105=off" in capsys.readouterr().err


def test_no_settings_apply_outside_of_a_repository(
    repo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (repo / ".git").rmdir()
    settings(repo, "[check]\nfail_on = 'warning'\nunknown = 1\n")
    monkeypatch.setenv("SKILLGIT_CHECK_PROFILE", "portable")
    assert check(capsys) == (0, MILD)
    assert check(capsys, "--profile", "portable")[0] == 1


def test_settings_are_shown(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings(repo, "[check.severity]\nSG105 = 'off'\n")
    assert cli.run(["config", "check", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["settings"]
    assert shown[-1] == {
        "key": "check.severity.SG105",
        "value": "off",
        "origin": f"{repo}/.skillgit.toml:2",
    }


def test_a_range_is_judged_by_grades_and_by_no_comment(
    repository: Callable[..., Repository],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    repo = repository({"demo/SKILL.md": SKILL})
    false = "demo: b\n\nSkillgit-Round: mine\n"
    repo.commit({"demo/SKILL.md": SKILL + "<!-- skillgit: ignore-file[SG301] x -->\n"}, false)
    repo.commit({".skillgit.toml": "[check.severity]\nSG105 = 'off'\n"})
    monkeypatch.chdir(repo.path)
    code, found = check(capsys, "--range", "HEAD~2..HEAD")
    assert code == 1
    assert any("SG301 error:" in line or "SG301" in line for line in found)
