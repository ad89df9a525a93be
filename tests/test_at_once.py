"""Rounds that something happens to meanwhile: a second round, a moved base, a full disk."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from disturbed import PATIENCE, SKILL, TEXT, Site, Told, keys, varied
from repositories import Repository
from scripted import Answer, Request, ScriptedEndpoint

pytestmark = pytest.mark.usefixtures("unmeasured")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site.make(tmp_path, count=8)


def moody(delay: float = 0.0) -> Callable[[Request], Answer]:
    """A model that never says the same twice, as where the server batches its requests."""
    numbers = itertools.count(1)

    def reply(request: Request) -> Answer:
        said = varied(request).content or ""
        return Answer(said.replace('"text": "', f'"text": "{next(numbers)}. '), delay=delay)

    return reply


def test_the_same_command_twice_at_once_pays_once(site: Site) -> None:
    with ScriptedEndpoint(moody(0.1)) as endpoint:
        both = [site.start(endpoint.url) for _ in range(2)]
        told = [one.ended() for one in both]
        assert [one.code for one in told] == [0, 0], told
        assert len(set(keys(endpoint.requests))) == len(endpoint.requests)
    assert told[0].out.split("Branch")[1] == told[1].out.split("Branch")[1]
    assert len(site.ids()) == 2
    site.sound()


def test_the_second_says_for_whom_it_waits_and_goes_on_where_that_one_was_killed(
    site: Site,
) -> None:
    asked = threading.Semaphore(0)

    def reply(request: Request) -> Answer:
        asked.release()
        slow = len(endpoint.requests) > 3
        return Answer(varied(request).content, delay=30.0 if slow and not asked_first else 0.0)

    asked_first: list[bool] = []
    with ScriptedEndpoint(reply) as endpoint:
        first = site.start(endpoint.url, "--workers", "1")
        for _ in range(4):
            assert asked.acquire(timeout=PATIENCE)
        second = site.start(endpoint.url)
        with pytest.raises(subprocess.TimeoutExpired):
            second.process.wait(2.0)
        arrived, all_keys = keys(endpoint.requests)[:3], set(keys(endpoint.requests))
        assert len(all_keys) == 4, "the second asked while the first was at it"
        asked_first.append(True)
        first.kill()
        told = second.ended()
        assert told.code == 0, told.err
        assert f"process {first.process.pid}" in told.err
        assert all(keys(endpoint.requests).count(key) == 1 for key in arrived)
    site.sound()


def test_two_rounds_at_once_that_share_their_analysts(site: Site) -> None:
    """Whoever is answered first is right for both; asked again, each gives the same commits."""
    others = ("--min-support", "1")
    with ScriptedEndpoint(moody(0.1)) as endpoint:
        both = [site.start(endpoint.url), site.start(endpoint.url, *others)]
        told = [one.ended() for one in both]
        assert [one.code for one in told] == [0, 0], told
        before, asked = site.ids(), len(endpoint.requests)
        assert len(before) == 4
        for more in ((), others):
            again = site.start(endpoint.url, *more).ended()
            assert again.code == 0, again.err
        assert (site.ids(), len(endpoint.requests)) == (before, asked)
    site.sound()


def test_a_base_that_moves_meanwhile(site: Site) -> None:
    repository = site.repository
    read, moved = repository.git("rev-parse", "HEAD"), threading.Event()

    def reply(request: Request) -> Answer:
        if not moved.is_set():
            moved.set()
            path = f"{SKILL}/SKILL.md"
            repository.commit({path: TEXT + "\n- One more.\n"}, "moved")
        return varied(request)

    with ScriptedEndpoint(reply) as endpoint:
        told = site.start(endpoint.url).ended()
        assert told.code == 0, told.err
        assert "note: HEAD moved to" in told.out
        assert f"the lessons are on {read[:10]}" in told.out
        [branch] = [ref for ref in site.ids() if ref.startswith("refs/heads/")]
        assert repository.git("merge-base", "main", branch) == read
        asked = len(endpoint.requests)
        again = site.start(endpoint.url, "--base", read).ended()
        assert (again.code, len(endpoint.requests)) == (0, asked)
        assert "moved to" not in again.out


def test_a_branch_in_the_way_costs_nothing_but_another_name(site: Site) -> None:
    taken = "skillgit/xlsx"
    site.repository.git("branch", taken, "main")
    with ScriptedEndpoint(varied) as endpoint:
        told = site.start(endpoint.url).ended()
        assert told.code in {3, 4}, told
        assert f"rename the branch refs/heads/{taken}" in told.err
        assert site.ids().keys() - {f"refs/heads/{taken}"} == set(), "evidence without a branch"
        asked = len(endpoint.requests)
        other = {"SKILLGIT_RECORD_BRANCH_PREFIX": "lessons"}
        assert site.start(endpoint.url, env=other).ended().code == 0
        assert len(endpoint.requests) == asked
        site.repository.git("branch", "--delete", "--force", taken)
        assert site.start(endpoint.url).ended().code == 0
        assert len(endpoint.requests) == asked
    site.sound()


def test_a_ref_lock_that_was_left_behind_is_named(site: Site) -> None:
    with ScriptedEndpoint(varied) as endpoint:
        assert site.start(endpoint.url).ended().code == 0
        made = site.ids()
        site.forget()
        lock = site.repository.path / ".git" / f"{max(made)}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
        told = site.start(endpoint.url).ended()
        assert told.code == 3, told
        assert f"delete {lock}" in told.err
        assert site.ids() == {}
        lock.unlink()
        assert site.start(endpoint.url).ended().code == 0
    assert site.ids() == made


needs_bubblewrap = pytest.mark.skipif(not shutil.which("bwrap"), reason="no bubblewrap here")

SMALL = """
set -u
cp -r {repo} {small}/repo
cd {small}
free() {{ df --output=avail -k . | tail -1; }}
dd if=/dev/zero of=ballast bs=1k count=$(($(free) - {left})) 2>/dev/null
"$@" > {told}.out 2> {told}.err
echo $? > {told}.code
git -C repo fsck --full --strict --no-dangling --no-progress > {told}.fsck 2>&1
rm -f ballast more
"$@" > {told}.again 2>&1
echo $? >> {told}.code
git -C repo fsck --full --strict --no-dangling --no-progress >> {told}.fsck 2>&1
git -C repo for-each-ref 'refs/heads/skillgit' refs/skillgit > {told}.refs
"""


GREEDY = """#!/bin/sh
case "$*" in
*update-ref*) test -e "$SMALL/ballast" && dd if=/dev/zero of="$SMALL/more" bs=1k 2>/dev/null ;;
esac
exec {git} "$@"
"""


def on_a_small_disk(
    site: Site, folder: Path, url: str, left: int, env: Mapping[str, str] | None = None
) -> Told:
    """The round on a disk of 8 MB with `left` kB free, which gets room for a second try."""
    small, told = folder / "small", folder / "told"
    small.mkdir(exist_ok=True)
    script = SMALL.format(repo=site.repository.path, small=small, told=told, left=left)
    inside = Site(Repository(small / "repo"), site.runs).arguments(url, "--workers", "1")
    room = ["bwrap", "--dev-bind", "/", "/", "--size", str(8 << 20), "--tmpfs", str(small)]
    done = subprocess.run(
        [*room, "bash", "-c", script, "small", *inside],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(env or {})},
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    parts = {end: Path(f"{told}.{end}").read_text() for end in ("out", "err", "code", "again")}
    first, second = parts["code"].split()
    assert second == "0", parts["again"]
    assert Path(f"{told}.fsck").read_text() == ""
    assert len(Path(f"{told}.refs").read_text().splitlines()) == 2
    assert "Traceback" not in parts["err"]
    return Told(int(first), parts["out"], parts["err"])


@needs_bubblewrap
@pytest.mark.parametrize(("left", "codes"), [(0, {3}), (150, {4})])
def test_no_room_for_replies(site: Site, tmp_path: Path, left: int, codes: set[int]) -> None:
    with ScriptedEndpoint(varied) as endpoint:
        told = on_a_small_disk(site, tmp_path, endpoint.url, left)
        assert told.code in codes, told
        assert "make room on the disk" in told.err
        repeated = len(endpoint.requests) - len(set(keys(endpoint.requests)))
        assert repeated <= 1, "replies that had arrived were asked for again"


@needs_bubblewrap
def test_no_room_for_objects_then_none_for_refs(site: Site, tmp_path: Path) -> None:
    with ScriptedEndpoint(varied) as endpoint:
        assert site.start(endpoint.url).ended().code == 0
        asked = len(endpoint.requests)
        site.forget()
        site.repository.git("gc", "--quiet", "--prune=now")
        told = on_a_small_disk(site, tmp_path, endpoint.url, 60)
        assert told.code == 3, told
        assert "make room on the disk" in told.err
        shim = tmp_path / "git"
        shim.write_text(GREEDY.format(git=shutil.which("git")), encoding="utf-8")
        shim.chmod(0o755)
        env = {"GIT_PYTHON_GIT_EXECUTABLE": str(shim), "SMALL": str(tmp_path / "small")}
        told = on_a_small_disk(site, tmp_path, endpoint.url, 2000, env)
        assert told.code == 3, told
        assert "see whether the disk is full" in told.err
        assert len(endpoint.requests) == asked


@needs_bubblewrap
def test_a_repository_that_may_only_be_read(site: Site) -> None:
    inside = str(site.repository.path / ".git")
    room = ["bwrap", "--dev-bind", "/", "/", "--ro-bind", inside, inside]
    with ScriptedEndpoint(varied) as endpoint:
        done = subprocess.run(
            [*room, *site.arguments(endpoint.url)], capture_output=True, text=True, check=False
        )
        assert not endpoint.requests, "replies were paid for that cannot be kept"
    assert done.returncode == 3
    assert "can be written to" in done.stderr
    assert "Traceback" not in done.stderr
