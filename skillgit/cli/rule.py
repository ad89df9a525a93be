"""`skillgit rule`: what a rule demands, who demands it, and why."""

from __future__ import annotations

import click

from skillgit.cli.console import examples, out, print_json
from skillgit.config import Profile
from skillgit.rules import RULES, RuleInfo, example, explain, rule_info


@click.command(epilog=examples("skillgit rule", "skillgit rule SG101", "skillgit rule --json"))
@click.argument("rule_id", metavar="[ID]", required=False)
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def command(*, rule_id: str | None, as_json: bool) -> None:
    """Explain the rule ID, or list all rules."""
    rules = [rule_info(rule_id)] if rule_id else list(RULES.values())
    if as_json:
        print_json("rule", {"rules": [_as_json(each) for each in rules]})
    elif rule_id:
        out(explain(rule_id).rstrip())
    else:
        for each in rules:
            severity = each.grades.of(Profile.SPEC) or "off"
            out(f"{each.id}  {severity:<7}  {each.source:<13}  {each.summary}")


def _as_json(info: RuleInfo) -> dict[str, object]:
    grades = {str(profile): info.grades.of(profile) for profile in Profile}
    return {
        "id": info.id,
        "summary": info.summary,
        "source": str(info.source),
        "severity": {name: str(grade) if grade else None for name, grade in grades.items()},
        "explanation": info.explanation,
        "example": example(info.id),
        "clause": info.clause,
    }
