from __future__ import annotations

import os
import socket
import stat
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from skillgit.sandbox.folders import DEEPEST, Held, measure, tidy

EVERYTHING = Held(2**60, 2**60)


def test_a_folder_is_measured_without_following_links(tmp_path: Path) -> None:
    work = tmp_path / "work"
    (work / "a" / "b").mkdir(parents=True)
    (work / "a" / "f").write_bytes(b"x" * 100_000)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "huge").write_bytes(b"x" * 10_000_000)
    (work / "link").symlink_to(tmp_path / "elsewhere")

    found = measure(work, EVERYTHING)

    assert found.files == 4
    assert 100_000 <= found.size < 200_000


def test_a_sparse_file_counts_as_long_as_it_seems(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(50_000_000)

    assert measure(tmp_path, EVERYTHING).size >= 50_000_000


def test_the_walk_ends_where_it_is_enough(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}" / "f").touch()

    assert 30 <= measure(tmp_path, Held(2**60, 10)).files < 40


def test_a_folder_that_is_gone_holds_nothing(tmp_path: Path) -> None:
    assert measure(tmp_path / "gone", EVERYTHING) == Held(0, 0)
    tidy(tmp_path / "gone")


def test_only_files_folders_and_links_are_left_and_all_may_be_read(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inner").write_text("inner")
    (tmp_path / "folder").chmod(0)
    (tmp_path / "file").write_text("file")
    (tmp_path / "file").chmod(0o6000)
    (tmp_path / "link").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))

    tidy(tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder", "link"]
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o700
    assert (tmp_path / "folder" / "inner").read_text() == "inner"


def test_an_ordinary_folder_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "script.sh").write_text("#!/bin/sh\n")
    (tmp_path / "script.sh").chmod(0o755)
    (tmp_path / "d").mkdir(mode=0o755)
    before = {p: (p.stat().st_mode, p.stat().st_mtime_ns) for p in tmp_path.rglob("*")}

    tidy(tmp_path)

    assert {p: (p.stat().st_mode, p.stat().st_mtime_ns) for p in tmp_path.rglob("*")} == before


def test_a_link_is_never_followed_to_change_rights(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("x")
    outside.chmod(0o4400)
    work = tmp_path / "work"
    work.mkdir()
    (work / "link").symlink_to(outside)
    (work / "folder-link").symlink_to(tmp_path)

    tidy(work)

    assert stat.S_IMODE(outside.stat().st_mode) == 0o4400


def nest(folder: Path, depth: int) -> None:
    """Deeper than any path can name."""
    here = os.open(folder, os.O_RDONLY)
    for level in range(depth):
        os.mkdir("d" * 20, dir_fd=here)
        os.close(os.open(f"f{level}", os.O_CREAT | os.O_WRONLY, dir_fd=here))
        deeper = os.open("d" * 20, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)


def test_what_is_nested_too_deep_is_found_and_removed(tmp_path: Path) -> None:
    nest(tmp_path, 3000)
    assert measure(tmp_path, EVERYTHING).too_deep

    tidy(tmp_path)

    assert not measure(tmp_path, EVERYTHING).too_deep
    assert measure(tmp_path, EVERYTHING).files == 2 * DEEPEST + 1


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 3), st.integers(1, 130))
def test_a_tidied_folder_is_never_too_deep_and_tidying_again_changes_nothing(
    files: int, depth: int
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        nest(folder, depth)
        for number in range(files):
            (folder / f"g{number}").touch()

        tidy(folder)
        once = measure(folder, EVERYTHING)
        tidy(folder)

        assert not once.too_deep
        assert measure(folder, EVERYTHING) == once
        if depth <= DEEPEST:
            assert once.files == 2 * depth + files
