"""What SECURITY.md and ATTACKS.md say of the attacks is what the tests try."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from attack_table import PAGE, ROOT, attacks, table

SECURITY = (ROOT / ".github" / "SECURITY.md").read_text(encoding="utf-8")


def test_each_attack_says_what_it_tries_and_what_happens() -> None:
    told = list(attacks())
    assert len(told) > 25
    assert [one.test for one in told if not (one.tries and one.happens)] == []


def test_the_page_holds_the_table_as_the_script_prints_it() -> None:
    """After a change: `python tests/attack_table.py`, below the page's own words."""
    page = PAGE.read_text(encoding="utf-8")
    assert re.search(r"As of \d{4}-\d\d-\d\d", page)
    assert page.partition("<!-- the table -->\n\n")[2] == table()


@pytest.mark.parametrize("place", sorted(set(re.findall(r"`(tests/[^`\s]+)`", SECURITY))))
def test_a_test_that_the_threat_model_names_is_there(place: str) -> None:
    path, _, name = place.partition("::")
    assert (ROOT / path).exists()
    if name:
        assert re.search(rf"def {name}\(", Path(ROOT / path).read_text(encoding="utf-8"))


def test_the_threat_model_names_tests() -> None:
    assert len(set(re.findall(r"`(tests/[^`\s]+)`", SECURITY))) > 20
