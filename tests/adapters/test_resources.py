from __future__ import annotations

from pathlib import Path

import pytest

from skillgit.adapters import resources
from skillgit.adapters.resources import resource
from skillgit.errors import SurroundingsError


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site" / "skillgit"
    folder.mkdir(parents=True)
    monkeypatch.setattr(resources, "_PACKAGE", folder)
    return folder


def test_an_editable_install_finds_them_beside_the_package(package: Path) -> None:
    (package.parent / "templates" / "prompts").mkdir(parents=True)

    assert resource("templates", "prompts") == package.parent / "templates" / "prompts"


def test_a_wheel_finds_them_inside_and_first(package: Path) -> None:
    (package.parent / "hooks").mkdir()
    (package / "_data" / "hooks").mkdir(parents=True)

    assert resource("hooks") == package / "_data" / "hooks"


def test_a_single_file_is_a_resource_too(package: Path) -> None:
    (package.parent / "SKILLS_FORMAT.md").write_text("# Format\n", encoding="utf-8")

    assert resource("SKILLS_FORMAT.md").read_text(encoding="utf-8") == "# Format\n"


def test_what_is_missing_is_named_with_the_places_looked_at(package: Path) -> None:
    with pytest.raises(SurroundingsError, match=r"templates/prompts/none\.md\.j2") as caught:
        resource("templates", "prompts", "none.md.j2")

    assert str(package / "_data") in caught.value.message
    assert "install" in caught.value.hint


def test_another_kind_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="shipped"):
        resource("secrets")
