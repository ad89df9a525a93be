"""What a person drops, the next round does not bring again; it says so, and its sums add up."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from analysts import THEMES, chat_trajectory, plausible
from repositories import Repository
from scripted import ScriptedEndpoint

from skillgit.cli import run

SKILL = (
    "---\nname: xlsx\ndescription: Work with sheets. Use with workbooks.\n---\n\n# Sheets\n\n"
    "## Workflow\n\n- Look at every sheet.\n- Work in Python.\n- Save the workbook.\n\n"
    "## Checks\n\n- The output file exists.\n"
)


@pytest.fixture
def skills(repository: Callable[..., Repository], monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setenv("SKILLGIT_ANALYZE_ERROR_ANALYST", "single-call")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795000000")
    return repository({"skills/xlsx/SKILL.md": SKILL})


def test_a_dropped_lesson_is_withheld_from_the_next_round(
    skills: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(16):
        text = chat_trajectory(
            f"task {number}", f"print({number})", "fail" if number % 3 else "pass"
        )
        (tmp_path / f"run-{number:03}.json").write_text(text, encoding="utf-8")

    def evolve(endpoint: ScriptedEndpoint) -> dict[str, Any]:
        words = ["evolve", "skills/xlsx", "-t", str(tmp_path), "-q", "--json"]
        assert run(["-C", str(skills.path), *words, "--base-url", endpoint.url]) == 0
        told: dict[str, Any] = json.loads(capsys.readouterr().out)
        return told

    with ScriptedEndpoint(plausible) as endpoint:
        first = evolve(endpoint)
        title = first["branch"]["lessons"][0]["title"]
        assert title in dict(THEMES)
        reason = "the tool does it since spring"
        assert run(["-C", str(skills.path), "drop", title, "--reason", reason]) == 0
        capsys.readouterr()
        second = evolve(endpoint)

    assert second["round"] != first["round"]
    titles = [lesson["title"] for lesson in second["branch"]["lessons"]]
    assert titles == [lesson["title"] for lesson in first["branch"]["lessons"][1:]]
    refused = [fate for fate in second["fates"] if fate["reason"] == f"refused before: {reason}"]
    assert len(refused) == first["branch"]["lessons"][0]["support"]
    assert {fate["state"] for fate in refused} == {"withheld"}
    edits = second["edits"]
    assert sum(count for state, count in edits.items() if state != "proposed") == edits["proposed"]
    kept = json.loads(skills.git("show", f"{second['branch']['evidence']}:withheld.json"))
    assert [one for one in kept["withheld"] if reason in one["fate"]["reason"]]
    tip = second["branch"]["name"]
    assert run(["-C", str(skills.path), "check", "--range", f"main..{tip}"]) == 0

    assert run(["-C", str(skills.path), "keep", title]) == 0
    capsys.readouterr()
    with ScriptedEndpoint(plausible) as endpoint:
        assert evolve(endpoint)["round"] == first["round"]


def test_a_refusal_that_cannot_be_read_is_said(
    skills: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(4):
        text = chat_trajectory(f"task {number}", f"print({number})", "fail")
        (tmp_path / f"run-{number:03}.json").write_text(text, encoding="utf-8")
    name = f"{'0' * 64}.json"
    blob = skills.git("hash-object", "-w", "skills/xlsx/SKILL.md")
    skills.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{name}")
    tree = skills.git("write-tree")
    skills.git("reset", "--quiet")
    commit = skills.git("commit-tree", tree, "-m", "forged")
    skills.git("update-ref", "refs/skillgit/refusals", commit)
    with ScriptedEndpoint(plausible) as endpoint:
        words = ["evolve", "skills/xlsx", "-t", str(tmp_path), "-q", "--base-url", endpoint.url]
        run(["-C", str(skills.path), *words])
    assert f"{name}: is no refusal" in capsys.readouterr().out
