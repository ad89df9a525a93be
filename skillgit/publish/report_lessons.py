"""The lessons of a report: each hunk of the diff beside the lines that taught it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from skillgit.provenance.evidence import Source
from skillgit.provenance.trailers import told_of
from skillgit.publish.html import Html, cut, details, element, joined, prose
from skillgit.publish.report_worth import badge
from skillgit.publish.story import Story, Told
from skillgit.skill.hunks import Hunk, hunks
from skillgit.skill.lines import split_lines
from skillgit.types import Edit, Quote, Result, Skill

_OPEN = 12
"""Lessons that are unfolded from the start."""
_MOST_ROWS = 80
_MOST_QUOTES = 4
_MOST_QUOTE_LINES = 14
_MOST_SOURCES = 20
_WIDTH = 500
_CONTEXT = 2


def chart(story: Story) -> Html:
    """Support by lesson: a bar for each, red for the runs that failed and green for the others."""
    most = max((one.record.support.sources for one in story.kept), default=1)
    rows = [_bar(one, most) for one in story.kept]
    legend = element(
        "p",
        element("span", "", class_="key fail"),
        " failed ",
        element("span", "", class_="key pass"),
        " passed ",
        element("span", "", class_="key unknown"),
        " unknown, of the trajectories that taught it",
        class_="legend",
    )
    return joined([element("ol", *rows, class_="chart"), legend])


def _bar(one: Told, most: int) -> Html:
    support = one.record.support
    parts = (("fail", support.failed), ("pass", support.passed), ("unknown", support.unknown))
    name = f"{support.sources} of {support.analysed}: {support.failed} fail, {support.passed} pass"
    return element(
        "li",
        element(
            "a", f"{one.number}. ", prose(one.record.title[:120]), href=f"#lesson-{one.number}"
        ),
        bar(parts, most, name),
        element("span", f"{support.sources}/{support.analysed}", class_="n"),
    )


def bar(parts: Iterable[tuple[str, float]], whole: float, name: str) -> Html:
    """One bar of several parts, as wide as the page lets it be."""
    at, rects = 0.0, []
    for kind, amount in parts:
        width = 1000 * amount / whole if whole else 0
        if width > 0:
            rects.append(
                element("rect", x=f"{at:.2f}", y=0, width=f"{width:.2f}", height=10, class_=kind)
            )
        at += width
    return element(
        "svg",
        *rects,
        viewBox="0 0 1000 10",
        preserveAspectRatio="none",
        role="img",
        aria_label=name,
        class_="bar",
    )


def lessons(story: Story) -> Html:
    """All lessons that the branch has, the first ones unfolded."""
    return joined(
        element(
            "article",
            details(_head(story, one), _told(story, one), is_open=number < _OPEN),
            id=f"lesson-{one.number}",
            class_="lesson",
        )
        for number, one in enumerate(story.kept)
    )


def _head(story: Story, one: Told) -> Html:
    support = one.record.support
    mix = f"{support.failed} fail, {support.passed} pass"
    cost = f"{one.tokens:+d} tokens"
    more = f", {one.other_tokens:+d} on demand" if one.other_tokens else ""
    return joined(
        [
            element("span", f"{one.number}. ", prose(one.record.title[:300]), class_="title"),
            element("span", f"{support.sources}/{support.analysed} ({mix})", class_="badge"),
            element("span", f"{cost}{more}", class_="badge quiet"),
            badge(story.worth_of(one)),
        ]
    )


def _told(story: Story, one: Told) -> Html:
    record = one.record
    where = f"commit {one.commit[:12]}" if one.commit else "in no commit that is here"
    return joined(
        [
            element("p", prose(record.reason[:2000])),
            *(element("p", prose(told_of(back)[:_WIDTH])) for back in record.returned),
            *_question(one),
            *(_edit(story, edit) for edit in record.edits),
            _sources(story, record.sources),
            element("p", f"{where} · {story.id}/{one.number}", class_="small"),
        ]
    )


def _question(one: Told) -> Iterator[Html]:
    """What a person must approve of, and who did."""
    asked = one.question
    if asked.gains:
        word = "Needs a person's approval: it brings in" if asked.is_open else "It brings in"
        yield element("p", element("strong", f"{word} {asked.wants[:_WIDTH]}."))
    for approval in asked.approvals:
        why = f": {approval.reason}" if approval.reason else ""
        yield element("p", f"Approved by {approval.by}{why}"[:_WIDTH])


def _edit(story: Story, edit: Edit) -> Html:
    quotes = [_quote(story, quote) for quote in edit.quotes[:_MOST_QUOTES]]
    more = len(edit.quotes) - len(quotes)
    if more > 0:
        quotes.append(element("p", f"and {more} more quotations", class_="small"))
    if not quotes:
        quotes.append(element("p", "No line of a trajectory is quoted.", class_="small"))
    return element(
        "div",
        element("div", *diff(story.base, edit), class_="diff"),
        element("div", *quotes, class_="quotes"),
        class_="pair",
    )


# ------------------------------------------------------------------ diff


def diff(skill: Skill, edit: Edit) -> Iterator[Html]:
    """Each hunk of an edit, with a little of what stands around it."""
    for hunk in hunks(skill, edit.change):
        rows = list(_rows(skill, hunk))
        more = len(rows) - _MOST_ROWS
        path = f"{skill.root}/{hunk.path}" if skill.root else str(hunk.path)
        note = _note(hunk)
        yield element(
            "figure",
            element("figcaption", path, element("span", note, class_="quiet") if note else ""),
            element("div", *rows[:_MOST_ROWS], class_="lines"),
            element("p", f"and {more} more lines", class_="small") if more > 0 else "",
        )


def _note(hunk: Hunk) -> str:
    if not hunk.whole:
        return ""
    return " (new file)" if hunk.new else " (deleted)"


def _rows(skill: Skill, hunk: Hunk) -> Iterator[Html]:
    old = split_lines(skill.files.get(hunk.path, b""))
    for number in range(max(0, hunk.first - _CONTEXT), hunk.first):
        yield _row("", number + 1, old[number])
    for number in range(hunk.first, hunk.last):
        yield _row("del", number + 1, old[number])
    for line in hunk.new:
        yield _row("ins", None, line)
    for number in range(hunk.last, min(len(old), hunk.last + _CONTEXT)):
        yield _row("", number + 1, old[number])


def _row(kind: str, number: int | None, line: bytes) -> Html:
    words, _ = cut(line.decode("utf-8", "replace").rstrip("\r\n"), 1, _WIDTH)
    sign = {"ins": "+", "del": "−"}.get(kind, " ")
    return element(
        kind or "div",
        element("span", str(number) if number else "", class_="no"),
        element("span", sign, class_="sign"),
        element("code", words),
        class_="row",
    )


# ------------------------------------------------------------------ evidence


def _quote(story: Story, quote: Quote) -> Html:
    known = story.dossier.trajectories.get(quote.trajectory)
    words, more = cut(quote.text, _MOST_QUOTE_LINES, _WIDTH)
    several = "" if quote.lines.first == quote.lines.last else "s"
    source = f"{quote.trajectory}, step {quote.step}, line{several} {quote.lines}"
    return element(
        "figure",
        element("pre", words, f"\n[{more} more lines]" if more else "", class_="quote"),
        element(
            "figcaption",
            source,
            " ",
            outcome(known.outcome.result) if known else "",
            element("span", f" task {known.task[:80]}", class_="quiet") if known else "",
        ),
    )


def outcome(result: Result) -> Html:
    """How a run ended, as a coloured word."""
    return element("span", str(result), class_=f"end {result}")


def _sources(story: Story, sources: Sequence[Source]) -> Html:
    shown = [
        element(
            "li",
            str(source.trajectory),
            " ",
            outcome(source.result),
            element("span", f" {_task(story, source)}", class_="quiet"),
        )
        for source in sources[:_MOST_SOURCES]
    ]
    more = len(sources) - len(shown)
    if more:
        shown.append(element("li", f"and {more} more", class_="quiet"))
    plural = "y" if len(sources) == 1 else "ies"
    return details(
        f"{len(sources)} source trajector{plural}", element("ul", *shown, class_="plain")
    )


def _task(story: Story, source: Source) -> str:
    known = story.dossier.trajectories.get(source.trajectory)
    return known.task[:80] if known else ""
