"""SG201 to SG210: what an edit must not do. The texts; `stages/guard.py` enforces them."""

from __future__ import annotations

from skillgit.rules.rule import RuleInfo, told

PATCH: tuple[RuleInfo, ...] = (
    told(
        "SG201",
        "An edit changes what exists in the base",
        """Every edit is addressed to lines of the frozen base that all analysts read.

        A file or a line that is not there was made up, so the edit is rejected, never fitted.

        Bad:
            replace line 90 of a file of 40 lines
        Good:
            replace line 12 of SKILL.md
        """,
    ),
    told(
        "SG202",
        "No two edits change the same lines",
        """Lessons commute only if no base line, and no gap between two, belongs to two of them.

        The edit with more support stays; the other one is withheld.

        Bad:
            two lessons that both replace line 12
        Good:
            one lesson on line 12, another on line 20
        """,
    ),
    told(
        "SG203",
        "An edit stays inside its place in the skill",
        """Paths are relative to the skill's folder, and nothing climbs out of it or into .git.

        A lesson may change Markdown files that exist, and create references/<name>.md.

        Bad:
            create ../other/SKILL.md
        Good:
            create references/charts.md
        """,
    ),
    told(
        "SG204",
        "An edit makes no links, submodules or executables",
        """A lesson is text. Modes other than 100644 are refused: `git apply` would take them.

        Bad:
            new file mode 120000
        Good:
            new file mode 100644
        """,
    ),
    told(
        "SG205",
        "Protected files stay as they are",
        """Licences, scripts, assets and the frontmatter are a person's to change, not a model's.

        Bad:
            an edit of LICENSE.txt, of scripts/recalc.py, or of the line `name: xlsx`
        Good:
            an edit of the instructions in SKILL.md
        """,
    ),
    told(
        "SG206",
        "A new file is new, and a link leads to it",
        """A file that nothing links is never read, so a file and its link are one value.

        Bad:
            create references/charts.md; the link leads to references/chart.md
        Good:
            create references/charts.md; SKILL.md says: see [charts](references/charts.md)
        """,
    ),
    told(
        "SG207",
        "An edit changes something",
        """An edit that leaves every byte as it was would become an empty commit.

        Bad:
            replace line 12 by the text of line 12
        Good:
            replace line 12 by a better wording
        """,
    ),
    told(
        "SG208",
        "A place is one that the base has",
        """An analyst names a place by file, line and first words together, out of a list. So
        number and words cannot disagree; no place is inside a fence, a table or the frontmatter.

        Bad:
            "SKILL.md:12| Recalculate…", where line 12 reads "Charts need a title."
        Good:
            "SKILL.md:12| Charts need a title."
        """,
    ),
    told(
        "SG209",
        "An edit tears no block apart",
        """Nothing is put inside a fenced code block, a table, a paragraph or a list item, and
        no edit replaces one half of a fenced block or table.

        Bad:
            insert a heading between ```python and ```
        Good:
            insert it after the closing ```
        """,
    ),
    told(
        "SG210",
        "An edit switches no rule off",
        """A comment as SG113 has it is a person's to write: a model could silence what it broke.

        Bad:
            an edit that adds: <!-- skillgit: ignore[SG105] it is fine -->
        Good:
            an edit that breaks no rule
        """,
    ),
)
