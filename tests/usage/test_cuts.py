"""What may go because nobody used it: sections and references, and what is spared."""

from __future__ import annotations

import pytest
from traced import call, numbered, skill, trajectory

from skillgit.names import SkillPath
from skillgit.skill.hunks import apply_changes
from skillgit.skill.markdown import structure
from skillgit.types import MANIFEST, Skill, Step, Trajectory
from skillgit.usage import usage
from skillgit.usage.cuts import Aim, Cut, How, Spared, cuts

TEXT = """---
name: ledger
description: d
---

# Ledger

Answer with a number.

## Dates

Turn the days round before you compare any two of them with each other.

```python
day = text.split(".")[::-1]
```

## Old habits

The old importer rounded amounts in another way than the new one does today.

### In the archive

1. Ask for the binder of the year.
2. Copy the sheet of the month by hand, and say so in the answer.

## Colours

Blue is the north, green is the south, red is whatever is overdue since a month.

## More

See [the rates](references/rates.md) for currencies, and ask whoever is responsible for them.

## Tiny

Be brief.
"""
FILES = {
    "SKILL.md": TEXT,
    "references/rates.md": "# Rates\n\nOne euro is 1.08 dollars.\n",
    "references/lost.md": "# Lost\n\nNobody reads this.\n",
    "scripts/old.py": "print()\n",
}
SKILL = skill(FILES)
ROOM = Step(1, "system", "Its further files lie in /skills/ledger/.")


def run(number: int, *said: str) -> Trajectory:
    return numbered(
        number, trajectory((ROOM, *(Step(n, "agent", one) for n, one in enumerate(said, 2))))
    )


RUNS = [
    run(1, "I turn the days round before you compare any two of them."),
    run(2, 'As the "Colours" section says, it is blue.'),
    run(3, "Done."),
    numbered(
        4,
        trajectory(
            (
                ROOM,
                Step(
                    2,
                    "agent",
                    calls=(call("bash", command="cat /skills/ledger/references/rates.md"),),
                ),
            )
        ),
    ),
]


def proposed(
    how: How, files: dict[str, str] | None = None, **more: int
) -> tuple[dict[str, Cut], tuple[Spared, ...], Skill]:
    made = skill(files or FILES)
    aim = Aim(how, **{"min_runs": 4, "min_tokens": 12, **more})
    found, spared = cuts(made, usage(made, RUNS), aim)
    return {cut.title: cut for cut in found}, spared, made


def text_after(made: Skill, found: dict[str, Cut], path: str = "SKILL.md") -> str:
    changes = [change for cut in found.values() for change in cut.changes]
    return apply_changes(made, changes)[SkillPath(path)].decode()


def test_an_unused_section_moves_whole_and_its_heading_leads_to_it() -> None:
    found, spared, made = proposed(How.DEMOTE)

    title = "Move the unused section Old habits to references/old-habits.md"
    assert list(found) == [title]
    assert text_after(made, found) == TEXT.replace(
        TEXT[TEXT.index("The old importer") : TEXT.index("\n## Colours")],
        "Old habits: see [references/old-habits.md](references/old-habits.md).\n",
    )
    moved = text_after(made, found, "references/old-habits.md")
    assert moved.startswith("# Old habits\n\nThe old importer rounded amounts")
    assert "\n## In the archive\n\n1. Ask for the binder" in moved
    assert moved.endswith("by hand, and say so in the answer.\n")
    assert found[title].sources == {one.id for one in RUNS}
    assert [one.what for one in spared] == ["SKILL.md:31-34 More", "SKILL.md:35-37 Tiny"]


def test_what_leads_elsewhere_is_tiny_or_comes_first_is_spared() -> None:
    _, spared, _ = proposed(How.DEMOTE)

    reasons = {one.what.rpartition(" ")[2]: one.reason for one in spared}
    assert reasons["More"] == "it leads to references/rates.md"
    assert reasons["Tiny"].startswith("under 12 tokens")
    assert "Ledger" not in reasons  # the title stays, and is not even thought of


def test_each_part_goes_for_itself_once_it_was_used() -> None:
    """The section within is unused, the one around it is not."""
    inner = TEXT.replace("The old importer rounded", "I turn the days round and rounded")
    made = skill({**FILES, "SKILL.md": inner})
    runs = [*RUNS, run(9, "The old importer: \u201cIn the archive\u201d is where it is.")]
    found, _ = cuts(made, usage(made, runs), Aim(How.DEMOTE, 4, 0, 5))

    assert "Old habits" not in " ".join(one.title for one in found)


def test_deleting_takes_neighbours_together_and_leaves_no_gap() -> None:
    found, _, made = proposed(
        How.DELETE,
        {
            **FILES,
            "SKILL.md": TEXT.replace("See [the", "The [x").replace("](references/rates.md)", "]"),
        },
        max_users=1,
    )

    assert "Delete the unused sections Dates, Old habits, Colours, …" in found
    left = text_after(made, found)
    assert left.startswith("---\nname: ledger")
    assert "\n\n\n" not in left
    assert left.endswith("\n")
    assert [one.title for one in structure(left).headings] == ["Ledger", "Tiny"]


def test_a_reference_that_nobody_opened_goes_with_the_line_that_leads_to_it() -> None:
    linked = TEXT.replace("## Tiny", "- [lost](references/lost.md)\n- Round at the end.\n\n## Tiny")
    found, spared, made = proposed(How.DELETE, {**FILES, "SKILL.md": linked})

    cut = found["Delete the unused file references/lost.md"]
    files = apply_changes(made, cut.changes)
    assert SkillPath("references/lost.md") not in files
    assert "lost.md" not in files[MANIFEST].decode()
    assert "- Round at the end." in files[MANIFEST].decode()
    assert "Delete the unused file references/rates.md" not in found
    assert any(one.what == "scripts/old.py" and "SG205" in one.reason for one in spared)


def test_a_line_that_says_more_keeps_its_file() -> None:
    linked = TEXT.replace("Be brief.", "Be brief. The rest is in [lost](references/lost.md).")
    found, spared, _ = proposed(How.DELETE, {**FILES, "SKILL.md": linked})

    assert "Delete the unused file references/lost.md" not in found
    assert ("references/lost.md", "a line that says more leads to it") in {
        (one.what, one.reason) for one in spared
    }


def test_too_few_runs_propose_nothing() -> None:
    found, spared, _ = proposed(How.DELETE, min_runs=5)

    assert found == {}
    assert [one.reason for one in spared] == ["4 trajectories had the skill, and 5 are asked for"]


def test_seldom_used_can_count_as_unused_and_its_users_do_not_speak_for_it() -> None:
    found, _, _ = proposed(How.DEMOTE, max_users=1)

    cut = found["Move the unused section Colours to references/colours.md"]
    assert cut.sources == {one.id for one in RUNS if one is not RUNS[1]}
    assert "only 1 left a trace" in cut.reason


def test_what_all_used_is_never_unused() -> None:
    with pytest.raises(ValueError, match="not unused"):
        Aim(min_runs=3, max_users=3)


def test_what_could_leave_no_trace_is_spared() -> None:
    curt = TEXT.replace(
        "Be brief.",
        "\n".join(f"- Be {one}." for one in ("brief", "kind", "quick", "right", "clear")),
    )
    found, spared, _ = proposed(How.DELETE, {**FILES, "SKILL.md": curt})

    assert ("SKILL.md:35-41 Tiny", "no line of it is long enough to leave a trace") in {
        (one.what, one.reason) for one in spared
    }
    assert not any("Tiny" in title for title in found)
