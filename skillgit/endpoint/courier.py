"""One letter to the servers: the first answer that can be read wins, of as many copies as it takes.

A copy is the same request with the same seed, so it makes no difference who answers. When copies
are sent, and when nobody waits any more, is decided in `pace.py`. What fails on its way is sent
again as `failures.py` says, and less often where `troubles.py` finds that others fare well.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from skillgit.endpoint.allowance import Allowance, Demand, Ticket
from skillgit.endpoint.completions import Letter, Said, is_too_long, read_completion
from skillgit.endpoint.failures import (
    BUDGETS,
    LEAST_LONGEST,
    LONGEST_PASSING,
    OWN_TRIES,
    Again,
    failure_of,
    pause,
)
from skillgit.endpoint.fleet import Fleet, Server
from skillgit.endpoint.pace import Flight, Kind, Pace
from skillgit.endpoint.pictures import takes_no_pictures
from skillgit.endpoint.troubles import Fault, Trial, Troubles
from skillgit.endpoint.wire import Refused, Unreached
from skillgit.ports import Failure
from skillgit.types import Usage

_PATH = "/chat/completions"
_GLANCE = 0.1
"""Seconds between two looks at the calls that wait."""
_RESTARTS = 3
"""So often a request finds its server gone and waits for it; it may well be what fells it."""
_UNAVAILABLE = frozenset({502, 503, 504})


@dataclass(frozen=True, slots=True)
class Failed:
    """A request came to nothing: how, why, and what the server answered, if it did."""

    failure: Failure
    reason: str
    refused: Refused | None = None
    usage: Usage = field(default_factory=Usage)
    """What all tries took."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of a letter, from where, and how often it was sent."""

    outcome: Said | Failed
    server: Server
    copies: int
    """Of the last try; what the tries before it took is counted in the outcome's usage."""

    def after(self, usage: Usage) -> Delivery:
        """The same, where that was used before."""
        return replace(self, outcome=replace(self.outcome, usage=usage + self.outcome.usage))

    def used(self) -> Usage:
        """What this try took, which failed and is made again."""
        sent = Usage(calls=self.copies, hedged_calls=self.copies - 1)
        return sent + self.outcome.usage + Usage(failed_calls=1, retried_calls=1)


class Courier:
    """Bring letters to the fleet."""

    def __init__(self, fleet: Fleet, pace: Pace, allowance: Allowance) -> None:
        self._fleet = fleet
        self._pace = pace
        self._allowance = allowance
        self._troubles = Troubles()
        self._waiting: dict[_Copies, Flight] = {}
        self._glance: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Look after nobody any more."""
        if self._glance:
            self._glance.cancel()
            await asyncio.gather(self._glance, return_exceptions=True)

    async def deliver(self, letter: Letter) -> Delivery:
        """Send it until it is answered, as often as makes sense; or why there is no answer."""
        trial, usage = _Tries(self._troubles.begin(letter.key)), Usage()
        while True:
            delivery = await self._tried(letter)
            outcome = delivery.outcome
            if isinstance(outcome, Said):
                self._troubles.answered(trial.trial)
                return delivery.after(usage)
            wait = await self._wait(trial, delivery.server, outcome)
            if wait is None:
                return delivery.after(usage)
            usage += delivery.used()
            await asyncio.sleep(wait)

    async def _wait(self, tries: _Tries, server: Server, failed: Failed) -> float | None:
        """Seconds before it is sent again; None where it is not."""
        if BUDGETS[failed.failure].again is not Again.SAME:
            return None
        server.seen = server.seen or failed.refused is not None
        fault = self._troubles.failed(tries.trial)
        if fault is Fault.UNKNOWN or _may_be_gone(failed):
            if not await self._fleet.is_alive(server, failed.reason):
                tries.restarts += 1  # choosing a server waits until there is one
                return 0.0 if tries.restarts <= _RESTARTS else None
            fault = Fault.REQUEST if fault is Fault.UNKNOWN else fault
        tries.count(failed.failure, fault)
        return self._pause(tries, server, failed, fault)

    def _pause(self, tries: _Tries, server: Server, failed: Failed, fault: Fault) -> float | None:
        failure, budget = failed.failure, BUDGETS[failed.failure]
        number, most = tries.same[failure], budget.resent * self._fleet.retries
        seconds = pause(failure, number, tries.trial.key)
        asked_for = min(failed.refused.retry_after, budget.longest) if failed.refused else 0.0
        if fault is Fault.REQUEST:
            short = min(seconds, max(LEAST_LONGEST, self._pace.typical()))
            return asked_for or short if tries.own <= min(OWN_TRIES, most) else None
        if number > most:
            return None
        if fault is Fault.PASSING:
            seconds = min(seconds, max(LONGEST_PASSING, self._pace.typical()))
        if failure is Failure.RATE_LIMITED:
            self._fleet.slow_down(server, asked_for or seconds)
            return min(seconds, asked_for or seconds)
        return asked_for or seconds

    async def _tried(self, letter: Letter) -> Delivery:
        """Send it, and copies where it takes too long; one answer, or why there is none."""
        server = await self._fleet.choose()
        ticket = await self._allowance.admit(_demand(letter))
        now = time.monotonic()
        flight = self._pace.begin(_kind(letter), now, letter.size)
        copies = _Copies(letter)
        self._look_after(copies, flight)
        try:
            copies.send(server, ticket, now)
            while True:
                await copies.wait()
                now = time.monotonic()
                delivery = await self._arrived(copies, flight, now)
                if delivery:
                    return delivery
                if self._pace.is_lost(flight, now):
                    return copies.given_up(now - flight.sent)
                if self._pace.may_copy(flight, now):
                    self._send_copy(copies, flight, now)
        finally:
            del self._waiting[copies]
            self._pace.end(flight)
            await copies.recall()

    def _look_after(self, copies: _Copies, flight: Flight) -> None:
        self._waiting[copies] = flight
        if self._glance is None or self._glance.done():
            self._glance = asyncio.create_task(self._look())

    async def _look(self) -> None:
        """One for all: what is overdue changes with every answer that another call gets."""
        while self._waiting:
            await asyncio.sleep(_GLANCE)
            now = time.monotonic()
            for copies, flight in self._waiting.items():
                if self._pace.may_copy(flight, now) or self._pace.is_lost(flight, now):
                    copies.nudge()

    async def _arrived(self, copies: _Copies, flight: Flight, now: float) -> Delivery | None:
        """A reply, or a failure when no copy is under way any more."""
        for outcome, server, seconds in copies.arrived(now):
            if isinstance(outcome, Said):
                server.seen = True
                self._pace.answered(flight, now, seconds, outcome.usage.output_tokens)
                return Delivery(outcome, server, copies.sent)
            copies.failed = outcome, server
            if outcome.failure is Failure.UNREACHED and copies.under_way:
                await self._fleet.is_alive(server, outcome.reason)
        copies.forget_those_away()
        if copies.under_way or copies.failed is None:
            return None
        return Delivery(*copies.failed, copies.sent)

    def _send_copy(self, copies: _Copies, flight: Flight, now: float) -> None:
        server = self._fleet.spare(copies.servers)
        ticket = self._allowance.admit_at_once(_demand(copies.letter)) if server else None
        if server and ticket:
            self._pace.copied(flight, now)
            copies.send(server, ticket, now)


@dataclass(slots=True)
class _Tries:
    """How often a letter was sent in vain."""

    trial: Trial
    same: Counter[Failure] = field(default_factory=Counter)
    own: int = 0
    """While others were answered."""
    restarts: int = 0

    def count(self, failure: Failure, fault: Fault) -> None:
        """It failed once more."""
        self.same[failure] += 1
        self.own += fault is Fault.REQUEST


class _Copies:
    """The copies of one letter that are under way; all are recalled when one has arrived."""

    def __init__(self, letter: Letter) -> None:
        self.letter = letter
        self.sent = 0
        self.failed: tuple[Failed, Server] | None = None
        self._under_way: dict[asyncio.Task[Said | Failed], tuple[Server, float]] = {}
        self._nudged: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def under_way(self) -> bool:
        """Is there still something to wait for?"""
        return bool(self._under_way)

    @property
    def servers(self) -> list[Server]:
        """Those that have a copy."""
        return [server for server, _ in self._under_way.values()]

    def send(self, server: Server, ticket: Ticket, now: float) -> None:
        """One more copy."""
        self.sent += 1
        task = asyncio.create_task(_post(server, self.letter, ticket))
        self._under_way[task] = server, now

    async def wait(self) -> None:
        """Until one arrives, or a nudge comes."""
        awaited: list[asyncio.Future[Any]] = [self._nudged, *self._under_way]
        await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        if self._nudged.done():
            self._nudged = asyncio.get_running_loop().create_future()

    def nudge(self) -> None:
        """It has taken long: look what is to be done."""
        if not self._nudged.done():
            self._nudged.set_result(None)

    def arrived(self, now: float) -> list[tuple[Said | Failed, Server, float]]:
        """What has come of copies since the last time, and after how many seconds."""
        done = [task for task in self._under_way if task.done()]
        took = [(task.result(), *self._under_way.pop(task)) for task in done]
        return [(outcome, server, now - sent) for outcome, server, sent in took]

    def forget_those_away(self) -> None:
        """Nobody will answer from a server that has gone."""
        for task, (server, _) in list(self._under_way.items()):
            if server.away:
                task.cancel()
                del self._under_way[task]
                self.failed = self.failed or (Failed(Failure.RESET, server.why), server)

    def given_up(self, seconds: float) -> Delivery:
        """No copy came in time."""
        server = self.servers[0]
        reason = f"the connection failed: no answer within {_shown(seconds)} s"
        return Delivery(Failed(Failure.TIMED_OUT, reason), server, self.sent)

    async def recall(self) -> None:
        """Let go of those that are under way."""
        if self._under_way:
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)


async def _post(server: Server, letter: Letter, ticket: Ticket) -> Said | Failed:
    server.running += 1
    try:
        with ticket:
            answer = await server.wire.post(_PATH, letter.text)
            outcome = _read(answer)
            if isinstance(outcome, Said):
                ticket.settle(outcome.usage)
            elif isinstance(answer, Refused) or outcome.failure is Failure.UNREACHED:
                ticket.settle(Usage())
            return outcome
    finally:
        server.running -= 1


def _read(answer: str | Refused | Unreached) -> Said | Failed:
    match answer:
        case str():
            said = read_completion(answer)
            return said if isinstance(said, Said) else Failed(said.failure, said.reason)
        case Unreached(why, failure):
            return Failed(failure, f"the connection failed: {why}")
        case Refused(_, message) if is_too_long(message):
            reason = f"the prompt does not fit into the model's context: {message}"
            return Failed(Failure.TOO_LONG, reason)
        case Refused(_, message) if takes_no_pictures(message):
            return Failed(Failure.REFUSED, f"the model takes no pictures: {message}", answer)
        case Refused(status, message):
            reason = f"the endpoint answered {status}: {message}"
            return Failed(failure_of(status), reason, answer)


def _may_be_gone(failed: Failed) -> bool:
    if failed.refused:
        return failed.refused.status in _UNAVAILABLE
    return failed.failure in {Failure.UNREACHED, Failure.RESET}


def _shown(seconds: float) -> str:
    return f"{seconds:.1f}".removesuffix(".0")


def _kind(letter: Letter) -> Kind:
    body = letter.body
    thinks = body.get("chat_template_kwargs", {}).get("enable_thinking", False)
    return Kind(letter.role, body["max_tokens"], free=thinks or "response_format" not in body)


def _demand(letter: Letter) -> Demand:
    return Demand.of(letter.size, letter.body["max_tokens"])
