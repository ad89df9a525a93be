from __future__ import annotations

import json

import pytest

from skillgit import cli
from skillgit.rules import RULES


def test_all_rules_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["rule"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(RULES)
    assert "SG102  warning  house          Each reference is linked" in lines
    assert "SG019  off      de facto       A name has no reserved words" in lines


def test_one_rule_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["rule", "sg018"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("SG018: A description has no angle brackets.\n")
    assert (
        "Demanded by: de facto. Severity: spec: warning, portable: error, claude: error.\n" in text
    )
    assert text.endswith("\nSKILLS_FORMAT.md, clause 2.18\n")


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["rule", "SG019", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "skillgit.rule/1"
    (rule,) = document["rules"]
    assert rule["id"] == "SG019"
    assert rule["source"] == "de facto"
    assert rule["severity"] == {"spec": None, "portable": None, "claude": "error"}
    assert rule["clause"] == "2.19"
    cli.run(["rule", "--json"])
    everything = json.loads(capsys.readouterr().out)
    assert [each["id"] for each in everything["rules"]] == list(RULES)


def test_a_rule_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["rule", "SG999"]) == 2
    told = capsys.readouterr().err
    assert "there is no rule 'SG999'" in told
    assert "hint: `skillgit rule` lists all rules" in told
