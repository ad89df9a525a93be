"""The body of a pull request: what a reviewer wants to know of a round before the diff.

A forge takes 65,536 characters. Everything but the tables has a bounded size; the tables take what
is left, and say how many rows are missing and where they are. The trailers come last, whole.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence

from skillgit.config import ErrorAnalyst
from skillgit.provenance.squash import Squash, SquashedLesson, render_squash
from skillgit.provenance.trailers import told_of
from skillgit.publish import markdown
from skillgit.publish.markdown import block, code, table, text
from skillgit.publish.mermaid import Ends, picture
from skillgit.publish.reproduction import reproduction
from skillgit.publish.story import Story, Told, strongest_withheld
from skillgit.review.totals import reasons
from skillgit.types import Result, State
from skillgit.usage.cuts import SIGNALS

LIMIT = 65_536
"""Characters that GitHub takes."""
BUDGET = 60_000
"""Bytes that we write at most."""
MOST_TRAILERS = 150
_LEAST_FOR_LESSONS = 8_000
"""Bytes; what else has to go then stands in the report and in the evidence."""
_MOST_WITHHELD = 5
_MOST_REASONS = 12
_MOST_DROPPED = 20


def title(story: Story) -> str:
    """The title of the pull request, in one line."""
    name = story.base.folder or "skill"
    draft = "draft: " if story.draft else ""
    return markdown.clipped(f"{draft}{name}: {_opening(story)}", 120)


def _opening(story: Story) -> str:
    analysed = len(story.dossier.round.analysed)
    return f"{_count(len(story.kept), 'lesson')} from {_count(analysed, 'trajectory')}"


def body(story: Story, remote: str = "origin") -> str:
    """The whole body, in Markdown, at most `BUDGET` bytes."""
    parts: dict[str, str] = {
        "what": "\n\n".join([_paragraph(story), *_warnings(story)]),
        "lessons": "",
        "dropped": "".join(_dropped(story)),
        "leaving out": _leaving_out(story, remote),
        "size": _sizes(story),
        "gate": "".join(_gate(story)),
        "proofs": "".join(_proofs(story)),
        "withheld": "".join(_withheld(story)),
        "merges": "".join(_merges(story)),
        "again": _again(story, remote),
        "trailers": render_squash(_squash(story)),
    }
    for name in ("merges", "dropped", "withheld", "gate", "again"):
        if BUDGET - _bytes(parts) >= _LEAST_FOR_LESSONS:
            break
        parts[name] = ""
    parts["lessons"] = _lessons(story, BUDGET - _bytes(parts))
    return "\n\n".join(filter(None, parts.values())) + "\n"


def _bytes(parts: Mapping[str, str]) -> int:
    return sum(len(part.encode()) + 2 for part in parts.values())


# ------------------------------------------------------------------ what changed


def _paragraph(story: Story) -> str:
    this = story.dossier.round
    found = story.dossier.trajectories.values()
    ends = [one.outcome.result for one in found]
    parts = [f"This branch teaches {code(story.skill)} {_opening(story)}"]
    parts.append(f"({ends.count(Result.PASS)} passed, {ends.count(Result.FAIL)} failed),")
    if this.signals == SIGNALS:
        parts.append("each searched for traces of the skill; no model was asked.")
    else:
        parts.append(f"each read by one analyst, the model {code(this.model)}.")
    for best in story.kept[:1]:
        support = best.record.support
        parts.append(
            f"The best supported lesson, taught by {support.sources} of {support.analysed}, is"
            f" “{text(best.record.title, 120)}”."
        )
    if this.rebased_from:
        parts.append(f"These are the lessons of round {this.rebased_from}, put on another base.")
    parts.append(
        f"SKILL.md goes from {story.before.lines} to {story.after.lines} lines and from about"
        f" {_n(story.before.tokens)} to {_n(story.after.tokens)} tokens. Each commit is one lesson;"
        " they commute, so any of them can be left out."
    )
    return " ".join(parts)


def _warnings(story: Story) -> Iterable[str]:
    gate = story.dossier.gate
    if gate and not gate.passed:
        yield f"**Draft: on the tasks of the gate it is not shown to be better ({gate.verdict}).**"
    waiting = [one for one in story.kept if one.question.is_open]
    if waiting:
        names = ", ".join(str(one.number) for one in waiting[:_MOST_DROPPED])
        yield (
            f"**{_count(len(waiting), 'lesson')} must not be merged before a person approves of"
            f" what is brought in** (number {names}): `skillgit approve"
            f" {story.id}/{waiting[0].number}`; until then `skillgit check --range` fails (SG403)."
        )
    if story.dossier.problems:
        count = _count(len(story.dossier.problems), "document")
        yield (
            f"**{count} of its evidence cannot be read,** so this is not the whole tale;"
            f" `skillgit evidence verify` says which."
        )


_COLUMNS = ("#", "Lesson", "Support", "Fail", "Pass", "Files", "Tokens", "Commit")


def _lessons(story: Story, room: int) -> str:
    """The table, with as many rows as there is room for."""
    head = "### Lessons\n\n"
    foot = (
        "\n\nSupport: how many of the analysed trajectories taught it. Tokens: what it adds to"
        " SKILL.md, which every task pays for, + to files that are read on demand (estimated)."
    )
    if not story.kept:
        return f"{head}The branch has no lessons any more."
    more = f"\n\n{len(story.kept)} in all; `skillgit log` lists the others."
    room -= len((head + foot + more + table(_COLUMNS, [])).encode()) + 100
    rows = _fitting([_row(one) for one in story.kept], room)
    if len(rows) == len(story.kept):
        more = ""
    right = ("#", "Support", "Fail", "Pass", "Tokens")
    return f"{head}{table(_COLUMNS, rows, right)}{foot}{more}"


def _row(one: Told) -> tuple[str, ...]:
    support = one.record.support
    return (
        str(one.number),
        f"**{text(one.record.title, 120)}**<br>{text(one.record.reason, 240)}{_notes(one)}",
        f"{support.sources}/{support.analysed}",
        str(support.failed),
        str(support.passed),
        "<br>".join(code(path, 80) for path in one.files[:3]) + ("<br>…" if one.files[3:] else ""),
        _cost(one),
        (one.commit or "")[:10],
    )


def _notes(one: Told) -> str:
    """What it brings in, and what people said when they dropped it before."""
    asks = f"<br>⚠ {text(str(one.question), 200)}" if one.question.gains else ""
    return asks + "".join(f"<br>↩ {text(told_of(back))}" for back in one.record.returned[:3])


def _cost(one: Told) -> str:
    more = f" + {one.other_tokens}" if one.other_tokens else ""
    return f"{one.tokens:+d}{more}"


def _fitting(rows: Sequence[tuple[str, ...]], room: int) -> list[tuple[str, ...]]:
    kept = []
    for row in rows:
        room -= len(f"| {' | '.join(row)} |\n".encode())
        if room < 0:
            break
        kept.append(row)
    return kept


def _dropped(story: Story) -> Iterable[str]:
    if not story.dropped:
        return
    lines = [f"- {text(one.record.title, 120)}{_why(one)}" for one in story.dropped[:_MOST_DROPPED]]
    more = len(story.dropped) - len(lines)
    if more:
        lines.append(f"- and {more} more")
    yield "\n".join(["### Dropped from this branch", "", *lines])


def _why(one: Told) -> str:
    return f": {text(one.refusal.reason, 200)}" if one.refusal and one.refusal.reason else ""


def _leaving_out(story: Story, remote: str) -> str:
    number = story.kept[-1].number if story.kept else 1
    lines = (
        f'skillgit drop {story.id}/{number} --reason "why not"   # any number of the table above',
        f"git push --force-with-lease {shlex.quote(remote)} {_branch(story)}",
    )
    return f"### To leave one out\n\n{block(chr(10).join(lines), 'sh')}"


# ------------------------------------------------------------------ what it costs, what it gains


def _sizes(story: Story) -> str:
    before, after = story.before, story.after
    rows = [
        _change("SKILL.md, lines", before.lines, after.lines),
        _change("SKILL.md, tokens", before.tokens, after.tokens),
        _change("read on demand, lines", before.other_lines, after.other_lines),
        _change("read on demand, tokens", before.other_tokens, after.other_tokens),
    ]
    columns = ("", "before", "after", "change")
    return f"### Size\n\n{table(columns, rows, columns[1:])}"


def _change(name: str, before: int, after: int) -> tuple[str, ...]:
    return name, _n(before), _n(after), f"{after - before:+,d}" if after != before else "0"


def _gate(story: Story) -> Iterable[str]:
    gate = story.dossier.gate
    if gate is None:
        return
    figures = (
        f"**{gate.verdict.upper()}**: {100 * gate.base:.1f} % → {100 * gate.evolved:.1f} % of"
        f" {_count(gate.tasks, 'task')} × {_count(len(gate.seeds), 'seed')} pass; difference"
        f" {100 * gate.difference:+.1f} points, 95 % interval {100 * gate.low:+.1f} to"
        f" {100 * gate.high:+.1f}; {gate.won} tasks won, {gate.lost} lost, {gate.tied} tied."
    )
    remarks = [f"- {text(remark)}" for remark in gate.remarks[:_MOST_REASONS]]
    hurt = [
        f"- dropped, since the agent does better without it: {text(harm.title, 120)}"
        f" ({100 * harm.score_with:.1f} % with it, {100 * harm.score_without:.1f} % without)"
        for harm in gate.dropped[:_MOST_REASONS]
    ]
    yield "\n".join(["### Measured on other tasks", "", figures, "", *remarks, *hurt]).rstrip()


def _proofs(story: Story) -> Iterable[str]:
    counts = dict(story.dossier.round.error_analysts)
    if not counts.get("asked"):
        if story.dossier.round.settings.get("analyze.error_analyst") == ErrorAnalyst.SINGLE_CALL:
            yield (
                "### Proofs\n\nNone: error analysts were single calls here, so why a run failed is"
                " only plausible."
            )
        return
    asked, proven = counts.pop("asked"), counts.pop("proven", 0)
    rest = "; ".join(f"{number} {text(kind, 40)}" for kind, number in counts.items() if number)
    yield (
        f"### Proofs\n\n{proven} of {asked} error analysts proved why their run failed, by a"
        " program that skillgit ran itself on fresh inputs"
        f"{f'. The others taught nothing: {rest}' if rest else ''}."
    )


# ------------------------------------------------------------------ what did not make it, and how


def _withheld(story: Story) -> Iterable[str]:
    out = story.dossier.withheld
    if not out:
        return
    sums = " + ".join(f"{count} {state}" for state, count in story.edits.items())
    groups = reasons(one.fate for one in out)
    rows = [(text(reason, 120), str(count)) for reason, count in groups[:_MOST_REASONS]]
    rest = sum(count for _, count in groups[_MOST_REASONS:])
    if rest:
        rows.append(("other reasons", str(rest)))
    lines = [
        "### What did not make it",
        "",
        f"{_count(sum(story.edits.values()), 'edit')} proposed = {sums}.",
        "",
        table(("reason", "edits"), rows, ("edits",)),
    ]
    strongest = [one for one in strongest_withheld(story.dossier) if one.edit][:_MOST_WITHHELD]
    if strongest:
        lines += ["", "The best supported of them:", ""]
    for one in strongest:
        if one.edit:
            words = text(one.edit.lesson.title, 120)
            lines.append(f"- {words} ({one.edit.support}): {text(one.fate.reason, 160)}")
    lines += ["", f"All of them: `git show {_ref(story)}:withheld.json`."]
    yield "\n".join(lines)


def _merges(story: Story) -> Iterable[str]:
    edits = sum(story.edits.values())
    fallen = [
        f"{story.edits.get(state, 0)} {state}"
        for state in (State.REJECTED, State.WITHHELD)
        if story.edits.get(state)
    ]
    lessons = len(story.dossier.lessons)
    ends = Ends(
        analysts=(_count(len(story.dossier.patches), "analyst"), _count(edits, "edit")),
        lessons=(_count(lessons, "lesson"),),
        fallen=fallen,
    )
    drawn = picture(story.dossier.merges, ends)
    if drawn:
        yield (
            "<details><summary>How the edits were merged</summary>\n\n"
            f"{block(drawn, 'mermaid')}\n\n</details>"
        )


def _again(story: Story, remote: str) -> str:
    fetch = f"git fetch {shlex.quote(remote)} '{_ref(story)}:{_ref(story)}'"
    check = f"skillgit check --range {story.base.commit[:12]}..{_branch(story)}"
    return (
        "### To check it, and to make it again\n\n"
        "The first two need no model: what is claimed here is recomputed from Git.\n\n"
        f"{block(chr(10).join([fetch, check, reproduction(story)]), 'sh')}"
    )


def _branch(story: Story) -> str:
    return shlex.quote(story.branch) if story.branch else "BRANCH"


def _ref(story: Story) -> str:
    return f"refs/skillgit/rounds/{story.id}"


def _squash(story: Story) -> Squash:
    this = story.dossier.round
    told = [SquashedLesson(one.evidence, one.record.patch) for one in story.kept[:MOST_TRAILERS]]
    return Squash(story.id, this.skill, this.base, story.evidence, tuple(told), this.model[:200])


def _count(number: int, word: str) -> str:
    plural = f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"
    return f"{_n(number)} {word if number == 1 else plural}"


def _n(number: int) -> str:
    return f"{number:,}"
