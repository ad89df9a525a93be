"""The numbers of the format. SKILLS_FORMAT.md names each, and a test holds the two together."""

from __future__ import annotations

import math

MAX_NAME = 64
"""Characters of `name` (specification)."""
MAX_DESCRIPTION = 1024
"""Characters of `description` (specification)."""
MAX_COMPATIBILITY = 500
"""Characters of `compatibility` (specification)."""
SKILL_LINES = 500
"""SKILL.md stays under this many lines (specification, recommended)."""
SKILL_TOKENS = 5000
"""The instructions stay under this many tokens (specification, recommended)."""
REFERENCE_LINES = 300
"""A file under references/ stays under this many lines (house)."""
MAX_TEXT = 1_048_576
"""Bytes of a Markdown file whose structure is looked at (house)."""
PROGRAMS = (
    *(".py", ".sh", ".bash", ".zsh", ".js", ".mjs", ".cjs", ".ts"),
    *(".rb", ".pl", ".ps1", ".bat"),
)
"""How files that are run are named; the rules on safety look into them."""
CHARACTERS_PER_TOKEN = 3.5
"""An estimate without a tokenizer; English prose has about four, code about three."""


def estimated_tokens(text: str) -> int:
    """How many tokens a text takes, about."""
    return math.ceil(len(text) / CHARACTERS_PER_TOKEN)
