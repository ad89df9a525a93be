"""The Python that commands see: the interpreter that runs skillgit, and a few of its packages.

Nothing is installed for it. The interpreter's own folder is bound to /python where it is not below
/usr, each package that tasks need to /site; the rest of site-packages is covered up.
"""

from __future__ import annotations

import re
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

WANTED = ("openpyxl", "pandas", "numpy", "formualizer")
SITE = "/site"
_PYTHON = "/python"
_LIBRARY = "/python-library"
_SYSTEM = Path("/usr")
_OF_THE_SYSTEM = _SYSTEM / "lib/python3/dist-packages"
"""Debian's own packages, which programs below /usr need."""


@dataclass(frozen=True, slots=True)
class Interior:
    """How a Python inside is put together from what there is outside."""

    python: str
    """The interpreter as commands see it."""
    binds: tuple[tuple[Path, str], ...]
    covered: tuple[str, ...]
    """Folders, as commands see them, in which nothing is to be seen."""
    library_path: str
    """Where the interpreter finds its own shared library; "" where it needs no help."""
    missing: tuple[str, ...]
    """The wanted packages that are not installed here."""


@cache  # an interpreter that runs stays where it is, and reading about all packages takes 0.1 s
def find_interior() -> Interior:
    """Look at the running interpreter; works with pyenv, venv, conda, uv and Debian's layout."""
    packages, missing = _packages()
    binds = [(place, f"{SITE}/{place.name}") for place in packages]
    executable = Path(sys.executable).resolve()
    standard = Path(sysconfig.get_path("stdlib")).resolve()
    libraries, folder = standard.parent, standard.name
    covered = [
        f"/usr/local/lib/{folder}/{name}"
        for name in ("site-packages", "dist-packages")
        if (_SYSTEM / "local/lib" / folder / name).is_dir()
    ]
    if executable.is_relative_to(_SYSTEM):
        python, library_path = str(executable), ""
        inside = str(libraries)
    else:
        python, inside = f"{_PYTHON}/bin/{executable.name}", f"{_PYTHON}/{libraries.name}"
        binds += [(executable, python), (libraries, inside)]
        library = _shared_library(libraries)
        binds += [(library, f"{_LIBRARY}/{library.name}")] if library else []
        library_path = _LIBRARY if library else ""
    if (standard / "site-packages").is_dir():
        covered.append(f"{inside}/{folder}/site-packages")
    return Interior(
        python, tuple(binds), tuple(dict.fromkeys(covered)), library_path, tuple(missing)
    )


def _shared_library(libraries: Path) -> Path | None:
    """A Python that was not built to be moved looks for it at its old place."""
    name = sysconfig.get_config_var("INSTSONAME") or ""
    path = libraries / name
    return path if ".so" in name and path.is_file() else None


def _packages() -> tuple[list[Path], list[str]]:
    """The top-level folders and files of all that is wanted, and what of it is not there."""
    places: dict[str, Path] = {}
    missing: list[str] = []
    seen: set[str] = set()
    waiting = list(WANTED)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop(0)).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            missing += [name] if name in WANTED else []
            continue
        waiting += _requirements(found)
        places |= {place.name: place for place in _top_level(found)}
    return [places[name] for name in sorted(places)], missing


def _requirements(found: Distribution) -> Iterator[str]:
    """Without extras. Those for other systems are not installed, so they need no other test."""
    for line in found.requires or ():
        name = re.match(r"[A-Za-z0-9._-]+", line)
        if name and "extra ==" not in line:
            yield name[0]


def _top_level(found: Distribution) -> Iterator[Path]:
    site = Path(str(found.locate_file(""))).resolve()
    if site == _OF_THE_SYSTEM:
        return
    if found.files is None:
        names = (found.read_text("top_level.txt") or found.name).split()
    else:
        names = [file.parts[0] for file in found.files]
    for name in dict.fromkeys(names):
        # What many packages share, and what points out of the folder, would show more than one.
        if name in {"..", "__pycache__"} or name.endswith((".dist-info", ".egg-info", ".pth")):
            continue
        for place in (site / name, site / f"{name}.py"):
            if place.parent == site and place.exists():
                yield place
                break
