"""The process that runs math-verify: `python -m skillgit.domains.math.judge REPLIES SECONDS`.

An answer such as 10**10**10 may take all time and memory that there is; here it takes no more with
it than this process. Pairs come as JSON lines on standard input, one reply a line goes into the
file REPLIES, each written before the next pair is begun. A pair may compute for SECONDS.
`judging.py` starts it.
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

_MOST_MEMORY = 1 << 30


def main() -> None:
    """Judge each pair; one that cannot be judged has a `problem`, or kills this process."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    _limit("RLIMIT_AS", _MOST_MEMORY)
    _limit("RLIMIT_CORE", 0)
    equal, seconds = _engine(), int(sys.argv[2])
    with Path(sys.argv[1]).open("w", encoding="utf-8", buffering=1) as replies:
        replies.write('{"ready": true}\n')
        for line in sys.stdin:
            _limit("RLIMIT_CPU", int(time.process_time()) + 1 + seconds)
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
    # It ships no types, and takes a second to import.
    import math_verify  # type: ignore[import-untyped]  # noqa: PLC0415, TID251 - its home

    def equal(gold: str, answer: str) -> bool:
        # Its own limits are signals, which SymPy's loops in C do not hear; ours end the process.
        wanted, found = (
            math_verify.parse(f"${one}$", parsing_timeout=None) for one in (gold, answer)
        )
        return bool(math_verify.verify(wanted, found, timeout_seconds=None))

    return equal


if __name__ == "__main__":
    main()
