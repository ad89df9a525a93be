from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from embedding import ScriptedEmbeddings
from repositories import Repository
from scripted import Answer, Request, ScriptedEndpoint, refusing, replying

from skillgit import cli

Make = Callable[..., Repository]


@pytest.fixture(autouse=True)
def here(repository: Make, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = repository({"a.md": "a\n"})
    monkeypatch.chdir(made.path)
    return made.path


def model(request: Request) -> Answer:
    return replying({"zebra": "k7-delta"}) if "response_format" in request else Answer("Hello!")


def test_lines_are_aligned_and_advice_follows_its_line(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedEndpoint(model) as endpoint:
        code = cli.run(["doctor", "--base-url", endpoint.url])

    shown, told = capsys.readouterr()
    lines = shown.splitlines()
    assert code == 0
    assert told == ""
    assert f"ok    endpoint      {endpoint.url} (an unknown server)" in lines
    assert "ok    JSON schema   honoured" in lines
    place = lines.index("warn  tool calls    auto: no, required: no")
    assert lines[place + 1].startswith("                    -> agents then speak in text")


def test_something_essential_that_fails_ends_with_3(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / ".skillgit.toml").write_text(
        '[endpoint]\nbase_url = "http://127.0.0.1:9/v1"\n', encoding="utf-8"
    )

    code = cli.run(["doctor"])

    shown, told = capsys.readouterr()
    assert code == 3
    assert "fail  endpoint      http://127.0.0.1:9/v1 cannot be reached: " in shown
    assert "-> start a model with 'skillgit serve'" in shown
    assert "1 of " in told


def test_json(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLGIT_API_KEY", "sesame")
    with ScriptedEndpoint(model, models=("a", "b"), api_key="sesame") as endpoint:
        code = cli.run(["doctor", "--json", "--base-url", endpoint.url, "--model", "b"])

    shown, told = capsys.readouterr()
    document = json.loads(shown)
    assert (code, told) == (0, "")
    assert document["schema"] == "skillgit.doctor/1"
    assert document["ok"] is True
    assert {
        "name": "model",
        "level": "ok",
        "found": "b",
        "advice": "",
    } in document["checks"]
    assert "sesame" not in shown


def test_a_server_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    evil = refusing(401, "go\x1b]0;away\x07 \x1b[31mnow\nok    endpoint      fine")
    with ScriptedEndpoint() as endpoint:
        endpoint.pages["/v1/models"] = evil
        code = cli.run(["doctor", "--base-url", endpoint.url])

    shown = capsys.readouterr().out
    assert code == 3
    assert "\x1b" not in shown
    assert "(401: go now ok endpoint fine)" in shown


def test_who_embeds_is_asked_where_the_settings_name_one(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILLGIT_RECALL_API_KEY", "sesame")
    with ScriptedEndpoint(model) as endpoint, ScriptedEmbeddings(api_key="sesame") as other:
        (here / ".skillgit.toml").write_text(
            f'[recall]\nbase_url = "{other.url}"\nmodel = "words"\n', encoding="utf-8"
        )
        assert cli.run(["doctor", "--base-url", endpoint.url]) == 0
    assert f"ok    recall        {other.url}: words, vectors of 64" in capsys.readouterr().out
    with ScriptedEndpoint(model) as endpoint:
        (here / ".skillgit.toml").write_text('[recall]\nmodel = "words"\n', encoding="utf-8")
        assert cli.run(["doctor", "--base-url", endpoint.url]) == 0
    shown = capsys.readouterr().out
    assert f"warn  recall        {endpoint.url}: words is not served; " in shown
