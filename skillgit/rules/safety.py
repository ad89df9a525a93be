"""What a lesson must not carry along: SG401 and SG402, and the text of SG403.

`stages/analyze` enforces the first two where a lesson is proposed; `review/verify.py` the third.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from skillgit.rules.rule import RuleInfo, told

SAFETY: tuple[RuleInfo, ...] = (
    told(
        "SG401",
        "A lesson names nothing of the one task that taught it",
        """A lesson must hold for other tasks, and must not carry the words of a trajectory into a
        skill that others read.

        Quoted names, code, cells and ranges, files and numbers that the task's own words have may
        stand in a lesson only where the skill has them already, or where the repair that proved
        the cause added them and the task's inputs do not hold them (a unit, not a name). An edit
        that names them goes back to its analyst once, and is rejected if it names them still.

        Bad:
            Fill 'Budget 2024'!B7:C9 before saving.
        Good:
            Fill the range that the task names before saving.
        """,
    ),
    told(
        "SG402",
        "A lesson does not tell how runs are graded, nor where they were made",
        """An agent that reads the skill has no grader and no other machine's folders. A lesson
        that speaks of them teaches nothing, or teaches how to please a test.

        The words grader, ground truth, gold answer, expected answer or form and the like, a form
        as graders write it ('99.99 AAA'), the id of the task, and absolute paths of the machine or
        the sandbox may stand in a lesson's title, text or reason only where the skill has them
        already. An edit with one goes back to its analyst once, and is rejected if it has one
        still.

        Bad:
            Write the amount with two decimals, since the grader expects the form 9.99.
        Good:
            Write amounts with two decimals: `f'{amount:.2f}'`.
        """,
    ),
    told(
        "SG403",
        "What lets an agent do more has a person's approval",
        """A skill is a standing order. Whoever can get one command into a trajectory wants it to
        become one, and no rule can tell a good install from a bad one. A person can.

        A lesson whose edits add or change an executable, a network call, a package install, a
        shell pipe, a credential path, a destructive command or `allowed-tools` fails in `check
        --range` until its commit names who approved: `skillgit approve ROUND/N`. Commands that the
        base has, word for word, need no approval. The trailer says who gave their word; it is no
        signature.

        Bad:
            a lesson with `pip install openpyxl`, and no Skillgit-Approved-By
        Good:
            the same, with Skillgit-Approved-By: Jane Doe <jane@example.org>
        """,
    ),
    told(
        "SG410",
        "A skill that is evolved may be changed",
        """Many skills can be read by anyone and changed by nobody but their owners.

        `skillgit evolve` refuses a skill whose `license:` or licence file forbids derivatives,
        unless its user says that they hold the rights: `--i-hold-the-rights`. A skill that says
        nothing is taken for one that may be changed. This is no legal advice.

        Bad:
            license: CC-BY-ND-4.0
        Good:
            license: CC-BY-4.0
        """,
    ),
)

_GRADING = re.compile(
    r"\b(?:graders?|ground[ _-]?truth"
    r"|gold(?:en)?[ _-](?:answer|file|value|output|result|solution|standard|workbook)s?"
    r"|expected[ _-](?:answer|form)s?|answer[ _-]key)\b",
    re.IGNORECASE,
)
# Homes and temporary folders of machines, and the places that a sandbox shows.
_PLACE = re.compile(
    r"(?<![\w./~-])(?:/(?:home|root|Users|tmp|var/tmp|var/folders|private|mnt|media|work|workspace"
    r"|skills|site|python|turn\.(?:py|sh))(?![\w-])[^\s'\"`,;)]*|[A-Za-z]:\\[^\s'\"`,;)]*)"
)
# Forms as graders of texts write them (SKILLS_FORMAT.md, 11.5): "9999.99 AAA", "Aaa; Aaa".
_FORM = re.compile(
    r"""['"`]((?=[^'"`\n]*(?:9[^'"`\n]*A|A[^'"`\n]*9|Aaa[^'"`\n]*Aaa|9999-99))"""
    r"""[9Aa .,:;%/()$+-]{3,40})['"`]"""
)
_TELLING_ID = re.compile(r".*[\d_-].*")
"""An id that is a plain word would be found in honest sentences."""


def told_of_grading(text: str, base: str, task: str = "") -> list[str]:
    """The words against SG402 in a text of a lesson; those that the skill has are its own."""
    return sorted({word for word in _told(text, task) if word not in base})


def _told(text: str, task: str) -> Iterator[str]:
    yield from _GRADING.findall(text)
    yield from _FORM.findall(text)
    yield from (place.rstrip(".:") for place in _PLACE.findall(text))
    if _TELLING_ID.fullmatch(task) and re.search(rf"(?<![\w-]){re.escape(task)}(?![\w-])", text):
        yield task
