"""What an ablation will take, on a few lines or as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from skillgit.cli.plan import as_span, duration
from skillgit.endpoint.caps import Prices
from skillgit.pipeline.spending import Span
from skillgit.types import Usage

if TYPE_CHECKING:  # what a forecast is made from takes long to import
    from skillgit.wiring.forecasting import Forecast


def forecast_text(forecast: Forecast, prices: Prices | None) -> str:
    """All of it, in words."""
    return "\n".join(_lines(forecast, prices))


def _lines(forecast: Forecast, prices: Prices | None) -> Iterator[str]:
    subject, step = forecast.subject, forecast.step
    design = subject.design
    yield (
        f"Plan          {len(subject.lessons)} lessons of round {subject.round},"
        f" {len(design.questions)} questions, {len(design.tasks)} tasks, seeds"
        f" {' '.join(map(str, design.seeds))}, {forecast.model or 'an unknown model'}"
    )
    yield (
        f"Runs          {as_span(forecast.runs)}; {design.runs_of_a_task()} for a task and a seed"
        f" at first; {forecast.kept:,} of the most are kept from before"
    )
    yield (
        f"Model         {as_span(step.calls)} calls, {as_span(step.prompt)} prompt tokens,"
        f" {as_span(step.output)} output tokens"
    )
    if forecast.seconds:
        low, high = duration(forecast.seconds.low), duration(forecast.seconds.high)
        yield f"Time          {low if low == high else f'{low} to {high}'}"
    if prices:
        yield f"Cost          {as_span(_cost(forecast, prices), ',.4g')}"
    yield f"Resting on    {forecast.basis}"
    if forecast.unmeasured:
        yield f"Not asked     {forecast.unmeasured}"


def _cost(forecast: Forecast, prices: Prices) -> Span:
    step = forecast.step
    low = Usage(
        prompt_tokens=round(step.prompt.low),
        cached_tokens=round(step.shared.low),
        output_tokens=round(step.output.low),
    )
    high = Usage(prompt_tokens=round(step.prompt.high), output_tokens=round(step.output.high))
    return Span(prices.of(low), prices.of(high))


def forecast_payload(forecast: Forecast, prices: Prices | None) -> dict[str, object]:
    """`skillgit.ablate-plan/1`; each figure is the least and the most."""
    subject, step = forecast.subject, forecast.step
    return {
        "round": subject.round,
        "lessons": len(subject.lessons),
        "questions": len(subject.design.questions),
        "tasks": len(subject.design.tasks),
        "seeds": list(subject.design.seeds),
        "model": forecast.model,
        "runs": _bounds(forecast.runs),
        "kept": forecast.kept,
        "calls": _bounds(step.calls),
        "prompt_tokens": _bounds(step.prompt),
        "output_tokens": _bounds(step.output),
        "seconds": _bounds(forecast.seconds) if forecast.seconds else None,
        "cost": _bounds(_cost(forecast, prices)) if prices else None,
        "basis": forecast.basis,
        "not_asked": forecast.unmeasured,
        "remarks": list(subject.remarks),
    }


def _bounds(span: Span) -> list[float]:
    return [round(bound, 4) for bound in (span.low, span.high)]
