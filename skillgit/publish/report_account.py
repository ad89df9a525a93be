"""The accounts of a report: what went in and what became of it, what it took, what it is worth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from skillgit.adapters.timings import Timings
from skillgit.config import ErrorAnalyst
from skillgit.provenance.evidence import WithheldRecord
from skillgit.publish.html import NOTHING, Html, cut, details, element, joined, prose, table
from skillgit.publish.report_lessons import bar
from skillgit.publish.story import Story, strongest_withheld
from skillgit.publish.tree import Node, grown
from skillgit.review.totals import hidden_in_words, reasons
from skillgit.skill.placement import words_of
from skillgit.types import GateReport, Patch

_MOST_WITHHELD = 100
_MOST_CHILDREN = 40
_MOST_PROOFS = 50
_DEEPEST = 12
_MOST_REASONS = 30
_WORDS = 400


def counts(name: str, parts: Mapping[str, int], whole: str) -> Html:
    """What ended how, as numbers that add up, each with its share of the bar."""
    total = sum(parts.values())
    rows = [
        (joined([element("span", "", class_=f"key c{n % 6}"), f" {part}"]), f"{count:,}")
        for n, (part, count) in enumerate(parts.items())
    ]
    drawn = bar(((f"c{n % 6}", count) for n, count in enumerate(parts.values())), total, name)
    return element("div", drawn, table((name, ""), [*rows, (f"{whole}", f"{total:,}")], "sum"))


def account(story: Story) -> Html:
    """Trajectories and edits, each in one final state."""
    edits = {str(state): count for state, count in story.edits.items() if count}
    told = story.dossier.round
    kinds = hidden_in_words(told.hidden) or (
        f"{told.redactions} secrets" if told.redactions else ""
    )
    hidden = f"Hidden before any model saw them: {kinds}." if kinds else ""
    return joined(
        [
            element(
                "div",
                counts("Trajectories", story.trajectories, "found"),
                counts("Edits", edits, "proposed"),
                class_="two",
            ),
            element("p", hidden, class_="small") if hidden else "",
        ]
    )


# ------------------------------------------------------------------ what did not make it


def withheld(story: Story) -> Html:
    """Why edits did not make it, and the best supported of them."""
    out = story.dossier.withheld
    if not out:
        return element("p", "Every edit made it, or was merged into one that did.")
    groups = reasons(one.fate for one in out)
    rows: list[tuple[str, str]] = [(why, f"{count:,}") for why, count in groups[:_MOST_REASONS]]
    rest = sum(count for _, count in groups[_MOST_REASONS:])
    if rest:
        rows.append(("other reasons", f"{rest:,}"))
    told = strongest_withheld(story.dossier)
    shown = [_withheld(one) for one in told[:_MOST_WITHHELD]]
    more = len(out) - len(shown)
    if more:
        shown.append(element("li", f"and {more:,} more: {_document(story, 'withheld.json')}"))
    return joined(
        [
            table(("Reason", "Edits"), rows),
            details(f"One by one ({len(out):,})", element("ul", *shown, class_="plain"))
            if told
            else "",
        ]
    )


def _withheld(one: WithheldRecord) -> Html:
    if one.edit is None:
        return element("li", one.fate.reason[:_WORDS])
    words, more = cut(words_of(one.edit.change), 6, _WORDS)
    return element(
        "li",
        element("strong", prose(one.edit.lesson.title[:120])),
        f" ({one.edit.support}) ",
        element("span", f"{one.fate.state}: {one.fate.reason[:_WORDS]}", class_="quiet"),
        element("pre", words, " […]" if more else "", class_="quote"),
    )


def _document(story: Story, name: str) -> str:
    return f"git show refs/skillgit/rounds/{story.id}:{name}"


# ------------------------------------------------------------------ merges


def merges(story: Story) -> Html:
    """The tree, its root first."""
    trees = grown(story.dossier.merges)
    if not trees:
        return element("p", "Nothing was merged.")
    asked = sum(tree.record.how.startswith("model") for tree in _all(trees))
    return joined(
        [
            element(
                "p", f"{len(story.dossier.merges)} merges, {asked} of them decided by the model."
            ),
            _branches(trees, _DEEPEST),
        ]
    )


def _all(nodes: Iterable[Node]) -> Iterator[Node]:
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        yield node
        waiting += node.children


def _branches(nodes: Sequence[Node], depth: int) -> Html:
    if not depth:
        return element("p", "deeper merges are in the evidence", class_="small")
    rows = [_node(node, depth) for node in nodes[:_MOST_CHILDREN]]
    if len(nodes) > _MOST_CHILDREN:
        rows.append(element("li", f"and {len(nodes) - _MOST_CHILDREN} more", class_="quiet"))
    return element("ul", *rows, class_="tree")


def _node(node: Node, depth: int) -> Html:
    record = node.record
    facts = [node.flow]
    facts += [f"{node.joined} joined"] if node.joined else []
    facts += [f"{node.withheld} withheld"] if node.withheld else []
    return element(
        "li",
        element("span", node.name, class_="badge"),
        f" {', '.join(facts)} ",
        element("span", record.how[:200], class_="warn" if node.fell_back else "quiet"),
        _branches(node.children, depth - 1) if node.children else "",
    )


# ------------------------------------------------------------------ proofs and the gate


def proofs(story: Story) -> Html:
    """How error analysts fared, and the programs that proved something."""
    this = story.dossier.round
    found = dict(this.error_analysts)
    if not found.get("asked"):
        single = this.settings.get("analyze.error_analyst") == ErrorAnalyst.SINGLE_CALL
        return element(
            "p",
            "Error analysts were single calls: why a run failed is only plausible."
            if single
            else "No error analyst was asked to prove a cause.",
        )
    asked = found.pop("asked")
    named = {"proved their cause": found.pop("proven", 0), **found}
    proven = [patch for patch in story.dossier.patches.values() if patch.proof]
    shown = [_proof(patch) for patch in proven[:_MOST_PROOFS]]
    if len(proven) > len(shown):
        shown.append(element("p", f"and {len(proven) - len(shown)} more", class_="small"))
    return joined(
        [
            counts("Error analysts", {key: one for key, one in named.items() if one}, "asked")
            if sum(named.values()) == asked
            else element("p", f"{asked} asked; the parts of the account do not add up."),
            *shown,
        ]
    )


def _proof(patch: Patch) -> Html:
    proof = patch.proof
    if proof is None:
        return NOTHING
    words, more = cut(proof.program, 60, _WORDS)
    head = f"{patch.trajectory}: passes {proof.cases} cases, after {proof.attempts} attempts"
    causes = [element("p", cause.what[:_WORDS]) for cause in patch.causes[:3]]
    ending = f"\n[{more} more lines]" if more else ""
    return details(head, *causes, element("pre", words, ending, class_="quote"))


def gate(story: Story) -> Html:
    """Base and new skill on tasks that gave no trajectory."""
    found = story.dossier.gate
    if found is None:
        return element("p", "No other tasks were given, so nobody knows whether it is better.")
    remarks = [element("li", remark[:_WORDS]) for remark in found.remarks]
    remarks += [
        element(
            "li",
            f"dropped, since the agent does better without it: {harm.title[:120]}"
            f" ({_percent(harm.score_with)} with it, {_percent(harm.score_without)} without)",
        )
        for harm in found.dropped
    ]
    return joined(
        [
            element(
                "p",
                element("strong", found.verdict.upper(), class_=f"verdict {_tone(found)}"),
                f" difference {100 * found.difference:+.1f} points,"
                f" 95 % interval {100 * found.low:+.1f} to {100 * found.high:+.1f}",
            ),
            table(
                ("Skill", "passes", ""),
                [
                    ("base", _percent(found.base), _rate(found.base, "base")),
                    ("new", _percent(found.evolved), _rate(found.evolved, "new")),
                ],
                "rates",
            ),
            element(
                "p",
                f"{found.tasks} tasks × {len(found.seeds)} seeds; {found.won} tasks won,"
                f" {found.lost} lost, {found.tied} tied (exact McNemar p = {found.p:.3g})",
                class_="small",
            ),
            element("ul", *remarks) if remarks else "",
        ]
    )


def _tone(found: GateReport) -> str:
    return {"better": "good", "worse": "bad"}.get(found.verdict, "even")


def _rate(share: float, name: str) -> Html:
    parts = (("pass", share), ("rest", 1 - share))
    return bar(parts, 1.0, f"{name}: {_percent(share)}")


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


# ------------------------------------------------------------------ what it took


def took(timings: Timings | None) -> Html:
    """Seconds, calls and tokens of the run that made the round."""
    if timings is None:
        return element(
            "p",
            "The round was made elsewhere: seconds, calls and tokens stay with the repository that"
            " made it and are no part of the evidence.",
        )
    used = timings.usage
    known = sum(timings.stages.values())
    rows: list[tuple[str, str, str]] = [
        (
            stage[:60],
            _seconds(spent),
            bar([("c0", spent)], timings.seconds, f"{stage}: {spent:.1f} s"),
        )
        for stage, spent in timings.stages.items()
    ]
    rest = timings.seconds - known
    if rest > 0:
        name = "reading, guarding, recording"
        rows.append((name, _seconds(rest), bar([("c1", rest)], timings.seconds, name)))
    answered = used.calls + used.cached_calls
    calls = [
        ("calls answered by the endpoint", f"{used.calls:,}"),
        (
            "calls answered from the cache",
            f"{used.cached_calls:,}{_share(used.cached_calls, answered)}",
        ),
        ("calls that failed", f"{used.failed_calls:,}"),
        ("prompt tokens", f"{used.prompt_tokens:,}"),
        (
            "of these cached by the server",
            f"{used.cached_tokens:,}{_share(used.cached_tokens, used.prompt_tokens)}",
        ),
        ("output tokens", f"{used.output_tokens:,}"),
    ]
    ended = datetime.fromtimestamp(timings.ended, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return joined(
        [
            table(("Stage", "Seconds", ""), [*rows, ("all", _seconds(timings.seconds), "")], "sum"),
            table(("Model", ""), calls),
            element(
                "p",
                f"Of the run that ended {ended}. What a run took that was killed before it, and"
                " then resumed, is not in it.",
                class_="small",
            ),
        ]
    )


def _seconds(spent: float) -> str:
    return f"{spent:,.1f}"


def _share(part: int, whole: int) -> str:
    return f" ({100 * part / whole:.0f} %)" if whole and part else ""
