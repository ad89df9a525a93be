"""What is done about each failure, over real connections."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scripted import Answer, Request, ScriptedEndpoint, refusing, replying

from skillgit.config import Endpoint, Sampling
from skillgit.endpoint.chat import Chat, Completion
from skillgit.errors import SurroundingsError
from skillgit.ports import Call, Failure, Message, NoReply

Result = Completion | NoReply


def numbered(call: Call, count: int) -> list[Call]:
    """Calls whose right answers are 0, 1, 2, …"""
    return [replace(call, label=f"{n}", messages=(Message("user", str(n)),)) for n in range(count)]


def number(request: Request) -> int:
    return int(request["messages"][0]["content"])


def right(request: Request) -> Answer:
    """The reply is a function of the request: of its words and its seed."""
    return replying({"n": 1000 * (request["seed"] - 41) + number(request)}, delay=0.02)


def ask_all(config: Endpoint, calls: list[Call]) -> tuple[list[Result], float]:
    async def run() -> tuple[list[Result], float]:
        async with Chat(config) as chat:
            began = time.monotonic()
            done = await asyncio.gather(*map(chat.complete, calls))
            return done, time.monotonic() - began

    return asyncio.run(run())


def values(results: list[Result]) -> list[int | Failure]:
    return [one.value["n"] if isinstance(one, Completion) else one.failure for one in results]


class Faulty:
    """Answers rightly, after the fault when it is asked for a chosen number the first times."""

    def __init__(self, fault: Answer, chosen: set[int], times: int = 1) -> None:
        self.fault = fault
        self.chosen = chosen
        self.times = times
        self.asked: Counter[int] = Counter()
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Answer:
        with self._lock:
            self.asked[number(request)] += 1
            first = self.asked[number(request)] <= self.times
        return self.fault if first and number(request) in self.chosen else right(request)


# ------------------------------------------------------------------ trouble on the way

ON_THE_WAY = {
    "reset": Answer("{}", reset=True),
    "broken off": Answer("{}", cut=True),
    "429": refusing(429, headers=["Retry-After: 0.05"]),
    "429 without a time": refusing(429),
    "500": refusing(500),
    "503": refusing(503),
    "no completion": Answer(body=b"<html>"),
    "hang": Answer("{}", delay=60.0),
    "drip": Answer('{"n": 1}', drip=1.0),
}


@pytest.mark.parametrize("fault", ON_THE_WAY)
def test_what_befalls_a_tenth_of_the_calls_changes_no_reply_and_takes_little_time(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call, fault: str
) -> None:
    endpoint.reply = Faulty(ON_THE_WAY[fault], {3, 13, 23})

    done, seconds = ask_all(replace(config, workers=32), numbered(call, 30))

    assert values(done) == list(range(30))
    assert {request["seed"] for request in endpoint.requests} == {41}
    assert seconds < 15.0, "a hung call is waited for ten minutes"
    usage = sum((one.usage for one in done[1:]), done[0].usage)
    again = usage.hedged_calls if fault in {"hang", "drip"} else usage.retried_calls
    assert again == 3
    assert usage.calls == 33 == len(endpoint.requests)
    assert usage.failed_calls == usage.retried_calls


@pytest.mark.parametrize(
    ("fault", "failure", "sent"),
    [
        ("reset", Failure.RESET, 3),
        ("429", Failure.RATE_LIMITED, 3),
        ("500", Failure.SERVER_ERROR, 3),
        ("503", Failure.SERVER_ERROR, 3),
        ("no completion", Failure.SERVER_ERROR, 3),
        ("drip", Failure.TIMED_OUT, 3),
    ],
)
def test_what_never_ends_has_an_end_and_a_name(
    endpoint: ScriptedEndpoint,
    config: Endpoint,
    call: Call,
    fault: str,
    failure: Failure,
    sent: int,
) -> None:
    faulty = Faulty(ON_THE_WAY[fault], {7}, times=99)
    endpoint.reply = faulty

    done, seconds = ask_all(replace(config, retries=2, timeout=5.0), numbered(call, 20))

    assert values(done) == [failure if n == 7 else n for n in range(20)]
    assert faulty.asked[7] == sent == done[7].usage.calls
    assert seconds < 8.0


def test_all_calls_wait_while_a_server_wants_none(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call
) -> None:
    times: list[float] = []

    def reply(request: Request) -> Answer:
        times.append(time.monotonic())
        limited = len(times) == 1
        return refusing(429, headers=["Retry-After: 1"]) if limited else right(request)

    endpoint.reply = reply
    first, *others = numbered(call, 9)

    async def run() -> list[Result]:
        async with Chat(replace(config, workers=8)) as chat:
            leader = asyncio.create_task(chat.complete(first))
            while not times:  # noqa: ASYNC110 - it lives in another thread
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)
            return await asyncio.gather(leader, *map(chat.complete, others))

    assert values(asyncio.run(run())) == list(range(9))
    assert min(times[1:]) - times[0] > 0.9


# ------------------------------------------------------------------ replies that are no use

NO_USE = {
    "empty": (Answer(""), Failure.EMPTY),
    "not JSON": (Answer('{"n": 1'), Failure.NOT_JSON),
    "wrong schema": (replying({"n": "three"}), Failure.WRONG_SCHEMA),
    "illegal id": (replying({"n": -7}), Failure.WRONG_SCHEMA),
}


@pytest.mark.parametrize("fault", NO_USE)
def test_a_reply_that_is_no_use_is_never_mended_but_asked_for_with_the_next_seed(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call, fault: str
) -> None:
    answer, failure = NO_USE[fault]
    endpoint.reply = Faulty(answer, {1}, times=1)
    done, _ = ask_all(config, numbered(call, 3))
    assert values(done) == [0, 1001, 2]

    endpoint.reply = Faulty(answer, {1}, times=99)
    done, _ = ask_all(config, numbered(call, 3))
    assert values(done) == [0, failure, 2]


def test_what_was_cut_off_gets_more_room_once(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call
) -> None:
    endpoint.reply = Faulty(Answer('{"n"', finish_reason="length"), {0}, times=1)
    assert values(ask_all(config, numbered(call, 2))[0]) == [0, 1]

    endpoint.reply = Faulty(Answer('{"n"', finish_reason="length"), {0}, times=99)
    assert values(ask_all(config, numbered(call, 2))[0]) == [Failure.CUT_OFF, 1]


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (refusing(400, "maximum context length is 8 tokens"), Failure.TOO_LONG),
        (refusing(422, "no"), Failure.REFUSED),
    ],
)
def test_what_would_be_refused_again_is_not_sent_again(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call, answer: Answer, failure: Failure
) -> None:
    faulty = Faulty(answer, {0}, times=99)
    endpoint.reply = faulty

    assert values(ask_all(config, numbered(call, 2))[0]) == [failure, 1]
    assert faulty.asked[0] == 1


# ------------------------------------------------------------------ what hangs


def test_one_hung_request_of_32_costs_two_more_calls(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call
) -> None:
    slow = 0.5

    calls = numbered(call, 32)
    endpoint.reply = lambda request: replace(right(request), delay=slow)
    _, healthy = ask_all(replace(config, workers=32), calls)
    once = Faulty(Answer("{}", delay=60.0), {5})

    def hang_once(request: Request) -> Answer:
        answer = once(request)
        return answer if answer is once.fault else replace(answer, delay=slow)

    endpoint.reply = hang_once
    done, seconds = ask_all(replace(config, workers=32), calls)

    assert values(done) == list(range(32))
    assert seconds < healthy + 2.5 * slow + 4.0, "a busy machine may take its time, no timeout"
    assert done[5].usage.hedged_calls == 1
    assert sum(one.usage.hedged_calls for one in done) == 1


def test_whoever_answers_first_is_believed_and_the_other_is_let_go(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call
) -> None:
    """A copy that is refused does not end the wait for the first."""
    seen: Counter[int] = Counter()

    def reply(request: Request) -> Answer:
        seen[number(request)] += 1
        if number(request) != 3:
            return right(request)
        return replace(right(request), delay=2.0) if seen[3] == 1 else refusing(500)

    endpoint.reply = reply

    done, seconds = ask_all(replace(config, workers=8), numbered(call, 8))

    assert values(done) == list(range(8))
    assert done[3].usage.calls == seen[3] >= 2
    assert 1.9 < seconds < 4.0


def test_a_server_that_is_slow_with_all_is_not_asked_twice(
    endpoint: ScriptedEndpoint, config: Endpoint, call: Call
) -> None:
    """It works on two at a time: the last of 24 waits twelve times as long as the first."""
    places = threading.Semaphore(2)

    def reply(request: Request) -> Answer:
        with places:
            time.sleep(0.15)
        return replace(right(request), delay=0.0)

    endpoint.reply = reply

    done, _ = ask_all(replace(config, workers=24), numbered(call, 24))

    assert values(done) == list(range(24))
    assert len(endpoint.requests) == 24


FAULTS = st.dictionaries(
    st.integers(0, 11), st.sampled_from(["reset", "429", "500", "hang", "drip"]), max_size=5
)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(FAULTS)
def test_the_reply_is_a_function_of_the_request_whatever_befalls_it(
    call: Call, faults: dict[int, str]
) -> None:
    seen: Counter[int] = Counter()

    def reply(request: Request) -> Answer:
        seen[number(request)] += 1
        fault = faults.get(number(request), "")
        return ON_THE_WAY[fault] if fault and seen[number(request)] == 1 else right(request)

    with ScriptedEndpoint(reply) as endpoint:
        config = Endpoint(base_url=endpoint.url, model="tiny", workers=12, timeout=30.0)
        done, _ = ask_all(config, numbered(call, 12))

    assert values(done) == list(range(12))


# ------------------------------------------------------------------ servers that come and go


@contextmanager
def restarting(first: ScriptedEndpoint, away: float) -> Iterator[Callable[[], None]]:
    """Stop a server now; start another at its address after so many seconds."""
    later: list[ScriptedEndpoint] = []

    def start() -> None:
        again = ScriptedEndpoint(right, port=first.port)
        again.__enter__()
        later.append(again)

    timer = threading.Timer(away, start)

    def stop() -> None:
        first.__exit__(RuntimeError, None, None)
        timer.start()

    try:
        yield stop
    finally:
        timer.cancel()
        if timer.is_alive():
            timer.join()
        for each in later:
            each.__exit__(None, None, None)


def test_a_server_that_is_restarted_in_mid_run_loses_no_call(call: Call) -> None:
    first = ScriptedEndpoint(lambda request: replace(right(request), delay=0.1))
    first.__enter__()
    config = Endpoint(base_url=first.url, model="tiny", workers=4, retries=1, patience=20.0)
    with restarting(first, 1.5) as stop:
        killer = threading.Timer(0.45, stop)
        killer.start()
        done, seconds = ask_all(config, numbered(call, 40))
        killer.join()

    assert values(done) == list(range(40))
    assert 1.5 < seconds < 6.0


def test_a_server_that_does_not_come_back_ends_the_round_after_its_patience(call: Call) -> None:
    config = Endpoint(model="tiny", workers=4, retries=1, patience=0.7)

    async def run(endpoint: ScriptedEndpoint) -> float:
        async with Chat(replace(config, base_url=endpoint.url)) as chat:
            first, second, *others = numbered(call, 6)
            await chat.complete(first)
            await asyncio.to_thread(endpoint.__exit__, RuntimeError, None, None)
            began = time.monotonic()
            with pytest.raises(SurroundingsError, match="cannot be reached"):
                await asyncio.gather(*map(chat.complete, [second, *others]))
            return time.monotonic() - began

    endpoint = ScriptedEndpoint(right)
    endpoint.__enter__()
    assert 0.6 < asyncio.run(run(endpoint)) < 15.0


def test_two_servers_share_the_calls(call: Call) -> None:
    with ScriptedEndpoint(right) as one, ScriptedEndpoint(right) as two:
        config = Endpoint(base_url=f"{one.url} {two.url}", workers=8)
        done, _ = ask_all(config, numbered(call, 40))

    assert values(done) == list(range(40))
    assert min(len(one.requests), len(two.requests)) >= 10


def test_of_two_servers_one_dies_and_the_other_takes_its_calls(call: Call) -> None:
    def slowly(request: Request) -> Answer:
        return replace(right(request), delay=0.1)

    dying = ScriptedEndpoint(slowly)
    dying.__enter__()
    with ScriptedEndpoint(slowly) as other:
        config = Endpoint(
            base_url=f"{dying.url} {other.url}", model="tiny", workers=4, retries=1, patience=0.0
        )
        killer = threading.Timer(0.4, dying.__exit__, (RuntimeError, None, None))
        killer.start()
        done, seconds = ask_all(config, numbered(call, 40))
        killer.join()

    assert values(done) == list(range(40))
    assert 0 < len(dying.requests) < 30 < len(other.requests) + len(dying.requests)
    assert seconds < 5.0


def test_a_server_that_was_away_is_asked_again_when_it_is_back(call: Call) -> None:
    def slowly(request: Request) -> Answer:
        return replace(right(request), delay=0.1)

    with ScriptedEndpoint() as reserved:
        port = reserved.port
    with ScriptedEndpoint(slowly) as present:
        config = Endpoint(
            base_url=f"http://127.0.0.1:{port}/v1 {present.url}", model="tiny", workers=2
        )
        late = ScriptedEndpoint(slowly, port=port)
        starter = threading.Timer(0.5, late.__enter__)
        starter.start()
        done, _ = ask_all(config, numbered(call, 40))
        starter.join()
        late.__exit__(None, None, None)

    assert values(done) == list(range(40))
    assert len(late.requests) > 3


def test_a_hung_call_is_sent_to_the_other_server(call: Call) -> None:
    hanging = Faulty(Answer("{}", delay=60.0), {2, 3}, times=99)
    with ScriptedEndpoint(hanging) as one, ScriptedEndpoint(right) as two:
        config = Endpoint(base_url=f"{one.url} {two.url}", model="tiny", workers=8)
        done, seconds = ask_all(config, numbered(call, 8))

    assert values(done) == list(range(8))
    assert seconds < 15.0, "a hung call is waited for ten minutes"


@pytest.mark.parametrize("model", ["tiny", ""])
def test_servers_of_different_models_are_an_error_that_names_them(call: Call, model: str) -> None:
    with ScriptedEndpoint(right) as one, ScriptedEndpoint(right, models=("big",)) as two:
        config = Endpoint(base_url=f"{one.url} {two.url}", model=model)
        with pytest.raises(Exception, match=r"serves? big") as caught:
            ask_all(config, numbered(call, 1))

    assert two.url in str(caught.value)


def test_no_server_at_all_is_told_at_once(call: Call) -> None:
    with ScriptedEndpoint() as one, ScriptedEndpoint() as two:
        config = Endpoint(base_url=f"{one.url} {two.url}", model="tiny", retries=0)
    began = time.monotonic()

    with pytest.raises(SurroundingsError, match="cannot be reached"):
        ask_all(config, numbered(call, 3))

    assert time.monotonic() - began < 20.0, "endpoint.patience is two minutes"


def test_more_workers_than_any_pool_has_connections(call: Call) -> None:
    """aiohttp's pool would hold 100 back."""
    together = threading.Barrier(130)

    def reply(request: Request) -> Answer:
        together.wait(20.0)
        return right(request)

    with ScriptedEndpoint(reply) as endpoint:
        config = Endpoint(base_url=endpoint.url, model="tiny", workers=130, merge=Sampling())
        done, _ = ask_all(config, numbered(call, 130))

    assert values(done) == list(range(130))
