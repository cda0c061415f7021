"""What a file may ask for: told from its structure, not from bytes that look like it."""

from __future__ import annotations

import numpy as np
import pytest
from hostile import encode
from PIL import Image

from design_core.pictures import MAX_PIXELS, PictureError, decode

RED = Image.new("RGB", (16, 16), (255, 0, 0))
SCAN = b"\xff\xda"


def segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(data) + 2).to_bytes(2) + data


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_bytes_that_look_like_scans_are_none(options: dict[str, bool]) -> None:
    photo = encode(RED, "JPEG", **options)
    motion = photo + b"\0\0\0\x18ftypmp42" + SCAN * 5000
    embedded = photo[:2] + segment(0xE5, SCAN * 5000) + segment(0xFE, SCAN * 500) + photo[2:]
    filled = photo[:2] + b"\xff" * 1000 + photo[2:]
    for data in (motion, embedded, filled):
        picture = decode(data, name="x.jpg")
        assert np.abs(picture.pixels.astype(int) - (255, 0, 0)).max() <= 1
        assert picture.notes == ()


def test_scans_are_counted_behind_what_is_embedded() -> None:
    progressive = encode(RED.convert("L"), "JPEG", progressive=True)
    last = progressive[progressive.rindex(SCAN) : -2]
    many = progressive[:2] + segment(0xE1, bytes(60_000)) + progressive[2:-2] + 200 * last
    with pytest.raises(PictureError, match=r"it has 20\d scans"):
        decode(many + b"\xff\xd9", name="x.jpg")
    with pytest.raises(PictureError, match="more than 20000 segments"):
        decode(progressive[:2] + 30_000 * segment(0xFE, b"") + progressive[2:], name="x.jpg")


@pytest.mark.parametrize(("width", "height"), [(8000, 6000), (8165, 6123)])
def test_a_photo_of_more_pixels_decodes_itself_reduced(width: int, height: int) -> None:
    halves = Image.new("L", (width, height))
    halves.paste(200, (width // 2, 0, width, height))
    picture = decode(encode(halves, "JPEG"), name="photo.jpg")
    assert (picture.width, picture.height) == (-(-width // 2), -(-height // 2))
    assert picture.notes == (f"decoded at 1/2 of its size, {width}×{height}",)
    assert picture.pixels[0, [0, -1], 0].tolist() == [0, 200]


def test_a_reduced_photo_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    halves = Image.new("L", (8000, 6000))
    halves.paste(200, (0, 0, 8000, 3000))
    picture = decode(encode(halves, "JPEG", exif=exif), name="photo.jpg")
    assert (picture.width, picture.height) == (3000, 4000)
    assert picture.notes[1] == "turned upright by its EXIF tag"
    assert picture.pixels[0, [0, -1], 0].tolist() == [0, 200]


def test_no_photo_is_read_whose_decoder_would_take_too_much() -> None:
    small = encode(RED, "JPEG")
    at = small.index(b"\xff\xc0") + 5
    for height, width in ((12_000, 12_000), (65_000, 65_000)):
        data = small[:at] + height.to_bytes(2) + width.to_bytes(2) + small[at + 4 :]
        with pytest.raises(PictureError, match="million"):
            decode(data, name="x.jpg")
    progressive = encode(RED, "JPEG", progressive=True)
    at = progressive.index(b"\xff\xc2") + 5
    assert MAX_PIXELS < 8000 * 9000
    large = progressive[:at] + (8000).to_bytes(2) + (9000).to_bytes(2) + progressive[at + 4 :]
    with pytest.raises(PictureError, match="9000×8000 pixels"):
        decode(large, name="x.jpg")
