"""Places are few, items may be many; what fails ends the rest."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.errors import SurroundingsError
from skillgit.executors.local import LocalExecutor


@dataclass(slots=True)
class Watched:
    """A desk that counts who sits at it."""

    begun: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    most: int = 0


async def double(desk: Watched, delays: list[int], item: int) -> int:
    desk.begun.append(item)
    desk.most = max(desk.most, len(desk.begun) - len(desk.ended))
    for _ in range(delays[item]):
        await asyncio.sleep(0)
    desk.ended.append(item)
    return 2 * item


async def fail_at_three(desk: Watched, _: None, item: int) -> int:
    desk.begun.append(item)
    await asyncio.sleep(0)
    if item == 3:
        raise SurroundingsError("asking: the endpoint is gone", hint="start it")
    await asyncio.sleep(30)
    return item


@given(st.integers(0, 40), st.integers(1, 9), st.randoms(use_true_random=False))
def test_results_come_in_order_and_never_more_are_at_work_than_there_are_places(
    size: int, at_once: int, chance: random.Random
) -> None:
    desk = Watched()
    heard: list[int] = []
    delays = [1 + chance.randrange(4) for _ in range(size)]
    each = LocalExecutor(desk).each

    found = asyncio.run(each(double, delays, range(size), heard.append, at_once))

    assert found == [2 * item for item in range(size)]
    assert sorted(heard) == found
    assert heard == [2 * item for item in desk.ended]
    assert desk.begun == list(range(size)), "items are taken up in their order"
    assert desk.most <= min(at_once, size)


def test_all_places_are_taken_while_the_first_is_under_way_before_the_last_begins() -> None:
    """Making a question takes a while: none that is ready waits until all are."""
    desk = Watched()
    steps: list[int] = []

    async def work(desk: Watched, _: None, item: int) -> int:
        desk.begun.append(item)
        desk.most = max(desk.most, len(desk.begun) - len(desk.ended))
        for step in range(200):
            await asyncio.sleep(0)
            if item == 0 and len(desk.begun) == 1:
                steps.append(step)
        desk.ended.append(item)
        return item

    found = asyncio.run(LocalExecutor(desk).each(work, None, range(9), steps.append, 9))

    assert found == list(range(9))
    assert desk.most == 9
    assert steps.index(5) == 5, "the first went six turns of the loop before another began"


def test_the_first_exception_ends_the_others_and_none_is_begun_after_it() -> None:
    desk = Watched()
    heard: list[int] = []

    async def run() -> None:
        await LocalExecutor(desk).each(fail_at_three, None, range(100), heard.append, 5)

    with pytest.raises(SurroundingsError, match="the endpoint is gone"):
        asyncio.run(asyncio.wait_for(run(), 5))

    assert desk.begun == [0, 1, 2, 3]
    assert heard == []


def test_as_many_coroutines_as_places_wait_in_memory() -> None:
    async def run() -> int:
        desk, most = Watched(), 0

        def told(_: int) -> None:
            nonlocal most
            most = max(most, len(asyncio.all_tasks()))

        await LocalExecutor(desk).each(double, [1] * 10_000, range(10_000), told, 16)
        return most

    assert asyncio.run(run()) <= 17
