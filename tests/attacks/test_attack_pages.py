"""Attacks on who reads a round: the report in a browser, the pull request, the terminal.

Each kind of text has property tests of its own in tests/publish; here whole rounds are shown.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from attacked import Evolve, Lie, Round, honest, poisoned
from markdown_it import MarkdownIt

from skillgit.cli import run

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "</style></script><svg onload=alert(1)>",
    "[l](javascript:alert(1)) ![x](http://canary.invalid/a.png)",
    'x"] --> B[<b>y</b>]; click A http://canary.invalid',
    "fixes #1 @everyone GH-7 www.canary.invalid http://canary.invalid/x",
    "```\n</details>\n| a | b |\n|---|---|\n",
    "\x1b]8;;http://canary.invalid\x07click\x1b]8;;\x07 \x1b[2J\x1b[31mred",
    "\u202egnp.exe\u202c \u2066x\u2069 \U000e0041",
)
FORGE = MarkdownIt("commonmark").enable(["table", "strikethrough"])
ALIVE = {"script", "img", "iframe", "object", "embed", "link", "base", "form", "svg", "video"}


class Page(HTMLParser):
    """The tags and attributes that a browser would see."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def poisoned_round(evolve: Evolve, words: str, author: str) -> Round:
    """The words stand in tasks, quotes and details, or in titles and reasons of replies."""
    if author == "reply":
        visible = re.sub(r"[^ -~]", "", words).replace("`", "")
        done = evolve(honest(3), Lie(f"Save {visible}"[:80], why=f"It says {visible}"[:300]))
    else:
        texts = [
            poisoned(f"t {n} {words}", f"{words}\nwb.save(path) {n}", feedback=words)
            for n in range(3)
        ]
        done = evolve(texts, Lie())
    assert done.branch, done.told["fates"]
    return done


@pytest.mark.parametrize("author", ["run", "reply"])
@pytest.mark.parametrize("words", HOSTILE)
def test_a_report_holds_nothing_alive(
    evolve: Evolve, capsys: pytest.CaptureFixture[str], words: str, author: str
) -> None:
    """Titles, reasons, quotes and tasks hold scripts, images, handlers, frames, links.

    Outcome: a browser sees none of them: all of it is text; no link or load leads to a stranger.
    """
    done = poisoned_round(evolve, words, author)
    assert run(["-C", str(done.repository.path), "report", "-o", "-"]) == 0
    shown = capsys.readouterr().out
    page = Page(shown)
    assert not page.tags & (ALIVE - {"svg"})
    assert not [name for name, _ in page.attributes if name.startswith("on") or name == "srcdoc"]
    reached = [value for name, value in page.attributes if name in {"href", "src", "action"}]
    assert not [value for value in reached if "canary" in value or "javascript" in value]
    assert not re.search("[\x1b\u202e\u2066\U000e0041]", shown)


@pytest.mark.parametrize("author", ["run", "reply"])
@pytest.mark.parametrize("words", HOSTILE)
def test_a_pull_request_holds_nothing_alive(
    evolve: Evolve, capsys: pytest.CaptureFixture[str], words: str, author: str
) -> None:
    """The same in the body of the pull request: Markdown, tables, Mermaid, mentions, issues.

    Outcome: rendered as a forge does, no HTML, link, image, mention or issue of a stranger is left.
    """
    done = poisoned_round(evolve, words, author)
    assert run(["-C", str(done.repository.path), "pr", "--body-only"]) == 0
    shown = capsys.readouterr().out
    assert done.branch in shown
    rendered = Page(FORGE.render(shown))
    assert not rendered.tags & {*ALIVE, "style", "b"}
    reached = [value for name, value in rendered.attributes if name in {"href", "src"}]
    assert not [value for value in reached if "canary" in value or "javascript" in value]
    outside = re.sub(r"<(code|pre)\b.*?</\1>", "", FORGE.render(shown), flags=re.DOTALL)
    assert not re.search(r"@everyone|(?<!\w)#1\b|GH-7|www\.canary|://canary", outside)
    assert not re.search("[\x1b\u202e\u2066\U000e0041]", shown)


@pytest.mark.parametrize("words", HOSTILE[-2:])
def test_a_terminal_is_not_steered(
    evolve: Evolve, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    """Escape sequences and direction controls in all that a round tells.

    Outcome: neither the summary nor `log`, `show` and `why` print any of them.
    """
    done = poisoned_round(evolve, words, "run")
    at = ["-C", str(done.repository.path)]
    run([*at, "log"])
    run([*at, "show", done.commits[0]])
    run([*at, "why", "skills/xlsx/SKILL.md:14", "--rev", done.branch])
    shown = capsys.readouterr()
    assert "Skillgit" in shown.out or "support" in shown.out.lower()
    for text in (done.said, shown.out, shown.err):
        assert not re.search("[\x1b\x07\u202e\u2066\U000e0041]", text)
