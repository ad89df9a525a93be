"""The rules of SKILLS_FORMAT.md: `check_skill` runs those on trees, `RULES` describes all.

    format.py      SG001…  can every reader find and read the frontmatter?
    fields.py      SG011…  what the fields may hold
    links.py       SG101…  does what is linked exist, and is what exists linked?
    structure.py   SG104…  is the Markdown whole, and short?
    paths.py       SG110…  can every system hold the files?
    suppressions.py  SG113  texts of the rule on comments that switch others off
    patch.py       SG201…  texts of the rules on edits
    provenance.py  SG301…  texts of the rules on lesson commits
    safety.py      SG401…  texts of the rules on what a lesson carries along
    safety_trees.py  SG404…  is what an agent reads what a person sees, and harmless?

To add a rule on trees: a function with `@rule`, its place in the tuple at the end of its file, and
its clause in SKILLS_FORMAT.md. To add a group: a file, its number in `rule.Group`, and a line here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from skillgit.config import Profile
from skillgit.errors import UsageError
from skillgit.names import SkillPath
from skillgit.rules.fields import FIELD_RULES
from skillgit.rules.format import FORMAT
from skillgit.rules.limits import estimated_tokens
from skillgit.rules.links import LINKS
from skillgit.rules.patch import PATCH
from skillgit.rules.paths import PATHS
from skillgit.rules.profile import Demands, Grades, Source
from skillgit.rules.provenance import PROVENANCE
from skillgit.rules.rule import Group, Rule, RuleInfo, by_id
from skillgit.rules.safety import SAFETY
from skillgit.rules.safety_trees import SAFETY_TREES
from skillgit.rules.structure import STRUCTURE
from skillgit.rules.suppressions import SUPPRESSIONS
from skillgit.rules.tree import Tree
from skillgit.types import Finding

__all__ = [
    "RULES",
    "Demands",
    "Grades",
    "Group",
    "Profile",
    "RuleInfo",
    "Source",
    "check_skill",
    "estimated_tokens",
    "example",
    "explain",
    "in_order",
    "rule_info",
]

_TREE_RULES: tuple[Rule, ...] = (
    *FORMAT,
    *FIELD_RULES,
    *LINKS,
    *STRUCTURE,
    *PATHS,
    *SAFETY_TREES,
)

RULES: Mapping[str, RuleInfo] = by_id(
    (*(each.info for each in _TREE_RULES), *SUPPRESSIONS, *PATCH, *PROVENANCE, *SAFETY)
)
"""Every rule of the house by its id, in the order of the ids."""

_NOTHING: Mapping[SkillPath, str] = MappingProxyType({})


def check_skill(
    files: Mapping[SkillPath, bytes],
    folder: str,
    *,
    modes: Mapping[SkillPath, str] = _NOTHING,
    profile: Profile | Demands = Profile.SPEC,
    refused: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Finding, ...]:
    """What the rules on trees say about a skill, by path, line and rule; paths within the skill.

    `refused` are paths of the skill that are no SkillPath, each with the reason.
    """
    demands = Demands(profile) if isinstance(profile, Profile) else profile
    tree = Tree(files, folder, modes, demands.profile, refused)
    return tuple(sorted(_findings(tree, demands), key=in_order))


def in_order(finding: Finding) -> tuple[str, int, int, str]:
    """The order in which findings are told: by path, line, column and rule."""
    return (finding.path, finding.line, finding.column, finding.rule)


def _findings(tree: Tree, demands: Demands) -> Iterator[Finding]:
    for each in _TREE_RULES:
        severity = demands.severity(each.info.id, each.info.grades)
        if severity is not None:
            for mark in each.check(tree):
                where = (mark.path, mark.message, mark.line, mark.column)
                yield Finding(each.info.id, severity, *where)


def explain(rule_id: str) -> str:
    """The text of a rule for people: what it demands, who demands it, why, and an example."""
    info = rule_info(rule_id)
    grades = ", ".join(f"{p}: {info.grades.of(p) or 'off'}" for p in Profile)
    head = f"{info.id}: {info.summary}."
    facts = f"Demanded by: {info.source}. Severity: {grades}."
    where = f"SKILLS_FORMAT.md, clause {info.clause}"
    texts = (head, facts, info.explanation, example(info.id), where)
    return "\n\n".join(filter(None, texts)) + "\n"


def example(rule_id: str) -> str:
    """A skill that breaks a rule on files, and one that does not; "" for other rules.

    Those have their examples in the explanation, in words.
    """
    from skillgit.rules.examples import EXAMPLES, shown  # noqa: PLC0415 - `check` has no need of it

    found = EXAMPLES.get(rule_id)
    return shown(found).rstrip() if found else ""


def rule_info(rule_id: str) -> RuleInfo:
    """A rule by its id; UsageError where there is none."""
    info = RULES.get(rule_id.strip().upper())
    if info is None:
        hint = "`skillgit rule` lists all rules"
        raise UsageError(f"there is no rule {rule_id!r}", hint=hint)
    return info
