"""Pictures of our own drawing: pages of large letters as PNG, and the heads of other formats.

    data = page(["TOTAL 12.50"])

Written byte by byte, so that no test needs a library of pictures.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SCALE = 4
_ROWS = 5
# Each letter is five rows of three dots, read from the left: 7 is all three.
_LETTERS = {
    "0": "75557",
    "1": "26227",
    "2": "71747",
    "3": "71717",
    "4": "55711",
    "5": "74717",
    "6": "74757",
    "7": "71244",
    "8": "75757",
    "9": "75717",
    ".": "00002",
    ",": "00024",
    "$": "27472",
    "A": "25755",
    "D": "65556",
    "E": "74647",
    "G": "74557",
    "L": "44447",
    "O": "75557",
    "P": "75744",
    "T": "72222",
    " ": "00000",
}


def page(lines: Sequence[str]) -> bytes:
    """White paper with black letters on it."""
    dots = [row for line in lines for row in (*_line(line), [])]
    width = (max(map(len, dots)) + 4) * SCALE
    rows = []
    for row in ([], *dots, []):
        grey = b"".join((b"\0" if dot else b"\xff") * SCALE for dot in [0, 0, *row])
        rows += [grey.ljust(width, b"\xff")] * SCALE
    return png(width, len(rows), b"".join(b"\0" + row for row in rows))


def _line(text: str) -> list[list[int]]:
    return [
        [int(_LETTERS[char][row]) >> bit & 1 for char in text for bit in (2, 1, 0, 3)]
        for row in range(_ROWS)
    ]


def png(width: int, height: int, pixels: bytes | None = None) -> bytes:
    """A grey PNG that says that it is so large, whatever its pixels."""
    pixels = b"".join(b"\0" + b"\xff" * width for _ in range(height)) if pixels is None else pixels
    size = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", size), (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, body) for kind, body in chunks)


def chunk(kind: bytes, body: bytes) -> bytes:
    """A part of a PNG."""
    told = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + told


def jpeg(width: int, height: int) -> bytes:
    """All of a JPEG but its pixels."""
    comment = b"\xff\xfe" + struct.pack(">H", 5) + b"hey"
    frame = b"\xff\xc2" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\0"
    scan = b"\xff\xda" + struct.pack(">HB", 8, 1) + b"\x01\0\0\x3f\0" + b"\x12\xff\0\x34"
    return b"\xff\xd8" + comment + frame + scan + b"\xff\xd9"


def gif(width: int, height: int) -> bytes:
    """All of a GIF but its pixels."""
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0, 0, 0) + b"\x3b"


def webp(width: int, height: int, variant: str = "VP8X") -> bytes:
    """All of a WebP but its pixels."""
    match variant:
        case "VP8 ":
            body = b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height)
        case "VP8L":
            body = b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14)
        case _:
            low, high = (size.to_bytes(3, "little") for size in (width - 1, height - 1))
            body = b"\0\0\0\0" + low + high
    inner = b"WEBP" + variant.encode() + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(inner)) + inner


def write_docvqa(
    folder: Path,
    questions: Sequence[Mapping[str, Any]],
    pictures: Mapping[str, bytes],
    name: str = "val_v1.0.json",
) -> Path:
    """A set as DocVQA is published; pictures by their places in the folder."""
    for place, data in pictures.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(data)
    told = {"dataset_name": "docvqa", "dataset_split": "val", "data": list(questions)}
    (folder / name).write_text(json.dumps(told))
    return folder


def question(number: int, image: str, *answers: str, **more: object) -> dict[str, Any]:
    """A question about the total on a page."""
    return {
        "questionId": number,
        "question": "What is the total?",
        "image": image,
        "docId": 7,
        "ucsf_document_id": "xnbl0037",
        "ucsf_document_page_no": "1",
        "answers": list(answers),
        "data_split": "val",
        **more,
    }
