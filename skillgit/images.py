"""Pictures as models are shown them: a file's bytes, known by their first ones, never decoded.

The formats are those that ATIF names and that vLLM, OpenAI and llama.cpp take. What is read here
are headers: what a picture says of its size decides how much it may cost whoever decodes it.
"""

from __future__ import annotations

import base64
import hashlib
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from skillgit.names import Digest

MOST_BYTES = 20 << 20
"""Of one picture; as base64 it is a third more, and it goes with every turn."""
MOST_PIXELS = 89_478_485
"""Beyond it Pillow, with which vLLM decodes, warns of a decompression bomb."""
MOST_RATIO = 200
"""Of the longer side to the shorter one; the processors of Qwen-VL refuse what is longer."""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture. `kind` is png, jpeg, gif or webp; `name` is what the one who sees it calls it."""

    kind: str
    width: int
    height: int
    data: bytes = field(repr=False)
    name: str = ""

    @property
    def media_type(self) -> str:
        """As it stands in a data: URI."""
        return f"image/{self.kind}"

    @property
    def digest(self) -> Digest:
        """Of the bytes: which picture it was, without storing it."""
        return Digest(f"sha256:{hashlib.sha256(self.data).hexdigest()}")

    @property
    def uri(self) -> str:
        """The whole picture as a data: URI."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.data).decode()}"


def image_of(data: bytes, name: str = "") -> Image | str:
    """The picture that these bytes are, or why they are none that is shown to a model."""
    if len(data) > MOST_BYTES:
        return f"it has more than {MOST_BYTES >> 20} MiB"
    kind = next((kind for kind, is_one in _SIGNS.items() if is_one(data)), "")
    if not kind:
        return _stranger(data)
    try:
        width, height = _SIZES[kind](data)
    except (struct.error, IndexError):
        return f"its {kind.upper()} data ends too early"
    except _Damaged as damaged:
        return f"its {kind.upper()} data is damaged: {damaged}"
    return _unfit(width, height) or Image(kind, width, height, data, name)


def _unfit(width: int, height: int) -> str:
    if not width or not height:
        return f"it says that it is {width} × {height} pixels large"
    if width * height > MOST_PIXELS:
        return f"its {width} × {height} pixels are more than {MOST_PIXELS:,}"
    if max(width, height) > MOST_RATIO * min(width, height):
        return f"{width} × {height} pixels are too narrow: at most {MOST_RATIO} to 1"
    return ""


class _Damaged(Exception):  # noqa: N818 - becomes a reason
    """The headers contradict themselves."""


_SIGNS: Mapping[str, Callable[[bytes], bool]] = {
    "png": lambda data: data.startswith(b"\x89PNG\r\n\x1a\n"),
    "jpeg": lambda data: data.startswith(b"\xff\xd8\xff"),
    "gif": lambda data: data[:6] in {b"GIF87a", b"GIF89a"},
    "webp": lambda data: data[:4] == b"RIFF" and data[8:12] == b"WEBP",
}
_STRANGERS = {
    b"II*\0": "a TIFF picture",
    b"MM\0*": "a TIFF picture",
    b"BM": "a BMP picture",
    b"%PDF": "a PDF document",
    b"\0\0\0\x0cJXL ": "a JPEG XL picture",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 picture",
    b"<": "markup, perhaps SVG",
    b"version https://git-lfs": "a pointer of Git LFS: fetch the files themselves",
}


def _stranger(data: bytes) -> str:
    taken = "PNG, JPEG, GIF and WebP can be shown"
    if not data:
        return "it is empty"
    if data[4:8] == b"ftyp":
        return f"it is HEIC, AVIF or a film; {taken}"
    head = data[:64].lstrip()
    what = next((what for sign, what in _STRANGERS.items() if head.startswith(sign)), "")
    return f"it is {what or 'no picture'}; {taken}"


def _png(data: bytes) -> tuple[int, int]:
    """The whole chain of chunks is looked at: Pillow refuses what is torn, or cut off."""
    width, height = 0, 0
    place, seen = 8, set[bytes]()
    while b"IEND" not in seen:
        length, kind = struct.unpack_from(">I4s", data, place)
        (told,) = struct.unpack_from(">I", data, place + 8 + length)
        body = memoryview(data)[place + 4 : place + 8 + length]
        if zlib.crc32(body) != told:
            raise _Damaged(f"the checksum at byte {place} is wrong")
        if not seen:
            if kind != b"IHDR" or length != 13:
                raise _Damaged("it does not begin with its size")
            width, height = struct.unpack_from(">II", data, place + 8)
        seen.add(kind)
        place += 12 + length
    if b"IDAT" not in seen:
        raise _Damaged("it holds no pixels")
    return width, height


_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})


def _jpeg(data: bytes) -> tuple[int, int]:
    place = 2
    while True:
        if data[place] != 0xFF:
            raise _Damaged(f"there is no marker at byte {place}")
        while data[place] == 0xFF:  # any number of them may stand before a marker
            place += 1
        marker = data[place]
        place += 1
        if marker in _ALONE:
            continue
        if marker in {0xD9, 0xDA}:
            raise _Damaged("its pixels come before its size")
        (length,) = struct.unpack_from(">H", data, place)
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, place + 3)
            if data.rfind(b"\xff\xd9") < place + length:
                raise IndexError("no end of the image")
            return width, height
        if length < 2:
            raise _Damaged(f"a segment of {length} bytes at byte {place}")
        place += length


def _gif(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, 6)
    if b"\x3b" not in data[13:]:
        raise IndexError("no trailer")
    return width, height


def _webp(data: bytes) -> tuple[int, int]:
    (size,) = struct.unpack_from("<I", data, 4)
    if size + 8 > len(data):
        raise IndexError("less than it says")
    match data[12:16]:
        case b"VP8 ":
            if data[23:26] != b"\x9d\x01\x2a":
                raise _Damaged("it does not begin with a whole frame")
            width, height = struct.unpack_from("<HH", data, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", data, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            low, high = data[24:27], data[27:30]
            if len(high) < 3:
                raise IndexError("no size")
            return int.from_bytes(low, "little") + 1, int.from_bytes(high, "little") + 1
        case _:
            raise _Damaged("it is of no known variant")


_SIZES: Mapping[str, Callable[[bytes], tuple[int, int]]] = {
    "png": _png,
    "jpeg": _jpeg,
    "gif": _gif,
    "webp": _webp,
}
