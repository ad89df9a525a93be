"""The use of a skill in a report: its lines, each with how many trajectories used it.

The number stands in front of each line, and the mark beside it is wider the more it was used: who
sees no colours, or prints the page, or hears it, loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from skillgit.names import SkillPath
from skillgit.publish.html import Html, cut, details, element, joined, table
from skillgit.publish.report_lessons import bar
from skillgit.skill.lines import text_lines
from skillgit.types import MANIFEST, Skill
from skillgit.usage import Count, SkillUse

_MOST_LINES = 600
_MOST_PAGES = 60
_MOST_NAMES = 100
_WIDTH = 300
_LEVELS = 4

Chapters = tuple[tuple[str, str, Html], ...]


def usage_chapter(skill: Skill, use: SkillUse | None) -> Chapters:
    """The chapter with its place and its name; none where no trajectories were given."""
    return () if use is None else (("usage", "Which lines are used", heat(skill, use)),)


def heat(skill: Skill, use: SkillUse) -> Html:
    """By section, then line by line."""
    if not use.had.runs:
        return element("p", "None of the trajectories that were given had this skill.")
    paths = [path for path in (MANIFEST, *use.lines) if path in use.lines]
    shown = list(dict.fromkeys(paths))[:_MOST_PAGES]
    left_out = len(use.lines) - len(shown)
    return joined(
        [
            element("p", _told(use)),
            _sections(use),
            _never(use),
            *(_page(skill, use, path) for path in shown),
            element("p", f"and {left_out} more files", class_="small") if left_out else "",
        ]
    )


def _told(use: SkillUse) -> str:
    more = f"; {use.unsaid:,} of them do not say which version" if use.unsaid else ""
    return (
        f"Counted in {use.had.runs:,} trajectories that had the skill at {use.commit[:12]}"
        f" ({use.had.passed:,} pass, {use.had.failed:,} fail{more}). A line is used where a"
        " trajectory quotes or names it, or has its command or code in a call; of files that are"
        " read on demand also where it was shown. These are lower bounds: an agent that has"
        " SKILL.md in its system prompt and follows it in words of its own leaves no trace."
    )


def _sections(use: SkillUse) -> Html:
    rows = (
        (
            f"{one.path}:{one.lines} {one.name[:120]}",
            f"{one.used.runs:,}",
            f"{one.used.passed:,}",
            f"{one.used.failed:,}",
            _bar(one.used, use.had.runs),
        )
        for one in use.sections
    )
    return table(("Section", "runs", "pass", "fail", "of all that had it"), rows, "rates")


def _bar(count: Count, had: int) -> Html:
    parts = (("fail", count.failed), ("pass", count.passed), ("c1", count.unknown))
    return bar(parts, had, f"used by {count.runs} of {had} trajectories")


def _never(use: SkillUse) -> Html:
    files = [str(one.path) for one in use.unopened]
    sections = (one for one in use.unused if one.path not in files)
    names = [*files, *(f"{one.path}:{one.lines} {one.name[:120]}" for one in sections)]
    if not names:
        return element("p", "Every section and every file was used.")
    more = len(names) - _MOST_NAMES
    rows = [element("li", name) for name in names[:_MOST_NAMES]]
    rows += [element("li", f"and {more:,} more")] if more > 0 else []
    return details(f"Never used ({len(names):,})", element("ul", *rows), is_open=True)


def _page(skill: Skill, use: SkillUse, path: SkillPath) -> Html:
    counts = use.lines[path]
    lines = text_lines(skill.text(path) or "")
    rows = list(_rows(lines, counts, use.had.runs))
    more = len(rows) - _MOST_LINES
    head = (element("th", name, scope="col") for name in ("runs", "line", "text"))
    used = sum(1 for count in counts if count)
    return details(
        f"{path}: {used:,} of {len(counts):,} lines used",
        element(
            "div",
            element(
                "table",
                element("thead", element("tr", *head)),
                element("tbody", *rows[:_MOST_LINES]),
                class_="heat",
            ),
            class_="wide",
        ),
        element("p", f"and {more:,} more lines", class_="small") if more > 0 else "",
        is_open=path == MANIFEST,
    )


def _rows(lines: Iterable[str], counts: Iterable[int], had: int) -> Iterator[Html]:
    for number, (line, count) in enumerate(zip(lines, counts, strict=True), start=1):
        words, _ = cut(line, 1, _WIDTH)
        yield element(
            "tr",
            element("td", f"{count:,}" if count else "0", class_=f"n h{level(count, had)}"),
            element("td", str(number), class_="n quiet"),
            element("td", element("code", words)),
        )


def level(count: int, had: int) -> int:
    """From 0, never used, to 4: more than three quarters of those that had it used it."""
    if not count or not had:
        return 0
    return min(_LEVELS, 1 + _LEVELS * (count - 1) // had)
