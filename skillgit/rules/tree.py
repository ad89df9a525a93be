"""A skill's files as the rules read them: parsed once, and only what a rule asks for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import PurePosixPath

from skillgit.config import Profile
from skillgit.names import SkillPath
from skillgit.rules.limits import MAX_TEXT
from skillgit.skill.frontmatter import Field, Frontmatter, Kind, read_frontmatter
from skillgit.skill.markdown import Structure, structure
from skillgit.types import MANIFEST

LINK = "120000"
SUBMODULE = "160000"


class Tree:
    """The files of one skill. `folder` is its folder's name, "" where it is a repository's root.

    `refused` are paths that are no SkillPath, each with the reason.
    """

    def __init__(
        self,
        files: Mapping[SkillPath, bytes],
        folder: str = "",
        modes: Mapping[SkillPath, str] | None = None,
        profile: Profile = Profile.SPEC,
        refused: Mapping[str, str] | None = None,
    ) -> None:
        self.files = files
        self.folder = folder
        self.modes = modes or {}
        self.profile = profile
        self.refused = refused or {}

    @cached_property
    def has_manifest(self) -> bool:
        """Is there a file named exactly SKILL.md?"""
        return MANIFEST in self.files

    @cached_property
    def frontmatter(self) -> Frontmatter:
        """The frontmatter of SKILL.md; not readable where there is no SKILL.md."""
        if not self.has_manifest:
            return Frontmatter((), (), 0, readable=False)
        return read_frontmatter(self.files[MANIFEST])

    def field(self, name: str) -> Field | None:
        """A field of the frontmatter."""
        return self.frontmatter.get(name)

    def words(self, name: str) -> str:
        """A field's text without blanks around it; "" where it is missing or no text."""
        field = self.field(name)
        is_text = field is not None and field.value.kind is Kind.TEXT
        return field.value.text.strip() if field and is_text else ""

    @cached_property
    def texts(self) -> Mapping[SkillPath, str]:
        """The Markdown files, as text, SKILL.md first; not those that are no UTF-8 or too long."""
        found = {}
        for path in sorted(self.files, key=lambda path: (path != MANIFEST, path)):
            if path.lower().endswith(".md") and self.modes.get(path) != LINK:
                text = self._text(path)
                if text is not None:
                    found[path] = text
        return found

    @cached_property
    def instructions(self) -> Mapping[SkillPath, Structure]:
        """What an agent is told to read: SKILL.md and the Markdown files under references/."""
        return {
            path: structure(text)
            for path, text in self.texts.items()
            if path == MANIFEST or is_reference(path)
        }

    @cached_property
    def places(self) -> frozenset[str]:
        """All paths that a link can lead to: files and folders, "." among them."""
        folders = {str(folder) for path in self.files for folder in PurePosixPath(path).parents}
        return frozenset({*(str(path) for path in self.files), *folders})

    def _text(self, path: SkillPath) -> str | None:
        data = self.files[path]
        if len(data) > MAX_TEXT:
            return None
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            return None


def is_reference(path: str) -> bool:
    """Is this a file under references/?"""
    return path.startswith("references/")
