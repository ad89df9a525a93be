"""The plan of a round on one screen: what is surely asked, what may be, and what that rests on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from skillgit.cli.console import safe
from skillgit.endpoint.caps import Prices
from skillgit.pipeline.estimates import LESSON_TOKENS, TURN_TOKENS, VERDICT_TOKENS
from skillgit.pipeline.spending import Span, Step

if TYPE_CHECKING:  # what a plan is made from takes long to import
    from skillgit.wiring.planning import Outlook

_COLUMNS = ("", "", "in memory", "calls", "prompt tokens", "output tokens")
_MINUTE, _HOUR = 60.0, 3600.0


def plan_text(outlook: Outlook, prices: Prices | None) -> str:
    """All of it, in words."""
    return "\n".join(
        [
            *_headline(outlook),
            *_trajectories(outlook),
            "",
            *_table(outlook),
            "",
            _shared(outlook.plan.total),
            _time(outlook),
            *_cost(outlook, prices),
            *_assumed(outlook),
        ]
    )


def _headline(outlook: Outlook) -> Iterator[str]:
    skill = outlook.skill
    model = f"model {outlook.model}" if outlook.model else "an unknown model"
    yield safe(
        f"Plan for {skill.root or 'the repository'} at {skill.commit[:10]}, {model} at "
        f"{outlook.endpoint}"
    )
    yield "              nothing was analysed, nothing was written"


def _trajectories(outlook: Outlook) -> Iterator[str]:
    pool, plan = outlook.plan.pool, outlook.plan
    if pool is None:
        yield "Trajectories  none yet: the agent is run on the tasks first, once on each"
        return
    yield (
        f"Trajectories  {pool.found:,} found   ({len(pool.passed):,} pass, {len(pool.failed):,} "
        f"fail, {len(pool.unknown):,} unknown, {pool.duplicates:,} duplicates)"
    )
    if plan.not_shown:
        yield f"              {plan.not_shown:,} of which nothing can be shown: no call"
    if plan.not_provable:
        yield f"              {plan.not_provable:,} failed ones without task or files: no call"


def _table(outlook: Outlook) -> Iterator[str]:
    """One line for each kind of call, and their sum."""
    total = outlook.plan.total
    rows = [_COLUMNS, *map(_row, outlook.plan.steps)]
    rows.append(("Total", "", f"{total.remembered or 0:,}", *_figures(total)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    for row in rows:
        name, *figures = row
        cells = [figure.rjust(width) for figure, width in zip(figures, widths[1:], strict=True)]
        yield "  ".join([name.ljust(widths[0]), *cells]).rstrip()
    yield from (f"  {step.name}: {step.how}" for step in outlook.plan.steps)


def _row(step: Step) -> tuple[str, ...]:
    known = "?" if step.remembered is None else f"{step.remembered:,}"
    subjects = f"{step.subjects:,}" if step.subjects else ""
    return (step.name.capitalize(), subjects, known, *_figures(step))


def _figures(step: Step) -> tuple[str, ...]:
    return as_span(step.calls), as_span(step.prompt), as_span(step.output)


def as_span(span: Span, form: str = ",.0f") -> str:
    """`low to high`, or one figure where they are the same."""
    low, high = f"{span.low:{form}}", f"{span.high:{form}}"
    return low if low == high else f"{low} to {high}"


def _shared(total: Step) -> str:
    low, high = (
        f"{share:.0%}"
        for share in sorted(
            (
                total.shared.low / max(total.prompt.low, 1),
                total.shared.high / max(total.prompt.high, 1),
            )
        )
    )
    shares = low if low == high else f"{low} to {high}"
    return (
        f"Prefixes      {shares} of the prompt tokens repeat the beginning of an earlier prompt:\n"
        "              a server with a prefix cache need not compute them"
    )


def _time(outlook: Outlook) -> str:
    speed, config = outlook.speed, outlook.config
    if speed is None:
        return safe(f"Time          not estimated: {outlook.unmeasured}")
    span = outlook.plan.seconds(speed)
    low, high = duration(span.low), duration(span.high)
    lasts = low if low == high else f"{low} to {high}"
    return (
        f"Time          {lasts}, if {config.endpoint.workers} calls at once are as fast as one\n"
        f"              probe of {outlook.probes} small calls: {speed.first:.2f} s before the "
        f"first token, {speed.prompt_tokens:,} in the prompt; {1000 * speed.each:.0f} ms a token"
    )


def duration(seconds: float) -> str:
    """Seconds, minutes or hours, whichever people would say."""
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds / _HOUR:,.0f} h"


def _cost(outlook: Outlook, prices: Prices | None) -> Iterator[str]:
    if prices is None:
        return
    span = outlook.plan.cost(prices)
    low, high = f"{span.low:,.4g}", f"{span.high:,.4g}"
    cached = "" if prices.cached is None else f", {prices.cached:g} for cached ones"
    yield (
        f"Cost          {low if low == high else f'{low} to {high}'}   (a million prompt tokens at "
        f"{prices.prompt:g}{cached}, output tokens at {prices.output:g})"
    )


def _assumed(outlook: Outlook) -> Iterator[str]:
    """What is not counted but believed."""
    measured = outlook.speed is not None and outlook.speed.chars_a_token
    where = "as in the probe" if measured else "an assumption"
    yield f"Assumed       {outlook.chars_a_token:.1f} characters in a token ({where})"
    past = [
        f"{role} {known.usage.output_tokens / known.replies:,.0f}"
        for role, known in sorted(outlook.past.items())
        if known.usage.output_tokens
    ]
    if past:
        yield safe(
            f"              output tokens of a reply as this model's in memory: {', '.join(past)}"
        )
    yield (
        f"              {'else ' if past else ''}{LESSON_TOKENS} output tokens for a lesson, "
        f"{TURN_TOKENS} for a turn, {VERDICT_TOKENS} for an edit in a merge"
    )
    yield "              no call fails: those that do are tried again"


def plan_payload(outlook: Outlook, prices: Prices | None) -> dict[str, object]:
    """The same as JSON: `skillgit.plan/1`."""
    plan, speed = outlook.plan, outlook.speed
    return {
        "skill": outlook.skill.root,
        "base": outlook.skill.commit,
        "model": outlook.model,
        "endpoint": outlook.endpoint,
        "trajectories": _pool(outlook),
        "steps": [_step(step) for step in plan.steps],
        "total": _step(plan.total),
        "seconds": _bounds(plan.seconds(speed)) if speed else None,
        "cost": _bounds(plan.cost(prices)) if prices else None,
        "probe": None
        if speed is None
        else {
            "calls": outlook.probes,
            "first_token_s": round(speed.first, 4),
            "token_s": round(speed.each, 6),
            "prompt_tokens": speed.prompt_tokens,
        },
        "not_probed": outlook.unmeasured,
        "workers": outlook.config.endpoint.workers,
        "chars_per_token": round(outlook.chars_a_token, 3),
    }


def _pool(outlook: Outlook) -> dict[str, int] | None:
    pool, plan = outlook.plan.pool, outlook.plan
    if pool is None:
        return None
    return {
        "found": pool.found,
        "pass": len(pool.passed),
        "fail": len(pool.failed),
        "unknown": len(pool.unknown),
        "duplicates": pool.duplicates,
        "beyond_limit": pool.beyond_limit,
        "not_shown": plan.not_shown,
        "not_provable": plan.not_provable,
    }


def _step(step: Step) -> dict[str, object]:
    return {
        "name": step.name,
        "how": step.how,
        "subjects": step.subjects,
        "remembered": step.remembered,
        "calls": _bounds(step.calls),
        "prompt_tokens": _bounds(step.prompt),
        "shared_prompt_tokens": _bounds(step.shared),
        "output_tokens": _bounds(step.output),
    }


def _bounds(span: Span) -> list[float]:
    return [round(bound, 4) for bound in (span.low, span.high)]
