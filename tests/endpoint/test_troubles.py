"""Whose fault it is that a request fails."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from skillgit.endpoint.troubles import Fault, Trial, Troubles


def answered(count: int) -> Troubles:
    troubles = Troubles()
    for number in range(count):
        troubles.answered(troubles.begin(f"well {number}"))
    return troubles


def begun(troubles: Troubles, count: int) -> list[Trial]:
    return [troubles.begin(f"{number}") for number in range(count)]


@given(st.integers(1, 20), st.integers(1, 8))
def test_before_the_first_answer_it_is_the_server(requests: int, times: int) -> None:
    troubles = Troubles()
    trials = begun(troubles, requests)
    assert {troubles.failed(one) for one in trials for _ in range(times)} == {Fault.SERVER}


@given(st.integers(0, 100), st.integers(1, 5), st.integers(1, 8))
def test_while_others_are_answered_it_is_the_request(before: int, others: int, times: int) -> None:
    troubles = answered(before)
    [bad] = begun(troubles, 1)
    for _ in range(times):
        for _ in range(others):
            troubles.answered(troubles.begin("another"))
        assert troubles.failed(bad) is Fault.REQUEST


@given(st.integers(1, 200), st.integers(1, 300))
def test_where_nobody_is_answered_the_number_of_those_that_fail_tells(
    before: int, failing: int
) -> None:
    troubles = answered(before)
    told = [troubles.failed(one) for one in begun(troubles, failing)]
    few = max(4, before // 4)
    assert set(told[:few]) == {Fault.UNKNOWN}
    assert set(told[few:]) <= {Fault.SERVER}


def test_one_that_fails_often_is_one() -> None:
    troubles = answered(10)
    [bad] = begun(troubles, 1)
    assert {troubles.failed(bad) for _ in range(50)} == {Fault.UNKNOWN}


def test_what_is_answered_after_all_shows_that_the_trouble_passes() -> None:
    """As with a server that lets in ten calls in a second and refuses the others."""
    troubles = answered(50)
    refused = begun(troubles, 30)
    for one in refused:
        troubles.failed(one)
    while len(refused) > 5:
        for one in refused[:5]:
            troubles.answered(one)
        refused = refused[5:]
        assert {troubles.failed(one) for one in refused} == {Fault.PASSING}


def test_what_passed_once_does_not_excuse_for_ever() -> None:
    troubles = answered(50)
    bad, passing = begun(troubles, 2)
    troubles.failed(bad)
    troubles.failed(passing)
    troubles.answered(passing)
    assert troubles.failed(bad) is Fault.PASSING
    troubles.answered(troubles.begin("another"))
    assert troubles.failed(bad) is Fault.REQUEST
