"""The domains by name, with default grading; `graders` for other grading."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from skillgit.config import Grading
from skillgit.domains.docqa.domain import DocQA
from skillgit.domains.math.domain import Math
from skillgit.domains.plug_ins import plug_ins
from skillgit.domains.spreadsheet.domain import Spreadsheet
from skillgit.domains.tableqa.domain import TableQA
from skillgit.domains.task import Domain
from skillgit.domains.text import Text


def graders(grading: Grading) -> Mapping[str, Domain]:
    """Every domain, grading as asked; SurroundingsError where a recalculation is not installed."""
    domains = (Spreadsheet(grading), Text(), TableQA(grading), DocQA(), Math())
    others = [plug_in.domain for plug_in in plug_ins().found]
    # Ours come last: nobody else grades what is called spreadsheet.
    return MappingProxyType({domain.name: domain for domain in (*others, *domains)})


DOMAINS = graders(Grading())
