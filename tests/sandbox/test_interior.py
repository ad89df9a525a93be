"""The Python that commands see."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest
from confined import Room

from skillgit.config import Sandbox as Options
from skillgit.sandbox import missing_packages
from skillgit.sandbox.interior import WANTED, find_interior

Make = Callable[..., Room]

ROOT = Path(__file__).parents[2]

needs_all_packages = pytest.mark.skipif(
    any(find_spec(name) is None for name in WANTED), reason="pip install 'skillgit[spreadsheet]'"
)


@needs_all_packages
def test_the_packages_that_tasks_need_are_there_and_work(room: Make) -> None:
    ran = room().python(
        "import formualizer, numpy, openpyxl, pandas\n"
        "book = openpyxl.Workbook()\n"
        "book.active.append([1, 2, '=A1+B1'])\n"
        "book.save('a.xlsx')\n"
        "formualizer.recalculate_xlsx_file('a.xlsx')\n"
        "print(pandas.read_excel('a.xlsx', header=None).values.tolist())\n"
        "print(numpy.arange(3).sum(), openpyxl.__version__)"
    )

    assert ran.output == f"[[1, 2, 3]]\n3 {version('openpyxl')}\n"


@needs_all_packages
def test_nothing_is_missing_here() -> None:
    assert missing_packages(Options()) == ()


def test_nothing_else_of_site_packages_is_there(room: Make) -> None:
    ran = room().python(
        "from importlib.util import find_spec\n"
        "print([n for n in ('skillgit', 'openai', 'click', 'pip', 'pytest') if find_spec(n)])"
    )

    assert ran.output == "[]\n"


def test_programs_find_the_same_python_by_its_names(room: Make) -> None:
    made = room()
    (made.work / "script.py").write_text(
        "import sys; print(sys.version_info[:2], 'openpyxl' and 1)"
    )

    ran = made.bash("python script.py; python3 script.py; command -v python python3 bash")

    here = f"{sys.version_info[:2]} 1"
    lines = ran.output.splitlines()
    assert lines[:2] == [here, here]
    assert lines[2:4] == ["/names/python", "/names/python3"]
    assert lines[4].endswith("/bash")


def test_python_starts_processes_of_its_own(room: Make) -> None:
    ran = room().python(
        "import subprocess, sys\n"
        "print(subprocess.check_output([sys.executable, '-c', 'import json; print(1)']))\n"
        "if __name__ == '__main__':\n"
        "    import multiprocessing\n"
        "    with multiprocessing.get_context('spawn').Pool(2) as pool:\n"
        "        print(pool.map(abs, [-1, -2]))\n"
    )

    assert ran.output == "b'1\\n'\n[1, 2]\n"


def test_the_paths_of_this_machine_do_not_show(room: Make) -> None:
    ran = room().python(
        "import os, sys, traceback\n"
        "print(sys.path, sys.prefix, sys.executable, os.getcwd(), os.environ)\n"
        "try:\n"
        "    import json; json.loads('x')\n"
        "except ValueError:\n"
        "    traceback.print_exc()\n"
    )

    assert "json/decoder.py" in ran.output
    for path in {str(ROOT), sys.prefix, sys.base_prefix, str(Path.home())} - {"/usr", "/usr/local"}:
        assert path not in ran.output


def test_nothing_is_written_beside_the_sources(room: Make) -> None:
    made = room()
    (made.work / "module.py").write_text("x = 1")

    ran = made.bash("python -c 'import module'; ls")

    assert ran.output == "module.py\n"


def test_hashes_are_the_same_every_time(room: Make) -> None:
    made = room()

    assert made.python("print({*'abcdef'})") == made.python("print({*'abcdef'})")


def test_office_works_where_it_is_installed(room: Make) -> None:
    if not Path("/usr/bin/soffice").exists():
        pytest.skip("LibreOffice is not installed below /usr")
    made = room()
    (made.work / "a.csv").write_text("1,2,=A1+B1\n")

    ran = made.bash("soffice --headless --convert-to xlsx a.csv && ls")

    assert ran.status == 0
    assert (made.work / "a.xlsx").stat().st_size > 1000


# ------------------------------------------------------------------ other layouts than this one


_SHOW = """
import asyncio, os, tempfile
from pathlib import Path
from skillgit.config import Sandbox
from skillgit.sandbox.bubblewrap import Bubblewrap
FORKS = "import os, time\\nfor _ in range(40): os.fork() or (time.sleep(1), os._exit(0))"
sandbox = Bubblewrap(Sandbox(processes=20, seconds=10))
with tempfile.TemporaryDirectory() as work:
    for command in (
        [*sandbox.python(), "-c", "import sys; print(sys.prefix)"],
        ["python3", "-c", "import openpyxl; print(openpyxl.__file__)"],
        ["python3", "-c", FORKS],
    ):
        ran = asyncio.run(sandbox.run(Path(work), command, readable={}))
        print((ran.output.strip().splitlines() or [""])[-1], ran.stopped or ran.status)
print(sandbox.interior.missing)
"""


def _show(python: Path, user: int | None = None) -> list[str]:
    """What commands print in the sandbox of another Python, and perhaps of another user."""
    with tempfile.TemporaryDirectory() as code:
        Path(code).chmod(0o755)
        shutil.copytree(
            ROOT / "skillgit", Path(code, "skillgit"), ignore=shutil.ignore_patterns("__pycache__")
        )
        done = subprocess.run(
            [python, "-B", "-c", _SHOW],
            env={"PYTHONPATH": code, "PATH": os.defpath},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
    assert done.returncode == 0, done.stderr
    return list(done.stdout.splitlines())


@pytest.mark.usefixtures("unmeasured", "room")
def test_a_python_of_the_system_without_packages() -> None:
    python = _system_python()

    lines = _show(python)

    assert lines[0] == "/usr 0"
    assert "formualizer" in lines[3]


@pytest.mark.usefixtures("unmeasured", "room")
def test_a_virtual_environment_of_a_python_of_the_system(tmp_path: Path) -> None:
    python = _system_python()
    made = subprocess.run(
        [str(python), "-m", "venv", "--without-pip", str(tmp_path / "env")],
        check=False,
        capture_output=True,
    )
    if made.returncode:
        pytest.skip(f"{python} makes no virtual environments: {made.stdout.decode()}")
    site = next((tmp_path / "env" / "lib").glob("python3*/site-packages"))
    info = site / "openpyxl-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: openpyxl\nVersion: 1.0\nRequires-Dist: et.xmlfile (>=1)\n"
        "Requires-Dist: pillow; extra == 'images'\n"
    )
    (info / "RECORD").write_text(
        "openpyxl/__init__.py,,\nopenpyxl-1.0.dist-info/METADATA,,\n../../../bin/tool,,\n/etc,,\n"
    )
    (site / "openpyxl").mkdir()
    (site / "openpyxl" / "__init__.py").write_text("import et_xmlfile, sys\n")
    (site / "et_xmlfile-1.0.dist-info").mkdir()
    (site / "et_xmlfile-1.0.dist-info" / "METADATA").write_text("Name: et_xmlfile\nVersion: 1\n")
    (site / "et_xmlfile-1.0.dist-info" / "top_level.txt").write_text("et_xmlfile\n")
    (site / "et_xmlfile.py").write_text("single = 'file'\n")

    lines = _show(tmp_path / "env" / "bin" / "python")

    assert lines[:2] == ["/usr 0", "/site/openpyxl/__init__.py 0"]


@pytest.mark.usefixtures("unmeasured", "room")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_is_held_by_the_kernel() -> None:
    lines = _show(_system_python(), user=65_534)

    assert lines[0] == "/usr 0"
    assert lines[2] in {
        "BlockingIOError: [Errno 11] Resource temporarily unavailable 1",
        " over 20 processes",  # before Linux 5.14
    }


def _system_python() -> Path:
    """One below /usr that can run skillgit."""
    for name in ("python3", "python3.14", "python3.13", "python3.12", "python3.11"):
        python = Path("/usr/bin", name)
        test = [str(python), "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        if python.exists() and not subprocess.run(test, check=False).returncode:
            return python
    pytest.skip("there is no Python 3.11 or newer below /usr/bin")


def test_only_what_is_wanted_is_bound() -> None:
    interior = find_interior()

    names = [inside for _, inside in interior.binds if inside.startswith("/site/")]
    assert len(names) == len(set(names))
    assert not [name for name in names if name.endswith((".dist-info", "__pycache__"))]
    assert "/site/.." not in names
    assert all(outside.exists() for outside, _ in interior.binds)
