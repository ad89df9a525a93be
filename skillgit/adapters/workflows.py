"""The workflow for a repository of skills; its jobs install the skillgit that wrote it."""

from __future__ import annotations

import json
import re
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

from skillgit import __version__
from skillgit.adapters.resources import resource

FILE = Path(".github", "workflows", "skillgit.yml")
_PLAIN = re.compile(r"[A-Za-z0-9 @+:/._~-]+")
_PLACEHOLDER = "@REQUIREMENT@"


def workflow_text(requirement: str = "") -> str:
    """The text of the workflow; `requirement` is what pip installs in it."""
    text = resource("templates", "workflows", "skillgit.yml").read_text(encoding="utf-8")
    return text.replace(_PLACEHOLDER, requirement or own_requirement())


def own_requirement() -> str:
    """What pip must be told to install this skillgit: the commit it came from, else its version.

    pip notes the commit beside what it installs from a Git address (PEP 610).
    """
    try:
        told = metadata.distribution("skillgit").read_text("direct_url.json")
        origin = json.loads(told or "{}")
        vcs, address = origin["vcs_info"], urlsplit(origin["url"])
        commit, user = str(vcs["commit_id"]), "@" in address.netloc
    except (metadata.PackageNotFoundError, ValueError, KeyError, TypeError):
        return f"skillgit=={__version__}"
    whole = f"skillgit @ git+{address.geturl()}@{commit}"
    # An address with a name or a password in it is not to be published, nor a local folder.
    is_public = vcs.get("vcs") == "git" and address.scheme == "https" and not user
    return whole if is_public and _PLAIN.fullmatch(whole) else f"skillgit=={__version__}"
