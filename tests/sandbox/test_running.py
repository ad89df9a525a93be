from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from skillgit.errors import SurroundingsError
from skillgit.sandbox.running import started


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    async def start() -> None:
        async with started([str(tmp_path / "missing")], asyncio.Event(), environment={}):
            pytest.fail("it was started")

    with pytest.raises(SurroundingsError, match="missing: No such file") as caught:
        asyncio.run(start())
    assert "skillgit doctor" in caught.value.hint
