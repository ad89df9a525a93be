"""The options that say what a command may spend; none of them changes what it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from skillgit.endpoint.caps import Caps, Prices
from skillgit.errors import UsageError

F = TypeVar("F", bound=Callable[..., int])
_CALLS = click.IntRange(0)
_MONEY = click.FloatRange(0)


def caps(function: F) -> F:
    """--max-calls, --max-tokens, --max-cost and the prices; they come with the settings."""
    options = (
        _option("max-calls", _CALLS, "N", "Send at most so many calls, then stop (exit code 4)."),
        _option("max-tokens", _CALLS, "N", "The same for tokens, of prompts and replies together."),
        _option("max-cost", _MONEY, "X", "The same for what they cost, by the prices below."),
        _option("price-in", _MONEY, "X", "Of a million prompt tokens, in any money."),
        _option("price-cached", _MONEY, "X", "Of those that the server had cached."),
        _option("price-out", _MONEY, "X", "Of a million output tokens."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def _option(name: str, kind: click.ParamType[Any], metavar: str, text: str) -> Callable[[F], F]:
    variable = f"SKILLGIT_{name.replace('-', '_').upper()}"
    return click.option(f"--{name}", type=kind, metavar=metavar, envvar=variable, help=text)


def prices_of(given: Mapping[str, Any]) -> Prices | None:
    """The prices, if there are any."""
    prompt, cached, output = (given[f"price_{name}"] for name in ("in", "cached", "out"))
    if prompt is None and cached is None and output is None:
        return None
    return Prices(prompt or 0.0, output or 0.0, cached)


def caps_of(given: Mapping[str, Any]) -> Caps:
    """What may be spent; UsageError where a cost cannot be told for want of prices."""
    prices = prices_of(given)
    if given["max_cost"] is not None and prices is None:
        raise UsageError(
            "reading --max-cost: without prices no cost can be told",
            hint="give --price-in and --price-out, for a million tokens each",
        )
    return Caps(given["max_calls"], given["max_tokens"], given["max_cost"], prices or Prices())
