"""SG113: comments that switch a rule off. The text; `findings/suppressions.py` reads them.

They count in `skillgit check` of files alone. A round, a patch and a range of commits are judged
without them, and no lesson may write one (SG210): who is judged does not choose the rules.
"""

from __future__ import annotations

import re

from skillgit.rules.profile import WARNING
from skillgit.rules.rule import RuleInfo, told

MARKER = re.compile(r"(?i)\bskillgit:\s*ignore\b")
"""What every suppression holds, however it goes on."""

SUPPRESSIONS: tuple[RuleInfo, ...] = (
    told(
        "SG113",
        "A suppression has a reason and a use",
        """A comment switches rules off for its line, for the next line where it has one of its
        own, or for a file; whoever reads it must learn why, and one that is needed no more goes.

        It names rules on files (SG0xx and SG1xx). Those on provenance and safety cannot be
        switched off: the text that they guard against could do it. What gives no reason, or
        names another rule, switches nothing off.
        """,
        grades=WARNING,
    ),
)
