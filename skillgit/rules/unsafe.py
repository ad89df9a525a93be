"""What an edit of a round must not bring in: SG404 to SG409, whatever its base may hold.

The rules on trees warn of most of this, for honest skills hold some of it. An edit is held to more:
its words come from trajectories, and a stranger may have written those.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from skillgit.rules.capabilities import added_texts
from skillgit.rules.injection import KNOWN_HOSTS, covered, harms, hosts, orders, sent_out
from skillgit.rules.unseen import Sighting, hidden, look_alikes
from skillgit.types import Change, Skill

_Looking = Callable[[str], Iterator[Sighting]]
_KINDS: Mapping[str, _Looking] = MappingProxyType(
    {
        "SG404": hidden,
        "SG405": look_alikes,
        "SG406": covered,
        "SG407": sent_out,
        "SG408": orders,
        "SG409": harms,
    }
)
_IMITATED = """
    aiohttp anthropic axios beautifulsoup4 boto3 click cryptography django docx eslint
    express fastapi flask formulas httpx jinja2 langchain lodash lxml matplotlib numpy
    openai openpyxl pandas paramiko pdfplumber pillow playwright polars psycopg2 pydantic
    pypdf pytest python-docx python-dotenv python-pptx pyyaml react reportlab requests
    scikit-learn scipy seaborn selenium setuptools sqlalchemy tensorflow torch transformers
    typescript urllib3 vite xlrd xlsxwriter
"""
_PACKAGES = frozenset(_IMITATED.split())
"""Names that are imitated; those that the base imports and installs count as well."""
_NAMED = re.compile(
    r"(?:\b(?:install|add|import|from|uvx|npx)[ \t]+(?:-\S+[ \t]+)*|\brequire\([\"'])"
    r"([A-Za-z0-9][\w.-]*[\w])"
)
_LOOKS = str.maketrans({"1": "l", "i": "l", "|": "l", "0": "o", "_": "-", ".": "-"})


def unsafe(skill: Skill, change: Change) -> str:
    """The first rule that the words of a change break, as `SG4xx: reason`; empty where none.

    What the base holds already, word for word, is its own.
    """
    return next(_broken(skill, added_texts(change)), "")


def _broken(skill: Skill, texts: tuple[str, ...]) -> Iterator[str]:
    for rule, look in _KINDS.items():
        found = {what: None for text in texts for _, what in look(text)}
        if found:
            # Nobody can tell whether a hidden character is the one that was there before.
            own = _of(skill) if rule != "SG404" else ()
            known = {what for text in own for _, what in look(text)}
            yield from (f"{rule}: it brings in {what}" for what in found if what not in known)
    yield from (f"SG405: it brings in {name}" for name in _twins(skill, texts))
    new = dict.fromkeys(host for text in texts for _, host in hosts(text))
    if new:
        known = {host for text in _of(skill) for _, host in hosts(text)} | KNOWN_HOSTS
        yield from (
            f"SG407: it leads to {host}, where the base leads nobody"
            for host in new
            if host not in known
        )


def _of(skill: Skill) -> Iterator[str]:
    return (text for path in skill.files if (text := skill.text(path)))


def _twins(skill: Skill, texts: tuple[str, ...]) -> Iterator[str]:
    """Packages that are called almost as one that is known: `openpyxI`, `rnatplotlib`."""
    named = dict.fromkeys(name for text in texts for name in _NAMED.findall(text))
    if not named:
        return
    own = {name for text in _of(skill) for name in _NAMED.findall(text)}
    known = {_looks(name): name.lower() for name in sorted(_PACKAGES | own)}
    for name in named:
        like = known.get(_looks(name), "")
        if like and name not in own and _plain(name) != _plain(like):
            yield f"a name that looks like {like}: {name!r}"


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _looks(name: str) -> str:
    return name.lower().translate(_LOOKS).replace("rn", "m").replace("vv", "w")
