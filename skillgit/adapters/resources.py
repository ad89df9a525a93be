"""Where the files are that skillgit ships beside its code: templates, hooks, SKILLS_FORMAT.md."""

from __future__ import annotations

from pathlib import Path

from skillgit.errors import SurroundingsError

_PACKAGE = Path(__file__).resolve().parent.parent
_KINDS = ("templates", "hooks", "SKILLS_FORMAT.md")


def resource(kind: str, *parts: str) -> Path:
    """The path of a shipped folder or file, or of something inside it.

    In a wheel it lies inside the package; in an editable install, where the build's
    force-include has no effect, beside it.
    """
    if kind not in _KINDS:
        raise ValueError(f"nothing of that kind is shipped: {kind!r} (there are {_KINDS})")
    homes = (_PACKAGE / "_data", _PACKAGE.parent)
    for home in homes:
        path = home.joinpath(kind, *parts)
        if path.exists():
            return path
    wanted = Path(kind, *parts).as_posix()
    raise SurroundingsError(
        f"looking for the shipped file {wanted}: it is neither in {homes[0]} nor in {homes[1]}",
        hint="install skillgit again (pip install --force-reinstall skillgit)",
    )
