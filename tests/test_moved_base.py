"""The base moved under a round: what became stale in one analyst's place lives on in another's."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from analysts import chat_trajectory, is_merge, plausible, schema_of
from repositories import Repository
from scripted import Answer, Request, ScriptedEndpoint, replying

from skillgit.cli import run

PLACES = ("- Look at every sheet.", "- The output file exists.")
SKILL = (
    "---\nname: xlsx\ndescription: Work with sheets. Use with workbooks.\n---\n\n# Sheets\n\n"
    f"## Workflow\n\n{PLACES[0]}\n- Work in Python.\n\n## Checks\n\n{PLACES[1]}\n"
)
SAME = "Load the saved workbook again and compare the cells."
OTHER = "Write dates as datetime values, never as text."


def taught(request: Request) -> Answer:
    """Four analysts teach the same, in two places; the fifth another thing."""
    if is_merge(request):
        return plausible(request)
    found = re.search(r"task (\d)", request["messages"][1]["content"])
    assert found
    number = int(found[1])
    item = schema_of(request)["properties"]["edits"]["items"]["properties"]
    place = next(one for one in item["place"]["enum"] if PLACES[number % 2] in one)
    text = OTHER if number == 4 else SAME
    edit = {
        "what_happened": "In step 2 the agent did what decided the outcome.",
        "evidence": item["evidence"]["items"]["enum"][:1],
        "title": text[:20].strip(),
        "place": place,
        "op": "insert_after",
        "text": text,
        "skill_says_it": "no",
    }
    return replying({"edits": [edit]})


@pytest.fixture
def skills(repository: Callable[..., Repository], monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setenv("SKILLGIT_ANALYZE_ERROR_ANALYST", "single-call")
    monkeypatch.setenv("SKILLGIT_CONSOLIDATE_MIN_SUPPORT", "1")
    monkeypatch.setenv("SKILLGIT_CONSOLIDATE_MAIN_SUPPORT", "1")
    return repository({"skills/xlsx/SKILL.md": SKILL})


def test_a_stale_lesson_lives_on_where_another_analyst_wanted_it(
    skills: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(5):
        text = chat_trajectory(f"task {number}", f"print({number})", "fail")
        (tmp_path / f"run-{number}.json").write_text(text, encoding="utf-8")

    def told(*words: str, endpoint: ScriptedEndpoint) -> dict[str, Any]:
        assert (
            run(["-C", str(skills.path), *words, "-q", "--json", "--base-url", endpoint.url]) == 0
        )
        value: dict[str, Any] = json.loads(capsys.readouterr().out)
        return value

    with ScriptedEndpoint(taught) as endpoint:
        first = told("evolve", "skills/xlsx", "-t", str(tmp_path), endpoint=endpoint)
        support = {one["title"]: one["support"] for one in first["branch"]["lessons"]}
        assert sorted(support.values()) == [1, 4]
        lines = skills.git("show", f"{first['branch']['name']}:skills/xlsx/SKILL.md").split("\n")
        stands = lines[lines.index(f"- {SAME}") - 1]
        moved = SKILL.replace(f"{stands}\n", "- Something else altogether.\n- And more of it.\n")
        skills.commit({"skills/xlsx/SKILL.md": moved}, "by hand")

        alone = told("rebase-round", "latest", "--dry-run", endpoint=endpoint)
        assert [one["title"] for one in alone["stale"]][:1] == [SAME[:20].strip()]
        asked = len(endpoint.requests)
        again = told("rebase-round", "latest", "--with-model", endpoint=endpoint)
        assert all(is_merge(request) for request in endpoint.requests[asked:])

        skills.commit({"skills/xlsx/SKILL.md": f"{moved}\nMore.\n"}, "by hand, again")
        words = ["rebase-round", again["round"], "--with-model", "-q"]
        assert run(["-C", str(skills.path), *words, "--base-url", endpoint.url]) == 2
        assert first["round"] in capsys.readouterr().err, "its patches speak of another base"

    lessons = {one["title"]: one["support"] for one in again["branch"]["lessons"]}
    assert lessons[SAME[:20].strip()] == 2, "those analysts alone whose place is still there"
    assert SAME[:20].strip() not in [one["title"] for one in again["stale"]]
    branch = again["branch"]
    assert f"- {SAME}" in skills.git("show", f"{branch['name']}:skills/xlsx/SKILL.md").split("\n")
    assert run(["-C", str(skills.path), "check", "--range", f"main~1..{branch['name']}"]) == 0
    assert run(["-C", str(skills.path), "evidence", "verify"]) == 0
    withheld = json.loads(skills.git("show", f"{branch['evidence']}:withheld.json"))["withheld"]
    assert len([one for one in withheld if one["fate"]["reason"].startswith("stale: ")]) >= 2
