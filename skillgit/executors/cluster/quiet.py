"""Ray at home on somebody else's terminal. Call it before Ray is imported: then it reads these."""

from __future__ import annotations

import os

_MANNERS = {
    # Unasked it tells its makers that it is used.
    "RAY_USAGE_STATS_ENABLED": "0",
    # It warns of a change to come in how it chooses accelerators, which nothing here asks for.
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # It prints what befell a machine to stdout, also with log_to_driver off; its log files keep it.
    "RAY_DEDUP_LOGS_SKIP_REGEX": "^",
}


def hush() -> None:
    """Set what nobody has set otherwise."""
    for name, value in _MANNERS.items():
        os.environ.setdefault(name, value)
