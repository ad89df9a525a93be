from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.endpoint.failures import BUDGETS, Again, failure_of, pause
from skillgit.ports import Failure

failures = st.sampled_from([each for each in Failure if BUDGETS[each].first])
keys = st.binary().map(lambda data: hashlib.sha256(data).hexdigest())


def test_every_failure_has_its_budget() -> None:
    assert set(BUDGETS) == set(Failure)


def test_what_says_nothing_about_the_model_is_sent_again_as_it_was() -> None:
    same = {failure for failure, budget in BUDGETS.items() if budget.again is Again.SAME}

    assert same == {
        Failure.UNREACHED,
        Failure.RESET,
        Failure.RATE_LIMITED,
        Failure.SERVER_ERROR,
    }


@given(failures, st.integers(1, 100), keys)
def test_a_wait_is_that_of_the_table_and_the_same_in_every_run(
    failure: Failure, number: int, key: str
) -> None:
    budget = BUDGETS[failure]
    wait = pause(failure, number, key)

    assert wait == pause(failure, number, key)
    assert 0.5 * min(budget.first, budget.longest) <= wait <= budget.longest
    assert wait <= budget.first * 3.0 ** (number - 1)


@given(failures, keys, keys)
def test_calls_that_failed_together_come_back_one_by_one(
    failure: Failure, one: str, other: str
) -> None:
    waits = {pause(failure, 1, key) for key in (one, other)}

    assert len(waits) == len({one, other})


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (400, Failure.REFUSED),
        (422, Failure.REFUSED),
        (408, Failure.SERVER_ERROR),
        (429, Failure.RATE_LIMITED),
        (500, Failure.SERVER_ERROR),
        (503, Failure.SERVER_ERROR),
        (529, Failure.SERVER_ERROR),
    ],
)
def test_a_status_tells_the_failure(status: int, failure: Failure) -> None:
    assert failure_of(status) is failure
