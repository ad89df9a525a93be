"""What a command may spend: never more, whatever is asked in which order, and nothing is lost."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillgit.endpoint.allowance import Allowance, Demand
from skillgit.endpoint.caps import Caps, Prices
from skillgit.errors import PartialError
from skillgit.types import Usage

PRICES = Prices(prompt=2.0, output=8.0, cached=0.5)


@dataclass(frozen=True, slots=True)
class Asked:
    """A call: what it could take at most, and what each of its attempts takes (None: lost)."""

    demand: Demand
    attempts: tuple[float | None, ...]

    def taken(self, share: float) -> Usage:
        prompt = int(self.demand.prompt_tokens * share)
        return Usage(1, 0, 0, prompt, prompt // 2, int(self.demand.output_tokens * share))


@dataclass
class World:
    """An endpoint that counts, and a memory of what was answered."""

    allowance: Allowance
    draw: random.Random
    sent: int = 0
    used: Usage = field(default_factory=Usage)
    answered: list[int] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)

    async def ask(self, number: int, asked: Asked) -> None:
        with self.allowance.call():
            for share in asked.attempts:
                with await self.allowance.admit(asked.demand) as ticket:
                    self.sent += 1
                    for _ in range(self.draw.randrange(4)):
                        await asyncio.sleep(0)
                    took = asked.taken(1.0 if share is None else share)
                    self.used += took
                    ticket.settle(None if share is None else took)
            self.answered.append(number)
            await asyncio.sleep(0)  # its reply is on its way up
        self.kept.append(number)


async def all_of(world: World, asked: list[Asked]) -> str:
    """Ask all at once as a round does: the first error ends the others. What it says."""
    tasks = [asyncio.ensure_future(world.ask(n, one)) for n, one in enumerate(asked)]
    try:
        await asyncio.gather(*tasks)
    except PartialError as stop:
        return f"{stop.message}\n{stop.hint}"
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return ""


demands = st.builds(Demand, st.integers(0, 400), st.integers(1, 100))
shares = st.none() | st.floats(0, 1)
calls = st.builds(Asked, demands, st.lists(shares, min_size=1, max_size=3).map(tuple))
caps = st.builds(
    Caps,
    st.none() | st.integers(0, 20),
    st.none() | st.integers(0, 5_000),
    st.none() | st.floats(0, 0.01),
    st.just(PRICES),
)


@settings(deadline=None)
@given(caps, st.lists(calls, max_size=24), st.integers(0, 1 << 30))
def test_no_cap_is_ever_passed_and_nothing_paid_is_lost(
    cap: Caps, asked: list[Asked], seed: int
) -> None:
    world = World(Allowance(cap), random.Random(seed))
    said = asyncio.run(all_of(world, asked))
    used = world.used
    assert cap.calls is None or world.sent <= cap.calls
    assert cap.tokens is None or used.prompt_tokens + used.output_tokens <= cap.tokens
    assert cap.cost is None or PRICES.of(used) <= cap.cost + 1e-8
    assert world.kept == world.answered
    assert bool(said) == (len(world.kept) < len(asked))
    assert world.allowance.spent.calls == world.sent


@given(st.integers(0, 40), st.lists(calls, max_size=20), st.integers(0, 1 << 30))
def test_the_number_of_calls_is_exact(most: int, asked: list[Asked], seed: int) -> None:
    wanted = sum(len(one.attempts) for one in asked)
    world = World(Allowance(Caps(calls=most)), random.Random(seed))
    asyncio.run(all_of(world, asked))
    assert world.sent == min(most, wanted)


def test_a_call_waits_for_what_the_others_leave() -> None:
    """Two that could take 100 each do not fit into 150 at once; one after the other they do."""
    frugal = Asked(Demand(80, 20), (0.1,))
    world = World(Allowance(Caps(tokens=150)), random.Random(1))
    assert asyncio.run(all_of(world, [frugal] * 5)) == ""
    assert world.kept == [0, 1, 2, 3, 4]
    assert world.used.prompt_tokens == 40


def test_what_got_lost_counts_as_the_most_that_it_could_take() -> None:
    world = World(Allowance(Caps(tokens=150)), random.Random(1))
    said = asyncio.run(all_of(world, [Asked(Demand(80, 20), (None,)), Asked(Demand(80, 20), (0,))]))
    assert (
        "100 of the 150 tokens of --max-tokens are used, and the next call could take 100" in said
    )


@pytest.mark.parametrize(
    ("cap", "said"),
    [
        (Caps(calls=2), "all 2 calls of --max-calls are made (2 calls, 160 prompt tokens"),
        (Caps(tokens=250), "200 of the 250 tokens of --max-tokens are used"),
        (
            Caps(cost=0.0008, prices=Prices(2.0, 8.0)),
            "0.00064 of the 0.0008 of --max-cost are spent, and the next call could cost 0.00032",
        ),
    ],
)
def test_the_stop_says_what_is_used_and_what_to_do(cap: Caps, said: str) -> None:
    world = World(Allowance(cap), random.Random(1))
    told = asyncio.run(all_of(world, [Asked(Demand(80, 20), (1.0,))] * 3))
    assert said in told
    option = "--max-calls" if cap.calls else "--max-tokens" if cap.tokens else "--max-cost"
    assert f"with a higher {option} goes on" in told
    assert sorted(world.kept) == [0, 1]


def test_what_can_be_left_out_is_left_out() -> None:
    allowance = Allowance(Caps(calls=1))
    first = allowance.admit_at_once(Demand.of(100, 10))
    assert first is not None
    assert allowance.admit_at_once(Demand.of(100, 10)) is None


def test_prices() -> None:
    used = Usage(prompt_tokens=1_000_000, cached_tokens=600_000, output_tokens=100_000)
    assert PRICES.of(used) == pytest.approx(0.4 * 2 + 0.6 * 0.5 + 0.1 * 8)
    assert Prices(2.0, 8.0).of(used) == pytest.approx(2.8)
    assert not Caps()
    assert Caps(calls=0)
