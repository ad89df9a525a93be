"""What a proven repair brought in: the lines to teach, and what makes two of them one lesson.

A small model words the same change differently each time; the program that passed does not. So a
lesson of a proven cause quotes a line of it, by reference, and lessons that bring in the same can
be joined without asking anyone.
"""

from __future__ import annotations

import difflib
import keyword
import re
from dataclasses import dataclass

MOST_LINES = 12
_LONGEST = 120
_WORDS = re.compile(r"[^\W\d]\w+|\.\d+\w?|%")
_OWN = re.compile(r"^\s*(\w+)\s*=(?!=)|\b(?:for|as|def)\s+(\w+)", re.MULTILINE)
_LITERALS = re.compile(r"""(?P<mark>["'])((?:(?!(?P=mark))[^\\\n]|\\.)*?)(?P=mark)""")
_FIELDS = re.compile(r"\{[^{}:!]*((?:![rsa])?(?::[^{}]*)?)\}")
_NAMES = re.compile(r"\w\w")
_TELLING = re.compile(r"\d\d|\w{4}|\w\W+\w")
_NEVER_SHOWN = re.compile(r"[`\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Repair:
    """The failed run's program `before`, the one that passed, and what is known without it.

    `inputs` is what the one task's inputs hold: names in it are no lesson, while a unit or a mark
    that no input has is a rule of its kind. `said` is what the skill says already. A
    program that `reads` holds what a model saw, as no program could work it out.
    """

    before: str = ""
    after: str = ""
    inputs: str = ""
    said: str = ""
    reads: bool = False

    @property
    def own(self) -> frozenset[str]:
        """What was read: texts that belong to the one task; "yes" and "no" belong to all."""
        if not self.reads:
            return frozenset()
        new = {form.strip() for form in _forms(self.after) - _forms(self.before)}
        return frozenset(form for form in new if _TELLING.search(form))

    @property
    def added(self) -> tuple[str, ...]:
        """The lines that the repair added, without their indentation."""
        old, new = (_lines(program) for program in (self.before, self.after))
        matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
        changed = (
            line
            for tag, _, _, start, end in matcher.get_opcodes()
            if tag in {"insert", "replace"}
            for line in new[start:end]
        )
        return tuple(dict.fromkeys(line.strip() for line in changed if line.strip()))

    @property
    def lines(self) -> tuple[str, ...]:
        """Those that bring something in and can be quoted in a skill; what they print is nobody's.

        A line that holds a text of the inputs belongs to the one task. New literals come first:
        they are what a form is made of.
        """
        if self.reads:
            return ()
        fit = [
            line
            for line in self.added
            if len(line) <= _LONGEST
            and not _NEVER_SHOWN.search(line)
            and not line.startswith(("print(", "#"))
            and not any(_NAMES.search(form) and form in self.inputs for form in _forms(line))
            and self.marks(line)
        ]
        return tuple(sorted(fit, key=lambda line: not self._new_forms(line)))[:MOST_LINES]

    def marks(self, line: str) -> frozenset[str]:
        """What a line brings in: its new literals with empty fields, else its new names.

        `f"{total:.2f} EUR"` and `"{:.2f} EUR".format(x)` bring in the same.
        """
        if forms := self._new_forms(line):
            return forms
        known = _named_by(self.after).union(*map(_WORDS.findall, (self.before, self.said)))
        new = {*_WORDS.findall(line)} - known - {*keyword.kwlist}
        return frozenset(name for name in new if name not in self.inputs)

    def _new_forms(self, line: str) -> frozenset[str]:
        new = _forms(line) - _forms(self.before)
        return frozenset(form for form in new if not (_NAMES.search(form) and form in self.said))

    def speaks_against(self, text: str) -> bool:
        """Does a text of the skill demand anything that the repair took out?

        What is proven is that something was missing; a line of the skill is only wrong where what
        it names had to go. Without a repair nothing is known against the analyst's word.
        """
        if not self.after:
            return True
        gone = set(_WORDS.findall(self.before)) - set(_WORDS.findall(self.after))
        gone -= _named_by(self.before)
        return not gone.isdisjoint(_WORDS.findall(text))

    def allows(self, name: str) -> bool:
        """May a lesson name it, though the task has it, too? What the repair had to add, it may."""
        return (
            not self.reads and name not in self.inputs and any(name in line for line in self.added)
        )


def _lines(program: str) -> list[str]:
    return [line.rstrip() for line in program.strip("\n").splitlines()]


def _named_by(program: str) -> set[str]:
    """The names that a program gives: its own variables, files and functions."""
    return {name for names in _OWN.findall(program) for name in names}


def _forms(code: str) -> frozenset[str]:
    """The literals of a program that hold more than a field or a space."""
    found = (_FIELDS.sub(r"{\1}", text) for _, text in _LITERALS.findall(code))
    return frozenset(form for form in found if len(form) > 1 and form != "{}")


NOTHING = Repair()
