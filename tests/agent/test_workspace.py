from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from skillgit.agent.inside import NotTaken, opened_inside
from skillgit.agent.workspace import lay_out_case, lay_out_skill, take_out, take_out_all
from skillgit.domains.task import Case
from skillgit.errors import SurroundingsError, UsageError
from skillgit.names import Oid, SkillPath
from skillgit.types import MANIFEST, Skill

GOLD = b"the right answer"
ANSWER = "output.xlsx"
LIMIT = 1000


@pytest.fixture
def work(tmp_path: Path) -> Path:
    place = tmp_path / "work"
    place.mkdir()
    return place


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    place = tmp_path / "gold" / ANSWER
    place.parent.mkdir()
    place.write_bytes(GOLD)
    return place


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


# ------------------------------------------------------------------ taking an answer out


def test_a_regular_file_is_copied(work: Path, out: Path) -> None:
    (work / "sub").mkdir()
    (work / "sub" / ANSWER).write_bytes(b"x" * LIMIT)
    (work / "sub" / ANSWER).chmod(0o6777)

    taken = take_out(work, f"sub/{ANSWER}", out, LIMIT)

    assert taken == out / "sub" / ANSWER
    assert taken.read_bytes() == b"x" * LIMIT
    assert taken.stat().st_mode & 0o7111 == 0


def link(work: Path, gold: Path) -> None:
    (work / ANSWER).symlink_to(gold)


def relative_link(work: Path, gold: Path) -> None:
    (work / ANSWER).symlink_to(f"../gold/{gold.name}")


def link_within(work: Path, gold: Path) -> None:
    (work / "true").write_bytes(b"")
    (work / ANSWER).symlink_to("true")


def pipe(work: Path, gold: Path) -> None:
    os.mkfifo(work / ANSWER)


def plug(work: Path, gold: Path) -> None:
    here = Path.cwd()
    os.chdir(work)  # the address of a socket must be short
    try:
        with socket.socket(socket.AF_UNIX) as plugged:
            plugged.bind(ANSWER)
    finally:
        os.chdir(here)


def folder(work: Path, gold: Path) -> None:
    (work / ANSWER).mkdir()


def device(work: Path, gold: Path) -> None:
    (work / ANSWER).symlink_to("/dev/zero")


def large(work: Path, gold: Path) -> None:
    (work / ANSWER).write_bytes(b"x" * (LIMIT + 1))


def vast_with_holes(work: Path, gold: Path) -> None:
    with (work / ANSWER).open("wb") as file:
        file.truncate(1 << 40)


def nothing(work: Path, gold: Path) -> None:
    pass


ATTACKS: dict[Callable[[Path, Path], None], str] = {
    link: "is a link",
    relative_link: "is a link",
    link_within: "is a link",
    pipe: "not a regular file",
    plug: "cannot be read",
    folder: "not a regular file",
    device: "is a link",
    large: "larger than 1000 bytes",
    vast_with_holes: "larger than 1000 bytes",
    nothing: "there is no file",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_whatever_else_has_the_answer_s_name_is_not_the_answer(
    attack: Callable[[Path, Path], None], work: Path, gold: Path, out: Path
) -> None:
    attack(work, gold)

    taken = take_out(work, ANSWER, out, LIMIT)

    assert isinstance(taken, NotTaken)
    assert ATTACKS[attack] in taken.reason
    assert not out.exists() or not any(out.iterdir())


@pytest.mark.skipif(not hasattr(os, "mknod") or os.geteuid() != 0, reason="needs root")
def test_a_device_is_not_read(work: Path, out: Path) -> None:
    try:
        os.mknod(work / ANSWER, 0o20666, os.makedev(1, 5))
    except OSError as error:
        pytest.skip(f"no devices here: {error}")

    taken = take_out(work, ANSWER, out, LIMIT)

    assert isinstance(taken, NotTaken)


def test_a_folder_that_is_a_link_leads_nowhere(work: Path, gold: Path, out: Path) -> None:
    (work / "sub").symlink_to(gold.parent)

    taken = take_out(work, f"sub/{ANSWER}", out, LIMIT)

    assert isinstance(taken, NotTaken)


@pytest.mark.parametrize("name", ["../gold/output.xlsx", "/etc/passwd", "", "a/../../gold", "a\0b"])
def test_a_name_cannot_lead_out(work: Path, gold: Path, out: Path, name: str) -> None:
    taken = take_out(work, name, out, LIMIT)

    assert isinstance(taken, NotTaken)
    assert "unsafe path" in taken.reason


def test_a_file_that_may_not_be_read_says_so(work: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read anything")
    (work / ANSWER).touch(mode=0)

    with opened_inside(work, ANSWER) as file:
        assert isinstance(file, NotTaken)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs the proc of Linux")
def test_a_file_that_grows_while_it_is_read_stays_small(work: Path, out: Path) -> None:
    taken = take_out(Path("/proc/self"), "maps", out, 10)  # its size is said to be 0

    assert taken == NotTaken("maps is larger than 10 bytes")
    assert list(out.iterdir()) == []


# ------------------------------------------------------------------ taking everything out


def test_of_a_work_folder_the_regular_files_are_kept(work: Path, gold: Path, out: Path) -> None:
    (work / "deep" / "er").mkdir(parents=True)
    (work / "deep" / "er" / "a.txt").write_text("a")
    (work / "b.txt").write_text("b")
    (work / "gold.xlsx").symlink_to(gold)
    (work / "all").symlink_to(gold.parent)
    (work / "z.bin").write_bytes(b"z" * LIMIT)
    os.mkfifo(work / "pipe")

    left = take_out_all(work, out, LIMIT)

    kept = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert kept == ["b.txt", "deep/er/a.txt"]
    assert sorted(each.reason for each in left) == [
        "all is a link, not a file",
        "gold.xlsx is a link, not a file",
        "pipe is not a regular file",
        "z.bin is larger than 998 bytes",
    ]


def test_neither_many_files_nor_deep_folders_are_too_much(work: Path, out: Path) -> None:
    for number in range(2001):
        (work / f"{number:04}").touch()
    here = Path.cwd()
    os.chdir(work)
    try:
        for _ in range(1200):
            os.mkdir("d")  # noqa: PTH102 - relative to where the loop has come
            os.chdir("d")
    finally:
        os.chdir(here)

    left = take_out_all(work, out, LIMIT)

    assert [each.reason for each in left] == ["there are more than 2000 files"]
    assert len(list(out.iterdir())) == 2000
    while (work / "d").exists():  # deeper than shutil can follow
        _shorten(work)


def _shorten(work: Path) -> None:
    """Take a chain of folders apart from its end, a piece at a time."""
    here = Path.cwd()
    os.chdir(work)
    depth = 0
    while Path("d").exists():
        os.chdir("d")
        depth += 1
    for _ in range(depth):
        os.chdir("..")
        os.rmdir("d")  # noqa: PTH106 - relative to where the loop has come
    os.chdir(here)


# ------------------------------------------------------------------ laying out


def test_inputs_are_copies_under_their_names(tmp_path: Path, gold: Path) -> None:
    source = tmp_path / "1_46-2_input.xlsx"
    source.write_bytes(b"in")
    case = Case({"input.xlsx": source, "more/data.csv": source}, ANSWER, gold)

    place = lay_out_case(case, tmp_path / "new" / "work")

    (place / "input.xlsx").write_bytes(b"changed")
    assert source.read_bytes() == b"in"
    assert (place / "more" / "data.csv").read_bytes() == b"in"
    assert not (place / ANSWER).exists()


@pytest.mark.parametrize("name", ["../x", "/x", "", ".git/config", "a\nb", "a/../b"])
def test_unsafe_names_of_inputs_and_answers_are_refused(tmp_path: Path, name: str) -> None:
    source = tmp_path / "source"
    source.touch()

    with pytest.raises(UsageError, match="unsafe path") as caught:
        lay_out_case(Case({name: source}, ANSWER), tmp_path / "one")
    with pytest.raises(UsageError, match="unsafe path"):
        lay_out_case(Case({"input.xlsx": source}, name), tmp_path / "two")

    assert "task set" in caught.value.hint


def test_an_input_that_is_a_link_is_refused(tmp_path: Path, gold: Path) -> None:
    (tmp_path / "input.xlsx").symlink_to(gold)

    with pytest.raises(UsageError, match="is a link"):
        lay_out_case(Case({"input.xlsx": tmp_path / "input.xlsx"}, ANSWER), tmp_path / "work")


def test_a_work_folder_is_always_new(work: Path) -> None:
    with pytest.raises(SurroundingsError, match="File exists"):
        lay_out_case(Case({}, ANSWER), work)


def test_a_skill_lies_where_the_agent_is_told(tmp_path: Path) -> None:
    files = {
        MANIFEST: b"# Skill\n",
        SkillPath("scripts/run.sh"): b"#!/bin/sh\n",
        SkillPath("references/link.md"): b"/etc/passwd",
    }
    modes = {SkillPath("scripts/run.sh"): "100755", SkillPath("references/link.md"): "120000"}

    readable = lay_out_skill(Skill("skills/xlsx", Oid("a" * 40), files, modes), tmp_path)

    (inside, place), *rest = readable.items()
    assert (inside, rest) == ("/skills/xlsx", [])
    assert {p.relative_to(place).as_posix() for p in place.rglob("*") if p.is_file()} == set(files)
    assert os.access(place / "scripts/run.sh", os.X_OK)
    assert not (place / "references/link.md").is_symlink()
    assert (place / "references/link.md").read_bytes() == b"/etc/passwd"


def test_a_skill_that_is_the_repository_itself_has_a_name_too(tmp_path: Path) -> None:
    readable = lay_out_skill(Skill("", Oid("a" * 40), {MANIFEST: b""}), tmp_path)

    assert list(readable) == ["/skills/skill"]
