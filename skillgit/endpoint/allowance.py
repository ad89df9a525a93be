"""What one command may spend on a model: so many calls, tokens or money, and never more.

A request is sent only where the most that it could take fits beside what is spent and what the
requests under way could take. That most is known beforehand: no prompt has more tokens than its
text has bytes, no output more than `max_tokens`. Where it does not fit, it waits for those under
way, which mostly take less; where none is under way any more, the command stops. So everything
that was paid for has arrived, and is kept.

    with allowance.call():                                 # one call, with all its attempts
        with await allowance.admit(Demand.of(body)) as ticket:
            answer = await post(body)
            ticket.settle(answer.usage)                    # else it counts as the most
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

from skillgit.endpoint.caps import Caps, Prices
from skillgit.errors import PartialError
from skillgit.types import Usage

__all__ = ["Allowance", "Caps", "Demand", "Prices", "Ticket", "told"]

_TEMPLATE_TOKENS = 512
"""What a server's chat template may put around the messages and the tools."""
_NO_MONEY = 1e-9


@dataclass(frozen=True, slots=True)
class Demand:
    """The most that one request could take."""

    prompt_tokens: int
    output_tokens: int

    @classmethod
    def of(cls, size: int, max_tokens: int) -> Demand:
        """Of a request of that size: `completions.Letter.size`."""
        return cls(size + _TEMPLATE_TOKENS, max_tokens)

    @property
    def tokens(self) -> int:
        """Of both kinds."""
        return self.prompt_tokens + self.output_tokens

    def cost(self, prices: Prices) -> float:
        """Whatever is cached, and whether or not that is cheaper."""
        dear = max(prices.prompt, prices.cached or 0.0)
        return (self.prompt_tokens * dear + self.output_tokens * prices.output) / 1_000_000

    def used(self) -> Usage:
        """As if it had taken all that."""
        return Usage(prompt_tokens=self.prompt_tokens, output_tokens=self.output_tokens)


class Ticket:
    """The right to send one request.

    Leaving its block unsettled counts as the most that it could take: what was cut off on its way
    may have been paid for.
    """

    def __init__(self, allowance: Allowance, demand: Demand) -> None:
        self._allowance = allowance
        self._demand: Demand | None = demand

    def settle(self, used: Usage | None) -> None:
        """What it took, as the endpoint counted it; None where no answer came."""
        if self._demand is not None:
            demand, self._demand = self._demand, None
            self._allowance.release(demand, demand.used() if used is None else used)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.settle(None)


class Allowance:
    """The account of one command. Answers from memory never come by here: they are free."""

    def __init__(self, caps: Caps) -> None:
        self.caps = caps
        self.spent = Usage()
        self._sent = 0
        self._tokens = 0
        self._cost = 0.0
        """The last two: the most that the requests under way could take."""
        self._open = 0
        self._waiting: list[asyncio.Future[None]] = []
        self._stop: PartialError | None = None

    @contextmanager
    def call(self) -> Iterator[None]:
        """One call with all its attempts: while it is under way the command does not stop.

        Enter it when nothing but `admit` can hold the call up any more.
        """
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1
            self._wake()

    async def admit(self, demand: Demand) -> Ticket:
        """Wait for room if calls under way may leave some; PartialError where there is none."""
        while True:
            ticket = self.admit_at_once(demand)
            if ticket is not None:
                return ticket
            if self._stop is None and len(self._waiting) + 1 >= self._open:
                self._stop = self._used_up(demand)
            if self._stop:
                raise self._stop
            woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(woken)
            try:
                await woken
            finally:
                if woken in self._waiting:
                    self._waiting.remove(woken)

    def admit_at_once(self, demand: Demand) -> Ticket | None:
        """For what can be left out, as the second sending of a slow request; None without room."""
        # After the command has stopped, nobody would keep the answer of what is begun now.
        if self._stop or not self._fits(demand):
            return None
        self._sent += 1
        self._tokens += demand.tokens
        self._cost += demand.cost(self.caps.prices)
        return Ticket(self, demand)

    def release(self, demand: Demand, used: Usage) -> None:
        """A ticket is settled: what was held back for it is free, what it took is spent."""
        self._tokens -= demand.tokens
        self._cost -= demand.cost(self.caps.prices)
        self.spent += Usage(1, 0, 0, used.prompt_tokens, used.cached_tokens, used.output_tokens)
        self._wake()

    def _fits(self, demand: Demand) -> bool:
        return not self._lacking(demand)

    def _lacking(self, demand: Demand) -> str:
        """The option whose cap would be passed."""
        caps, spent = self.caps, self.spent
        tokens = spent.prompt_tokens + spent.output_tokens + self._tokens + demand.tokens
        if caps.calls is not None and self._sent >= caps.calls:
            return "--max-calls"
        if caps.tokens is not None and tokens > caps.tokens:
            return "--max-tokens"
        cost = caps.prices.of(spent) + self._cost + demand.cost(caps.prices)
        if caps.cost is not None and cost > caps.cost + _NO_MONEY:
            return "--max-cost"
        return ""

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)

    def _used_up(self, demand: Demand) -> PartialError:
        option, caps, spent = self._lacking(demand), self.caps, self.spent
        tokens = spent.prompt_tokens + spent.output_tokens
        match option:
            case "--max-calls":
                why = f"all {caps.calls:,} calls of {option} are made"
            case "--max-tokens":
                why = (
                    f"{tokens:,} of the {caps.tokens:,} tokens of {option} are used, and the next "
                    f"call could take {demand.tokens:,}"
                )
            case _:
                why = (
                    f"{caps.prices.of(spent):,.4g} of the {caps.cost:,.4g} of {option} are spent, "
                    f"and the next call could cost {demand.cost(caps.prices):,.4g}"
                )
        return PartialError(
            f"asking the model: {why} ({told(spent, caps.prices)})",
            hint=f"every answer is kept: the same command with a higher {option} goes on where "
            "this one stopped, and none is paid twice",
        )


def told(spent: Usage, prices: Prices) -> str:
    """What was spent, in words."""
    cost = prices.of(spent)
    return (
        f"{spent.calls:,} calls, {spent.prompt_tokens:,} prompt tokens, "
        f"{spent.output_tokens:,} output tokens{f', cost {cost:,.4g}' if cost else ''}"
    )
