"""What a person reads of a measurement or a comparison: text and Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap

from skillgit.evaluation.comparison import Comparison, Measurement, Rates, TaskPair, Verdict
from skillgit.evaluation.plot import bars, line
from skillgit.evaluation.runs import Ended

_COLUMNS = 100
_SHOWN = 12
"""Tasks that are named; the JSON names all."""

_MEANING = {
    Verdict.BETTER: "the whole interval lies above 0",
    Verdict.WORSE: "the whole interval lies below 0",
    Verdict.EQUAL: "the difference is surely less than two points",
    Verdict.UNCLEAR: "the interval holds 0; these runs do not tell which one is better",
}


@dataclass(frozen=True, slots=True)
class _Part:
    """A paragraph, a table (its first row is the head) or lines whose columns must be kept."""

    prose: str = ""
    table: Sequence[Sequence[str]] = ()
    drawing: Sequence[str] = ()


def text(of: Measurement | Comparison) -> str:
    """For a terminal: fixed columns, no colours."""
    blocks = []
    for part in _parts(of):
        if part.table:
            blocks.append("\n".join(_columns(part.table)))
        else:
            blocks.append("\n".join(part.drawing or wrap(part.prose, _COLUMNS)))
    return "\n\n".join(blocks) + "\n"


def markdown(of: Measurement | Comparison) -> str:
    """For a pull request; what comes from tasks, models and skills cannot turn into markup."""
    blocks = []
    for part in _parts(of):
        if part.table:
            head, *rows = ([escaped(cell) for cell in row] for row in part.table)
            rule = ["---", *["---:"] * (len(head) - 1)]
            blocks.append("\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows)))
        elif part.drawing:
            blocks.append("\n".join(("```text", *part.drawing, "```")))
        else:
            blocks.append(escaped(part.prose))
    return "\n\n".join(blocks) + "\n"


def escaped(prose: str) -> str:
    """Text of strangers that Markdown leaves as it is."""
    return "".join(f"\\{char}" if char in r"\`*_[]<>|#!~@&" else char for char in prose)


def _columns(table: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if not i else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]


def _parts(of: Measurement | Comparison) -> list[_Part]:
    return _measurement(of) if isinstance(of, Measurement) else _comparison(of)


def _measurement(of: Measurement) -> list[_Part]:
    low, high = percent(of.success.low), percent(of.success.high)
    several = len(of.seeds) > 1
    return [
        _Part(_one_line(f"{of.subject.label}: {_what_was_run(of)}")),
        _Part(
            table=[
                ("", of.subject.label),
                (_success(of), percent(of.success.estimate)),
                ("95 % interval", f"{low} to {high}"),
                ("share of cases", percent(of.soft)),
                *((f"by the scorer {name}", percent(rate)) for name, rate in of.official.items()),
                *((f"seed {seed}", percent(rate)) for seed, rate in of.by_seed.items() if several),
                *(
                    (
                        f"{_one_line(name) or 'other kinds'}, {group.tasks} tasks",
                        percent(group.hard),
                    )
                    for name, group in of.by_group.items()
                ),
                *((name, percent(rates.hard)) for name, rates in _frame(of)),
                ("tokens of a run, mean", f"{of.tokens.mean:,.0f}"),
                ("tokens of a run, median", f"{of.tokens.median:,.0f}"),
                ("turns of a run, mean", f"{of.turns.mean:.1f}"),
                ("turns of a run, median", f"{of.turns.median:.1f}"),
                *((f"ended: {reason}", str(count)) for reason, count in of.ended.items()),
            ]
        ),
        _Part(drawing=[f"0 % {_drawn(of)} 100 %"]),
        *_remarks(of.remarks),
    ]


def _comparison(of: Comparison) -> list[_Part]:
    base, other = of.base, of.other
    return [
        _Part(_one_line(f"base {base.subject.label}, other {other.subject.label}")),
        _Part(_one_line(_what_was_run(other))),
        _Part(
            f"{of.verdict.upper()}: {points(of.difference.estimate)} points, 95 % interval "
            f"{points(of.difference.low)} to {points(of.difference.high)}: {_MEANING[of.verdict]}"
        ),
        _Part(table=_side_by_side(of)),
        _Part(
            drawing=[
                f"base           0 % {_drawn(base)} 100 %",
                f"other          0 % {_drawn(other)} 100 %",
                f"difference  −100 % {line(of.difference, -1, {0: '│'})} +100 %",
            ]
        ),
        _Part(
            f"tasks: {len(of.wins)} won, {len(of.losses)} lost, {len(of.ties)} tied; "
            f"exact McNemar test on tasks {chance(of.test.exact)} (mid-{chance(of.test.mid)})"
        ),
        _Part(drawing=["tasks by the runs that they gained", *bars(_gains(of))]),
        *_named("won", of.wins),
        *_named("lost", of.losses),
        _Part(
            f"pairs of runs: both pass {of.pairs.both}, only base {of.pairs.only_base}, "
            f"only other {of.pairs.only_other}, neither {of.pairs.neither}"
        ),
        *_remarks(of.remarks),
    ]


def _side_by_side(of: Comparison) -> list[tuple[str, ...]]:
    base, other = of.base, of.other
    rates = [
        (_success(base), base.success.estimate, other.success.estimate),
        ("share of cases", base.soft, other.soft),
        *(
            (f"by the scorer {name}", old, other.official[name])
            for name, old in base.official.items()
            if name in other.official
        ),
        *((f"seed {s}", base.by_seed[s], other.by_seed[s]) for s in base.seeds if base.seeds[1:]),
        *(
            (f"{_one_line(name) or 'other kinds'}, {old.tasks} tasks", old.hard, new.hard)
            for name, old in base.by_group.items()
            if (new := other.by_group.get(name))
        ),
    ]
    costs = [
        ("tokens of a run, mean", base.tokens.mean, other.tokens.mean, ",.0f"),
        ("tokens of a run, median", base.tokens.median, other.tokens.median, ",.0f"),
        ("turns of a run, mean", base.turns.mean, other.turns.mean, ".1f"),
        ("turns of a run, median", base.turns.median, other.turns.median, ".1f"),
    ]
    return [
        ("", "base", "other", "difference"),
        *((name, percent(a), percent(b), f"{points(b - a)} points") for name, a, b in rates),
        *((name, f"{a:{form}}", f"{b:{form}}", _more(a, b)) for name, a, b, form in costs),
        *(_ended(of, reason) for reason in Ended if reason in base.ended or reason in other.ended),
        *((name, percent(one.hard), percent(one.hard), "") for name, one in _frame(of)),
    ]


def _success(of: Measurement) -> str:
    """The rate, and what benchmarks call it where each task has several runs."""
    several = of.repeats and of.repeats > 1
    return f"success (all cases), avg@{of.repeats}" if several else "success (all cases)"


def _ended(of: Comparison, reason: Ended) -> tuple[str, ...]:
    old, new = of.base.ended.get(reason, 0), of.other.ended.get(reason, 0)
    return f"ended: {reason}", str(old), str(new), _signed(new - old, "d")


def _what_was_run(of: Measurement) -> str:
    seeds = f"seed{'s' * (len(of.seeds) > 1)} {' '.join(map(str, of.seeds))}"
    return (
        f"model {of.subject.model or 'none'}, recalculation {of.subject.recalc}; "
        f"{of.tasks} tasks, {seeds}, {of.runs} runs"
    )


def _drawn(of: Measurement) -> str:
    return line(of.success, 0, {rates.hard: "╎" for _, rates in _frame(of)})


def _frame(of: Measurement | Comparison) -> list[tuple[str, Rates]]:
    named = (("floor (do nothing)", of.bounds.floor), ("ceiling (gold)", of.bounds.ceiling))
    return [(name, rates) for name, rates in named if rates]


def _gains(of: Comparison) -> dict[str, int]:
    counts = Counter(task.gain for task in of.tasks)
    return {_signed(gain, "d"): counts[gain] for gain in range(max(counts), min(counts) - 1, -1)}


def _named(what: str, tasks: Sequence[TaskPair]) -> Iterable[_Part]:
    if tasks:
        shown = ", ".join(
            f"{_one_line(task.task)} ({task.base}→{task.other}/{task.runs})"
            for task in tasks[:_SHOWN]
        )
        rest = f" and {len(tasks) - _SHOWN} more" if len(tasks) > _SHOWN else ""
        yield _Part(f"{what} (passes before→after/runs): {shown}{rest}")


def _remarks(remarks: Sequence[str]) -> Iterable[_Part]:
    return (_Part(f"Note: {_one_line(remark)}") for remark in remarks)


def _one_line(foreign: str) -> str:
    """Names come from task files and endpoints: no control character reaches a terminal."""
    return "".join(char if char.isprintable() else "�" for char in foreign)


def percent(share: float) -> str:
    """A share as people read it."""
    return f"{100 * share:.1f} %"


def points(difference: float) -> str:
    """A difference of two shares, with its sign."""
    return _signed(100 * difference, ".1f")


def chance(p: float) -> str:
    """A p value with as many digits as mean something."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def _signed(figure: float, form: str) -> str:
    shown = f"{figure:+{form}}".replace("-", "−")
    return shown[1:] if not any(digit in shown for digit in "123456789") else shown


def _more(old: float, new: float) -> str:
    return f"{_signed(100 * (new - old) / old, '.1f')} %" if old else ""
