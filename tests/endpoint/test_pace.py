from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.endpoint.pace import MOST_COPIES, Flight, Kind, Pace, quantile

KIND = Kind("success", 2048)
MOST = 600.0
durations = st.floats(0.001, 500.0)


def learnt(seconds: list[float], kind: Kind = KIND, tokens: int = 200) -> Pace:
    """What is known after calls that took so long, one after the other."""
    pace, now = Pace(MOST), 0.0
    for each in seconds:
        flight = pace.begin(kind, now)
        now += each
        pace.answered(flight, now, each, tokens)
        pace.end(flight)
    return pace


def flying(pace: Pace, count: int, now: float = 0.0) -> list[Flight]:
    return [pace.begin(KIND, now) for _ in range(count)]


def answer(pace: Pace, flight: Flight, now: float) -> None:
    pace.answered(flight, now, now - flight.place, 200)
    pace.end(flight)


# ------------------------------------------------------------------ how long calls take


@given(st.lists(durations, max_size=40), st.integers(1, 100_000))
def test_nobody_waits_shorter_than_half_a_second_or_longer_than_the_limit(
    seconds: list[float], allowance: int
) -> None:
    pace = learnt(seconds)

    for kind in (KIND, Kind("merge", allowance)):
        assert 0.5 <= pace.patience(kind) <= pace.limit(kind) <= MOST


@given(st.lists(durations, min_size=1, max_size=40))
def test_a_copy_is_sent_only_when_almost_all_others_were_faster(seconds: list[float]) -> None:
    patience = learnt(seconds).patience(KIND)

    assert patience >= min(MOST, sorted(seconds)[int(0.8 * len(seconds))])


@given(st.lists(durations, min_size=1, max_size=40), st.floats(1.0, 5.0))
def test_slower_calls_are_waited_for_longer(seconds: list[float], factor: float) -> None:
    slower = learnt([each * factor for each in seconds])

    assert slower.patience(KIND) >= learnt(seconds).patience(KIND)


@given(st.lists(durations, min_size=1, max_size=20), st.integers(1, 4000), st.integers(1, 4000))
def test_a_reply_of_another_role_that_may_be_longer_is_waited_for_longer(
    seconds: list[float], one: int, other: int
) -> None:
    pace = learnt(seconds)
    short, long = sorted((one, other))

    assert pace.patience(Kind("merge", short)) <= pace.patience(Kind("merge", long))
    assert pace.limit(Kind("merge", short)) <= pace.limit(Kind("merge", long))


def test_what_took_long_once_is_forgotten() -> None:
    slow, fast = [60.0] * 200, [1.0] * 300

    assert learnt(slow).patience(KIND) > 60
    assert learnt(slow + fast).patience(KIND) < 2


def test_before_the_first_answer_one_copy_is_sent_and_late() -> None:
    pace = Pace(MOST)
    flight, other = flying(pace, 2)

    assert not pace.may_copy(flight, MOST / 2 - 1)
    assert pace.may_copy(flight, MOST / 2)
    pace.copied(other, MOST / 2)
    assert not pace.may_copy(flight, MOST - 1)
    assert not pace.is_lost(flight, MOST - 1)
    assert pace.is_lost(flight, MOST)


def test_a_reply_of_full_length_is_waited_for() -> None:
    """10 ms for each token: a call that uses all its allowance is not given up."""
    pace = learnt([0.3 + 2.0] * 50, tokens=200)

    assert pace.limit(KIND) > 0.3 + 2048 * 0.01
    assert pace.limit(KIND) < 2 * (0.3 + 2048 * 0.01)


@pytest.mark.parametrize(("part", "value"), [(0.0, 1), (0.5, 3), (0.95, 5), (1.0, 5)])
def test_a_quantile_is_one_of_the_values(part: float, value: float) -> None:
    assert quantile([5, 1, 4, 2, 3], part) == value


# ------------------------------------------------------------------ who is overdue


def test_one_that_hangs_among_many_is_found_soon_after_the_others_are_done() -> None:
    pace = Pace(MOST)
    hung, *others = flying(pace, 32)
    for number, other in enumerate(others):
        answer(pace, other, 1.0 + number / 100)

    assert not pace.may_copy(hung, 2.0)
    assert pace.may_copy(hung, 1.3 + 1.2 * 1.3)


def test_waiting_behind_others_is_not_hanging() -> None:
    """A server of four places and 128 calls at once: the last waits for 32 times as long."""
    pace = Pace(MOST)
    waiting, now = flying(pace, 128), 0.0
    while waiting:
        now += 2.0
        assert not any(pace.may_copy(flight, now - 0.01) for flight in waiting)
        for flight in waiting[:4]:
            answer(pace, flight, now)
        waiting = waiting[4:]


def test_a_server_that_is_slow_with_everything_gets_few_copies_and_nothing_is_given_up() -> None:
    pace = learnt([1.0] * 20)
    waiting = flying(pace, 128, now=100.0)
    copies = 0
    for now in (110.0, 150.0, 300.0, 500.0):
        for flight in waiting:
            if pace.may_copy(flight, now):
                pace.copied(flight, now)
                copies += 1
        assert not any(pace.is_lost(flight, now) for flight in waiting)

    assert 0 < copies <= 2


def test_of_many_that_hang_a_share_is_sent_again() -> None:
    pace = Pace(MOST)
    calls = flying(pace, 128)
    for done in calls[13:]:
        answer(pace, done, 1.0)

    for flight in calls[:13]:
        assert pace.may_copy(flight, 5.0)
        pace.copied(flight, 5.0)

    assert not pace.may_copy(calls[0], 5.1)
    assert pace.may_copy(calls[0], 10.0)


def test_nobody_gets_more_than_so_many_copies_and_in_the_end_nobody_waits() -> None:
    pace = learnt([1.0] * 50)
    (flight,) = flying(pace, 1, now=100.0)
    now, copies = 100.0, 1
    while not pace.is_lost(flight, now):
        now += 0.1
        if pace.may_copy(flight, now):
            pace.copied(flight, now)
            copies += 1
        assert now < 100.0 + MOST

    assert copies == MOST_COPIES
    assert now - 100.0 < 30


def test_the_longer_prompt_is_waited_for_longer() -> None:
    pace, now = Pace(MOST), 0.0
    for _ in range(8):
        flight = pace.begin(KIND, now, size=1000)
        now += 20.0
        pace.answered(flight, now, 20.0, 200)
        pace.end(flight)

    short, long = pace.patience(KIND, 1000), pace.patience(KIND, 3000)
    assert long == pytest.approx(3 * short)
    assert pace.patience(Kind("merge", 2048), 3000) == pytest.approx(long)
    assert pace.patience(KIND, 10) == short


# ------------------------------------------------------------------ calls that never end


def until_lost(pace: Pace, flights: list[Flight], start: float) -> tuple[float, int]:
    """When the last of them is given up, and the most copies that were under way at once."""
    now, alive, most = start, list(flights), 0
    while alive:
        now += 0.1
        for flight in list(alive):
            if pace.is_lost(flight, now):
                pace.end(flight)
                alive.remove(flight)
            elif pace.may_copy(flight, now):
                pace.copied(flight, now)
        most = max(most, sum(flight.copies - 1 for flight in alive))
    return now - start, most


@given(
    st.lists(st.floats(0.05, 1.5), min_size=24, max_size=128),
    st.integers(1, 4),
    st.integers(2048, 8192),
)
def test_a_few_quick_calls_that_hang_alone_cost_no_more_than_several_of_their_kind(
    seconds: list[float], hung: int, allowance: int
) -> None:
    """A reply of full length would take far longer; nobody has ever sent one."""
    pace = learnt(seconds)
    kind = Kind("merge", allowance)
    hung = min(hung, max(2, len(seconds) // 16))
    patience = pace.patience(kind)

    wall, copies = until_lost(pace, [pace.begin(kind, 1e4) for _ in range(hung)], 1e4)

    assert wall <= (5 * patience if hung < 3 else 10 * patience) + 1
    assert hung <= copies or hung > 2
    assert copies <= max(2, len(seconds) // 16)


def test_after_a_few_short_replies_a_long_one_is_neither_given_up_nor_asked_for_twice() -> None:
    """A run began with two replies of one word each; the third takes a minute."""
    pace = learnt([2.0, 1.5], tokens=2)
    (flight,) = flying(pace, 1, now=100.0)

    for second in range(101, 160):
        assert not pace.may_copy(flight, second)
        assert not pace.is_lost(flight, second)
    assert pace.is_lost(flight, 100.0 + MOST)


@given(
    st.lists(st.integers(1, 2048), min_size=16, max_size=100),
    st.floats(0.002, 0.05),
    st.floats(0.0, 1.0),
)
def test_a_reply_that_no_schema_binds_is_never_given_up_while_it_may_be_a_long_one(
    lengths: list[int], each: float, first: float
) -> None:
    free, pace, now = Kind("agent", 2048, free=True), Pace(MOST), 0.0
    for tokens in lengths:
        flight = pace.begin(free, now)
        now += first + each * tokens
        pace.answered(flight, now, first + each * tokens, tokens)
        pace.end(flight)
    longest, start = first + each * free.allowance, now
    flight = pace.begin(free, start)

    while now < start + longest:
        assert not pace.is_lost(flight, now)
        if pace.may_copy(flight, now):
            pace.copied(flight, now)
        now += longest / 64
    assert pace.is_lost(flight, start + MOST)


def test_half_of_a_level_of_merges_that_hangs_is_given_up_soon() -> None:
    pace = learnt([0.4] * 96)
    merges = [pace.begin(Kind("merge", 4096), 1e3) for _ in range(16)]
    for done in merges[8:]:
        answer(pace, done, 1e3 + 0.5)

    wall, _ = until_lost(pace, merges[:8], 1e3 + 0.5)

    assert wall < 9


class Slow:
    """A server of few places that works on calls in the order in which they come."""

    def __init__(self, places: int, works: list[float], workers: int) -> None:
        self.pace, self.now = Pace(MOST), 0.0
        self.places, self.works, self.workers = places, works, workers
        self.copies = self.lost = 0

    def run(self) -> None:
        """Second by second; a copy waits behind all others, and a place is not free for it."""
        kinds = (KIND, KIND, Kind("error", 2048), Kind("merge", 4096))
        todo = [(kinds[n % len(kinds)], work) for n, work in enumerate(self.works)]
        waiting: dict[Flight, float] = {}
        while todo or waiting:
            while todo and len(waiting) < self.workers:
                kind, work = todo.pop(0)
                waiting[self.pace.begin(kind, self.now)] = work
            self.now += 1.0
            for flight in list(waiting)[: self.places]:
                waiting[flight] -= 1.0
                if waiting[flight] <= 0:
                    self._answered(flight)
                    del waiting[flight]
            self._look(list(waiting))

    def _answered(self, flight: Flight) -> None:
        self.pace.answered(flight, self.now, self.now - flight.sent, 400)
        self.pace.end(flight)

    def _look(self, waiting: list[Flight]) -> None:
        for flight in waiting:
            self.lost += self.pace.is_lost(flight, self.now)
            if self.pace.may_copy(flight, self.now):
                self.pace.copied(flight, self.now)
                self.copies += 1


@given(
    st.integers(1, 2),
    st.lists(st.floats(30.0, 100.0), min_size=1, max_size=24),
    st.integers(1, 4),
)
def test_a_processor_that_takes_its_time_is_neither_given_up_nor_asked_twice(
    places: int, works: list[float], workers: int
) -> None:
    server = Slow(places, works, workers)

    server.run()

    assert server.lost == 0
    assert server.copies == 0
