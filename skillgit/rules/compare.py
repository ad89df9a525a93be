"""What a change brought about: the findings after it that were not there before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from skillgit.types import Finding


def new_findings(before: Sequence[Finding], after: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings that the base had not; lines move, so rule, path and message tell them apart."""
    known = Counter((found.rule, found.path, found.message) for found in before)
    new = []
    for found in after:
        key = (found.rule, found.path, found.message)
        known[key] -= 1
        if known[key] < 0:
            new.append(found)
    return tuple(new)
