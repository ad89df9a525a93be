from __future__ import annotations

import base64
import hashlib
import struct

import pytest
from drawing import SCALE, chunk, gif, jpeg, page, png, webp
from hypothesis import given
from hypothesis import strategies as st

from skillgit import images
from skillgit.images import MOST_BYTES, Image, image_of

SIGNATURE = b"\x89PNG\r\n\x1a\n"
SIZE = struct.pack(">IIBBBBB", 30, 20, 8, 0, 0, 0, 0)
WHOLE = png(30, 20)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (WHOLE, "png"),
        (SIGNATURE + chunk(b"IHDR", SIZE) + chunk(b"tEXt", b"a\0b") + WHOLE[33:], "png"),
        (jpeg(30, 20), "jpeg"),
        (jpeg(30, 20) + b"\0\0 what a scanner leaves behind", "jpeg"),
        (jpeg(30, 20).replace(b"\xff\xc2", b"\xff\xff\xff\xc0"), "jpeg"),
        (b"\xff\xd8\xff\x01" + jpeg(30, 20)[2:], "jpeg"),
        (gif(30, 20), "gif"),
        (webp(30, 20), "webp"),
        (webp(30, 20, "VP8 "), "webp"),
        (webp(30, 20, "VP8L"), "webp"),
    ],
)
def test_a_picture_is_known_by_its_bytes(data: bytes, kind: str) -> None:
    found = image_of(data, "page")

    assert found == Image(kind, 30, 20, data, "page")
    assert found.media_type == f"image/{kind}"
    assert found.digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
    head, _, body = found.uri.partition(",")
    assert head == f"data:image/{kind};base64"
    assert base64.b64decode(body) == data
    assert "data=" not in repr(found), "nobody prints a picture by mistake"


def test_a_page_of_our_own_drawing_is_one() -> None:
    found = image_of(page(["TOTAL", "12.50"]))

    assert isinstance(found, Image)
    assert (found.width, found.height) == ((2 + 5 * 4 + 2) * SCALE, (1 + 2 * 6 + 1) * SCALE)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is empty"),
        (b"\0" * 40, "it is no picture; PNG, JPEG, GIF and WebP can be shown"),
        (b"II*\0\x08\0\0\0", "a TIFF picture"),
        (b"MM\0*", "a TIFF picture"),
        (b"BM" + b"\0" * 50, "a BMP picture"),
        (b"%PDF-1.7", "a PDF document"),
        (b"\0\0\0\x20ftypheic", "HEIC, AVIF or a film"),
        (b"\n <svg onload='x'/>", "markup, perhaps SVG"),
        (b"version https://git-lfs.github.com/spec/v1\n", "fetch the files themselves"),
        (SIGNATURE, "its PNG data ends too early"),
        (WHOLE[:-4], "its PNG data ends too early"),
        (WHOLE[:40] + b"x" + WHOLE[41:], "its PNG data is damaged: the checksum"),
        (SIGNATURE + chunk(b"IDAT", b"") + WHOLE[8:], "it does not begin with its size"),
        (SIGNATURE + chunk(b"IHDR", SIZE) + chunk(b"IEND", b""), "it holds no pixels"),
        (SIGNATURE + b"\xff\xff\xff\xffIHDR" + b"\0" * 50, "its PNG data ends too early"),
        (png(0, 20, b""), "it says that it is 0 × 20 pixels large"),
        (png(10_000, 10_000, b""), "its 10000 × 10000 pixels are more than 89,478,485"),
        (png(2**32 - 1, 2**32 - 1, b""), "pixels are more than"),
        (png(4, 1000, b""), "4 × 1000 pixels are too narrow"),
        (jpeg(30, 20)[:-2], "its JPEG data ends too early"),
        (jpeg(30, 0), "30 × 0 pixels"),
        (b"\xff\xd8\xff\xda\0\x02", "its pixels come before its size"),
        (b"\xff\xd8\xff\xe0\0\0" + b"\0" * 9, "a segment of 0 bytes"),
        (b"\xff\xd8\xff\xe0\0\x02nothing", "there is no marker"),
        (b"\xff\xd8\xff\xff\xff", "its JPEG data ends too early"),
        (gif(30, 20)[:-1], "its GIF data ends too early"),
        (b"GIF89a", "its GIF data ends too early"),
        (webp(30, 20)[:-1], "its WEBP data ends too early"),
        (b"RIFF\x04\0\0\0WEBPVP8X", "its WEBP data ends too early"),
        (webp(30, 20, "ABCD"), "it is of no known variant"),
        (webp(30, 20, "VP8 ").replace(b"\x9d", b"\x9c"), "does not begin with a whole frame"),
    ],
)
def test_what_is_no_picture_or_a_hostile_one_is_refused_with_the_reason(
    data: bytes, reason: str
) -> None:
    found = image_of(data)

    assert isinstance(found, str)
    assert reason in found


def test_a_picture_may_be_so_large_and_no_larger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MOST_BYTES", len(WHOLE))
    assert isinstance(image_of(WHOLE), Image)
    monkeypatch.setattr(images, "MOST_BYTES", len(WHOLE) - 1)
    assert isinstance(image_of(WHOLE), str)
    assert MOST_BYTES == 20 << 20


HEADS = (WHOLE, jpeg(30, 20), gif(30, 20), *(webp(30, 20, each) for each in ("VP8 ", "VP8L", "")))


@given(st.sampled_from(HEADS), st.binary(max_size=40), st.integers(0, 80))
def test_whatever_the_bytes_nothing_is_raised(head: bytes, noise: bytes, place: int) -> None:
    for data in (head[:place] + noise, head[:place] + noise + head[place + len(noise) :]):
        found = image_of(data)
        assert isinstance(found, str) == (not isinstance(found, Image))
        if isinstance(found, Image):
            assert 0 < found.width * found.height <= images.MOST_PIXELS
