"""TIFFs of numbers: whole and real ones of 8 to 64 bits, in strips or tiles, in pixels or planes.

Pillow reads such files where it has a mode for them, and then takes some of their tags as other
than they are: 16 bits in planes, whole numbers without a sign, byte order within compressed data.
tifffile minds every tag, but inflates without a bound, fills in what is missing, and unpacks
neither LZW nor PackBits by itself. So the numbers are laid out here, from tags that Pillow parses
and segments that its libtiff unpacks; the tests compare with tifffile.

What is left to Pillow are palettes, CMYK, Lab, YCbCr, and unsigned pixels of up to 8 bits.

References
----------
Adobe, "TIFF Revision 6.0", 1992, and "Adobe Photoshop TIFF Technical Note 3", 2005 (predictor 3).
"""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, TiffImagePlugin

from design_core.pictures.guards import MAX_PIXELS

__all__ = ["Numbers", "orientation", "read_numbers", "tags_of"]

_BITS, _PHOTOMETRIC, _FILL_ORDER = 258, 262, 266
_PLANAR, _PREDICTOR, _EXTRA, _FORMAT = 284, 317, 338, 339
_WIDTH, _LENGTH, _COMPRESSION, _SAMPLES = 256, 257, 259, 277
_ROWS, _STRIP_OFFSETS, _STRIP_BYTES = 278, 273, 279
_TILE_WIDTH, _TILE_LENGTH, _TILE_OFFSETS, _TILE_BYTES = 322, 323, 324, 325

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_NONE, _LZW, _DEFLATE, _OLD_DEFLATE, _PACK_BITS = 1, 5, 8, 32946, 32773
_PREMULTIPLIED, _ALPHA = 1, 2

_BIG = 43  # in the header of a BigTIFF
_MOST_BYTES = 2**28
_MOST_SEGMENTS = 100_000
_DTYPES = {
    **{(1, bits): f"u{bits // 8}" for bits in (8, 16, 32, 64)},
    **{(2, bits): f"i{bits // 8}" for bits in (8, 16, 32, 64)},
    **{(3, bits): f"f{bits // 8}" for bits in (16, 32, 64)},
}

Tags = TiffImagePlugin.ImageFileDirectory_v2


@dataclass(frozen=True, eq=False)
class Numbers:
    """The samples of a TIFF's first page.

    Parameters
    ----------
    values
        Shape (H, W, C): one channel of grey or three of colour, in the file's own type.
    alpha
        Opacity, shape (H, W), range [0, 1]; None where the picture is opaque.
    premultiplied
        Whether the values are multiplied by `alpha` already.
    white_is_zero
        Whether the lowest value is white.
    left_out
        How many channels there are that are neither colour nor opacity.
    """

    values: NDArray[Any]
    alpha: NDArray[np.float32] | None
    premultiplied: bool
    white_is_zero: bool
    left_out: int


def tags_of(data: bytes) -> Tags:
    """The tags of a TIFF's first page. May raise anything."""
    if data.startswith(b"MM\0+"):  # which Pillow takes for the smaller kind
        raise ValueError("BigTIFF files of big-endian numbers are not read")
    tags = Tags(data[:16] if data[2] == _BIG else data[:8])
    stream = io.BytesIO(data)
    stream.seek(tags.next)
    tags.load(stream)
    return tags


def orientation(tags: Tags) -> int:
    """The EXIF orientation of a page, 1 where it is upright or says nothing."""
    value = tags.get(ExifTags.Base.Orientation, 1)
    return value if isinstance(value, int) else 1


def read_numbers(data: bytes, tags: Tags) -> Numbers | None:
    """The samples of a TIFF's first page; None where the page is left to Pillow.

    Raises
    ------
    ValueError
        Tags that contradict each other, or that ask for too much; data that are cut short. Other
        errors may come from parsers.
    """
    bits, formats = _list(tags, _BITS, 1), _list(tags, _FORMAT, 1)
    photometric = _whole(tags, _PHOTOMETRIC, -1)
    is_plain = max(bits) <= 8 and set(formats) == {1} and _whole(tags, _PLANAR, 1) == 1
    if is_plain or max(bits) == 12:
        return None
    if photometric not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB):
        if _whole(tags, _PLANAR, 1) == 1 and max(bits) <= 16 and set(formats) == {1}:
            return None
        raise ValueError(
            "its colours are neither grey nor RGB, and its samples are signed, in planes or of "
            f"{max(bits)} bits"
        )
    layout = _layout(tags, bits, formats)
    colours = 3 if photometric == _RGB else 1
    if layout.samples < colours:
        raise ValueError(f"it has {layout.samples} samples a pixel where RGB has 3")
    samples = _samples(data, tags, layout)
    extra = _list(tags, _EXTRA, 0)[0] if _EXTRA in tags else 0
    if photometric == _RGB and layout.samples == 4 and _EXTRA not in tags:
        extra = _ALPHA  # as programs write that know no such tag
    has_alpha = layout.samples > colours and extra in (_PREMULTIPLIED, _ALPHA)
    return Numbers(
        values=samples[..., :colours],
        alpha=_opacity(samples[..., colours]) if has_alpha else None,
        premultiplied=extra == _PREMULTIPLIED,
        white_is_zero=photometric == _WHITE_IS_ZERO,
        left_out=layout.samples - colours - has_alpha,
    )


@dataclass(frozen=True)
class _Layout:
    """How samples lie in a file: `dtype` with its byte order, segments of rows × columns."""

    height: int
    width: int
    samples: int
    dtype: np.dtype[Any]
    in_planes: bool
    rows: int
    columns: int
    tiled: bool

    @property
    def planes(self) -> int:
        """Planes of segments."""
        return self.samples if self.in_planes else 1

    @property
    def depth(self) -> int:
        """Samples of a pixel in a segment."""
        return 1 if self.in_planes else self.samples

    @property
    def places(self) -> list[tuple[int, int, int]]:
        """(plane, first row, first column) of each segment, in the order of the file."""
        return [
            (plane, row, column)
            for plane in range(self.planes)
            for row in range(0, self.height, self.rows)
            for column in range(0, self.width, self.columns)
        ]

    def rows_at(self, row: int) -> int:
        """Rows of the segment that begins with a row; the last strip may have fewer."""
        return self.rows if self.tiled else min(self.rows, self.height - row)


def _layout(tags: Tags, bits: tuple[int, ...], formats: tuple[int, ...]) -> _Layout:
    """Read how samples lie, and refuse what does not fit together or into memory."""
    kind = formats[0], bits[0]
    if len(set(bits)) > 1 or len(set(formats)) > 1 or kind not in _DTYPES:
        raise ValueError(f"samples of {_and(bits)} bits and format {_and(formats)} are not read")
    height, width = _whole(tags, _LENGTH), _whole(tags, _WIDTH)
    samples = _whole(tags, _SAMPLES, 1)
    tiled = _TILE_WIDTH in tags
    rows = _whole(tags, _TILE_LENGTH if tiled else _ROWS, None if tiled else height)
    columns = _whole(tags, _TILE_WIDTH) if tiled else width
    if min(height, width, samples, rows, columns) < 1:
        raise ValueError("it has no pixels")
    layout = _Layout(
        height=height,
        width=width,
        samples=samples,
        dtype=np.dtype(("<" if tags.prefix == b"II" else ">") + _DTYPES[kind]),
        in_planes=_whole(tags, _PLANAR, 1) == 2,
        rows=rows if tiled else min(rows, height),
        columns=columns,
        tiled=tiled,
    )
    if height * width > MAX_PIXELS or layout.rows * columns > MAX_PIXELS:
        raise ValueError(
            f"it has {width}×{height} pixels in segments of {columns}×{layout.rows}, and at most "
            f"{MAX_PIXELS // 10**6} million are decoded"
        )
    whole = max(height * width, layout.rows * columns) * samples * layout.dtype.itemsize
    if whole > _MOST_BYTES:
        raise ValueError(
            f"its samples take {whole >> 20} MiB, at most {_MOST_BYTES >> 20} are read"
        )
    segments = layout.planes * math.ceil(height / layout.rows) * math.ceil(width / columns)
    if segments > _MOST_SEGMENTS:
        raise ValueError(f"it has {segments} strips or tiles, at most {_MOST_SEGMENTS} are read")
    return layout


def _samples(data: bytes, tags: Tags, layout: _Layout) -> NDArray[Any]:
    """All samples, shape (H, W, samples), in the byte order of this machine."""
    native = layout.dtype.newbyteorder("=")
    samples = np.empty((layout.height, layout.width, layout.samples), native)
    for (plane, row, column), packed in zip(
        layout.places, _segments(data, tags, layout), strict=True
    ):
        rows = layout.rows_at(row)
        block = _unpacked(packed, tags, layout, rows).reshape(rows, layout.columns, layout.depth)
        channels = slice(plane, plane + 1) if layout.in_planes else slice(None)
        place = samples[row : row + rows, column : column + layout.columns, channels]
        place[...] = block[: place.shape[0], : place.shape[1]]
    return samples


def _segments(data: bytes, tags: Tags, layout: _Layout) -> Iterator[bytes]:
    """The packed bytes of each strip or tile; each byte of the file may be in one only."""
    offsets = _list(tags, _TILE_OFFSETS if layout.tiled else _STRIP_OFFSETS)
    counts_tag = _TILE_BYTES if layout.tiled else _STRIP_BYTES
    counts = _list(tags, counts_tag) if counts_tag in tags else (len(data),) * len(offsets)
    if len(offsets) != len(layout.places) or len(counts) != len(offsets):
        raise ValueError(
            f"it has {len(layout.places)} strips or tiles, but places of {len(offsets)} and sizes "
            f"of {len(counts)}"
        )
    if counts_tag in tags and sum(counts) > len(data):
        raise ValueError("its strips or tiles have more bytes than the file")
    for offset, count in zip(offsets, counts, strict=True):
        yield data[offset : offset + count]


def _unpacked(packed: bytes, tags: Tags, layout: _Layout, rows: int) -> NDArray[Any]:
    """The numbers of a segment, flat, in the byte order of this machine."""
    compression, predictor = _whole(tags, _COMPRESSION, _NONE), _whole(tags, _PREDICTOR, 1)
    row_bytes = layout.columns * layout.depth * layout.dtype.itemsize
    fill_order = _whole(tags, _FILL_ORDER, 1)
    if compression == _NONE:
        flat = packed[: rows * row_bytes]
        if len(flat) < rows * row_bytes:
            raise ValueError("its data end before the last pixel")
        octets = np.frombuffer(flat, np.uint8)
        if fill_order == 2:
            octets = np.packbits(np.unpackbits(octets, bitorder="little"))
    elif compression in (_LZW, _DEFLATE, _OLD_DEFLATE, _PACK_BITS):
        octets = _by_libtiff(packed, compression, fill_order, row_bytes, rows)
    else:
        raise ValueError(f"numbers compressed by method {compression} are not read")
    if predictor == 1:
        return octets.view(layout.dtype).astype(layout.dtype.newbyteorder("="), copy=False)
    if compression in (_NONE, _PACK_BITS) or predictor not in (2, 3):
        raise ValueError(f"predictor {predictor} does not go with compression {compression}")
    return _summed(octets.reshape(rows, -1), layout, predictor)


def _by_libtiff(
    packed: bytes, compression: int, fill_order: int, row_bytes: int, rows: int
) -> NDArray[np.uint8]:
    """Unpack a segment: it becomes the one strip of a grey picture of as many bytes.

    Just that many bytes come out, however many the data could become; fewer are an error.
    """
    entries = {
        _WIDTH: row_bytes,
        _LENGTH: rows,
        _BITS: 8,
        _COMPRESSION: compression,
        _PHOTOMETRIC: _BLACK_IS_ZERO,
        _FILL_ORDER: fill_order,
        _STRIP_OFFSETS: 8,
        _SAMPLES: 1,
        _ROWS: rows,
        _STRIP_BYTES: len(packed),
    }
    directory = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(entries.items())
    )
    start = struct.pack("<4sI", b"II*\0", 8 + len(packed))
    # Not by Image.open, whose bound on pixels is one on pictures.
    with TiffImagePlugin.TiffImageFile(io.BytesIO(start + packed + directory + bytes(4))) as image:
        octets: NDArray[np.uint8] = np.asarray(image).ravel()
    return octets


def _summed(octets: NDArray[np.uint8], layout: _Layout, predictor: int) -> NDArray[Any]:
    """Undo the differences between neighbours in each row that a predictor took."""
    native, size = layout.dtype.newbyteorder("="), layout.dtype.itemsize
    rows = len(octets)
    if predictor == 2:
        whole = layout.dtype.str[0] + f"u{size}"
        pixels = octets.view(whole).astype(f"u{size}").reshape(rows, -1, layout.depth)
        return np.cumsum(pixels, axis=1, dtype=pixels.dtype).ravel().view(native)
    # Predictor 3 takes the differences of bytes, after it has parted the bytes of each number, the
    # highest first.
    bytewise = np.cumsum(octets.reshape(rows, -1, layout.depth), axis=1, dtype=np.uint8)
    parted = bytewise.reshape(rows, size, -1).transpose(0, 2, 1)
    return np.ascontiguousarray(parted).view(native.newbyteorder(">")).astype(native).ravel()


def _opacity(samples: NDArray[Any]) -> NDArray[np.float32]:
    """Samples as shares of the largest number of their type; real ones as they are."""
    largest = 1 if samples.dtype.kind == "f" else np.iinfo(samples.dtype).max
    return np.clip(samples / np.float32(largest), 0, 1).astype(np.float32)


def _list(tags: Tags, tag: int, default: int | None = None) -> tuple[int, ...]:
    """A tag's whole numbers."""
    value: Any = tags.get(tag, default)
    values = value if isinstance(value, tuple) else (value,)
    if not values or not all(isinstance(one, int) and one >= 0 for one in values):
        raise ValueError(f"its tag {tag} is missing, or holds no whole numbers")
    return values


def _whole(tags: Tags, tag: int, default: int | None = None) -> int:
    """A tag's only whole number."""
    return _list(tags, tag, default)[0] if default != -1 or tag in tags else -1


def _and(values: tuple[int, ...]) -> str:
    return ", ".join(map(str, dict.fromkeys(values[:8])))
