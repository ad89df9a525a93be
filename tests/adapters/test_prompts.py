from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from skillgit.adapters.prompts import JinjaPrompts
from skillgit.adapters.resources import resource
from skillgit.errors import SurroundingsError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "merge.md.j2").write_text(
        "Rules\n{% for rule in rules %}\n- {{ rule }}\n{% endfor %}\nEnd\n", encoding="utf-8"
    )
    return tmp_path


def test_tags_leave_no_white_space_behind(folder: Path) -> None:
    assert JinjaPrompts(folder)("merge", rules=["a", "b"]) == "Rules\n- a\n- b\nEnd"


def test_values_are_inserted_as_they_are(folder: Path) -> None:
    hostile = "{{ 7 * 7 }} <b>&</b> {% include '/etc/passwd' %}\r\n\x1b[31m"

    assert f"- {hostile}\n" in JinjaPrompts(folder)("merge", rules=[hostile])


def test_a_missing_variable_is_an_error_that_names_both(folder: Path) -> None:
    with pytest.raises(SurroundingsError, match=r"merge\.md\.j2.*'rules'"):
        JinjaPrompts(folder)("merge")


@pytest.mark.parametrize("name", ["none", "../secret", "/etc/passwd"])
def test_a_template_outside_the_folder_is_not_found(folder: Path, name: str) -> None:
    inside = folder / "inside"
    inside.mkdir()
    (folder / "secret.md.j2").write_text("secret", encoding="utf-8")

    with pytest.raises(SurroundingsError, match="there is no"):
        JinjaPrompts(inside)(name)


def test_a_template_that_does_not_parse_is_an_error(folder: Path) -> None:
    (folder / "bad.md.j2").write_text("{% if %}", encoding="utf-8")

    with pytest.raises(SurroundingsError, match=r"bad\.md\.j2"):
        JinjaPrompts(folder)("bad")


def test_windows_line_ends_of_a_template_do_not_reach_the_model(folder: Path) -> None:
    (folder / "crlf.md.j2").write_bytes(b"a\r\nb\r\n")

    assert JinjaPrompts(folder)("crlf") == "a\nb"


def test_the_digest_follows_names_and_bytes_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    before = JinjaPrompts(folder).digest()
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("copy"))

    assert JinjaPrompts(copy).digest() == before

    (copy / "merge.md.j2").rename(copy / "success.md.j2")
    renamed = JinjaPrompts(copy).digest()
    (copy / "success.md.j2").write_text("other", encoding="utf-8")

    assert len({before, renamed, JinjaPrompts(copy).digest()}) == 3


def test_every_shipped_prompt_parses() -> None:
    folder = resource("templates", "prompts")
    for path in folder.rglob("*.j2"):
        JinjaPrompts()._environment.get_template(  # noqa: SLF001 - parsed, not rendered
            path.relative_to(folder).as_posix()
        )
