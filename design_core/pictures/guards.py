"""Bounds on what a picture file may ask for, checked before it is decoded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from PIL import ImageFile, TiffImagePlugin

from design_core.pictures.picture import PictureError

__all__ = [
    "EXPECTED",
    "MAX_BYTES",
    "MAX_PIXELS",
    "check_bytes",
    "check_dimensions",
    "check_passes",
    "reduction",
    "too_many_pixels",
]

#: No larger file is read: a phone's photo of 50 million pixels has 12 to 25 MB.
MAX_BYTES = 32 * 2**20

#: No larger picture is decoded. Pillow's own limit is twice this and only warns.
MAX_PIXELS = 40_000_000

EXPECTED = "Give a PNG, JPEG, WebP, GIF, TIFF, BMP or AVIF file."

# A JPEG decodes itself at ½, ¼ or ⅛ of its size. What that takes is the pixels that come out, but
# for a file of several scans, which keeps six bytes of coefficients for each pixel that went in.
_REDUCTIONS = (1, 2, 4, 8)
_MAX_REDUCED = 120_000_000
_MAX_REDUCED_OF_SCANS = 64_000_000

# Each scan of a progressive JPEG is a pass over all pixels: a file may hold enough for hours.
# Encoders write about ten. The marker of a scan also occurs by chance, in what is embedded and in
# what comes after the end: segments are walked, not searched.
_MAX_SCANS = 100
_MAX_SEGMENTS = 20_000
_SCAN, _END = 0xDA, 0xD9
_WITHOUT_LENGTH = {0x01, 0xD8}
# Within a scan, a byte 255 is followed by 0 or by the number of a restart.
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])", re.DOTALL)

# Pillow looks at each chunk of a PNG twice, and inflates every colour profile, of which a PNG has
# one: a file may hold enough of either for minutes. Encoders put 8 KiB and more into a chunk.
_MAX_CHUNKS = 20_000


def check_bytes(count: int, name: str) -> None:
    """Refuse an empty file and one above MAX_BYTES."""
    if count == 0:
        raise PictureError(f"{name} is empty, 0 bytes. {EXPECTED}")
    if count > MAX_BYTES:
        raise PictureError(
            f"{name} has {count:,} bytes, and at most {MAX_BYTES:,} are read "
            f"({MAX_BYTES // 2**20} MiB). Make the picture smaller, or save it as JPEG or WebP."
        )


def check_passes(data: bytes, kind: str) -> None:
    """Refuse a file that asks for more work than its size lets expect; ValueError in words."""
    if kind == "JPEG" and (scans := _scans(data)) > _MAX_SCANS:
        raise ValueError(f"it has {scans} scans where encoders write about ten")
    if kind == "PNG":
        names = list(islice(_chunk_names(data), _MAX_CHUNKS + 1))
        if len(names) > _MAX_CHUNKS:
            raise ValueError(f"it has more than {_MAX_CHUNKS} chunks")
        if (profiles := names.count(b"iCCP")) > 1:
            raise ValueError(f"it has {profiles} colour profiles where a PNG has one")


def _scans(data: bytes) -> int:
    """How many scans a JPEG has."""
    markers = list(islice(_markers(data), _MAX_SEGMENTS + 1))
    if len(markers) > _MAX_SEGMENTS:
        raise ValueError(f"it has more than {_MAX_SEGMENTS} segments")
    return markers.count(_SCAN)


def _markers(data: bytes) -> Iterator[int]:
    """The marker of each segment of a JPEG up to its end, as far as their lengths lead."""
    at = 2
    while found := _MARKER.search(data, at):
        marker, at = found[1][0], found.end()
        if marker == _END:
            return
        yield marker
        if marker not in _WITHOUT_LENGTH:
            at += max(2, int.from_bytes(data[at : at + 2]))


def _chunk_names(data: bytes) -> Iterator[bytes]:
    """The name of each chunk of a PNG, as far as their lengths lead."""
    at = 8
    while at + 8 <= len(data):
        yield data[at + 4 : at + 8]
        at += 12 + int.from_bytes(data[at : at + 4])


def check_dimensions(image: ImageFile.ImageFile, name: str) -> None:
    """Refuse a picture, or a TIFF's tile, that would not fit into memory."""
    # A tile may be far larger than its picture, and is decoded whole.
    tags = image.tag_v2 if isinstance(image, TiffImagePlugin.TiffImageFile) else {}
    tile = tags.get(TiffImagePlugin.TILEWIDTH), tags.get(TiffImagePlugin.TILELENGTH)
    for what, (width, height) in (("", image.size), ("tiles of ", tile)):
        if isinstance(width, int) and isinstance(height, int) and width * height > MAX_PIXELS:
            raise too_many_pixels(name, width, height, what=what)


def too_many_pixels(name: str, width: int, height: int, *, what: str = "") -> PictureError:
    """The refusal of a picture that would not fit into memory."""
    return PictureError(
        f"{name} has {what}{width}×{height} pixels, and at most "
        f"{MAX_PIXELS // 10**6} million are decoded. Make the picture smaller."
    )


def reduction(data: bytes, size: tuple[int, int], name: str) -> int:
    """1, 2, 4 or 8: by how much a JPEG is reduced while it is decoded, so that it fits."""
    width, height = size
    most = _MAX_REDUCED if _scans(data) <= 1 else _MAX_REDUCED_OF_SCANS
    if width * height <= max(most, MAX_PIXELS):
        for by in _REDUCTIONS:
            if -(-width // by) * -(-height // by) <= MAX_PIXELS:
                return by
    raise too_many_pixels(name, width, height)
