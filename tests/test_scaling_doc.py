"""The page on many machines says what the program prints, and its sums add up."""

from __future__ import annotations

import math
import re
import shlex
from pathlib import Path

import pytest

from skillgit import cli
from skillgit.config import Consolidate

PAGE = (Path(__file__).parents[1] / ".github" / "SCALING.md").read_text("utf-8")
SHOWN = re.findall(r"```console\n\$ (skillgit serve [^\n]*)\n(.*?)```", PAGE, re.DOTALL)
GPU = 6000
"""Tokens a second that the page assumes of one."""


def test_the_page_shows_every_way_to_serve() -> None:
    options = " ".join(line for line, _ in SHOWN)
    assert len(SHOWN) == PAGE.count("```console")
    assert {"--data-parallel", "--router", "--machine"} <= set(options.split())


@pytest.mark.parametrize(("line", "printed"), SHOWN, ids=[line for line, _ in SHOWN])
def test_the_page_shows_what_is_printed(
    line: str, printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(shlex.split(line)[1:]) == 0
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize(
    "arguments", [("--router", "--data-parallel", "2"), ("--machine", "gpu-1"), ("--router",)]
)
def test_what_takes_several_commands_is_only_printed(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["serve", "--model", "some/model", *arguments]) == 2
    assert "add --print" in capsys.readouterr().err


def row(name: str) -> tuple[float, float]:
    """For each trajectory and for a million, in units."""
    found = re.search(rf"(?m)^\| [… ]*{re.escape(name)}[^|]*\|([^|]*)\|([^|]*)\|$", PAGE)
    assert found, name
    return amount(found[1]), amount(found[2])


def amount(text: str) -> float:
    units = {"million": 1e6, "billion": 1e9, "ms": 1e-3, "minutes": 60, "kB": 1e3, "GB": 1e9}
    number, _, unit = text.strip().partition(" ")
    return float(number.replace(",", "")) * units.get(unit, 1) if number else math.nan


@pytest.mark.parametrize(
    "name", ["calls", "prompt tokens", "of them not in", "output tokens", "driver: memory"]
)
def test_a_million_is_a_million_times_as_much(name: str) -> None:
    one, million = row(name)
    assert million == pytest.approx(one * 1e6, rel=0.05)


def test_the_sums_of_the_page() -> None:
    prompt, uncached, output = (
        row(name)[0] for name in ("prompt tokens", "of them not in", "output tokens")
    )
    hours = {
        "GPU hours, prefixes cached": (uncached + output) * 1e6 / GPU / 3600,
        "GPU hours, nothing cached": (prompt + output) * 1e6 / GPU / 3600,
    }
    for name, expected in hours.items():
        assert row(name)[1] == pytest.approx(expected, rel=0.02)
    calls, (each, all_of_them) = row("calls")[0], row("driver: CPU")
    assert each == pytest.approx(calls * 0.007, rel=0.02)
    assert all_of_them == pytest.approx(each * 1e6, rel=0.02)
    assert row("depth")[1] == math.ceil(math.log(1e6, Consolidate().merge_batch))
