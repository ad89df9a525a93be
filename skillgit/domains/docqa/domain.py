"""`Domain` for questions about pictures: the answer is read off them, and left as a text."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from skillgit.domains.answers import take
from skillgit.domains.docqa.anls import ACCURATE, anls
from skillgit.domains.docqa.pictures import doubt_of, images_of
from skillgit.domains.forms import hint, near
from skillgit.domains.task import Case, Domain, Grade, Mismatch, Stated
from skillgit.images import Image

MOST_BYTES = 64 << 10
"""Of an answer: the longest right ones are a few lines."""

_PLACE = "answer"
_MOST_SHOWN = 200
_MOST_COMPARED = 2000
"""Characters of a wrong answer whose form is looked at."""


class DocQA(Domain):
    """Grades short texts by ANLS. All inputs are pictures, and an agent is shown each."""

    name = "docqa"
    answer = "answer.txt"
    keys = ("expected",)
    computed = False

    def grade(self, case: Case, answer: Path) -> Grade:
        """Compare the whole text of `answer` with each of the accepted ones."""
        golds = accepted(case.region)
        if not golds:
            return _failed("no accepted answer is known")
        with tempfile.TemporaryDirectory(prefix="skillgit-grade-") as folder:
            copy = Path(folder, "answer.txt")
            reason = take(answer, copy, MOST_BYTES)
            if reason:
                return _failed(reason)
            try:
                found = copy.read_bytes().decode("utf-8-sig")
            except UnicodeDecodeError:
                return _failed("the answer is no UTF-8 text")
        return graded(golds, found)

    def literals(self, case: Case, mismatches: tuple[Mismatch, ...]) -> frozenset[str]:
        """None: no program reads pictures here, so one that is honest holds what was read."""
        del case, mismatches
        return frozenset()

    def preview(self, case: Case) -> str:
        """How large each picture is, and that it can be seen already."""
        return "\n".join(
            f"{image.name}: a picture of {image.width} × {image.height} pixels, shown above"
            for image in images_of(case)
        )

    def images(self, case: Case) -> tuple[Image, ...]:
        """All inputs."""
        return images_of(case)

    def region(self, stated: Stated) -> str:
        """The accepted answers: one text, or several of which any will do."""
        return region_of(stated.texts("expected"))

    def doubt(self, case: Case) -> str:
        """A picture that cannot be shown."""
        return doubt_of(case)

    def ideal(self, case: Case, place: Path) -> Path | None:
        """The first of the accepted answers."""
        golds = accepted(case.region)
        if not golds:
            return None
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(golds[0], encoding="utf-8")
        return place


def graded(golds: Sequence[str], answer: str) -> Grade:
    """The grade of an answer in words: `score` is its ANLS, and it passes where that is a half."""
    score = anls(golds, answer)
    if score >= ACCURATE:
        return Grade(passed=True, score=score, compared=1)
    answer = _line(answer)
    nearest = max(map(_line, golds), key=lambda gold: near(gold, answer))
    told = hint(nearest, answer) if answer else "the answer is empty"
    expected = " or ".join(repr(_shown(gold)) for gold in golds)
    mismatch = Mismatch(_PLACE, _shown(answer), expected, told, near(nearest, answer))
    return Grade(passed=False, score=score, compared=1, mismatches=(mismatch,))


def region_of(golds: Sequence[str]) -> str:
    """Accepted answers as `Case.region` has them."""
    return json.dumps(list(golds), ensure_ascii=False)


def accepted(region: str) -> tuple[str, ...]:
    """The accepted answers of a region; none where it is empty."""
    return tuple(json.loads(region)) if region else ()


def _failed(problem: str) -> Grade:
    return Grade(passed=False, score=0.0, problem=problem)


def _line(text: str) -> str:
    return " ".join(text.split())[:_MOST_COMPARED]


def _shown(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
