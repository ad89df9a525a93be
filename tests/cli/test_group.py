from __future__ import annotations

import errno
import os
import pty
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit import __version__, cli
from skillgit.cli.console import TerminalProgress, print_json, safe
from skillgit.errors import PartialError, SkillgitError, SurroundingsError, UsageError


def skillgit(*args: str, **settings: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "skillgit", *args]
    return subprocess.run(command, capture_output=True, text=True, check=False, **settings)  # type: ignore[call-overload,no-any-return] # keywords pass through


def run_with(monkeypatch: pytest.MonkeyPatch, error: BaseException | int | None, *args: str) -> int:
    @click.command("rule")
    def command() -> int | None:
        if isinstance(error, BaseException):
            raise error
        return error

    monkeypatch.setattr(cli.group, "get_command", lambda *_: command)
    return cli.run([*args, "rule"])


@pytest.mark.usefixtures("unmeasured")
def test_help_names_every_verb_and_is_fast() -> None:
    took = []
    for _ in range(3):  # processor time: other programs run on the machine as well
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = skillgit("--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    assert done.returncode == 0
    assert [verb for verb in cli.VERBS if verb not in done.stdout] == []
    assert "Examples:" in done.stdout
    assert min(took) < 0.15


def test_version() -> None:
    assert skillgit("--version").stdout == f"skillgit {__version__}\n"


@pytest.mark.usefixtures("unmeasured")
def test_importing_the_command_line_imports_nothing_heavy() -> None:
    heavy = "{'openai', 'git', 'rich', 'jinja2', 'yaml', 'markdown_it', 'jsonschema', 'sqlite3'}"
    code = f"import sys, skillgit.cli; print(sorted({heavy} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_an_unknown_verb_is_a_usage_error() -> None:
    done = skillgit("evolv")

    assert (done.returncode, done.stdout) == (2, "")
    assert "evolv" in done.stderr


def test_without_a_verb_there_is_help_and_code_2() -> None:
    done = skillgit()

    assert done.returncode == 2
    assert "Commands:" in done.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, 0),
        (0, 0),
        (1, 1),
        (click.UsageError("no such thing"), 2),
        (UsageError("reading a: wrong"), 2),
        (SurroundingsError("calling: refused"), 3),
        (PartialError("stopped"), 4),
        (click.exceptions.Exit(4), 4),
        (click.Abort(), 130),
        (KeyboardInterrupt(), 130),
        (ExceptionGroup("g", [ValueError("x"), PartialError("stopped")]), 4),
        (ValueError("surprise"), 3),
    ],
)
def test_exit_codes(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException | int | None,
    code: int,
) -> None:
    assert run_with(monkeypatch, error) == code

    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Traceback" not in shown.err


def test_an_error_says_what_and_what_next(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = SkillgitError("reading \x1b[2Ja.md: torn", hint="mend it")

    assert run_with(monkeypatch, error) == 1

    assert capsys.readouterr().err == "error: reading a.md: torn\nhint: mend it\n"


def test_a_mistake_of_ours_leaves_a_log_for_an_issue(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    hermetic: Mapping[str, str],
) -> None:
    assert run_with(monkeypatch, ValueError("surprise")) == 3

    (log,) = Path(hermetic["XDG_STATE_HOME"], "skillgit").iterdir()
    assert str(log) in capsys.readouterr().err
    assert "ValueError: surprise" in log.read_text(encoding="utf-8")
    assert __version__ in log.read_text(encoding="utf-8")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_disk_that_takes_no_more_is_no_mistake_of_ours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    assert run_with(monkeypatch, OSError(number, "it is full", "a/x")) == 3

    told = capsys.readouterr().err
    assert "writing a/x: it is full" in told
    assert "make room" in told


def test_the_log_goes_elsewhere_when_the_state_folder_cannot_be_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    assert run_with(monkeypatch, ValueError("surprise")) == 3

    assert f"{tmp_path}/skillgit-" in capsys.readouterr().err


def test_debug_shows_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SKILLGIT_DEBUG", "1")

    run_with(monkeypatch, ValueError("surprise"))

    assert "Traceback" in capsys.readouterr().err


def test_minus_c_goes_there_step_by_step_and_comes_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    seen = []

    @click.command("rule")
    def command() -> None:
        seen.append(Path.cwd())

    monkeypatch.setattr(cli.group, "get_command", lambda *_: command)
    before = Path.cwd()

    assert cli.run(["-C", str(tmp_path / "a"), "-C", "b", "rule"]) == 0

    assert seen == [tmp_path / "a" / "b"]
    assert Path.cwd() == before


def test_minus_c_to_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["-C", "/no/such/folder", "completion"]) == 2
    assert "/no/such/folder" in capsys.readouterr().err


def test_a_reader_that_leaves_ends_it_quietly(tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", f'"{sys.executable}" -m skillgit --help | true; echo "${{PIPESTATUS[0]}}"'],
        capture_output=True,
        text=True,
        check=True,
    )

    # 0 where the whole text fitted into the pipe before the reader left.
    assert done.stdout in {"141\n", "0\n"}
    assert done.stderr == ""


def test_a_reader_of_the_first_line_ends_many_lines_quietly(tmp_path: Path) -> None:
    program = (
        f'for n in 1 2 3 4 5 6; do "{sys.executable}" -m skillgit config | head -n 1 >/dev/null;'
        ' echo "${PIPESTATUS[0]}"; done'
    )
    done = subprocess.run(
        ["bash", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    # Line by line, so that nothing is left to flush when the reader has gone.
    assert set(done.stdout.split()) <= {"141", "0"}
    assert done.stderr == ""


def test_a_pipe_of_others_that_breaks_is_not_the_reader(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_with(monkeypatch, BrokenPipeError(32, "Broken pipe")) == 3
    assert "Broken pipe" in capsys.readouterr().err


def test_a_closed_reader_is_141() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        command = [sys.executable, "-m", "skillgit", "--help"]
        done = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, check=False)

    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_completion_prints_a_script_of_the_shell(shell: str) -> None:
    done = skillgit("completion", shell)

    if shell == "powershell" and done.returncode == 2:
        pytest.skip("this click has no completion for PowerShell")
    assert (done.returncode, done.stderr) == (0, "")
    assert "_SKILLGIT_COMPLETE" in done.stdout


def test_completion_completes_in_bash() -> None:
    words = {"COMP_WORDS": "skillgit co", "COMP_CWORD": "1", "_SKILLGIT_COMPLETE": "bash_complete"}

    done = skillgit(env={**os.environ, **words})

    assert done.stdout == "plain,config\nplain,completion\n"


# ------------------------------------------------------------------ text of strangers


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\nwith ümläut", "plain\ttext\nwith ümläut"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;never ends\nnext line", "\nnext line"),
        ("\x9b2Jcleared", "cleared"),
        ("real\roverwritten", "realoverwritten"),
        ("dos\r\nlines", "dos\nlines"),
        ("a\u202eb\u2066c", "abc"),
        ("tag\U000e0041s", "tags"),
        ("\ud800half", "\N{REPLACEMENT CHARACTER}half"),
    ],
)
def test_safe(text: str, shown: str) -> None:
    assert safe(text) == shown


@given(st.text(alphabet=st.characters(), max_size=60))
def test_safe_text_is_printable_and_stays_as_it_is(text: str) -> None:
    shown = safe(text)

    assert safe(shown) == shown
    assert all(char in "\n\t" or not "\x00" <= char < " " for char in shown)
    assert "\x1b" not in shown
    shown.encode()


def test_json_names_its_schema_first(capsys: pytest.CaptureFixture[str]) -> None:
    print_json("check", {"path": Path("a") / "b", "text": "\x9b\u202eé"})

    assert capsys.readouterr().out == (
        '{\n  "schema": "skillgit.check/1",\n  "path": "a/b",\n'
        '  "text": "\\u009b\\u202e\\u00e9"\n}\n'
    )


def test_json_refuses_what_it_cannot_carry() -> None:
    with pytest.raises(TypeError, match="not a JSON value"):
        print_json("check", {"path": object()})


# ------------------------------------------------------------------ progress


def counted(
    capsys: pytest.CaptureFixture[str], total: int, seconds: Callable[[int], float]
) -> list[str]:
    """The lines about a stage whose n-th thing is done at `seconds(n)`."""
    now = 0.0
    with TerminalProgress(clock=lambda: now) as progress:
        progress.start("analyze", total)
        for number in range(1, total + 1):
            now = seconds(number)
            progress.advance("analyze", f"t-{number}\x1b[31m")
        progress.finish("analyze")
    return capsys.readouterr().err.splitlines()


def test_progress_in_plain_lines_tells_every_tenth_and_the_time_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = counted(capsys, 40, lambda number: number / 2)
    assert lines[:3] == [
        "analyze: 40 to do",
        "analyze: 4/40 (t-4; about 18 s left)",
        "analyze: 8/40 (t-8; about 16 s left)",
    ]
    assert len(lines) == 1 + 9 + 1
    assert lines[-1] == "analyze: 40/40 done in 20 s"


def test_many_things_at_once_are_told_in_few_lines(capsys: pytest.CaptureFixture[str]) -> None:
    lines = counted(capsys, 10_000, lambda number: number / 5_000)
    assert [line.partition(" (")[0] for line in lines] == [
        "analyze: 10000 to do",
        "analyze: 1000/10000",
        "analyze: 6000/10000",
        "analyze: 10000/10000 done in 2 s",
    ]


def test_slow_things_are_told_though_few_are_done(capsys: pytest.CaptureFixture[str]) -> None:
    lines = counted(capsys, 100, lambda number: 20.0 * number)
    assert "analyze: 2/100 (t-2)" in lines[1]
    assert "analyze: 4/100 (t-4; about 32 min left)" in lines
    assert len(lines) == 1 + 49 + 1


def test_of_what_is_resumed_the_later_half_tells_the_time_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """200 of 300 come from memory at once, then 4 at a time take 0.2 s."""
    lines = counted(capsys, 300, lambda number: max(0, number - 200 + 3) // 4 * 0.2)
    found = [re.search(r": (\d+)/300 .*about (\d+) s", line) for line in lines]
    told = [(int(each[1]), int(each[2])) for each in found if each]
    true = [(300 - done) * 0.05 for done, _ in told]
    wrong = [one for one, left in zip(told, true, strict=True) if abs(one[1] - left) > 1 + left / 4]
    assert wrong == []
    assert len(told) >= 2, lines


def test_progress_of_little_work_tells_each(capsys: pytest.CaptureFixture[str]) -> None:
    with TerminalProgress() as progress:
        progress.start("merge", 3)
        progress.advance("merge")
        progress.finish("merge")
        progress.finish("merge")

    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["merge: 3 to do", "merge: 1/3"]
    assert lines[2].startswith("merge: 1/3 done")


def test_quiet_progress_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with TerminalProgress(quiet=True) as progress:
        progress.start("merge", 3)
        progress.advance("merge")
        progress.finish("merge")

    assert capsys.readouterr().err == ""


def test_progress_draws_on_a_terminal_and_gives_the_cursor_back() -> None:
    code = (
        "from skillgit.cli.console import TerminalProgress, say\n"
        "try:\n"
        "    with TerminalProgress() as progress:\n"
        "        progress.start('analyze', 2)\n"
        "        progress.advance('analyze', 't-1 [bold]')\n"
        "        progress.start('merge', 1)\n"
        "        progress.finish('analyze')\n"
        "        say('a word between')\n"
        "        raise ValueError\n"
        "except ValueError: pass\n"
    )
    shown = _on_a_terminal([sys.executable, "-c", code])

    assert "1/2" in shown
    assert "t-1 [bold]" in shown
    assert "a word between" in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")


def test_errors_are_coloured_on_a_terminal_only() -> None:
    command = [sys.executable, "-m", "skillgit", "-C", "/no/such", "completion"]

    assert "\x1b[31m\x1b[1merror: " in _on_a_terminal(command)
    assert "\x1b" not in _on_a_terminal(command, NO_COLOR="1")
    assert "\x1b[31m" in skillgit("-C", "/no", "completion", env=_colourful(FORCE_COLOR="1")).stderr
    assert "\x1b" not in skillgit("-C", "/no", "completion", env=_colourful()).stderr


def _colourful(**extra: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | extra


def _on_a_terminal(command: list[str], **extra: str) -> str:
    """What `command` writes to a terminal on its stderr."""
    ours, theirs = pty.openpty()
    environment = _colourful(TERM="xterm", COLUMNS="100", **extra)
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                chunk = os.read(ours, 4096)
            except OSError:  # Linux: the other side is closed
                break
            if not chunk:
                break
            shown += chunk
        process.wait(timeout=20)
    os.close(ours)
    return shown.decode()
