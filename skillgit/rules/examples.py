"""For each rule on files: a skill that breaks it and nothing else, and one that does not.

Imported only where a rule is explained. A test runs every example.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from skillgit.config import Profile

MOST_SHOWN = 12
"""Lines of a file; its middle is left out where it has more."""
_LONGEST = 96

_NAME = "name: xlsx\n"
_ABOUT = "description: Edits spreadsheets. Use for .xlsx files.\n"
_BODY = "# Spreadsheets\n"


@dataclass(frozen=True, slots=True)
class Example:
    """The files of two skills, by path."""

    bad: Mapping[str, bytes]
    good: Mapping[str, bytes]
    folder: str = "xlsx"
    better_folder: str = ""
    """The folder of the good one, where that is what is better."""
    profile: Profile = Profile.SPEC
    modes: Mapping[str, str] = field(default_factory=dict)
    """Git modes of files of the bad one."""


def shown(example: Example) -> str:
    """Both skills as a person reads them, of the good one what differs."""
    bad = "".join(_files(example.folder, example.bad, example.modes))
    folder = example.better_folder or example.folder
    alike = example.bad.items() if folder == example.folder and not example.modes else ()
    differing = {path: data for path, data in example.good.items() if (path, data) not in alike}
    good = "".join(_files(folder, differing, {}))
    return f"Bad:\n{bad}Good:\n{good}"


def _files(folder: str, files: Mapping[str, bytes], modes: Mapping[str, str]) -> Iterator[str]:
    for path, data in files.items():
        mode = f"    (mode {modes[path]})" if path in modes else ""
        yield f"    {folder}/{path}{mode}\n"
        lines = data.decode("utf-8", "backslashreplace").replace("\ufeff", "\\ufeff").split("\n")
        lines = lines[:-1] if lines[-1] == "" else lines
        if len(lines) > MOST_SHOWN:
            left = len(lines) - MOST_SHOWN
            lines[MOST_SHOWN // 2 : -MOST_SHOWN // 2] = [f"(… {left} more lines)"]
        for line in lines:
            short = line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
            yield f"      | {short.replace(' ', '·') if line != line.rstrip() else short}\n"


def _skill(head: str = _NAME + _ABOUT, body: str = _BODY) -> dict[str, bytes]:
    return {"SKILL.md": f"---\n{head}---\n{body}".encode()}


def _head(bad: str, good: str, **kind: object) -> Example:
    """An example in the frontmatter; `kind` as in Example."""
    return Example(_skill(bad), _skill(good), **kind)  # type: ignore[arg-type] # as Example has it


def _named(bad: str, good: str, profile: Profile = Profile.SPEC) -> Example:
    """An example of two names, each with its folder."""
    heads = (f"name: {name}\n{_ABOUT}" for name in (bad, good))
    return _head(*heads, folder=bad, better_folder=good, profile=profile)


def _field(bad: str, good: str) -> Example:
    """An example of a field beside name and description."""
    return _head(_NAME + _ABOUT + bad, _NAME + _ABOUT + good)


def _text(bad: str, good: str, **others: str) -> Example:
    """An example in the instructions; `others` are references by name, as in both skills."""
    more = {f"references/{name}.md": text.encode() for name, text in others.items()}
    return Example(_skill(body=bad) | more, _skill(body=good) | more)


_CHARTS = "For charts, see [charts](references/charts.md).\n"
_STEPS = "".join(f"- Step {number}.\n" for number in range(1, 500))
_GOOD = _skill()
_TWO = f"{_CHARTS}For titles, see [titles](references/Charts.md).\n"

EXAMPLES: Mapping[str, Example] = MappingProxyType(
    {
        "SG001": Example({"README.md": _BODY.encode()}, _GOOD),
        "SG002": Example({"skill.md": _GOOD["SKILL.md"]}, _GOOD),
        "SG003": Example(
            _skill(body=_CHARTS) | {"references/charts.md": b"Caf\xe9 is Latin-1 here.\n"},
            _skill(body=_CHARTS) | {"references/charts.md": b"Caf\xc3\xa9 is UTF-8 here.\n"},
        ),
        "SG004": Example({"SKILL.md": b"\xef\xbb\xbf" + _GOOD["SKILL.md"]}, _GOOD),
        "SG005": Example({"SKILL.md": _BODY.encode()}, _GOOD),
        "SG006": Example({"SKILL.md": f"---\n{_NAME}{_ABOUT}\n{_BODY}".encode()}, _GOOD),
        "SG007": _head(
            f"{_NAME}description: Use this: always\n", f'{_NAME}description: "Use this: always"\n'
        ),
        "SG008": _head(f"{_NAME}name: sheets\n{_ABOUT}", _NAME + _ABOUT),
        "SG009": _field("metadata: {author: me}\n", "metadata:\n  author: me\n"),
        "SG010": _field('version: "1.0"\n', 'metadata:\n  version: "1.0"\n'),
        "SG011": _head(f"name: 123\n{_ABOUT}", f'name: "123"\n{_ABOUT}', folder="123"),
        "SG012": _named("spreadsheets-" * 5 + "and-more", "spreadsheets"),
        "SG013": _named("Excel_Tools", "excel-tools"),
        "SG014": Example(_GOOD, _GOOD, folder="spreadsheets", better_folder="xlsx"),
        "SG015": _named("技能", "skills"),
        "SG016": _head(f"{_NAME}description:\n", _NAME + _ABOUT),
        "SG017": _head(f"{_NAME}description: {'Edits spreadsheets. ' * 60}\n", _NAME + _ABOUT),
        "SG018": _head(
            f"{_NAME}description: Turns <table> tags into sheets.\n",
            f"{_NAME}description: Turns HTML tables into sheets.\n",
        ),
        "SG019": _named("claude-tables", "tables", Profile.CLAUDE),
        "SG020": _field("license:\n  - MIT\n", "license: MIT\n"),
        "SG021": _field("compatibility:\n  - python\n", "compatibility: Requires Python 3.11\n"),
        "SG022": _field("metadata:\n  version: 1.0\n", 'metadata:\n  version: "1.0"\n'),
        "SG023": _field("allowed-tools:\n  - Read\n  - Write\n", "allowed-tools: Read Write\n"),
        "SG024": Example({"SKILL.md": b"--- " + _GOOD["SKILL.md"][3:]}, _GOOD),
        "SG025": _head(
            f"{_NAME}description: Tables --- and charts.\n",
            f"{_NAME}description: Tables and charts.\n",
        ),
        "SG101": _text(
            "See [formulas](references/formula.md), and references/formulas.md for more.\n",
            "See [formulas](references/formulas.md).\n",
            formulas="# Formulas\n",
        ),
        "SG102": _text(_BODY, _CHARTS, charts="# Charts\n"),
        "SG103": _text(
            _CHARTS,
            f"{_CHARTS}For titles, see [titles](references/titles.md).\n",
            charts="For titles, see [titles](titles.md).\n",
            titles="# Titles\n",
        ),
        "SG104": _text(
            '```python\nprint("x")\n\n# Charts\n', '```python\nprint("x")\n```\n\n# Charts\n'
        ),
        "SG105": _text("# Formulas\n\n# Charts\n\n# Formulas\n", "# Formulas\n\n# Charts\n"),
        "SG106": _text("# New Section\n", "# Merged cells\n"),
        "SG107": _text(
            "Recalculate at the end.## Charts\n", "Recalculate at the end.\n\n## Charts\n"
        ),
        "SG108": Example(
            _skill(body=_STEPS), _skill(body=_CHARTS) | {"references/charts.md": b"# Charts\n"}
        ),
        "SG109": Example(
            _skill(body=_CHARTS) | {"references/charts.md": _STEPS.encode()},
            _skill(body=_CHARTS) | {"references/charts.md": b"# Charts\n"},
        ),
        "SG110": Example(
            _skill(body=_TWO)
            | {"references/charts.md": b"# Charts\n", "references/Charts.md": b"# Titles\n"},
            _skill(body=_TWO.replace("Charts.md", "titles.md"))
            | {"references/charts.md": b"# Charts\n", "references/titles.md": b"# Titles\n"},
        ),
        "SG111": Example(
            _skill(body=_CHARTS) | {"references/charts.md": b"../../other/charts.md"},
            _skill(body=_CHARTS) | {"references/charts.md": b"# Charts\n"},
            modes={"references/charts.md": "120000"},
        ),
        "SG112": Example(
            _skill() | {"assets\\logo.svg": b"<svg/>\n"},
            _skill() | {"assets/logo.svg": b"<svg/>\n"},
        ),
        "SG113": _text(
            "<!-- skillgit: ignore-file[SG105] -->\n# Formulas\n",
            "<!-- skillgit: ignore-file[SG105] each sheet has its formulas -->\n"
            "# Formulas\n\n# Formulas\n",
        ),
    }
)
