from __future__ import annotations

import pytest

from skillgit.rules.safety import told_of_grading


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The grader refuses it.", ["grader"]),
        ("Graders refuse it.", ["Graders"]),
        ("It is not the ground truth.", ["ground truth"]),
        ("compare with ground-truth data", ["ground-truth"]),
        ("The golden workbook has `A1`.", ["golden workbook"]),
        ("the gold answer", ["gold answer"]),
        ("The expected form is 9.99.", ["expected form"]),
        ("write the expected answers", ["expected answers"]),
        ("Format it as '9999.99 AAA'.", ["9999.99 AAA"]),
        ("join them as `Aaa; Aaa`", ["Aaa; Aaa"]),
        ('dates as "9999-99-99"', ["9999-99-99"]),
        ("see /work/run/trace.txt.", ["/work/run/trace.txt"]),
        ("Open `/home/me/a b.xlsx`", ["/home/me/a"]),
        ("it fails in /turn.py", ["/turn.py"]),
        (r"open 'C:\Users\me\a.xlsx'", [r"C:\Users\me\a.xlsx"]),
        ("As in sum-7, add.", ["sum-7"]),
        ("/home and /root/x, /skills/xlsx", ["/home", "/root/x", "/skills/xlsx"]),
    ],
)
def test_what_tells_of_grading_or_of_a_machine(text: str, found: list[str]) -> None:
    assert told_of_grading(text, "", "sum-7") == found
    assert not told_of_grading(text, f"the skill says {text}", "sum-7")


@pytest.mark.parametrize(
    "text",
    [
        "Use `/usr/bin/env python3` and `/dev/null`.",
        "Upgrade before you write; degraders and gold prices are no matter.",
        "Write what is expected in the answer file.",
        "Divide a/work/b, see https://example.com/home/index.html and ./tmp/x, ~/work.",
        "As in sum-77 or a-sum-7: the truth on the ground.",
        "Write `f'{x:.2f} EUR'`, so that 99.9 becomes '99.90'; name it \"ABC 9\" or 'A9'.",
        "workbooks/tmp/x is relative, /workers is another path.",
    ],
)
def test_honest_sentences_pass(text: str) -> None:
    assert not told_of_grading(text, "", "sum-7")


def test_a_plain_word_is_no_id_that_tells_anything() -> None:
    assert not told_of_grading("Write dates as datetime values.", "", "dates")
