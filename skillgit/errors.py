"""Every error that skillgit raises on purpose, and the exit code that each means.

    SkillgitError                 what was being done, what is wrong, what to do next
    ├── UsageError          2     the command line or the configuration is wrong
    ├── FindingsError       1     the input is read but breaks the rules; nothing survived
    │   └── TakenError      1     the round's name is that of one with other replies
    ├── SurroundingsError   3     no Git, no endpoint, no model file, no sandbox
    └── PartialError        4     stopped half way; what was done is kept and can be resumed

A misfit of one trajectory, one reply or one edit is never an exception: it is a value with a
reason (`types.Fate`, `types.Diagnostic`), and it reaches the report.
"""

from __future__ import annotations

from typing import ClassVar


class SkillgitError(Exception):
    """A failure that a person can act on.

    `message` says what was being done and what is wrong; `hint` says what to do next.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(SkillgitError):
    """The command line, the environment variables or the configuration file cannot be used."""

    exit_code = 2


class FindingsError(SkillgitError):
    """The work was done and its result must not be used: findings, or nothing left to commit."""

    exit_code = 1


class TakenError(FindingsError):
    """A round of this name is recorded, and other replies made it."""


class SurroundingsError(SkillgitError):
    """Something outside is missing or refuses: Git, the endpoint, a model file, a sandbox."""

    exit_code = 3


class PartialError(SkillgitError):
    """A round stopped before its end; every finished call is kept, the same command resumes."""

    exit_code = 4
