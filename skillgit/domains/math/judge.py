"""The process that runs math-verify: `python -m skillgit.domains.math.judge REPLIES`.

An answer such as 10**10**10 may take all time and memory that there is; here it takes no more with
it than this process. Pairs come as JSON lines on standard input, one reply a line goes into the
file REPLIES, each written before the next pair is begun. `judging.py` starts it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

Parse: TypeAlias = Callable[[str], list[Any]]
"""SymPy's values of a text, and texts that were no mathematics."""

_MOST_MEMORY = 2 << 30
_MOST_SECONDS = 8


def main() -> None:
    """Judge each pair; one that cannot be judged has a `problem`, or kills this process."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    _limit("RLIMIT_AS", _MOST_MEMORY)
    _limit("RLIMIT_CORE", 0)
    equal = _engine()
    with Path(sys.argv[1]).open("w", encoding="utf-8", buffering=1) as replies:
        replies.write('{"ready": true}\n')
        for line in sys.stdin:
            _limit("RLIMIT_CPU", int(time.process_time()) + 1 + _MOST_SECONDS)
            replies.write(f"{json.dumps(_judged(equal, *json.loads(line)))}\n")


def _judged(equal: Callable[[str, str], bool], gold: str, answer: str) -> Mapping[str, object]:
    try:
        return {"equal": equal(gold, answer)}
    except (MemoryError, OverflowError, RecursionError):
        return {"problem": "the answer needs more memory than an answer may"}
    except Exception as error:  # noqa: BLE001 - an engine has many ways to refuse
        return {"equal": False, "refused": type(error).__name__}


def _limit(kind: str, most: int) -> None:
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:
        return
    with contextlib.suppress(OSError, ValueError):  # macOS has RLIMIT_AS in name only
        hard = resource.getrlimit(getattr(resource, kind))[1]
        resource.setrlimit(getattr(resource, kind), (most, hard))


def _engine() -> Callable[[str, str], bool]:
    from math_verify import (  # noqa: PLC0415, TID251 - its home; takes a second to import
        parse,
        verify,
    )

    def parsed(text: str) -> list[Any]:
        return parse(text, parsing_timeout=None)

    def equal(gold: str, answer: str) -> bool:
        return bool(verify(parsed(f"${gold}$"), parsed(f"${answer}$"), timeout_seconds=None))

    return equal


if __name__ == "__main__":
    main()
