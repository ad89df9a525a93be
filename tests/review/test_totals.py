from __future__ import annotations

import pytest

from skillgit.names import EditId
from skillgit.review.totals import Totals, final_fates
from skillgit.types import Fate, State


def name(number: int) -> EditId:
    return EditId(f"t-{0:012x}.{number}")


def test_a_merged_edit_shares_the_end_of_the_one_that_carries_it_on() -> None:
    fates = [
        Fate(name(1), State.MERGED, "same", name(2)),
        Fate(name(2), State.MERGED, "same", name(3)),
        Fate(name(4), State.MERGED, "same", name(5)),
        Fate(name(5), State.WITHHELD, "low support"),
    ]
    ends = final_fates([name(n) for n in range(1, 7)], fates)
    assert ends[name(1)] == Fate(name(1), State.MERGED, "same", name(3))
    assert ends[name(3)].state is State.APPLIED
    assert ends[name(4)] == Fate(name(4), State.WITHHELD, "low support")
    assert ends[name(6)].state is State.APPLIED


def test_two_ends_or_a_circle_would_be_a_lie() -> None:
    with pytest.raises(ValueError, match="ends twice"):
        final_fates([name(1)], [Fate(name(1), State.REJECTED), Fate(name(1), State.WITHHELD)])
    circle = [
        Fate(name(1), State.MERGED, "", name(2)),
        Fate(name(2), State.MERGED, "", name(1)),
    ]
    with pytest.raises(ValueError, match="circle"):
        final_fates([name(1)], circle)


def test_totals_that_do_not_add_up_cannot_be_made() -> None:
    good = {"found": 3, "duplicates": 1, "left_out": 0, "excluded": 1, "analysed": 1, "lessons": 0}
    Totals(**good, proposed=1, states={State.APPLIED: 1})
    with pytest.raises(ValueError, match="4 trajectories found, 3 accounted for"):
        Totals(**(good | {"found": 4}), proposed=1, states={State.APPLIED: 1})
    with pytest.raises(ValueError, match="2 edits proposed, 1 accounted for"):
        Totals(**good, proposed=2, states={State.APPLIED: 1})
