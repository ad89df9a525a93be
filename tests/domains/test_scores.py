from __future__ import annotations

import pytest

from skillgit.domains.scores import scores


def test_soft_is_a_mean_of_shares_and_hard_counts_whole_tasks() -> None:
    told = scores([(3, 3), (2, 3), (0, 3), (1, 1)])

    assert told.tasks == 4
    assert told.soft == pytest.approx((1 + 2 / 3 + 0 + 1) / 4)
    assert told.hard == 2 / 4


def test_the_official_code_divides_by_three_whatever_there_is() -> None:
    told = scores([(1, 1), (2, 2), (3, 3)])

    assert (told.soft, told.hard) == (1, 1)
    assert told.official_soft == pytest.approx((1 / 3 + 2 / 3 + 1) / 3)
    assert told.official_hard == pytest.approx(1 / 3)


def test_no_tasks_score_nothing() -> None:
    assert (scores([]).tasks, scores([]).soft, scores([]).hard) == (0, 0, 0)


@pytest.mark.parametrize("count", [(2, 1), (-1, 1), (0, 0)])
def test_impossible_counts_are_refused(count: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="cannot have passed"):
        scores([count])
