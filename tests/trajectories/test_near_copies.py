"""One run told many times counts once; two runs never become one because they are of one kind."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.adapters.files import read_trajectory_files
from skillgit.names import Digest
from skillgit.trajectories.importers import import_file
from skillgit.trajectories.near_copies import _Print, each_run_once, near_copies
from skillgit.types import Diagnostic, Outcome, Result, Step, ToolCall, Trajectory

REAL = Path(__file__).parents[2] / "../shared/data/trajectories"
DEMO = Path(__file__).parents[2] / "templates" / "demo" / "trajectories"
UUID = "9b2f6c1e-0d3a-4b58-8f77-aa01bb02cc03"
WORDS = ("sheet", "cell", "row", "column", "value", "formula", "save", "load", "date", "style")


def told(*texts: str, result: Result = Result.FAIL, seen: str = "", name: str = "") -> Trajectory:
    """A run: the task, then the agent's turns; `seen` is what the last of them gave."""
    sources = ["user", *["agent"] * (len(texts) - 1)]
    steps = [
        Step(n, source, text)
        for n, (source, text) in enumerate(zip(sources, texts, strict=True), 1)
    ]
    steps.append(Step(len(steps) + 1, "agent", "", "", (ToolCall("run", "{}"),), seen))
    digest = hashlib.sha256(repr((texts, seen, name, result)).encode()).hexdigest()
    return Trajectory(
        Digest(f"sha256:{digest}"), name, tuple(steps), Outcome(result), f"{name}.json"
    )


def words(seed: int, count: int = 600) -> list[str]:
    draw = random.Random(seed)
    return [f"{draw.choice(WORDS)}{draw.randrange(40)}" for _ in range(count)]


def runs(*given: Trajectory) -> int:
    return len(each_run_once(given)[0])


# --------------------------------------------------------------------------- copies


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(" ", "\n   "),
        lambda text: text.upper(),
        lambda text: text.replace("/srv/a/job-1/", "/tmp/elsewhere/deep/"),  # noqa: S108 - words of a run
        lambda text: text.replace("/srv/a/job-1/", "C:\\Users\\jo\\"),
        lambda text: text.replace("2026-01-02T03:04:05Z", "2027-11-12 13:14:15.678"),
        lambda text: text.replace(UUID, "0" * 8 + "-0000" * 3 + "-" + "0" * 12),
        lambda text: text.replace("call_4Zk9Qm2Lx7Pw1Rt8", "call_AAAAAAAAAAAAAAA1"),
        lambda text: text.replace("0x7f3a2b10", "0xdeadbeef"),
    ],
    ids=["blanks", "case", "folder", "windows", "time", "uuid", "call", "address"],
)  # fmt: skip
def test_another_recording_of_a_short_run_is_its_copy(change: Callable[[str], str]) -> None:
    text = (
        f"Saved /srv/a/job-1/out.xlsx at 2026-01-02T03:04:05Z as {UUID} "
        "by call_4Zk9Qm2Lx7Pw1Rt8, object at 0x7f3a2b10"
    )
    first, second = told("Do it", text, name="a"), told("Do it", change(text), name="b")
    assert first.digest != second.digest
    assert runs(first, second) == 1


def test_one_changed_word_makes_another_short_run() -> None:
    """Two tasks of one kind may differ in a number alone."""
    assert runs(*(told("Sum column A", f"row {n}", name=str(n)) for n in range(20))) == 20


def test_a_long_run_with_a_few_other_words_is_a_copy_and_with_many_is_not() -> None:
    text = words(1)
    few, many = text.copy(), text.copy()
    few[50:60] = [f"new{n}" for n in range(10)]
    many[50:250:2] = [f"new{n}" for n in range(100)]
    first = told("Do it", " ".join(text), name="a")
    assert runs(first, told("Do it", " ".join(few), name="b")) == 1
    assert runs(first, told("Do it", " ".join(many), name="c")) == 2


def test_what_was_asked_and_what_was_done_are_held_apart() -> None:
    task, other, done = (" ".join(words(seed)) for seed in (11, 12, 13))
    assert runs(told(task, "I add it up.", name="a"), told(task, "I count it.", name="b")) == 2
    assert runs(told(task, done, name="a"), told(other, done, name="b")) == 2
    assert runs(told(f"{task} now", done, name="a"), told(task, f"{done} so", name="b")) == 1


def test_what_tools_gave_does_not_make_a_long_run_another() -> None:
    text = " ".join(words(2))
    noise = (told("Do it", text, seen=" ".join(words(n, 900)), name=str(n)) for n in range(9))
    assert runs(*noise) == 1


def test_two_results_of_one_run_both_stay() -> None:
    text = " ".join(words(3))
    assert runs(told("Do", text, result=Result.PASS), told("Do", text, result=Result.FAIL)) == 2


def test_the_first_stands_for_its_run_and_the_remark_names_the_others() -> None:
    copies = [told("Do it", "  " * n + "Done", name=f"run-{n}") for n in range(1, 8)]
    kept, [remark] = each_run_once(copies)
    assert kept == copies[:1]
    assert remark == Diagnostic(
        "run-1.json",
        "told again, nearly word for word, by run-2.json, run-3.json, run-4.json and 3 more: "
        "one run counts once",
    )


def test_copies_of_a_copy_belong_to_the_same_run() -> None:
    text = words(4)
    near = [*text[:-5], "other", "words", "at", "the", "end"]
    first, second = told("Do", " ".join(text)), told("Do", " ".join(near))
    third = told("Do", "\n".join(near))
    assert near_copies([first, second, third]) == {second.id: first.id, third.id: first.id}


@given(st.lists(st.sampled_from(["a b", "a  b", "A\tb", "a c", "漢字 字", "\ud800 x"]), min_size=1))
def test_what_is_kept_and_what_is_told_add_up(texts: list[str]) -> None:
    given_ = {one.id: one for one in (told("Do", text) for text in texts)}
    copies = near_copies(list(given_.values()))
    assert not set(copies) & set(copies.values())
    assert len(each_run_once(list(given_.values()))[0]) + len(copies) == len(given_)
    assert runs(*given_.values()) == len({" ".join(text.lower().split()) for text in texts})


def test_the_same_copies_are_found_whatever_the_hashes_of_the_process() -> None:
    script = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from test_near_copies import told, words\n"
        "from skillgit.trajectories.near_copies import near_copies\n"
        "texts = [words(n % 5) for n in range(30)]\n"
        "for n, text in enumerate(texts): text[n * 7:n * 7 + 2 * n] = []\n"
        "print(sorted(near_copies([told('Do', ' '.join(text)) for text in texts]).items()))"
    )
    told_ = {
        subprocess.run(
            [sys.executable, "-c", script, str(Path(__file__).parent)],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[1])},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told_) == 1
    assert "t-" in told_.pop()


def test_many_runs_of_one_kind_take_seconds() -> None:
    """2,000 of 300 words, a third of which all share; ten thousand take five times as long."""
    shared = words(5, 100)
    many = [told("Do it", " ".join(shared + words(n, 200)), name=str(n)) for n in range(2_000)]
    began = time.perf_counter()
    assert near_copies(many) == {}
    assert time.perf_counter() - began < 10


# --------------------------------------------------------------------------- real ones


def imported(folder: Path) -> list[Trajectory]:
    found = {}
    for item in read_trajectory_files([folder]):
        if not isinstance(item, Diagnostic):
            found.update({one.id: one for one in import_file(item).trajectories})
    return sorted(found.values(), key=lambda one: one.id)


def test_no_run_of_the_demo_is_another_ones_copy() -> None:
    assert near_copies(imported(DEMO)) == {}


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared trajectories are not here")
def test_real_runs_of_different_tasks_are_never_one() -> None:
    """Measured: of 825 runs 12 are copies, all of them recordings of the same run."""
    found = {one.id: one for one in imported(REAL)}
    copies = near_copies(list(found.values()))
    assert 5 <= len(copies) <= 20
    for copy, first in copies.items():
        one, other = _task(found[copy]), _task(found[first])
        assert one == other, (found[copy].origin, found[first].origin)


def _task(one: Trajectory) -> str:
    """SWE-agent's demonstrations bear the settings of their recording in their names."""
    return one.task.rpartition("install-1__")[2]


@given(st.lists(st.integers(0, 60), min_size=2, max_size=6), st.integers(0, 50))
def test_the_index_finds_every_copy_that_comparing_all_with_all_finds(
    changes: list[int], seed: int
) -> None:
    base, draw = words(seed), random.Random(seed)
    given = []
    for number, many in enumerate(changes):
        other = list(base)
        for at in draw.sample(range(len(other)), many):
            other[at] = f"other{number}x{at}"
        given.append(told("Do it", " ".join(other), name=f"t{number}"))
    prints = [_Print.of(one) for one in given]

    expected: dict[str, str] = {}
    for at, one in enumerate(prints):
        firsts = [each for each in prints[:at] if each.trajectory not in expected]
        same = [each for each in firsts if each.words == one.words or one.is_like(each)]
        if same:
            expected[one.trajectory] = ""

    assert set(near_copies(given)) == set(expected)
