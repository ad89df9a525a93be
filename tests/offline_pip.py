"""Installing this project with pip, without an index: what it needs is lent by this environment."""

from __future__ import annotations

import sysconfig
from collections.abc import Mapping
from pathlib import Path

# Not lent: the project itself, what it is installed by, and what makes other folders importable.
_OWN = ("skillgit", "_skillgit", "__editable__", "pip", "_virtualenv", "distutils-precedence")


def lent_packages(folder: Path) -> Mapping[str, str]:
    """Environment variables for pip, and for what it installs; `folder` is made for that.

    A new environment that pip fills sees the packages of this one through PYTHONPATH: the build
    backend, and what the project depends on.
    """
    folder.mkdir(parents=True)
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if not path.name.startswith(_OWN) and path.suffix != ".pth":
            (folder / path.name).symlink_to(path)
    return {
        "PYTHONPATH": str(folder),
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # of a switch that turns something off, 0 is what sets it
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
