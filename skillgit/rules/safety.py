"""SG401: what a lesson must not carry along. The text; `stages/analyze` enforces it."""

from __future__ import annotations

from skillgit.rules.rule import RuleInfo, told

SAFETY: tuple[RuleInfo, ...] = (
    told(
        "SG401",
        "A lesson names nothing of the one task that taught it",
        """A lesson must hold for other tasks, and must not carry the words of a trajectory into a
        skill that others read.

        Quoted names, code, cells and ranges, files and numbers that the task's own words have may
        stand in a lesson only where the skill has them already. An edit that names them goes back
        to its analyst once, and is rejected if it names them still.

        Bad:
            Fill 'Budget 2024'!B7:C9 before saving.
        Good:
            Fill the range that the task names before saving.
        """,
    ),
)
