"""A round as one page of HTML: no script, no request, nothing from outside.

The page forbids itself everything but its own style sheet, by that sheet's digest. So even text
that had found a way around the escaping could neither run nor fetch anything.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

from skillgit.adapters.resources import resource
from skillgit.publish import report_account as accounts
from skillgit.publish.html import NOTHING, Html, element, joined, style, table
from skillgit.publish.report_lessons import chart, lessons
from skillgit.publish.report_usage import usage_chapter
from skillgit.publish.report_worth import worth
from skillgit.publish.reproduction import reproduction
from skillgit.publish.story import Story
from skillgit.types import State
from skillgit.usage import SkillUse

MARK = "<!doctype html><!-- skillgit report -->"
_LATEST = 253_402_300_799
"""The last second of the year 9999."""


def report(story: Story, use: SkillUse | None = None) -> str:
    """The whole page; with the use of the round's base where trajectories tell it."""
    css = resource("templates", "report", "report.css").read_text(encoding="utf-8")
    allowed = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", f"{story.base.folder or 'skill'}: round {story.id}"),
        style(css),
    )
    page = element("html", head, element("body", _page(story, use)), lang="en", dir="ltr")
    # Half of an emoji is no character; UTF-8 has no bytes for it.
    return f"{MARK}\n{page}\n".encode("utf-8", "replace").decode()


def _page(story: Story, use: SkillUse | None) -> Html:
    chapters = (
        ("lessons", "Lessons", joined([chart(story), lessons(story), _dropped(story)])),
        ("gate", "Is it better?", accounts.gate(story)),
        ("worth", "What each lesson is worth", worth(story)),
        *usage_chapter(story.base, use),
        ("account", "What became of everything", accounts.account(story)),
        ("withheld", "What did not make it", accounts.withheld(story)),
        ("merges", "How the edits were merged", accounts.merges(story)),
        ("proofs", "Proofs", accounts.proofs(story)),
        ("took", "What it took", accounts.took(story.timings)),
        ("again", "To check it, and to make it again", _again(story)),
    )
    menu = (element("a", name, href=f"#{place}") for place, name, _ in chapters)
    return joined(
        [
            element("header", *_header(story)),
            element("nav", *menu, aria_label="Chapters"),
            element(
                "main",
                *(
                    element("section", element("h2", name), inside, id=place)
                    for place, name, inside in chapters
                ),
            ),
            element("footer", element("p", _source(story))),
        ]
    )


def _header(story: Story) -> list[Html]:
    this = story.dossier.round
    began = datetime.fromtimestamp(min(max(this.started, 0), _LATEST), UTC)
    facts = (
        f"Round {this.round}, {began:%Y-%m-%d %H:%M} UTC, model {this.model[:120]},"
        f" on {story.skill} at {this.base[:12]}"
        + (f", branch {story.branch}" if story.branch else ", whose branch is gone")
    )
    parts = [
        element(
            "h1", f"{_many(len(story.kept), 'lesson')} for {story.base.folder or 'this skill'}"
        ),
        element("p", facts, class_="quiet"),
        _cards(story),
    ]
    if story.draft and story.dossier.gate:
        verdict = story.dossier.gate.verdict
        words = f"A draft: on the tasks of the gate it is not shown to be better ({verdict})."
        parts.insert(2, element("p", words, class_="warn"))
    if story.dossier.problems:
        words = f"Not the whole tale: {'; '.join(story.dossier.problems[:5])[:500]}"
        parts.append(element("p", words, class_="warn"))
    return parts


def _cards(story: Story) -> Html:
    before, after = story.before, story.after
    taught = story.trajectories.get("taught a lesson", 0)
    edits = sum(story.edits.values())
    cards = (
        (f"{taught:,}", f"of {sum(story.trajectories.values()):,} trajectories taught a lesson"),
        (f"{story.edits.get(State.APPLIED, 0):,}", f"of {edits:,} proposed edits applied"),
        (f"{after.lines - before.lines:+,}", f"lines of SKILL.md, now {after.lines:,}"),
        (
            f"{after.tokens - before.tokens:+,}",
            f"tokens for every task, now about {after.tokens:,}",
        ),
        (
            f"{after.other_tokens - before.other_tokens:+,}",
            f"tokens read on demand, now about {after.other_tokens:,}",
        ),
    )
    return element(
        "ul",
        *(element("li", element("b", number), f" {words}") for number, words in cards),
        class_="cards",
    )


def _dropped(story: Story) -> Html:
    if not story.dropped:
        return NOTHING
    rows = (
        (
            str(one.number),
            one.record.title[:120],
            one.refusal.reason[:300] if one.refusal else "",
        )
        for one in story.dropped
    )
    return joined([element("h3", "Dropped"), table(("#", "Lesson", "Why"), rows)])


def _again(story: Story) -> Html:
    ref = f"refs/skillgit/rounds/{story.id}"
    tip = story.branch or "BRANCH"
    lines = (
        f"git fetch origin '{ref}:{ref}'",
        f"skillgit check --range {story.base.commit[:12]}..{tip}",
        reproduction(story),
    )
    note = "The first two need no model: what this page claims is recomputed from Git."
    return joined([element("p", note), element("pre", "\n".join(lines), class_="quote")])


def _source(story: Story) -> str:
    return (
        f"Made by skillgit from the evidence {story.evidence[:12]}. Nothing on this page was"
        " fetched, and nothing in it runs."
    )


def _many(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
