from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit import cli
from skillgit.findings.baseline import compare, read_baseline, render_baseline
from skillgit.findings.placed import Placed, fingerprints, placed
from skillgit.names import SkillPath
from skillgit.rules import RULES, check_skill
from skillgit.types import MANIFEST, Finding, Severity

HEAD = "---\nname: demo\ndescription: d\n---\n"


def found(body: str) -> tuple[Placed, ...]:
    files = {MANIFEST: (HEAD + body).encode(), SkillPath("references/a.md"): b"x\n"}
    return placed(check_skill(files, "demo"), files, "skills/demo")


def test_a_fingerprint_survives_moved_and_indented_lines() -> None:
    before = fingerprints(found("# A\n\n# A\n\n[x](no.md)\n"))
    after = fingerprints(found("Some text.\n\n# A\n\nMore.\n\n# A\n\n  [x](no.md)\n"))
    assert before == after
    assert len(set(before)) == 3


def test_a_fingerprint_tells_apart_what_differs() -> None:
    twice = found("[x](no.md)\n\n[x](no.md)\n")
    assert [print_.partition(":")[2] for print_ in fingerprints(twice)] == ["1", "2", "1"]
    assert fingerprints(found("[x](no.md)\n")) != fingerprints(found("[y](no.md)\n"))


def test_too_many_lines_are_the_same_sin_wherever_the_limit_falls() -> None:
    one = found("".join(f"Line {n}.\n" for n in range(600)))
    other = found("".join(f"Other {n}.\n" for n in range(700)))
    assert [each.finding.rule for each in one] == ["SG108", "SG102"]
    assert fingerprints(one) == fingerprints(other)


def test_a_baseline_hides_the_old_tells_the_new_and_knows_what_is_fixed() -> None:
    old = found("# A\n\n# A\n\n[x](no.md)\n")
    baseline = read_baseline(render_baseline(old))

    assert compare(old, baseline, [""]) == compare(old, baseline, [])
    assert compare(old, baseline, [""]).new == ()

    now = found("# B\n\n# B\n\n[x](no.md)\n")
    compared = compare(now, baseline, ["skills"])
    assert [now[number].finding.rule for number in compared.new] == ["SG105"]
    assert [one.rule for one in compared.fixed] == ["SG105"]
    assert compare(now, baseline, ["skills/dem", "other"]).fixed == ()


def test_a_second_one_of_the_same_kind_is_new() -> None:
    baseline = read_baseline(render_baseline(found("[x](no.md)\n")))
    twice = found("[x](no.md)\n\n[x](no.md)\n")
    assert len(compare(twice, baseline, [""]).new) == 1


@pytest.mark.parametrize("rule", [rule for rule, info in RULES.items() if info.firm])
def test_provenance_and_safety_are_never_old(rule: str) -> None:
    firm = [Placed(Finding(rule, Severity.ERROR, "commit 1", "m"))]
    assert read_baseline(render_baseline(firm)) == ()
    lie = json.dumps({"rule": rule, "path": "commit 1", "message": "m"} | {"fingerprint": "?"})
    forged = lie.replace("?", fingerprints(firm)[0])
    document = f'{{"schema": "skillgit.baseline/1", "findings": [{forged}]}}'
    assert compare(firm, read_baseline(document), []).new == (0,)


@given(
    st.lists(
        st.builds(
            lambda path, text, line: Placed(
                Finding("SG105", Severity.WARNING, path, text, line), text
            ),
            st.text(),
            st.text(),
            st.integers(0, 9),
        )
    )
)
def test_what_was_written_is_read_and_hides_all(sins: list[Placed]) -> None:
    text = render_baseline(sins)
    assert text.isascii()
    assert compare(sins, read_baseline(text), [""]).new == ()
    assert render_baseline([], read_baseline(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"schema": "skillgit.baseline/2", "findings": []}',
        '{"schema": "skillgit.baseline/1"}',
        '{"schema": "skillgit.baseline/1", "findings": [{"rule": "SG105"}]}',
        '{"schema": "skillgit.baseline/1", "findings": ["SG105"]}',
        (
            '{"schema": "skillgit.baseline/1", "findings": [{"rule": 1, "path": "", "message": "",'
            ' "fingerprint": ""}]}'
        ),
    ],
)
def test_what_is_no_baseline(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_baseline(text)


# ------------------------------------------------------------------ on the command line


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    for name in ("a", "b"):
        write(tmp_path, name, "# A\n\n# A\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(top: Path, name: str, body: str) -> None:
    file = top / "skills" / name / "SKILL.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(HEAD.replace("demo", name) + body, encoding="utf-8")


def check(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, list[str], list[str]]:
    code = cli.run(["check", "--fail-on", "warning", *args])
    shown = capsys.readouterr()
    return code, shown.out.splitlines(), shown.err.splitlines()


def test_old_sins_are_written_down_and_hidden(
    repo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check(capsys)[0] == 1
    code, lines, told = check(capsys, "--write-baseline", "old.json")
    assert (code, lines, told) == (0, [], ["2 skills: 2 findings in old.json"])
    assert check(capsys, "--baseline", "old.json")[0] == 0

    write(repo, "a", "Moved.\n\n# A\n\n# A\n\n# A\n")
    code, lines, _ = check(capsys, "--baseline", "old.json")
    assert (code, len(lines)) == (1, 1)

    write(repo, "a", "# A\n")
    told = check(capsys, "--baseline", "old.json")[2]
    again = "1 finding of the baseline found no more: skillgit check --write-baseline old.json"
    assert told == [again, "2 skills: nothing to complain about"]
    # Another folder says nothing of what lies elsewhere, and from it paths count the same.
    monkeypatch.chdir(repo / "skills" / "b")
    assert check(capsys, "--baseline", "../../old.json")[2] == [
        "1 skill: nothing to complain about"
    ]


def test_a_part_is_written_again_without_losing_the_rest(
    repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check(capsys, "--write-baseline", "old.json")
    write(repo, "a", "# A\n")
    check(capsys, "skills/a", "--write-baseline", "old.json")
    left = read_baseline((repo / "old.json").read_text("utf-8"))
    assert [one.path for one in left] == ["skills/b/SKILL.md"]


def test_settings_name_a_baseline_from_the_root(
    repo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    check(capsys, "--write-baseline", "old.json")
    (repo / ".skillgit.toml").write_text("[check]\nbaseline = 'old.json'\n", encoding="utf-8")
    monkeypatch.chdir(repo / "skills")
    assert check(capsys)[0] == 0
    (repo / "old.json").unlink()
    code, _, told = check(capsys)
    assert code == 2
    assert "reading the baseline" in told[0]
    assert "--write-baseline" in told[1]
    assert check(capsys, "--write-baseline", "../old.json")[0] == 0


def test_a_file_that_cannot_be_used(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repo / "bad.json").write_text("{}", encoding="utf-8")
    assert check(capsys, "--baseline", "bad.json")[0] == 2
    assert check(capsys, "--write-baseline", "bad.json")[0] == 2
    assert check(capsys, "--write-baseline", "no/where.json")[0] == 2
