"""What is expected of a solution: the right answer, and the form in which it is to be given."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Form(StrEnum):
    """How a benchmark wants the final answer to be marked."""

    ANSWER = "answer"
    """`Answer: 42` on a line, as in DAPO-Math."""
    HASHES = "hashes"
    """`#### 42`, as in GSM8K."""
    BOXED = "boxed"
    """`\\boxed{42}`, as in MATH."""

    @property
    def wanted(self) -> str:
        """The sentence that asks for it; of DAPO's prompt, where the form is DAPO's."""
        return _WANTED[self]


_WANTED = {
    Form.ANSWER: 'The last line must be of the form "Answer: $Answer" (without quotes), where'
    " $Answer is the answer to the problem.",
    Form.HASHES: 'The last line must be "####", a blank and the answer, a number without a unit.',
    Form.BOXED: "The last line must hold the final answer in \\boxed{}.",
}

_SIGN = "form: "


@dataclass(frozen=True, slots=True)
class Expected:
    """The right answer. `form` is None where nobody asked for one: then any form counts."""

    answer: str
    form: Form | None = None

    @property
    def text(self) -> str:
        """One value for `Case.region`; `parse` reads it back."""
        return f"{self.answer}\n{_SIGN}{self.form}" if self.form else self.answer

    @classmethod
    def parse(cls, text: str) -> Expected:
        """A plain answer is one as well."""
        answer, _, last = text.rpartition("\n")
        if last.startswith(_SIGN) and last.removeprefix(_SIGN) in set(Form):
            return cls(answer, Form(last.removeprefix(_SIGN)))
        return cls(text)
