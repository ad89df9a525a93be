"""Which licences forbid that a skill is changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from repositories import Repository

from skillgit import cli
from skillgit.names import Oid, SkillPath
from skillgit.rules.licence import forbids_changes
from skillgit.types import MANIFEST, Skill

Make = Callable[..., Repository]
MIT = "Permission is hereby granted, free of charge, to any person. You may not remove this notice."


def skill(field: str = "", **files: str) -> Skill:
    line = f"license: {field}\n" if field else ""
    text = f"---\nname: xlsx\ndescription: Sheets.\n{line}---\n\n# Sheets\n"
    beside = {SkillPath(name): words.encode() for name, words in files.items()}
    return Skill("skills/xlsx", Oid("0" * 40), {MANIFEST: text.encode(), **beside})


@pytest.mark.parametrize(
    "field",
    [
        "CC-BY-ND-4.0",
        "CC-BY-NC-ND-3.0",
        "cc by-nd",
        "Attribution-NoDerivs",
        "All rights reserved.",
        "Proprietary. LICENSE.txt has complete terms",
    ],
)
def test_fields_that_forbid_it(field: str) -> None:
    assert forbids_changes(skill(field)).startswith("its frontmatter says license: ")


@pytest.mark.parametrize(
    "words",
    [
        "Users may not:\n- sell it;\n- make derivative works of these files.",
        "You must not copy, modify or share it.",
        "Attribution-NoDerivatives 4.0 International",
        "Copyright 2026 A. Body. All rights reserved.",
        "You receive no right to create derivative works.",
    ],
)
@pytest.mark.parametrize("name", ["LICENSE.txt", "LICENCE", "COPYING.md", "license"])
def test_files_that_forbid_it(name: str, words: str) -> None:
    assert forbids_changes(skill("", **{name: words})).startswith(f"{name} says: ")


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("", ""),
        ("MIT", MIT),
        ("Apache-2.0", "Apache License, Version 2.0. You may not use the names."),
        ("CC-BY-4.0", "Attribution 4.0 International"),
        ("", f"Copyright 2026. All rights reserved.\n{MIT}"),
        (
            "",
            "Redistribution and use in source and binary forms, with or without modification.\n"
            + MIT.replace("Permission is hereby granted", "All rights reserved, but it is"),
        ),
        ("", "GNU GENERAL PUBLIC LICENSE Version 2. You may not copy, modify, sublicense"),
        ("Complete terms in LICENSE.txt", "This is free and unencumbered software."),
    ],
)
def test_licences_that_allow_it(field: str, words: str) -> None:
    assert forbids_changes(skill(field, **{"LICENSE.txt": words})) == ""


def test_only_licences_are_read() -> None:
    assert forbids_changes(skill("", **{"references/a.md": "You may not modify it."})) == ""


@pytest.mark.parametrize("options", [[], ["--dry-run", "--no-probe"]])
def test_evolve_refuses_it_before_anything_is_asked(
    repository: Make, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    text = "---\nname: xlsx\ndescription: S.\nlicense: CC-BY-ND-4.0\n---\n\n# Sheets\n"
    made = repository({"skills/xlsx/SKILL.md": text, "runs/a.json": "{}"})
    words = ["-C", str(made.path), "evolve", "skills/xlsx", "-t", str(made.path / "runs")]
    words += ["--base-url", "http://127.0.0.1:9/v1", "--model", "m", *options]
    assert cli.run(words) == 2
    told = capsys.readouterr().err
    assert "its licence forbids derivatives (SG410)" in told
    assert "--i-hold-the-rights" in told
    cli.run([*words, "--i-hold-the-rights"])
    assert "SG410" not in capsys.readouterr().err
