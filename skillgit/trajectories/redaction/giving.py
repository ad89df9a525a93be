"""A lesson with a secret in it, or with a placeholder, which means nothing elsewhere, is no lesson.

Analysts write lessons and merges word them anew: both are held against this.
"""

from __future__ import annotations

from skillgit.trajectories.redaction import PLACEHOLDER, Redactor


def gives_away(text: str, base: str) -> str:
    """Why a lesson may not say this; "" if it may. What the skill has is no secret any more."""
    if hidden := next((found for found in PLACEHOLDER.findall(text) if found not in base), ""):
        return f"names what was hidden from you ({hidden}): say it in general"
    cleaned = Redactor(names=False).text(text)
    new = [found for found in PLACEHOLDER.findall(cleaned) if found not in text]
    if new and not set(new) <= set(PLACEHOLDER.findall(Redactor(names=False).text(base))):
        return "holds what looks like a password, a token or a key: say how it is found instead"
    return ""
