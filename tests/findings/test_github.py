from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from skillgit import cli
from skillgit.findings.github import MOST_SUMMARY, as_commands, step_summary
from skillgit.types import Finding, Severity

HOSTILE = "a\r\n::error::b%0A:,\x1b[31m`|</code><img src=x>![x](http://x.invalid)@me"


def findings(errors: int, warnings: int) -> list[Finding]:
    """Warnings first, so that an order by gravity is seen."""
    return [
        *(Finding("SG105", Severity.WARNING, f"w{n}.md", "twice", n + 1) for n in range(warnings)),
        *(
            Finding("SG101", Severity.ERROR, f"e{n}.md", "no such file", 3, 7)
            for n in range(errors)
        ),
    ]


def kinds(commands: list[str]) -> list[str]:
    return [command.split(" ")[0] for command in commands]


def test_an_annotation() -> None:
    assert list(as_commands(findings(1, 1))) == [
        "::error file=e0.md,line=3,endLine=3,col=7,title=skillgit SG101::no such file",
        "::warning file=w0.md,line=1,endLine=1,title=skillgit SG105::twice",
    ]
    whole = Finding("SG102", Severity.WARNING, "a.md", "alone")
    assert list(as_commands([whole])) == ["::warning file=a.md,title=skillgit SG102::alone"]


def test_what_github_would_drop_in_silence_is_told() -> None:
    assert kinds(list(as_commands(findings(10, 10)))) == ["::error"] * 10 + ["::warning"] * 10

    commands = list(as_commands(findings(12, 11)))

    assert kinds(commands) == ["::error"] * 10 + ["::warning"] * 10 + ["::notice"]
    assert commands[-1].endswith(
        "::2 more errors and 1 more warning: the step summary has them all"
    )


@given(st.text(), st.text())
def test_no_name_and_no_message_ends_a_command_or_begins_one(path: str, message: str) -> None:
    (command,) = as_commands([Finding("SG101", Severity.ERROR, path, message, 1)])

    assert "\n" not in command
    assert "\r" not in command
    found = re.fullmatch(r"::error (.*?)::(.*)", command)
    assert found
    properties = dict(part.split("=", 1) for part in found[1].split(","))
    assert list(properties) == ["file", "line", "endLine", "title"]
    assert _read(_read(properties["file"], ":", ","), "%", "\r", "\n") == path
    assert _read(found[2], "%", "\r", "\n") == message[:1000]


def _read(text: str, *signs: str) -> str:
    """What the runner makes of escapes: those of `%` last."""
    for sign in sorted(signs, key=lambda each: each == "%"):
        text = text.replace(f"%{ord(sign):02X}", sign)
    return text


def test_the_summary_has_all_the_gravest_first() -> None:
    table = step_summary(findings(30, 30), "2 skills")
    rows = [line for line in table.splitlines() if re.match(r"\| (error|warning) ", line)]
    assert len(rows) == 60
    assert [row.split(" ")[1] for row in rows] == ["error"] * 30 + ["warning"] * 30
    assert "30 errors, 30 warnings" in table
    assert step_summary([], "2 skills").endswith("nothing to complain about\n\n")


@pytest.mark.parametrize("room", [0, 50, 500, 5_000, MOST_SUMMARY])
def test_the_summary_stays_within_its_room(room: int) -> None:
    many = [Finding("SG101", Severity.ERROR, "ä" * 300, HOSTILE * 9, n) for n in range(2_000)]
    table = step_summary(many, "x", room)
    assert len(table.encode()) <= room
    if room > 5_000:
        rows = len(re.findall(r"(?m)^\| error ", table))
        assert f"{2_000 - rows} findings more: run `skillgit check`." in table


@given(st.text(), st.text())
def test_no_markdown_comes_alive_in_a_summary(path: str, message: str) -> None:
    table = step_summary([Finding("SG101", Severity.ERROR, path, message)], message)
    tokens = MarkdownIt("commonmark").enable("table").parse(table)
    inline = [child for token in tokens for child in token.children or ()]

    assert {child.type for child in inline} <= {"text", "text_special", "html_inline", "softbreak"}
    assert {child.content for child in inline if child.type == "html_inline"} <= {
        "<code>",
        "</code>",
    }
    assert sum(token.type == "tr_open" for token in tokens) == 2
    assert sum(token.type == "td_open" for token in tokens) == 4


# ------------------------------------------------------------------ on the command line


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    folder = tmp_path / "skills" / "demo"
    (folder / "references").mkdir(parents=True)
    text = "---\nname: demo\ndescription: d\n---\n[x](no.md)\n"
    (folder / "SKILL.md").write_text(text, encoding="utf-8")
    hostile = folder / "references" / "a\n::error::,%0A:\x1b[31m\\.md"
    hostile.write_text("x", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "skills")
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return tmp_path


def test_paths_count_from_the_root_and_names_do_no_harm(
    repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["check", "--format", "github"]) == 1

    lines = capsys.readouterr().out.splitlines()

    assert lines == [
        (
            "::error file=skills/demo/SKILL.md,line=5,endLine=5,col=5,title=skillgit SG101::"
            "there is no 'no.md' in the skill"
        ),
        (
            "::error file=skills/demo/references/a%0A%3A%3Aerror%3A%3A%2C%250A%3A\\.md,"
            "title=skillgit SG112::unsafe path: control or invisible characters"
        ),
    ]


def test_the_summary_is_added_to_what_is_there(
    repo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = repo / "summary.md"
    summary.write_text("# Before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert cli.run(["check", "--format", "github"]) == 1
    text = summary.read_text("utf-8")
    assert text.startswith("# Before\n### skillgit check\n")
    assert "\x1b" not in text
    assert text.count("\n| error |") == 2

    summary.write_text("x" * MOST_SUMMARY, encoding="utf-8")
    cli.run(["check", "--format", "github"])
    assert summary.stat().st_size == MOST_SUMMARY

    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(repo / "no" / "where"))
    assert cli.run(["check", "--format", "github"]) == 1
    assert "cannot write the step summary" in capsys.readouterr().err
