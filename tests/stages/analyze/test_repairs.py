"""What a repair brought in: the lines that a lesson may quote, and what makes two of them one."""

from __future__ import annotations

from pathlib import Path

import pytest
from diagnosing import FAILED, HONEST, PLACE, Lab, lesson, repair
from hypothesis import given
from hypothesis import strategies as st
from scripted import ScriptedEndpoint, replying

from skillgit.stages.analyze import minimal
from skillgit.stages.analyze.repair import MOST_LINES, NOTHING, Repair
from skillgit.types import Insert, Patch, Replace

BEFORE = """
import csv
total = sum(float(row["price"]) for row in csv.DictReader(open("ledger.csv")))
open("answer.txt", "w").write(str(total))
print("written:", total)
"""
INPUTS = "region,price\nNorth,3\n"
SAID = "Read rows with `csv.DictReader`; every cell is text. Write into `answer.txt`."


def repaired(line: str, before: str = BEFORE) -> Repair:
    after = before.replace('open("answer.txt", "w").write(str(total))', line)
    return Repair(before, after, INPUTS, SAID)


@pytest.mark.parametrize(
    "line",
    [
        'open("answer.txt", "w").write(f"{total:.2f} EUR")',
        'open("answer.txt", "w").write("{:.2f} EUR".format(total))',
        """open('answer.txt', 'w').write(f'{total!s:.2f} EUR'.replace('!s', ''))""",
        'answer = f"{total:.2f} EUR"',
    ],
)
def test_however_a_form_is_written_it_is_the_same(line: str) -> None:
    found = repaired(line)
    assert found.lines == (line,)
    assert "{:.2f} EUR" in {mark.replace("!s", "") for mark in found.marks(line)}


def test_two_ways_of_joining_names_bring_in_one_mark() -> None:
    joins = Repair("x = names", 'x = "; ".join(names)', INPUTS, SAID)
    changes = Repair('x = ", ".join(names)', 'x = ", ".join(names).replace(", ", "; ")')
    assert joins.marks(joins.lines[0]) == changes.marks(changes.lines[0]) == {"; "}


def test_without_a_new_literal_the_new_names_count_and_variables_are_none() -> None:
    found = repaired(
        "amount = round(total)\nwith open('answer.txt', 'w') as file: file.write(amount)"
    )
    assert found.marks("amount = round(total)") == {"round"}
    assert not found.marks("total = float(total)")
    assert not found.marks("for row in total:"), "words of the language are nobody's"


def test_what_cannot_be_quoted_or_belongs_to_the_task_is_no_line() -> None:
    unfit = [
        "x = `ls`",
        'print(f"{total:.2f} kg")',
        "# round it",
        "if region == 'North': round(total)",
        "x = " + "round(" * 40,
    ]
    assert repaired("\n".join(unfit)).lines == ()
    assert len(repaired("\n".join(f"call{n:02}()" for n in range(30))).lines) == MOST_LINES


def test_lines_with_new_literals_come_first() -> None:
    found = repaired('total = round(total)\nopen("answer.txt", "w").write(f"{total} EUR")')
    assert found.lines[0].endswith('EUR")')
    assert found.lines[1] == "total = round(total)"


def test_a_line_of_the_skill_is_wrong_only_where_what_it_names_had_to_go() -> None:
    found = repaired('open("answer.txt", "w").write(f"{total:.2f} EUR")')
    assert found.speaks_against("Write the answer with `str`.")
    assert not found.speaks_against("Read rows with `csv.DictReader`.")
    assert NOTHING.speaks_against("anything"), "without a proof it is the analyst who knows"


CODE = st.text("ab \"'`{}:.2f%\\=(),;\n\té", max_size=60)


@given(CODE, CODE, CODE, CODE)
def test_any_two_programs_give_lines_of_the_second(
    before: str, after: str, inputs: str, said: str
) -> None:
    found = Repair(before, after, inputs, said)
    stripped = {line.strip() for line in after.splitlines()}
    assert set(found.lines) <= set(found.added) <= stripped
    for line in found.lines:
        assert found.marks(line)
        assert "`" not in line
        assert line.isprintable()


@pytest.fixture
def lab(tmp_path: Path, endpoint: ScriptedEndpoint) -> Lab:
    return Lab(tmp_path, endpoint)


def patch_of(lab: Lab, program: str, failed: str = FAILED, **changes: object) -> Patch:
    """What an analyst of a failed program teaches that hands in one repair."""
    lab.failed_run(programs=[failed])
    lab.endpoint.queue(repair(program), replying(lesson(**changes)))
    (patch,) = lab.analyze().patches
    return patch


LINE = 'open("answer.txt", "w").write(f"{total:.2f} kg".replace(".", ","))'


def test_a_lesson_quotes_the_line_that_it_chose(lab: Lab) -> None:
    words = "Write a weight with two decimals and its unit"
    patch = patch_of(lab, HONEST, text=words, code=LINE)
    (taught,) = patch.edits
    assert isinstance(taught.change, Insert)
    assert f"{words}: `{LINE}`." in taught.change.text
    assert "{:.2f} kg" in taught.marks


def test_a_line_that_the_words_have_is_not_quoted_twice(lab: Lab) -> None:
    words = "Write a weight like this: `{}`.".format(LINE.replace('"', "'"))
    (taught,) = patch_of(lab, HONEST, text=words, code=LINE).edits
    assert isinstance(taught.change, Insert)
    assert taught.change.text.endswith(words)
    assert taught.marks


def test_no_line_can_be_quoted_that_the_repair_has_not(lab: Lab) -> None:
    patch_of(lab, HONEST, code=LINE)
    schema = lab.endpoint.requests[-1]["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["edits"]["items"]["properties"]["code"]["enum"] == [LINE, ""]


def test_what_a_repair_does_not_need_is_left_out_of_its_proof(lab: Lab) -> None:
    noisy = HONEST.replace("print(total)", "print('the total is', total)").replace(
        "import csv", "import csv\nimport sys\nassert sys"
    )
    patch = patch_of(lab, noisy)
    assert patch.proof
    assert patch.proof.program.strip() == HONEST.strip()
    shown = str(lab.endpoint.requests[-1]["messages"][-1]["content"])
    assert "+import sys" not in shown
    assert f"+{LINE}" in shown


def test_where_time_is_short_a_repair_stays_as_it_was_handed_in(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(minimal, "MOST_SECONDS", 0.0)
    noisy = HONEST.replace("print(total)", "print('the total is', total)")
    patch = patch_of(lab, noisy)
    assert patch.proof
    assert patch.proof.program.strip() == noisy.strip()


def test_a_line_that_is_not_wrong_stays_where_a_lesson_would_replace_it(lab: Lab) -> None:
    patch = patch_of(lab, HONEST, op="replace", place=PLACE)
    (taught,) = patch.edits
    assert isinstance(taught.change, Insert)


def test_a_line_that_demands_what_had_to_go_is_replaced(lab: Lab) -> None:
    failed = HONEST.replace('row["weight"]', "row[1]").replace('row["name"]', "row[0]")
    patch = patch_of(lab, failed.replace("DictReader", "reader"), failed, op="replace", place=PLACE)
    (taught,) = patch.edits
    assert isinstance(taught.change, Replace)


PARROT = "Write durations as hours and minutes with a colon"


def test_who_copies_the_prompts_example_is_asked_without_it(lab: Lab) -> None:
    lab.failed_run()
    lab.endpoint.queue(repair(HONEST), replying(lesson(title=PARROT)), replying(lesson()))
    (patch,) = lab.analyze().patches
    assert patch.edits
    first, second = (request["messages"] for request in lab.endpoint.requests[-2:])
    assert PARROT in first[-1]["content"]
    assert PARROT not in second[-1]["content"]
    assert len(first) == len(second) == 2, "asked anew, not told of it"


def test_who_still_copies_is_told_and_then_teaches_nothing(lab: Lab) -> None:
    lab.failed_run()
    copy = replying(lesson(title=PARROT))
    lab.endpoint.queue(repair(HONEST), copy, copy, copy)
    (patch,) = lab.analyze().patches
    assert not patch.edits
    assert patch.fates[0].reason.startswith("copied from the example")
    assert "copied from the example" in str(lab.endpoint.requests[-1]["messages"][-1]["content"])


def test_a_proven_lesson_does_not_speak_of_its_run(lab: Lab) -> None:
    lab.failed_run()
    bad = replying(lesson(text="The agent should have written `f'{total:.2f}'`."))
    lab.endpoint.queue(repair(HONEST), bad, bad)
    (patch,) = lab.analyze().patches
    assert not patch.edits
    assert patch.fates[0].reason.startswith("speaks of the agent of this run")
