"""Attacks that want to leave the skill's folder, or to be another file on another system."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from attacked import FOLDER, Evolve, Lie, honest, poisoned, runs

from skillgit.names import SkillPath

OUTSIDE = (
    *("/etc/passwd", "../SKILL.md", "references/../../x.md", "a//b.md", "./x.md", ""),
    *("C:\\x.md", "C:x.md", "references\\x.md", "\\\\host\\share"),
    *(".git/config", ".GIT/config", "a/.Git/hooks/x", "git~1/x", ".git./x", ".git /x"),
    *("\uff0egit/config", ".g\u200bit/config", ".gi\u200ct/x", "x\x00.md", "x\n.md", "\u202ex.md"),
    *("x.md.", "x.md ", "references/x./y.md", "~" * 401),
)


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_path_out_of_the_skill_cannot_be_built(path: str) -> None:
    """Paths that climb, are absolute, enter `.git`, hide characters or fold on other systems.

    Outcome: no value of the type exists; every edit, tree and document goes through it.
    """
    with pytest.raises(ValueError, match="unsafe path"):
        SkillPath.parse(path)


@pytest.mark.parametrize(
    ("one", "other"),
    [("references/A.md", "references/a.md"), ("\u00e9.md", "e\u0301.md"), ("ﬁ.md", "fi.md")],
)
def test_paths_that_fold_together_are_known_as_one(one: str, other: str) -> None:
    """Two files that a Mac or Windows takes for one, so that the second replaces the first.

    Outcome: they have one folded name, which SG110 and the creation of files look at.
    """
    assert SkillPath(one).folded == SkillPath(other).folded


@pytest.mark.parametrize(
    "title", ["../../etc/passwd", ".git/hooks/pre-commit", "SKILL.MD", "CON", "a\\b", "x" * 80]
)
def test_a_lesson_cannot_name_the_file_it_creates(evolve: Evolve, title: str) -> None:
    """An analyst asks for a reference under a name that is a path, a device or the skill itself.

    Outcome: the program makes the name: one plain file below references/, or the edit is rejected.
    """
    lie = Lie(title, "Save the workbook with `wb.save(path)`.", more={"op": "reference"})
    done = evolve(honest(3), lie, "--min-support", "1", "--main-support", "9")
    assert done.branch
    names = done.repository.git("diff", "--name-only", "main", done.branch or "main").splitlines()
    for name in names:
        assert name.startswith(f"{FOLDER}/")
        rest = name.removeprefix(f"{FOLDER}/")
        assert rest == "SKILL.md" or (rest.count("/") == 1 and rest.startswith("references/"))
        assert rest.rpartition("/")[2].partition(".")[0].lower() not in {"con", "nul", "aux", "prn"}
    modes = done.repository.git("diff", "--raw", "main", done.branch).splitlines()
    assert all(line.split()[1] == "100644" for line in modes)


@pytest.mark.parametrize(
    "place", ["../README.md:1| skills", "/etc/passwd:1| root", "SKILL.md:99| x"]
)
def test_a_place_outside_the_schema_is_no_place(evolve: Evolve, place: str) -> None:
    """A reply names a place that the program never offered.

    Outcome: the reply does not meet its schema; the run is excluded with the reason, and counted.
    """
    done = evolve(honest(2), Lie(more={"place": place}))
    assert not done.branch
    assert done.told["trajectories"]["excluded"] == 2


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_among_the_runs_leads_nowhere(evolve: Evolve, tmp_path: Path) -> None:
    """A folder of runs holds a link to a file outside of it.

    Outcome: it is not followed; a remark says so; nothing of the file is sent.
    """
    (tmp_path / "secret.json").write_text(poisoned("t", "SECRETWORD"), encoding="utf-8")
    folder = runs(tmp_path / "linked", honest(2))
    (folder / "more.json").symlink_to(tmp_path / "secret.json")
    done = evolve(folder, Lie())
    assert not any("SECRETWORD" in told for told in done.messages)
    assert "link that leads out" in done.said + str(done.told)
