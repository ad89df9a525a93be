"""What `skillgit rule` shows is true: the bad example breaks its rule, the good one does not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from skillgit.config import Profile
from skillgit.findings.suppressions import honour
from skillgit.names import SkillPath
from skillgit.rules import RULES, Demands, Group, check_skill, explain
from skillgit.rules.examples import EXAMPLES, Example, shown


def broken(
    files: Mapping[str, bytes], folder: str, modes: Mapping[str, str], profile: Profile
) -> set[str]:
    safe, refused = {}, {}
    for path, data in files.items():
        try:
            safe[SkillPath(path)] = data
        except ValueError as reason:
            refused[path] = str(reason)
    found = check_skill(
        safe,
        folder,
        modes={SkillPath(path): mode for path, mode in modes.items()},
        profile=profile,
        refused=refused,
    )
    return {each.rule for each in honour(found, safe, Demands(profile))}


@pytest.mark.parametrize(("rule", "example"), EXAMPLES.items())
def test_the_bad_one_breaks_its_rule_alone_and_the_good_one_none(
    rule: str, example: Example
) -> None:
    profile = example.profile
    better = example.better_folder or example.folder

    assert broken(example.bad, example.folder, example.modes, profile) == {rule}
    assert broken(example.good, better, {}, profile) == set()


def test_each_rule_on_files_has_an_example_and_each_other_rule_words() -> None:
    on_files = {id_ for id_, info in RULES.items() if info.group in {Group.FORMAT, Group.STRUCTURE}}

    assert set(EXAMPLES) == on_files
    in_words = {id_ for id_, info in RULES.items() if "\nBad:\n" in info.explanation}
    assert in_words == set(RULES) - on_files


@pytest.mark.parametrize("rule", EXAMPLES)
def test_an_example_is_short_and_can_be_seen(rule: str) -> None:
    text = shown(EXAMPLES[rule])

    assert len(text.splitlines()) < 45
    assert all(line.isprintable() and len(line) <= 110 for line in text.splitlines())
    bad, good = text.removeprefix("Bad:\n").split("Good:\n")
    assert bad.startswith("    ")
    assert good.startswith("    ")
    assert text in explain(rule)
