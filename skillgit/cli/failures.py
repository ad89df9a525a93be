"""What becomes of an exception: a message and a hint on stderr, an exit code, never a traceback.

0 ok, 1 findings, 2 usage, 3 surroundings (and mistakes of ours), 4 partial, 130 interrupted,
141 where the reader of stdout has left, as of any filter in a pipe.
"""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import select
import sys
import tempfile
import time
import traceback
from pathlib import Path

import click

from skillgit import __version__
from skillgit.cli.console import safe, say
from skillgit.errors import SkillgitError, SurroundingsError

_INTERRUPTED = 130
_READER_LEFT = 141
_MAKE_ROOM = (
    "make room on the disk, or see that it can be written to; then run the same command again, "
    "what is done is kept"
)


def exit_code_of(error: BaseException) -> int:
    """Tell the person about `error`; the exit code that it means."""
    error = _as_told(_telling_one(error))
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if os.environ.get("SKILLGIT_DEBUG"):
        say("".join(traceback.format_exception(error)))
    match error:
        case SkillgitError():
            return _say_error(error.message, error.hint, error.exit_code)
        case click.Abort() | KeyboardInterrupt():
            say("interrupted")
            return _INTERRUPTED
        case click.ClickException():
            error.show()
            return click.UsageError.exit_code
        case OSError() if _reader_has_left():
            return _READER_LEFT
        case _:
            return _say_mistake(error)


def _telling_one(error: BaseException) -> BaseException:
    """Of several errors of a task group, the one that was raised on purpose."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    leaves = [_telling_one(one) for one in error.exceptions]
    return next((leaf for leaf in leaves if isinstance(leaf, SkillgitError)), leaves[0])


def _as_told(error: BaseException) -> BaseException:
    """A disk that takes no more may be met anywhere, and is no mistake of ours."""
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}:
        what = f"writing {error.filename or 'a file'}: {error.strerror}"
        return SurroundingsError(what, hint=_MAKE_ROOM)
    return error


def _say_error(message: str, hint: str, code: int) -> int:
    say(click.style("error: ", fg="red", bold=True) + safe(message))
    if hint:
        say(click.style("hint: ", fg="cyan", bold=True) + safe(hint))
    return code


def _reader_has_left() -> bool:
    """Is stdout or stderr a pipe that nobody reads? Then what is left must not be flushed again."""
    left = False
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
            gone = _is_unread(stream.fileno())
        except BrokenPipeError:
            gone = True
        except (OSError, ValueError):
            gone = False
        if gone:
            left = True
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return left


def _is_unread(descriptor: int) -> bool:
    """What could not be written may be lost by now, and flushing the rest then tells nothing."""
    asked = select.poll()
    asked.register(descriptor, 0)
    return any(event & select.POLLERR for _, event in asked.poll(0))


def _say_mistake(error: BaseException) -> int:
    """An exception that nobody foresaw: its traceback goes into a file for an issue."""
    what = "".join(traceback.format_exception_only(error)).strip()
    try:
        where = f"please open an issue with the file {_write_log(error)}"
    except OSError:
        where = "run it again with SKILLGIT_DEBUG=1 and open an issue with what it prints"
    return _say_error(f"skillgit itself went wrong: {what}", where, SurroundingsError.exit_code)


def _write_log(error: BaseException) -> Path:
    text = "\n".join(
        [
            f"skillgit {__version__}, Python {platform.python_version()}, {platform.platform()}",
            f"arguments: {sys.argv[1:]!r}",
            "",
            "".join(traceback.format_exception(error)),
        ]
    )
    name = time.strftime("failure-%Y%m%dT%H%M%SZ.txt", time.gmtime())
    try:
        # Late: what went wrong may be the import of anything.
        from skillgit.wiring import state_dir  # noqa: PLC0415 - see above

        return _write(state_dir() / name, text)
    except (ImportError, OSError):
        return _write(Path(tempfile.mkdtemp(prefix="skillgit-")) / name, text)


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", errors="backslashreplace")
    return path
