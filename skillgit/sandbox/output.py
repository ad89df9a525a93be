"""What a command prints, in a constant amount of memory: the beginning and the end of it."""

from __future__ import annotations

from skillgit.sandbox.limits import MEGABYTE

HEAD_BYTES = MEGABYTE
TAIL_BYTES = MEGABYTE
FLOOD_BYTES = 64 * MEGABYTE
"""Nobody reads more than this: whoever prints it is stopped."""
FLOODED = f"over {FLOOD_BYTES // MEGABYTE} MB of output"


class Output:
    """Bytes as they come; their middle goes first."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._count = 0

    def feed(self, chunk: bytes) -> None:
        self._count += len(chunk)
        room = HEAD_BYTES - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:]
        if len(self._tail) > 2 * TAIL_BYTES:
            del self._tail[:-TAIL_BYTES]

    @property
    def flooded(self) -> bool:
        return self._count > FLOOD_BYTES

    def text(self) -> str:
        """All of it, or head and tail with a line between them that says what is missing."""
        tail = bytes(self._tail[-TAIL_BYTES:])
        left_out = self._count - len(self._head) - len(tail)
        middle = f"\n[{left_out} bytes left out]\n".encode() if left_out else b""
        return (bytes(self._head) + middle + tail).decode("utf-8", "replace")
