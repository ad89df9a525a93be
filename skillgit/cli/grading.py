"""What the subcommands of `skillgit grade` share: answers that are texts, grades in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import click

from skillgit.cli.console import out, print_json, safe
from skillgit.domains.task import Grade

_MOST_SHOWN = 50

as_json = click.option("--json", "as_json", is_flag=True, help="Write JSON instead of lines.")


class ValuesCommand(click.Command):
    """A command whose repeatable options may also stand before several values: `--gold A B`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        repeatable = {
            name
            for each in self.params
            if isinstance(each, click.Option) and each.multiple
            for name in each.opts
        }
        return super().parse_args(ctx, list(_one_by_one(args, repeatable)))


def _one_by_one(args: Sequence[str], repeatable: set[str]) -> Iterator[str]:
    option, awaited = "", False
    for arg in args:
        name, given, _ = arg.partition("=")
        if awaited:  # whatever it looks like: -5 and -- are values too
            yield f"{option}={arg}"
            awaited = False
        elif arg in repeatable:
            option, awaited = arg, True
        elif given and name in repeatable:
            option = name
            yield arg
        elif option and not arg.startswith("--") and arg != "-h":
            yield f"{option}={arg}"
        else:
            option = ""
            yield arg
    if awaited:
        yield option  # for click to say that its value lacks


def values(
    name: str, text: str, *, required: bool = True
) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """An option for texts, which may be given several times."""
    return click.option(f"--{name}", required=required, multiple=True, metavar="VALUE…", help=text)


def show(grade: Grade, how: str = "") -> None:
    """A grade in lines; `how` it came about, behind the verdict."""
    out(f"{safe(verdict(grade))}{how}")
    for one in grade.mismatches[:_MOST_SHOWN]:
        out(safe(f"  {one.place}: found {one.found}, expected {one.expected} ({one.hint})"))
    if len(grade.mismatches) > _MOST_SHOWN:
        out(f"  and {len(grade.mismatches) - _MOST_SHOWN} more (--json lists all)")


def verdict(grade: Grade) -> str:
    """Passed or failed, and of how much."""
    places = f"{grade.compared} place{'' if grade.compared == 1 else 's'}"
    if grade.passed:
        return f"passed: {places} compared"
    if grade.problem:
        return f"failed: {grade.problem}"
    different = grade.notes.get("different", len(grade.mismatches))
    return f"failed: {different} of {grade.compared} places differ"


def print_grade(domain: str, grade: Grade, more: dict[str, object] | None = None) -> None:
    """A grade as JSON."""
    fields = ("place", "found", "expected", "hint")
    mismatches = [{name: getattr(one, name) for name in fields} for one in grade.mismatches]
    print_json(
        "grade",
        {
            "domain": domain,
            "passed": grade.passed,
            "score": grade.score,
            "compared": grade.compared,
            "problem": grade.problem,
            **(more or {}),
            "notes": dict(grade.notes),
            "mismatches": mismatches,
        },
    )
